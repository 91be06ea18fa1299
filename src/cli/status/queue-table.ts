/** The queue as a table for a terminal, and the few lines above it. Pure; the width and the clock are the caller's. */
import type { Routes } from '../../daemon/routes.ts';
import { formatPause } from '../../domain/group-pause.ts';
import type { JobView } from '../../domain/job.ts';
import { disarmCommand, disarmLine } from '../page.ts';
import {
  cut,
  describeJob,
  formatEta,
  formatReason,
  formatRunTime,
  formatState,
  renderTable,
  visibleLength,
} from '../render.ts';

/** Width from which on the hypothesis has a column. */
const widthOfHypothesis = 140;

/** Least width of a column of free text. */
const leastText = 12;

/** Widest state: a list of dependencies can be long. */
const widestState = 17;

interface Column {
  title: string;
  cell(view: JobView): string;
  isRight?: true;
  /** Whether it is cut to what the others leave. */
  isText?: true;
}

/** What the lines around the table depend on. */
export interface QueueWords {
  /** Whether the options take only some of the jobs. */
  isFiltered: boolean;
  /** Whether it is the user's own lab, whose jobs need no label and where nothing is measured. */
  isOwnLab: boolean;
}

/** The whole answer: head, table, and what was left out. */
export function renderQueue(
  answer: Routes['status']['response'],
  width: number,
  nowMs: number,
  words: QueueWords,
): string {
  const { jobs, hidden } = answer;
  const more = hidden > 0 ? `${hidden} earlier ${hidden === 1 ? 'job' : 'jobs'}: \`lab status --all\`\n` : '';
  const head = renderHead(answer, words);
  if (jobs.length === 0) return `${head}${more || describeEmpty(words)}`;
  return `${head}\n${renderJobs(jobs, width, nowMs)}${more}`;
}

function describeEmpty({ isFiltered, isOwnLab }: QueueWords): string {
  if (isFiltered) return 'no job matches\n';
  return `no job here; \`lab add ${isOwnLab ? '' : '--label "Q: … H: …" '}-- command\` queues one\n`;
}

function renderHead(
  { champion, devices, groups, model, redis, track }: Routes['status']['response'],
  { isOwnLab }: QueueWords,
): string {
  const shown = devices.map(({ id, job, busy, model: name }) => {
    const use = job !== null ? `runs job ${job}` : busy === null ? 'idle' : `taken: ${busy}`;
    return `${id} ${use} (${name})`;
  });
  const best = champion
    ? `champion ${champion.commit.slice(0, 7)} ${champion.metric?.toFixed(6) ?? ''} (${champion.source})`
    : 'no champion yet: `lab baseline` measures one';
  const paused = groups
    .filter(({ isPaused }) => isPaused)
    .map((group) => `${formatPause(group)}: \`lab start --group ${group.name}\` goes on\n`);
  const measured = isOwnLab ? '' : `track ${track}${model === null ? '' : ` on ${model}`}, ${best}\n`;
  return `${measured}${shown.join('; ')}; ${redis}\n${paused.join('')}`;
}

// What a narrow terminal does without, in this order; \`lab status N\` shows it.
const dropped = ['prio', 'on', 'group', 'eta', 'metric', 'why', 'time'];

/** Running and waiting jobs below those that ended; no line is wider than `width` unless number, state and a question are. */
export function renderJobs(jobs: JobView[], width: number, nowMs: number): string {
  const isPast = ({ state }: JobView) => state.kind === 'ended' || state.kind === 'removed';
  const past = jobs.filter(isPast).sort((a, b) => a.job.number - b.job.number);
  const shown = [...past, ...jobs.filter((view) => !isPast(view)).sort(compareOpen)];
  const columns: Column[] = [
    { title: 'job', cell: ({ job }) => String(job.number), isRight: true },
    { title: 'state', cell: formatState },
    { title: 'group', cell: ({ group }) => cut(group, 12) },
    { title: 'prio', cell: ({ priority }) => String(priority), isRight: true },
    { title: 'on', cell: deviceOf },
    { title: 'time', cell: (view) => formatRunTime(view, nowMs), isRight: true },
    { title: 'metric', cell: metricOf, isRight: true },
    { title: 'eta', cell: (view) => formatEta(view) },
    { title: 'question', cell: describeJob, isText: true },
    { title: 'hypothesis', cell: ({ job }) => job.label?.hypothesis ?? '', isText: true },
    { title: 'why', cell: formatReason, isText: true },
  ];
  const hasOwn = (title: string): boolean => {
    if (title === 'group') return shown.some(({ group }) => group !== 'default');
    if (title === 'prio') return shown.some(({ priority }) => priority !== 0);
    if (title === 'hypothesis') return width >= widthOfHypothesis;
    return true;
  };
  const all = columns
    .filter(({ title }) => hasOwn(title))
    .map((column) => ({ column, texts: shown.map((view) => disarmCell(column, view)) }))
    .filter(({ column, texts }) => column.isText || texts.some((text) => text !== ''));
  const widthOf = ({ column, texts }: (typeof all)[number]) =>
    Math.max(column.title.length, ...texts.map((text) => visibleLength(text)));
  const cells = [...all];
  const least = () =>
    cells.reduce((sum, one) => sum + (one.column.isText ? Math.min(leastText, widthOf(one)) : widthOf(one)) + 2, -2);
  for (const title of dropped) {
    const index = cells.findIndex(({ column }) => column.title === title);
    if (index !== -1 && least() > width) cells.splice(index, 1);
  }
  const fixed = cells.filter(({ column }) => !column.isText).reduce((sum, one) => sum + widthOf(one) + 2, 0);
  const texts = cells.filter(({ column }) => column.isText);
  const widths = shareRoom(texts.map(widthOf), width - fixed - 2 * (texts.length - 1));
  for (const [index, one] of texts.entries())
    one.texts = one.texts.map((text) => cut(text, widths[index] ?? leastText));
  return renderTable(
    cells.map(({ column }) => column.title),
    shown.map((_, row) => cells.map((one) => one.texts[row] ?? '')),
    new Set(cells.flatMap(({ column }, index) => (column.isRight ? [index] : []))),
  );
}

/** Gives each text what it wants where there is room for all, else the same share to those that want more than it. */
function shareRoom(wanted: number[], room: number): number[] {
  let left = Math.max(room, leastText * wanted.length);
  let open = wanted.length;
  const given = wanted.map(() => 0);
  for (const [want, index] of wanted.map((want, index) => [want, index] as const).sort((a, b) => a[0] - b[0])) {
    given[index] = Math.min(want, Math.floor(left / open));
    left -= given[index] ?? 0;
    open -= 1;
  }
  return given;
}

/** What comes from a run's log or a label must neither break the line nor colour it; only the state's colours are the lab's own. */
function disarmCell(column: Column, view: JobView): string {
  const text = column.cell(view);
  if (column.title === 'state') return visibleLength(text) > widestState ? cut(text, widestState) : text;
  // A job without a label shows its command there.
  return column.title === 'question' ? disarmCommand(text) : disarmLine(text);
}

function deviceOf({ job, state }: JobView): string {
  if (state.kind === 'running') return state.device;
  return state.kind === 'ended' ? state.run.device.id : (job.needs.deviceId ?? job.device);
}

const metricOf = ({ state }: JobView): string =>
  state.kind === 'ended' && state.run.metric !== null ? state.run.metric.toFixed(6) : '';

/** Running first, then by place in the queue, then the rest by number. */
function compareOpen(a: JobView, b: JobView): number {
  return placeOf(a) - placeOf(b) || a.job.number - b.job.number;
}

function placeOf({ state }: JobView): number {
  if (state.kind === 'recording' || state.kind === 'running') return 0;
  return state.kind === 'queued' && state.position > 0 ? state.position : Number.MAX_SAFE_INTEGER;
}
