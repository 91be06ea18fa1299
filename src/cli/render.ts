/** Text for a terminal: tables, times, job states. Pure but for asking the terminal for its width and colour. */
import pc from 'picocolors';
import type { JobState, JobView } from '../domain/job.ts';
import { formatLocalTime } from '../domain/time.ts';
import { nameDecision } from '../lab/decision-words.ts';

/** A plain table: columns padded to their widest cell, two spaces between; no borders, readable without colour. */
export function renderTable(header: string[], rows: string[][], rightAligned: ReadonlySet<number> = new Set()): string {
  const widths = header.map((name, column) =>
    Math.max(visibleLength(name), ...rows.map((row) => visibleLength(row[column] ?? ''))),
  );
  const line = (cells: string[]) =>
    widths
      .map((width, column) => {
        const cell = cells[column] ?? '';
        const gap = ' '.repeat(width - visibleLength(cell));
        return rightAligned.has(column) ? gap + cell : cell + gap;
      })
      .join('  ')
      .trimEnd();
  return `${[line(header.map((name) => pc.bold(name))), ...rows.map(line)].join('\n')}\n`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are what is measured away here
const colourCode = /\u001b\[[0-9;]*m/g;

/** How many columns a text takes, colours aside. */
export function visibleLength(text: string): number {
  return text.replace(colourCode, '').length;
}

/** Cuts a text to a width, with an ellipsis. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** Width of the terminal in columns; 100 where there is none. */
export function terminalWidth(): number {
  return process.stdout.columns || process.stderr.columns || 100;
}

/** "42 s", "3 min 10 s", "2 h 5 min". */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** How long a job runs or ran its train step; "" where it did not. */
export function formatRunTime({ state }: Pick<JobView, 'state'>, nowMs: number): string {
  if (state.kind === 'running') return formatSeconds(Math.max(0, (nowMs - Date.parse(state.startedAt)) / 1000));
  if (state.kind === 'ended' && state.run.trainSeconds !== null) return formatSeconds(state.run.trainSeconds);
  return '';
}

/** "~12 min (runs)": when a running job ends, or a queued one starts, and what that rests on; "" where nothing is known. */
export function formatEta({ eta }: Pick<JobView, 'eta'>): string {
  return eta === null ? '' : `~${formatRoughly(eta.seconds)} (${eta.from})`;
}

function formatRoughly(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return seconds < 36_000 ? `${(seconds / 3600).toFixed(1)} h` : `${Math.round(seconds / 3600)} h`;
}

/** What a job is about, in one line: its question, or what it is where it has no label. */
export function describeJob({ job }: Pick<JobView, 'job'>): string {
  if (job.label !== null) return job.label.question;
  if (job.kind === 'baseline') return `baseline, seed ${job.seed ?? 'default'}`;
  if (job.kind === 'replay') return `replay of job ${job.replays ?? 'unknown'}`;
  if (job.kind === 'bridge')
    return `bridge of ${job.commit.slice(0, 7)} from track ${job.fromTrack ?? 'unknown'}, seed ${job.seed ?? 'default'}`;
  if (job.test !== null)
    return `test ${job.test.test}: ${job.commit.slice(0, 7)} with ${job.test.changes.length} ${job.test.changes.length === 1 ? 'change' : 'changes'}, fresh seed ${job.seed ?? ''}`;
  if (job.kind === 'ratchet') return `ratchet run of ${job.commit.slice(0, 7)}`;
  if (job.kind === 'check')
    return job.experiment === null ? `smoke run: ${job.command}` : `smoke run of ${job.experiment}`;
  return job.command;
}

/** One word or two for a state, a keep with what it rests on by now: what the table shows. */
export function formatState({ state, ...view }: Pick<JobView, 'state' | 'decision' | 'since'>): string {
  switch (state.kind) {
    case 'held':
      return pc.yellow('held');
    case 'stashed':
      return 'stashed';
    case 'delayed':
      return state.why === 'retry' ? 'retries later' : 'delayed';
    case 'dependent':
      return `after ${state.on.join(', ')}`;
    case 'queued':
      return state.waits === null
        ? `queued ${state.position > 0 ? `#${state.position}` : ''}`.trim()
        : pc.yellow('waiting');
    case 'running':
      if (state.isEnding) return pc.yellow('ending');
      return state.isPaused ? pc.yellow('paused') : pc.cyan(`running ${state.step}`);
    case 'recording':
      return state.problem === null ? 'recording' : pc.yellow('recording waits');
    case 'removed':
      return 'removed';
    case 'ended':
      return formatFate(state, nameEvidence(view));
  }
}

/** What a keep rests on by now: the run that chose it, or what fresh seeds have said since; "" for anything but a keep. */
export function nameEvidence({ decision, since }: Pick<JobView, 'decision' | 'since'>): string {
  if (decision?.status !== 'keep') return '';
  // A keep from before there was evidence rests on its run as well.
  return since ?? (decision.evidence === '' ? 'provisional' : decision.evidence);
}

function formatFate(state: Extract<JobState, { kind: 'ended' }>, evidence: string): string {
  const { fate } = state.run;
  if (fate.kind === 'failed') return pc.red(fate.failure);
  if (state.status === 'keep') return pc.green(nameDecision('keep', evidence));
  return state.run.metric === null ? 'done' : (state.status ?? 'done');
}

/** Why a job stands where it stands, in one line; "" where the state says it all. */
export function formatReason({ state, decision }: JobView): string {
  switch (state.kind) {
    case 'held':
      return state.hold.reason;
    case 'stashed':
      return 'put aside; `lab enqueue` lets it go';
    case 'delayed':
      return `not before ${formatLocalTime(new Date(state.until))}`;
    case 'dependent':
      return `waits for job ${state.on.join(', ')}`;
    case 'queued':
      return state.waits ?? '';
    case 'running':
      return state.progress ?? '';
    case 'recording':
      return state.problem ?? '';
    case 'ended':
      return decision?.reason ?? (state.run.fate.kind === 'failed' ? state.run.fate.detail : '');
    case 'removed':
      return `removed ${state.at}`;
  }
}

/** Whether nothing more will happen to a job. */
export function isFinal(state: JobState): boolean {
  return state.kind === 'ended' || state.kind === 'removed';
}

/** Whether a final state is a success: it ran to its end, and gave the metric where one was asked for. */
export function isSuccess(view: JobView): boolean {
  return view.state.kind === 'ended' && view.state.run.fate.kind === 'done';
}
