/**
 * `lab autoresearch "<request in words>"`: picks one mode from the words and from what is here, says why and which rules it keeps, and does it.
 * What starts a loop is printed, and done only with --go; so is a clone from an address that nobody named, or of another repository than the
 * one here.
 */
import type { RatchetMode } from '../../domain/ratchet.ts';
import { ratchetModes } from '../../domain/ratchet.ts';
import { LabError } from '../../errors/lab-error.ts';
import { runGitResult } from '../../git/run-git.ts';
import { type Intake, readIntake } from '../../ratchet/intake/intake.ts';
import { renderIntake } from '../../ratchet/intake/render-intake.ts';
import { modeRules } from '../../ratchet/mode-rules.ts';
import { type PlannedCommand, planCommand } from '../../ratchet/route/plan-command.ts';
import { type RoutedRequest, routeRequest } from '../../ratchet/route-request.ts';
import { usualAddress } from '../../ratchet/setup-mode/find-repository.ts';
import { parseCommand, quoteWords } from '../define.ts';
import type { Verb } from '../verbs.ts';
import { showIntake } from './intake.ts';

/** Makes the verb; `verbs` are those that a request can lead to. */
export function createRequestVerb(verbs: readonly Verb[]): Verb {
  return {
    name: 'request',
    usage: '"<words>"',
    summary: 'Pick the mode that answers a request in words, and do it',
    options: [
      {
        name: 'go',
        description: 'Do what is only printed else: start the loop, write program.md, fetch code and data',
      },
      { name: 'json', description: 'Print the choice as JSON and do nothing' },
    ],
    async run(input) {
      const request = input.words.join(' ').trim();
      if (request === '')
        throw new LabError('usage', 'a request in words is expected', {
          hints: ['lab autoresearch "show me what worked last night"'],
        });
      const intake = await readIntake(process.cwd(), null);
      const routed = routeRequest(request, intake.state);
      const mode = routed.route.kind === 'out' ? null : routed.route.mode;
      const facts = { usualAddress, today: nameToday(new Date()), origin: await readOrigin(intake.repository) };
      const plan = mode === null ? null : planCommand(mode, request, intake, facts);
      const packet: Intake = { ...intake, mode };
      if (input.flag('json')) {
        process.stdout.write(`${JSON.stringify(describeChoice(request, routed, plan, packet), null, 2)}\n`);
        return 0;
      }
      if (mode === null || plan === null) {
        process.stderr.write(`${renderIntake(packet)}\n${routed.reason}\n`);
        process.stdout.write(`${routed.elsewhere ?? ''}\n`);
        return 0;
      }
      showIntake(packet, mode);
      if (routed.route.kind === 'walkthrough') process.stderr.write(renderWalkthrough(mode));
      process.stderr.write(`${mode}: ${routed.reason}\n`);
      return await followPlan(plan, verbs, input.flag('go'));
    },
  };
}

/** Address that the repository here was cloned from; null where it has none, and outside git. */
async function readOrigin({ isGit, root }: Intake['repository']): Promise<string | null> {
  if (!isGit) return null;
  const { exitCode, stdout } = await runGitResult(root, ['config', '--get', 'remote.origin.url']);
  return exitCode === 0 ? stdout.toString('utf8').trim() || null : null;
}

/** "nov21", as sessions are commonly named. */
function nameToday(now: Date): string {
  return `${now.toLocaleString('en-US', { month: 'short' }).toLowerCase()}${now.getDate()}`;
}

const commandLine = ({ verb, args }: Pick<PlannedCommand, 'verb' | 'args'>): string =>
  `lab autoresearch ${quoteWords([verb, ...args])}`;

function describeChoice(request: string, routed: RoutedRequest, plan: PlannedCommand | null, intake: Intake) {
  const { mode } = intake;
  return {
    request,
    ...routed,
    command: plan === null ? null : commandLine(plan),
    waitsForGo: plan === null ? null : plan.waits !== null,
    rules: mode === null ? [] : modeRules[mode],
    intake,
  };
}

function renderWalkthrough(next: RatchetMode): string {
  const what: Record<RatchetMode, string> = {
    setup: 'make a clone ready and measure the unmodified code once',
    program: 'write what is to be researched into program.md',
    run: 'edit, run, keep or reset, for as long as you let it',
    results: 'see what was gained, what failed, and what to try next',
    adapt: 'fit it to the card before a session, change the search after one',
  };
  const lines = ratchetModes.map((mode, index) => {
    const isDone = index < ratchetModes.indexOf(next);
    return `${mode === next ? '>' : ' '} ${index + 1}. ${mode.padEnd(8)} ${what[mode]}${isDone ? ' (done)' : ''}\n`;
  });
  return `the whole of it; the marked one is next:\n${lines.join('')}`;
}

/** Does the command, or prints it where it waits for --go. Gives the exit code. */
async function followPlan(plan: PlannedCommand, verbs: readonly Verb[], isGo: boolean): Promise<number> {
  const verb = verbs.find(({ name }) => name === plan.verb);
  const args = isGo ? [...plan.args, ...plan.goArgs] : plan.args;
  const line = commandLine({ verb: plan.verb, args });
  if (verb === undefined || (plan.waits !== null && !isGo)) {
    process.stderr.write(
      `${plan.waits ?? 'this build has no such verb'}, so it is not done by itself: type it, or add --go\n`,
    );
    process.stdout.write(`${line}\n`);
    return 0;
  }
  process.stderr.write(`$ ${line}\n\n`);
  const spec = { ...verb, name: `autoresearch ${verb.name}`, examples: [] };
  return await verb.run(parseCommand(spec, args));
}
