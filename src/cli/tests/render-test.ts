/** A test with fresh seeds as a person reads it, in the metric's own sign, and as JSON. Pure. */
import type { LabConfig } from '../../config/schema.ts';
import type { TestView } from '../../daemon/routes.ts';
import type { ChangeWorth } from '../../stats/ablation.ts';
import { summarise } from '../../stats/noise.ts';
import { renderTable } from '../render.ts';
import { describeChanges } from './follow-test.ts';

type Metric = LabConfig['metric'];

const signed = (value: number, { unit }: Pick<Metric, 'unit'>): string =>
  `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(6)}${unit ? ` ${unit}` : ''}`;

const own = (gain: number, { direction }: Pick<Metric, 'direction'>): number =>
  gain === 0 ? 0 : direction === 'lower' ? -gain : gain;

/** An interval of gains as one of the metric. */
function ownInterval(
  interval: { low: number; high: number } | null,
  metric: Metric,
): { low: number; high: number } | null {
  if (interval === null) return null;
  const [low = 0, high = 0] = [own(interval.low, metric), own(interval.high, metric)].sort((a, b) => a - b);
  return { low, high };
}

const formatRange = (interval: { low: number; high: number } | null, metric: Metric): string =>
  interval === null ? '' : `${signed(interval.low, { unit: '' })} to ${signed(interval.high, metric)}`;

const claimWords: Record<string, string> = {
  confirmed: 'confirmed: the champion is better than the baseline',
  refuted: 'refuted: fresh seeds do not bear the gain out',
  provisional: 'provisional: the runs can show it neither way',
};

/** The outcome of a claim. `bisect`: the test that looks for the guilty changes; null where there is none. */
export function renderClaim(view: TestView, metric: Metric, bisect: number | null): string {
  const { test, state, finding, why } = view;
  const lines = [`test ${test.number}: ${claimWords[state] ?? state}`];
  if (why !== null) lines.push(`over before it was answered: ${why}`);
  lines.push(`champion ${test.champion.commit.slice(0, 7)}, ${describeChanges(test)}`);
  const said = finding?.kind === 'claim' ? finding.verdict : null;
  if (said !== null && said.gain !== null) {
    const range = formatRange(ownInterval(said.interval, metric), metric);
    const percent = test.question.kind === 'claim' ? Number((100 * test.question.confidence).toFixed(1)) : 0;
    lines.push(
      `${metric.name} moves by ${signed(own(said.gain, metric), metric)}${range === '' ? '' : `, ${percent} % interval ${range}`}`,
    );
  }
  for (const [arm, { name, commit }] of test.arms.entries()) {
    const scores = view.runs.flatMap((run) =>
      run.arm === arm && run.outcome.kind === 'scored' ? [run.outcome.metric] : [],
    );
    const value = summarise(scores);
    if (value === null) continue;
    const spread = value.std === null ? '' : ` ± ${value.std.toFixed(6)}`;
    lines.push(
      `${name} ${commit.slice(0, 7)}: ${value.mean.toFixed(6)}${spread} over ${value.n} fresh ${value.n === 1 ? 'run' : 'runs'}`,
    );
  }
  if (finding?.kind === 'claim' && finding.diverged.length > 0)
    lines.push(`diverged, and not counted in the gain: job ${finding.diverged.join(', ')}`);
  if (test.question.kind === 'claim' && finding?.kind === 'claim') {
    const { taken, most } = finding.looks;
    if (finding.verdict.isFutile)
      lines.push('ended before its last look: what is left could hardly have confirmed it any more');
    lines.push(
      `${taken} of at most ${most} looks, alpha ${Number(test.question.alpha.toPrecision(3))} (try ${test.question.attempt} of 24 hours)`,
    );
  }
  if (bisect !== null) lines.push(`test ${bisect} looks for the guilty changes, by itself`);
  return `${lines.join('\n')}\n`;
}

/** A claim as JSON. */
export function claimToJson(view: TestView, metric: Metric, bisect: number | null): Record<string, unknown> {
  const { test, finding, state, why } = view;
  const said = finding?.kind === 'claim' ? finding.verdict : null;
  return {
    ...{ test: test.number, state, why, champion: test.champion.commit, changes: test.champion.changes },
    gain: said?.gain == null ? null : own(said.gain, metric),
    interval: ownInterval(said?.interval ?? null, metric),
    ...{ chance: said?.chance ?? null, noise: said?.noise ?? null, runs: said?.runs ?? null },
    jobs: view.runs.map(({ job }) => job),
    bisect,
  };
}

const worthWords: Record<ChangeWorth['verdict'], string> = {
  helps: 'helps',
  harms: 'harms',
  open: 'cannot be told from nothing',
  needed: 'needed: the code without it gives no number',
  untested: 'not tested',
};

/** What the champion loses without each change, best first. */
export function renderAblation(view: TestView, metric: Metric, isReverting: boolean): string {
  const { test, finding, why } = view;
  const { worth, revert } = readWorth(view);
  const lines = [`test ${test.number}: champion ${test.champion.commit.slice(0, 7)}, ${describeChanges(test)}`];
  if (why !== null) lines.push(`over before it was answered: ${why}`);
  if (finding === null) return `${lines.join('\n')}\n`;
  const rows = [...worth]
    .sort((a, b) => (b.worth ?? Number.NEGATIVE_INFINITY) - (a.worth ?? Number.NEGATIVE_INFINITY))
    .map((one) => [
      one.slug,
      one.worth === null ? '' : signed(own(one.worth, metric), metric),
      formatRange(ownInterval(one.interval, metric), metric),
      one.verdict === 'untested' ? '' : String(one.runs),
      worthWords[one.verdict],
    ]);
  const table = renderTable(
    ['change', `moves ${metric.name} by`, 'interval', 'runs', 'verdict'],
    rows,
    new Set([1, 3]),
  );
  const end = describeReverts(worth, revert, isReverting ? (view.verdict?.revert ?? []) : null);
  return `${lines.join('\n')}\n\n${table}\n${end}\n`;
}

/** What is to leave, or what has left: `taken` are the changes that a test with --revert took out, null where it was not asked to. */
function describeReverts(worth: ChangeWorth[], revert: readonly string[], taken: readonly string[] | null): string {
  const slugsOf = (changes: readonly string[]): string =>
    worth
      .filter(({ change }) => changes.includes(change))
      .map(({ slug }) => slug)
      .join(', ');
  if (revert.length === 0) return 'every change that was tested is worth its place';
  const slugs = slugsOf(revert);
  if (taken === null)
    return `not worth their place: ${slugs}; \`lab ablate ${slugs.replaceAll(',', '')} --revert\` measures again and takes them out`;
  const left = slugsOf(revert.filter((change) => !taken.includes(change)));
  const out = slugsOf(taken);
  return [
    ...(out === '' ? [] : [`not worth their place, and taken out: ${out}`]),
    ...(left === ''
      ? []
      : [`not worth their place, and left in, because the code does not come apart without them: ${left}`]),
  ].join('\n');
}

function readWorth({ finding }: TestView): { worth: ChangeWorth[]; revert: string[] } {
  return finding?.kind === 'ablation' ? finding : { worth: [], revert: [] };
}

/** An ablation as JSON; what a change is worth is what it moves the metric by. */
export function ablationToJson(view: TestView, metric: Metric): Record<string, unknown> {
  const { test, state, why, verdict } = view;
  const { worth, revert } = readWorth(view);
  return {
    ...{ test: test.number, state, why, champion: test.champion.commit },
    changes: worth.map((one) => ({
      ...one,
      worth: one.worth === null ? null : own(one.worth, metric),
      interval: ownInterval(one.interval, metric),
      isWorthItsPlace: !revert.includes(one.change),
    })),
    reverted: verdict?.revert ?? [],
    jobs: view.runs.map(({ job }) => job),
  };
}
