/** `lab init --adopt`: reads its options, plans or adopts, and prints. */
import { resolve } from 'node:path';
import { LabError } from '../../errors/lab-error.ts';
import type { CommandInput } from '../define.ts';
import { parseChoice } from '../verbs.ts';
import { adoptRepository } from './adopt.ts';
import { planAdoption } from './plan-adoption.ts';
import { describeAdoption, renderAdoption, renderPlan } from './render-adoption.ts';
import { type AdoptOptions, presets } from './settings.ts';

/** Adopts the repository at `dir`, or shows what that would do. Gives the exit code. Throws LabError (usage, user). */
export async function runAdopt(dir: string, input: CommandInput): Promise<number> {
  if (input.flag('starter'))
    throw new LabError('usage', '--starter does not go with --adopt, which takes the repository as it is');
  const options: AdoptOptions = {
    preset: parseChoice('preset', input.text('preset'), presets),
    metric: input.text('metric'),
    direction: parseChoice('direction', input.text('direction'), ['lower', 'higher']) ?? 'lower',
    train: input.text('train'),
    score: input.text('score'),
    device: parseChoice('device', input.text('device'), ['cpu', 'gpu']),
  };
  const hooks = input.flag('hooks');
  const asJson = input.flag('json');
  if (input.flag('dry-run')) {
    const plan = await planAdoption(resolve(dir), options);
    process.stdout.write(
      asJson ? `${JSON.stringify(describeAdoption(plan, null, plan.notes))}\n` : renderPlan(plan, hooks),
    );
    return 0;
  }
  const adoption = await adoptRepository(resolve(dir), options, hooks);
  const { plan, commit, notes } = adoption;
  if (asJson) {
    process.stdout.write(`${JSON.stringify(describeAdoption(plan, commit, notes))}\n`);
    return 0;
  }
  process.stdout.write(renderAdoption(adoption));
  process.stdout.write(
    plan.settings.preset === 'autoresearch'
      ? 'next: `lab doctor`, then `lab baseline` measures the unchanged code, `lab autoresearch run --tag TAG` begins\n'
      : 'next: `lab doctor`, then `lab baseline` measures the unchanged code\n',
  );
  return 0;
}
