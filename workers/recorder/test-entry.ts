/** The journal entry of a test with fresh seeds: what ran, what came out, what the lab concludes, and the method in one sentence. Pure text. */
import type { Change } from '../../src/domain/change.ts';
import type { FreshTest, TestVerdict } from '../../src/domain/fresh-test.ts';
import type { MeasuredBy, Run } from '../../src/domain/run.ts';
import type { KeptTest } from '../../src/lab/fresh-tests.ts';
import { formatJournalEntry } from '../../src/lab/journal.ts';
import type { ChangeWorth } from '../../src/stats/ablation.ts';
import { summarise } from '../../src/stats/noise.ts';
import type { TestFinding } from '../../src/stats/test-progress.ts';
import { formatSigned } from './result-row.ts';
import type { TestJob } from './test-runs.ts';

/** What an entry is made of. */
export interface TestEntryInput {
  test: KeptTest;
  verdict: TestVerdict;
  finding: TestFinding;
  /** Why it was over before it was answered; null where it is answered. */
  cut: string | null;
  own: readonly TestJob[];
  /** The test's last run and its job. */
  job: number;
  run: Run;
  measuredBy: MeasuredBy;
  /** What was to leave the champion and could not be taken out: later changes are built on it. */
  stuck: readonly Change[];
}

/** Formats the entry. */
export function formatTestEntry(input: TestEntryInput): string {
  const { test, verdict, cut, job, run } = input;
  const { title, question, hypothesis, expected, observed, facts, inference } = describeFinding(input);
  const isDiscard = verdict.state === 'refuted' || verdict.revert.length > 0;
  const failed = input.own.filter(({ outcome }) => outcome.kind === 'failed').map((one) => one.job);
  return formatJournalEntry({
    date: run.endedAt.slice(0, 10),
    title,
    status: verdict.state === 'done' ? 'test' : isDiscard ? 'discard' : 'keep',
    ...{ job, attempt: run.attempt, commit: test.champion.commit, question, hypothesis, expected, observed },
    observations: [
      ...test.arms.flatMap((_, arm) => describeArm(input, arm)),
      ...facts,
      ...(failed.length === 0
        ? []
        : [`no number that counts from job ${failed.join(', ')}; other seeds took their place`]),
      ...(cut === null ? [] : [`over as it stood: ${cut}`]),
    ],
    inference,
    runFolder: null,
  });
}

/** "1 change", "3 changes". */
export const countChanges = (count: number): string => `${count} ${count === 1 ? 'change' : 'changes'}`;

interface Described {
  title: string;
  question: string;
  hypothesis: string;
  expected: string;
  observed: string;
  facts: string[];
  inference: string;
}

function describeFinding(input: TestEntryInput): Described {
  const { finding } = input;
  if (finding.kind === 'claim') return describeClaim(input, finding);
  if (finding.kind === 'bisect') return describeBisect(input, finding);
  return describeAblation(input, finding);
}

/** One line for an arm: what it scored; none where it has no number. */
function describeArm({ test, own, finding, measuredBy }: TestEntryInput, arm: number): string[] {
  const { name, commit } = test.arms[arm] ?? { name: '', commit: '' };
  const out = finding.kind === 'claim' ? finding.diverged : [];
  const runs = own.filter((run) => run.arm === arm && run.outcome.kind === 'scored');
  const counted = runs.filter(({ job }) => !out.includes(job));
  const value = summarise(counted.flatMap(({ outcome }) => (outcome.kind === 'scored' ? [outcome.metric] : [])));
  if (value === null) return [];
  const spread = value.std === null ? '' : ` ± ${value.std.toFixed(6)}`;
  const lost = runs.filter((run) => !counted.includes(run)).map(({ job }) => job);
  const diverged = lost.length === 0 ? '' : `; job ${lost.join(', ')} diverged and does not count`;
  const unit = measuredBy.unit === '' ? '' : ` ${measuredBy.unit}`;
  return [
    `${name} ${commit.slice(0, 7)}: ${measuredBy.name} mean ${value.mean.toFixed(6)}${spread}${unit} over ${value.n} ${value.n === 1 ? 'run' : 'runs'} (job ${counted.map(({ job }) => job).join(', ')})${diverged}`,
  ];
}

const slugsOf = ({ champion }: FreshTest): string => champion.changes.map(({ slug }) => slug).join(', ');

const signOf = ({ direction }: MeasuredBy): number => (direction === 'lower' ? -1 : 1);

/** "-0.01 to +0.03 bpb" in the metric's own sign, for a gain where higher is better. */
function formatRange(low: number, high: number, measuredBy: MeasuredBy): string {
  const [from = 0, to = 0] = [signOf(measuredBy) * low, signOf(measuredBy) * high].sort((a, b) => a - b);
  return `${formatSigned(from, '')} to ${formatSigned(to, measuredBy.unit)}`;
}

/** What left the champion and what is stuck in it, `word` of each; "" where there is neither. */
function describeLeaving(word: string, left: readonly string[], stuck: readonly Change[]): string {
  return [
    ...(left.length === 0 ? [] : [`${word}, and taken back: ${left.join(', ')}`]),
    ...(stuck.length === 0 ? [] : [`${word}, and still in the champion: ${describeStuck(stuck)}`]),
  ].join('; ');
}

const describeStuck = (stuck: readonly Change[]): string =>
  stuck.map(({ slug }) => `${slug} cannot be taken out by itself: later changes are built on it`).join(', ');

/** The changes that a claim left out; no line where there are none. */
function describeLeftOut({ test, verdict, stuck }: TestEntryInput): string[] {
  const count = test.leftOut.length;
  if (count === 0) return [];
  const from = verdict.state === 'confirmed' ? ', and of the champion from now on' : '';
  const rest = stuck.length === 0 ? '' : `, as far as that goes: ${describeStuck(stuck)}`;
  return [
    `${countChanges(count)} that the runs before did not bear out ${count === 1 ? 'was' : 'were'} left out of the claim${from}${rest}`,
  ];
}

function describeClaim(
  input: TestEntryInput,
  { verdict: said, looks }: Extract<TestFinding, { kind: 'claim' }>,
): Described {
  const { test, verdict, measuredBy } = input;
  const { question, champion } = test;
  if (question.kind !== 'claim') throw new TypeError('a claim was found where none was asked');
  const sign = signOf(measuredBy);
  const signed = (gain: number) => formatSigned(sign * gain, measuredBy.unit);
  const percent = `${Number((100 * question.confidence).toFixed(1))} %`;
  const words = {
    confirmed: 'the champion is better than the baseline: the gain is confirmed',
    refuted: 'fresh seeds do not bear the gain out: it is refuted, and its changes are bisected',
    provisional: 'the runs can show it neither way: the gain stays provisional',
    done: '',
  };
  const share = question.attempt === 1 ? '' : `, try ${question.attempt} of 24 hours`;
  return {
    title: `champion of ${countChanges(champion.changes.length)} ${verdict.state === 'provisional' ? 'neither confirmed nor refuted' : verdict.state} with fresh seeds`,
    question: 'is the champion better than the baseline?',
    hypothesis: `together they gain: ${slugsOf(test)}`,
    expected: signed(question.expected),
    observed: said.gain === null ? '' : signed(said.gain),
    facts: [
      ...(said.gain === null || said.interval === null
        ? []
        : [
            `gain ${signed(said.gain)}, ${percent} interval ${formatRange(said.interval.low, said.interval.high, measuredBy)}${said.chance === null ? '' : `, one-sided p ${said.chance.toPrecision(2)}`}`,
          ]),
      ...(said.noise === null
        ? []
        : [`noise (sd of one run) ${said.noise.sd.toFixed(6)} with ${said.noise.degrees} degrees of freedom`]),
      ...describeLeftOut(input),
      ...(said.isFutile
        ? [
            'ended before its last look: a gain at the upper end of the interval would not be confirmed one time in a hundred any more (conditional power, Lan and Wittes 1988)',
          ]
        : []),
      `test ${test.number}: ${looks.taken} of at most ${looks.most} looks, alpha ${Number(question.alpha.toPrecision(3))}${share}, at most ${question.runs} runs`,
      `method: seeds that nothing was chosen by, ${question.isPaired ? 'compared seed by seed' : 'codes in turns'}; group-sequential t test whose alpha is spent evenly with the runs (Lan and DeMets 1983), gain and interval corrected for stopping early`,
    ],
    inference: words[verdict.state],
  };
}

function describeBisect(
  { test, verdict, measuredBy, stuck }: TestEntryInput,
  { segments }: Extract<TestFinding, { kind: 'bisect' }>,
): Described {
  const { question, champion } = test;
  const nameOf = (from: number, to: number) =>
    champion.changes
      .slice(from, to)
      .map(({ slug }) => slug)
      .join(' + ');
  const words = { helps: 'helps', harms: 'harms', open: 'cannot be told from nothing' };
  const isStuck = (commit: string) => stuck.some((change) => change.commit === commit);
  const guilty = champion.changes.filter(({ commit }) => verdict.revert.includes(commit));
  const left = guilty.filter(({ commit }) => !isStuck(commit)).map(({ slug }) => slug);
  return {
    title: `bisection of a refuted champion of ${countChanges(champion.changes.length)}`,
    question: `which of its changes are guilty (test ${question.kind === 'bisect' ? question.claim : test.number} refuted it)?`,
    ...{ hypothesis: '', expected: '', observed: '' },
    facts: [
      ...segments.map(
        ({ from, to, gain, error, state }) =>
          `${nameOf(from, to)}: ${formatSigned(signOf(measuredBy) * gain, measuredBy.unit)} (standard error ${error.toFixed(6)}), ${words[state]}`,
      ),
      `test ${test.number}, method: the code with the first changes only, measured with fresh seeds where it parts a stretch that cannot be told to help (noisy bisection, Karp and Kleinberg 2007); a stretch whose measured gain is not above zero leaves`,
    ],
    inference:
      guilty.length === 0
        ? 'no change is shown to be guilty: the champion stays'
        : describeLeaving('guilty', left, stuck),
  };
}

function describeAblation(
  { test, verdict, measuredBy, stuck }: TestEntryInput,
  { worth, revert }: Extract<TestFinding, { kind: 'ablation' }>,
): Described {
  const { champion } = test;
  const named = (commits: readonly string[]) =>
    champion.changes.filter(({ commit }) => commits.includes(commit)).map(({ slug }) => slug);
  const useless = named(revert).join(', ');
  const isStuck = (commit: string) => stuck.some((change) => change.commit === commit);
  const left = named(revert.filter((commit) => !isStuck(commit)));
  return {
    title: `ablation of a champion of ${countChanges(champion.changes.length)}`,
    question: 'what does the champion lose without each of its changes?',
    ...{ hypothesis: '', expected: '', observed: '' },
    facts: [
      ...worth.filter(({ verdict: word }) => word !== 'untested').map((one) => describeWorth(one, measuredBy)),
      `test ${test.number}, method: the champion against itself without one change, seeds that nothing was chosen by, noise pooled over all repeats of the track`,
    ],
    inference:
      useless === ''
        ? 'every change that was tested is worth its place'
        : verdict.revert.length > 0
          ? describeLeaving('not worth their place', left, stuck)
          : `not worth their place: ${useless}; they stay until somebody takes them out`,
  };
}

/** What one change is worth, in the metric's own sign: what it moved the metric by. */
function describeWorth({ slug, worth, interval, verdict }: ChangeWorth, measuredBy: MeasuredBy): string {
  const words = {
    helps: 'helps',
    harms: 'harms',
    open: 'cannot be told from nothing',
    needed: 'the code without it gives no number',
    untested: 'not tested',
  };
  if (worth === null) return `${slug}: ${words[verdict]}`;
  const range = interval === null ? '' : ` (${formatRange(interval.low, interval.high, measuredBy)})`;
  return `${slug}: ${formatSigned(signOf(measuredBy) * worth, measuredBy.unit)}${range}, ${words[verdict]}`;
}
