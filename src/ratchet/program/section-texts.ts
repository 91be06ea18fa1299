/** What the ratchet itself writes into the five sections of program.md: facts of the baseline, rows, and limits. Pure. */
import { listTriedLines, type TriedSession } from './tried-lines.ts';

/** The baseline that a session starts from: one run of the unmodified code, or several seeds of it. */
export interface BaselineFacts {
  /** Mean where there are several runs. */
  metric: number;
  /** Standard deviation of one run; null with one run. */
  sd: number | null;
  runs: number;
  /** The largest of the runs; null where nothing could be measured. */
  memoryMib: number | null;
  /** Full hash. */
  commit: string;
  /** "NVIDIA H100 80GB HBM3 (gpu0)". */
  device: string;
  /** "job 3" or "session mar5". */
  source: string;
}

/** All that the texts are made from. */
export interface ProgramFacts {
  metric: { name: string; direction: 'lower' | 'higher' };
  baseline: BaselineFacts;
  /** Seconds that training may take (TIME_BUDGET); null where the code names none. */
  trainingSeconds: number | null;
  wallSeconds: number;
  /** MAX_SEQ_LEN and EVAL_TOKENS where prepare.py has them. */
  constants: Readonly<Record<string, number>>;
  /** Memory above which a run is a crash; null: no ceiling is known. */
  memoryCeilingMib: number | null;
  /** Frozen files that are there. */
  frozen: readonly string[];
  /** Files that an experiment may change. */
  edits: readonly string[];
  sessions: readonly TriedSession[];
}

/** "44.0 GB" as results.tsv counts it (1024 MiB); below one "13.7 MB". */
export function formatMemory(mib: number): string {
  return mib < 1024 ? `${mib.toFixed(1)} MB` : `${(mib / 1024).toFixed(1)} GB`;
}

const betterWord = (direction: 'lower' | 'higher') => `${direction} is better`;

/** The draft of a goal; it is the user's from then on. */
export function draftGoal({ metric, trainingSeconds, edits }: ProgramFacts): string {
  const budget = trainingSeconds === null ? '' : ` within ${trainingSeconds} s of training`;
  const verb = metric.direction === 'lower' ? 'Lower' : 'Raise';
  return `${verb} ${metric.name} on the held-out data as far as possible${budget} by changing ${edits.join(', ')} (${betterWord(metric.direction)}).`;
}

/** The draft of the directions; it is the user's from then on. */
export function draftDirections(): string {
  return [
    '1. What takes the most time or memory for the least gain: remove it, or make it smaller.',
    '2. Learning rates and schedule, one at a time.',
    '3. The size of the model against the number of steps that the budget allows.',
    '4. The shape of the model: attention, activation, normalisation.',
    '',
    'Put these into your own order, and say why for the first.',
  ].join('\n');
}

/** What the baseline measured. */
export function renderBaseline({ metric, baseline }: ProgramFacts): string {
  const { sd, runs, memoryMib, commit, device, source } = baseline;
  const of = runs === 1 ? 'one run' : `mean of ${runs} runs`;
  const noise = sd === null ? '' : `, sd of one run ${sd.toFixed(6)}`;
  return [
    `- ${metric.name}: ${baseline.metric.toFixed(6)} (${betterWord(metric.direction)}; ${of}${noise})`,
    `- peak memory: ${memoryMib === null ? 'not measured' : formatMemory(memoryMib)}`,
    `- commit: ${commit.slice(0, 7)}, unmodified code`,
    `- device: ${device}`,
    `- from: ${source}`,
  ].join('\n');
}

/** The limits that always hold. */
export function renderConstraints(facts: ProgramFacts): string {
  const { trainingSeconds, wallSeconds, constants, memoryCeilingMib, frozen, edits } = facts;
  const fixed = Object.entries(constants).map(([name, value]) => `${name} ${value}`);
  return [
    `- Budget: ${trainingSeconds === null ? 'as the code has it' : `${trainingSeconds} s of training`}${fixed.length === 0 ? '' : `, ${fixed.join(', ')}`}; a run is killed after ${wallSeconds} s.`,
    `- Only ${edits.join(', ')} changes. No change of the evaluator or of anything frozen${frozen.length === 0 ? '' : `: ${frozen.join(', ')}`}.`,
    '- No new packages.',
    memoryCeilingMib === null
      ? "- Memory: above twice the baseline's a run is a crash."
      : `- Memory: above ${formatMemory(memoryCeilingMib)} a run is a crash.`,
    '- One meaningful change an experiment. Of two equal results the shorter code wins.',
  ].join('\n');
}

/** The rows of all sessions that `known` does not name yet; null where there are none. */
export function renderTried({ sessions }: ProgramFacts, known: string): string | null {
  const lines = listTriedLines(sessions, known);
  return lines.length === 0 ? null : lines.join('\n');
}
