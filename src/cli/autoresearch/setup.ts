/** `lab autoresearch setup`: from nothing or a clone to one run of the unmodified code that printed both numbers. */
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { exitCodes, LabError } from '../../errors/lab-error.ts';
import type { Intake } from '../../ratchet/intake/intake.ts';
import type { BaselineRun } from '../../ratchet/setup-mode/baseline-numbers.ts';
import { placeOfRequest, usualAddress } from '../../ratchet/setup-mode/find-repository.ts';
import { type SetupPorts, setUp } from '../../ratchet/setup-mode/set-up.ts';
import { findFailure, formatStep, type SetupReport } from '../../ratchet/setup-mode/setup-steps.ts';
import { createLabGate } from '../lab-gate.ts';
import { openConfig } from '../open-config.ts';
import type { Verb } from '../verbs.ts';
import { printIntake } from './intake.ts';

/** Sets a training repository up. */
export const setup: Verb = {
  name: 'setup',
  usage: '[--clone URL] [--prepare] [dir]',
  summary: 'Make a clone ready and measure the unmodified code once',
  options: [
    { name: 'clone', value: 'url', description: `Clone this first (the original: ${usualAddress})` },
    { name: 'prepare', description: 'Run prepare.py where its data is missing; it may download' },
    { name: 'json', description: 'Print as JSON' },
  ],
  async run(input) {
    const [folder = null, ...others] = input.words;
    if (others.length > 0)
      throw new LabError('usage', `one folder is expected, got ${input.words.map((word) => `"${word}"`).join(' ')}`);
    const isJson = input.flag('json');
    const request = { cwd: process.cwd(), clone: input.text('clone'), folder, prepare: input.flag('prepare') };
    const intake = await printIntake('setup', placeOfRequest(request));
    const stop = new AbortController();
    const onSignal = () => stop.abort(new Error('stopped'));
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    try {
      const report = await setUp(request, createPorts(stop.signal));
      return isJson ? showJson(report, intake) : showReport(report, process.cwd());
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      process.stderr.write('\nstopped; a run that is queued goes on, and the same command goes on from here\n');
      return 130;
    } finally {
      process.removeListener('SIGINT', onSignal);
      process.removeListener('SIGTERM', onSignal);
    }
  },
};

function createPorts(signal: AbortSignal): SetupPorts {
  const tell = (line: string) => void process.stderr.write(`  ${line}\n`);
  return {
    tell,
    // In a pipe the log has it; a person waits for a download and wants to see it.
    onOutput: (chunk) => void (process.stderr.isTTY ? process.stderr.write(chunk) : undefined),
    onStep: (step) => void process.stderr.write(`${formatStep(step)}\n`),
    adopt: async (root) => {
      const { adoptRepository } = await import('../adopt/adopt.ts');
      const nothing = { preset: null, metric: null, train: null, score: null, device: null } as const;
      const { plan, commit, notes } = await adoptRepository(root, { ...nothing, direction: 'lower' }, false);
      for (const note of notes) tell(`note: ${note}`);
      return `adopted (preset ${plan.settings.preset}): ${plan.files.map(({ path }) => path).join(', ')}, commit ${commit.slice(0, 7)}`;
    },
    openConfig: (paths: LabPaths) => openConfig(paths),
    createGate: (paths: LabPaths, config: LabConfig) => createLabGate(paths, config),
    signal,
  };
}

/** Both numbers on stdout, as a run's own summary has them; else what failed, the end of its log, and what helps. Gives the exit code. */
function showReport(report: SetupReport, cwd: string): number {
  const failure = findFailure(report);
  const { baseline, root } = report;
  if (failure !== null || baseline === null) {
    for (const line of failure?.log ?? []) process.stderr.write(`  | ${line}\n`);
    throw new LabError(
      failure?.step === 'baseline' ? 'job-failed' : 'user',
      `set-up stopped at "${failure?.step ?? 'baseline'}": ${failure?.text ?? 'no numbers'}`,
      { hints: failure?.hints ?? [] },
    );
  }
  process.stdout.write(renderNumbers(baseline));
  const where = root === null || root === cwd || cwd.startsWith(`${root}/`) ? '' : `cd ${root}, then `;
  process.stderr.write(
    `both numbers are there; next: ${where}\`lab autoresearch program --write\`, then \`lab autoresearch run --tag TAG\`\n`,
  );
  return 0;
}

/** The report with the packet that it began from; the exit codes are the same. */
function showJson(report: SetupReport, intake: Intake): number {
  const failure = findFailure(report);
  process.stdout.write(`${JSON.stringify({ ok: failure === null, ...report, intake })}\n`);
  return failure === null ? 0 : exitCodes[failure.step === 'baseline' ? 'job-failed' : 'user'];
}

function renderNumbers({ metricName, metric, memoryMib, memorySource }: BaselineRun): string {
  const lines: [string, string][] = [
    [`${metricName}:`, metric.toFixed(6)],
    ['peak_vram_mb:', memoryMib.toFixed(1)],
  ];
  const width = Math.max(16, ...lines.map(([name]) => name.length)) + 2;
  if (memorySource === 'process-tree')
    process.stderr.write('peak_vram_mb is the memory of the run on the processor: train.py printed none of a card\n');
  return lines.map(([name, value]) => `${name.padEnd(width)}${value}\n`).join('');
}
