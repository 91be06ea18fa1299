/** What the last run of a test records: on jobs as their folders hold them, of tests whose truth is known. */
import { expect, test } from 'vitest';
import { createPlainJob, createPlainRun } from '../../queue/job-for-tests.ts';
import { createQueueEntry } from '../../queue/job-schema.ts';
import type { RecordedJob, StoredJob } from '../../queue/job-store.ts';
import { configSchema } from '../../src/config/schema.ts';
import type { ChampionState } from '../../src/domain/change.ts';
import type { TestQuestion, TestVerdict } from '../../src/domain/fresh-test.ts';
import type { Job } from '../../src/domain/job.ts';
import type { Run } from '../../src/domain/run.ts';
import type { KeptTest } from '../../src/lab/fresh-tests.ts';
import { formatResultRow, insertResultRows, parseResults } from '../../src/lab/results-tsv.ts';
import { viewTrack } from '../../src/stats/track-view.ts';
import { listScoredRuns } from './decide-job.ts';
import { decideTest } from './decide-test.ts';
import { findJobOwingVerdict, listRepeats, listTestJobs, progressOf, testJobKey } from './test-runs.ts';

const config = configSchema.parse({ metric: { name: 'val_bpb', unit: 'bpb', direction: 'lower' } });
const track = 'aaaaaaaa';
const device = { id: 'gpu0', class: 'gpu', model: 'H100' } as const;

const champion: ChampionState = {
  ...{ commit: 'b'.repeat(40), root: 'a'.repeat(40), near: [], value: 0.9, sd: 0.01, chosenBy: 0.88 },
  changes: ['one', 'two'].map((slug) => ({ slug, commit: `commit-${slug}`, start: 'a'.repeat(40) })),
};

const claim: TestQuestion = {
  ...{ kind: 'claim', attempt: 1, alpha: 0.009, runs: 8, confidence: 0.9, isPaired: false, expected: 0.1 },
};

const createTest = (question: TestQuestion = claim, more: Partial<KeptTest> = {}): KeptTest => ({
  ...{ schema: 1, number: 3, key: 'k', reverts: question.kind === 'bisect', leftOut: [], question, track, champion },
  ...{ deviceClass: 'gpu', deviceModel: 'H100', seeds: [5000, 5001, 5002, 5003, 5004, 5005, 5006, 5007, 5008] },
  arms: [
    { name: 'baseline', commit: champion.root, changes: [] },
    { name: 'champion', commit: champion.commit, changes: champion.changes.map(({ commit }) => commit) },
  ],
  ...{ beganAt: '2026-11-21T12:00:00+00:00', env: {}, secretNames: [] },
  ...more,
});

interface Sketch {
  number: number;
  metric: number | null;
  job?: Partial<Job>;
  run?: Partial<Run>;
  recorded?: Partial<RecordedJob> | null;
}

function createJob({ number, metric, job: moreJob = {}, run: moreRun = {}, recorded = {} }: Sketch): StoredJob {
  const job = createPlainJob(number, { kind: 'baseline', commit: champion.root, track, seed: number, ...moreJob });
  const run = createPlainRun(number, {
    ...(metric === null
      ? { fate: { kind: 'failed', failure: 'exception', detail: 'ValueError' } }
      : { metric, metrics: { val_bpb: metric } }),
    ...{ track, device, trainSeconds: 300, peakMemoryMib: 2048, memorySource: 'nvidia-smi' },
    ...{ startedAt: '2026-11-21T13:00:00+00:00', endedAt: '2026-11-21T13:05:00+00:00' },
    ...moreRun,
  });
  const record: RecordedJob = {
    ...{ schema: 1, job: number, attempt: 1, decision: null, metric: 'val_bpb', row: null, entry: null },
    ...{ commit: null, isDone: true },
    ...recorded,
  };
  return {
    ...{ job, queued: job, entry: createQueueEntry(number), attempts: [1], run },
    recorded: recorded === null ? null : record,
  };
}

const earlier = { startedAt: '2026-11-20T01:00:00+00:00', endedAt: '2026-11-20T01:05:00+00:00' };
const floor = [1.0, 1.01, 0.99, 1.004].map((metric, place) => createJob({ number: place + 1, metric, run: earlier }));

/** A run of the test; numbers begin at 11. */
function ran(laid: KeptTest, arm: number, place: number, metric: number | null, more: Partial<Sketch> = {}): StoredJob {
  const number = 11 + 2 * place + arm;
  const { commit = '', changes = [] } = laid.arms[arm] ?? {};
  return createJob({
    ...{ number, metric },
    ...more,
    job: {
      ...{ kind: 'confirm', key: testJobKey(laid.number, arm, place), commit, seed: laid.seeds[place] ?? 0 },
      test: { test: laid.number, arm, root: champion.root, changes },
      ...more.job,
    },
  });
}

/** The runs of a claim, in turns. */
const playClaim = (laid: KeptTest, baseline: number[], own: number[]): StoredJob[] => [
  ...baseline.map((metric, place) => ran(laid, 0, place, metric)),
  ...own.map((metric, place) => ran(laid, 1, place, metric)),
];

/** Decides a test by its last run, which is not recorded yet. */
function decide(laid: KeptTest, runs: StoredJob[], others: StoredJob[] = [], last = runs.length - 1) {
  const jobs = [...floor, ...others, ...runs.map((one, place) => (place === last ? { ...one, recorded: null } : one))];
  const stored = jobs[floor.length + others.length + last];
  if (stored === undefined) throw new Error('no such run');
  return decideTest(stored, jobs, laid, config);
}

test('a confirmed claim has a row with the mean, spread and jobs of the champion’s runs, and the gain in the metric’s own sign', () => {
  const laid = createTest();
  const { row, entry, verdict, champion: after } = decide(laid, playClaim(laid, [1.0, 1.01], [0.9, 0.91]));
  expect(verdict).toEqual({ test: 3, state: 'confirmed', revert: [] });
  expect(after).toBeNull();
  expect(row).toMatchObject({
    ...{ commit: 'bbbbbbb', status: 'keep', evidence: 'confirmed', n: 2, jobs: [12, 14], memoryGb: 2, seconds: 300 },
    ...{
      expected: '-0.100000 bpb',
      observed: expect.stringMatching(/^-0\.0\d+ bpb$|^-0\.1\d+ bpb$/),
      track,
      device: 'H100',
    },
  });
  expect(row?.metric).toBeCloseTo(0.905, 9);
  expect(row?.std).toBeCloseTo(0.00707, 4);
  const { gain = 0, gain_low = 0, gain_high = 0 } = row?.metrics ?? {};
  expect(gain_low).toBeLessThan(gain);
  expect(gain).toBeLessThan(gain_high);
  expect(gain_high).toBeLessThan(0);
  if (row === null) throw new Error('no row');
  const { rows } = parseResults(insertResultRows(null, [formatResultRow(row, 'val_bpb')], 'val_bpb'));
  expect(rows[0]).toMatchObject({
    jobs: [12, 14],
    n: 2,
    evidence: 'confirmed',
    metrics: { gain, gain_low, gain_high },
  });
  expect(entry).toContain('champion of 2 changes confirmed with fresh seeds (keep)');
  for (const said of ['one, two', 'alpha 0.009', '1 of at most 3 looks', 'job 12, 14', 'group-sequential'])
    expect(entry).toContain(said);
});

test('a confirmed claim that left a doubtful change out takes it out of the champion, to be tried again, and says so', () => {
  const laid = createTest(claim, { leftOut: ['commit-three'] });
  const three = { slug: 'three', commit: 'commit-three', start: 'x' };
  const wider = { ...champion, commit: 'd'.repeat(40), changes: [...champion.changes, three] };
  const said = decide(laid, playClaim(laid, [1.0, 1.01], [0.9, 0.91]), [exploring(wider, 9)]);
  expect(said.verdict).toEqual({ test: 3, state: 'confirmed', revert: [] });
  expect(said.champion).toMatchObject({ changes: champion.changes, near: [three] });
  expect(said.tested?.commit).toBe(champion.commit);
  expect(said.entry).toContain(
    '1 change that the runs before did not bear out was left out of the claim, and of the champion',
  );
  const refuted = decide(laid, playClaim(laid, [1.0, 1.01, 0.99, 1.0], [1.05, 1.06, 1.04, 1.05]), [
    exploring(wider, 9),
  ]);
  expect([refuted.verdict?.state, refuted.champion]).toEqual(['refuted', null]);
});

test('whichever run is recorded last, the verdict and the figures are the same, and no other run says anything', () => {
  const laid = createTest();
  const runs = playClaim(laid, [1.0, 1.01], [0.9, 0.91]);
  const said = runs.map((_, last) => decide(laid, runs, [], last));
  for (const one of said) expect(one.row).toEqual(said[0]?.row);
  // Two are not recorded: the one that is looked at is not the last.
  const open = runs.map((one, place) => (place < 2 ? { ...one, recorded: null } : one));
  expect(decide(laid, open, [], 0)).toMatchObject({ row: null, entry: null, verdict: null });
  // A run that was made again in place after the verdict changes nothing.
  const verdict: TestVerdict = { test: 3, state: 'confirmed', revert: [] };
  const again = runs.map((one, place) =>
    place === 3 && one.recorded ? { ...one, recorded: { ...one.recorded, verdict } } : one,
  );
  expect(decide(laid, again, [], 0).verdict).toBeNull();
});

test('a test that goes on says nothing: a look that is open, a run on its way, a crash that is made up for', () => {
  const laid = createTest();
  const [first, second, third] = playClaim(laid, [1.0, 1.01], [0.99]);
  if (!first || !second || !third) throw new Error('too few runs');
  expect(decide(laid, playClaim(laid, [1.0, 1.01], [0.995, 1.0])).verdict).toBeNull();
  expect(decide(laid, [first, second, third, ran(laid, 1, 1, null)]).verdict).toBeNull();
  const pending = { ...ran(laid, 1, 1, 0.9), run: null, recorded: null, attempts: [] };
  expect(decide(laid, [pending, first, second, third]).verdict).toBeNull();
});

test('a refuted claim has a row that discards it and leaves the champion to the bisection; a provisional one has no row', () => {
  const laid = createTest();
  const worse = decide(laid, playClaim(laid, [1.0, 1.01, 0.99, 1.0], [1.05, 1.06, 1.04, 1.05]));
  expect(worse.verdict).toEqual({ test: 3, state: 'refuted', revert: [] });
  expect(worse.row).toMatchObject({ status: 'discard', evidence: 'refuted', n: 4 });
  expect(worse.champion).toBeNull();
  expect(worse.entry).toContain('refuted with fresh seeds (discard)');
  const cautious = createTest({ ...claim, expected: 0.005 } as TestQuestion);
  const unsure = decide(cautious, playClaim(cautious, [1.0, 1.01, 0.99, 1.0], [0.995, 1.005, 0.985, 0.995]));
  expect(unsure.verdict?.state).toBe('provisional');
  expect(unsure.row).toBeNull();
  expect(unsure.entry).toContain('neither confirmed nor refuted with fresh seeds (keep)');
});

const bisect = createTest(
  { kind: 'bisect', claim: 2, runs: 8 },
  {
    arms: [
      { name: 'baseline', commit: champion.root, changes: [] },
      { name: 'first 1 change', commit: 'c'.repeat(40), changes: ['commit-one'] },
      { name: 'champion', commit: champion.commit, changes: ['commit-one', 'commit-two'] },
    ],
  },
);

/** The claim that the bisection follows, as its jobs. */
const before = playClaim({ ...createTest(), number: 2 }, [1.0, 1.01], [1.1, 1.11]).map((stored) => ({
  ...stored,
  job: { ...stored.job, number: stored.job.number + 50 },
}));

const exploring = (state: ChampionState, number: number): StoredJob =>
  createJob({
    ...{ number, metric: 0.9 },
    job: { kind: 'experiment', experiment: `idea-${number}`, commit: state.commit, base: champion.root },
    run: earlier,
    recorded: { champion: state },
  });

test('a bisection takes the guilty change out of the champion of by now, which has moved on', () => {
  const moved = {
    ...champion,
    commit: 'd'.repeat(40),
    changes: [...champion.changes, { slug: 'three', commit: 'commit-three', start: 'x' }],
  };
  const others = [exploring(moved, 9), ...before];
  const {
    verdict,
    row,
    entry,
    champion: after,
    before: present,
  } = decide(bisect, [ran(bisect, 1, 0, 0.9), ran(bisect, 1, 1, 0.9)], others);
  expect(verdict).toEqual({ test: 3, state: 'done', revert: ['commit-two'] });
  expect(row).toBeNull();
  expect(present).toEqual(moved);
  expect(after?.changes.map(({ slug }) => slug)).toEqual(['one', 'three']);
  expect(entry).toContain('guilty, and taken back: two');
  expect(entry).toContain('(test)');
});

test('an ablation takes out what is not worth its place only where that was asked for', () => {
  const arms = [
    { name: 'champion', commit: champion.commit, changes: ['commit-one', 'commit-two'] },
    { name: 'without one', commit: 'c'.repeat(40), changes: ['commit-two'] },
    { name: 'without two', commit: 'd'.repeat(40), changes: ['commit-one'] },
  ];
  for (const reverts of [false, true]) {
    const laid = createTest({ kind: 'ablation', each: 2 }, { arms, reverts });
    const runs = [0.9, 1.0, 0.895].flatMap((metric, arm) =>
      [0, 1].map((place) => {
        const number = 20 + 2 * arm + place;
        return ran(laid, arm, place, metric + 0.004 * place, { number, job: { kind: 'ablation' } });
      }),
    );
    const { verdict, champion: after, entry } = decide(laid, runs, [exploring(champion, 9)]);
    expect(verdict).toEqual({ test: 3, state: 'done', revert: reverts ? ['commit-two'] : [] });
    expect(after?.changes.map(({ slug }) => slug)).toEqual(reverts ? ['one'] : undefined);
    expect(entry).toContain('not worth their place');
    expect(entry).toMatch(/one: -0\.1\d* bpb \(.*\), helps/);
  }
});

test('a test whose last run gave no number still takes the guilty change out of the champion that the lab goes on from', () => {
  const arms = [
    { name: 'champion', commit: champion.commit, changes: ['commit-one', 'commit-two'] },
    { name: 'without one', commit: 'c'.repeat(40), changes: ['commit-two'] },
    { name: 'without two', commit: 'd'.repeat(40), changes: ['commit-one'] },
  ];
  const laid = createTest({ kind: 'ablation', each: 2 }, { arms, reverts: true });
  const scores = [
    [0.9, 0.904],
    [null, null, null],
    [0.895, 0.899],
  ];
  const runs = scores.flatMap((own, arm) =>
    own.map((metric, place) =>
      ran(laid, arm, place, metric, { number: 20 + 3 * arm + place, job: { kind: 'ablation' } }),
    ),
  );
  const last = 4;
  const { verdict, champion: after } = decide(laid, runs, [exploring(champion, 9)], last);
  expect(runs[last]?.run?.metric).toBeNull();
  expect(verdict?.revert).toEqual(['commit-two']);
  const recorded = runs.map((one, place): StoredJob => {
    if (one.recorded === null || place !== last) return one;
    return { ...one, recorded: { ...one.recorded, place: 99, champion: after } };
  });
  const all = listScoredRuns([...floor, exploring(champion, 9), ...recorded]);
  expect(all).toHaveLength(floor.length + 1 + 4);
  const seen = viewTrack(all, track, 'H100', { direction: 'lower', confidence: 0.95 }).champion;
  expect(seen?.state?.changes.map(({ slug }) => slug)).toEqual(['one']);
});

test('a run that is taken out between two attempts ends its test, and no other seed takes its place', () => {
  const laid = createTest();
  const stored = ran(laid, 0, 0, null);
  const lost = { ...stored, entry: { ...stored.entry, removedAt: '2026-11-21T13:10:00+00:00' } };
  expect(listTestJobs(laid, [lost]).map(({ outcome }) => outcome.kind)).toEqual(['removed']);
});

/** A run of the test that was taken out before it began. */
const takenOut = (laid: KeptTest, arm: number, place: number): StoredJob => {
  const stored = ran(laid, arm, place, null);
  const entry = { ...stored.entry, removedAt: '2026-11-21T13:10:00+00:00' };
  return { ...stored, entry, attempts: [], run: null, recorded: null };
};

test.each([
  ['all are recorded', {}, 12],
  ['one has its record still to come', { recorded: null }, null],
  ['one is decided and not committed yet', { recorded: { place: 9, isDone: false } }, null],
  ['the verdict is said', { recorded: { place: 9, verdict: { test: 3, state: 'provisional', revert: [] } } }, null],
] as [string, Partial<Sketch>, number | null][])(
  'once the last run of a test is taken out and %s, the run that was recorded last owes the verdict or nobody does',
  (_, more, owing) => {
    const laid = createTest();
    const ended = [
      ran(laid, 0, 0, 1.0, { recorded: { place: 7 } }),
      ran(laid, 1, 0, 0.9, { recorded: { place: 9 }, ...more }),
      ran(laid, 0, 1, 1.01, { recorded: { place: 8 } }),
    ];
    const find = (runs: StoredJob[]) =>
      findJobOwingVerdict(laid, runs, progressOf(laid, [...floor, ...runs], config), config);
    expect(find([...ended, takenOut(laid, 1, 1)])).toBe(owing);
    const later = takenOut({ ...laid, number: laid.number + 1 }, 0, 0);
    expect(find([...ended, takenOut(laid, 1, 1), later])).toBeNull();
    const pending = { ...takenOut(laid, 1, 1), entry: createQueueEntry(14) };
    expect(find([...ended, pending])).toBeNull();
    expect(find([takenOut(laid, 0, 0), takenOut(laid, 1, 0)])).toBeNull();
  },
);

test.each([
  ['val_bpb', { measuredBy: { name: 'val_bpb', direction: 'lower', unit: 'bpb' } }, {}, 12],
  ['val_loss', { measuredBy: { name: 'val_loss', direction: 'lower', unit: '' } }, {}, null],
  ['val_loss, as only the record of then tells,', {}, { metric: 'val_loss' }, null],
] as [string, Partial<Run>, Partial<RecordedJob>, number | null][])(
  'with val_bpb as the metric of by now, the cut test of which a run was measured by %s is owed a verdict only where that is the same',
  (_, run, recorded, owing) => {
    const laid = createTest();
    const runs = [
      ran(laid, 0, 0, 1.0, { recorded: { place: 7 } }),
      ran(laid, 1, 0, 0.9, { run, recorded: { ...recorded, place: 9 } }),
      takenOut(laid, 0, 1),
    ];
    const progress = progressOf(laid, [...floor, ...runs], config);
    expect(findJobOwingVerdict(laid, runs, progress, config)).toBe(owing);
  },
);

test('of the jobs that name a test only its own runs count, and a number from elsewhere is none', () => {
  const laid = createTest();
  const copy = { ...ran(laid, 0, 0, 0.5), job: { ...ran(laid, 0, 0, 0.5).job, key: 'another/11', number: 40 } };
  const jobs = [
    ran(laid, 0, 0, 1.0),
    ran(laid, 1, 0, 0.9, { run: { track: 'bbbbbbbb' } }),
    ran(laid, 1, 1, 0.9, { run: { device: { ...device, model: 'A100' } } }),
    ran(laid, 1, 2, 0.9, { run: { flags: ['leak'] } }),
    ran(laid, 1, 3, null),
    copy,
  ];
  const kinds = listTestJobs(laid, jobs).map(({ job, outcome }) => [job, outcome.kind]);
  expect(kinds).toEqual([
    [11, 'scored'],
    [12, 'failed'],
    [14, 'failed'],
    [16, 'failed'],
    [18, 'failed'],
  ]);
});

test('the noise is learned from repeats that nothing was chosen by, one run of each seed, from before the test', () => {
  const laid = createTest();
  const place = { track, deviceModel: 'H100', before: laid.beganAt, without: [2] };
  const jobs = [
    ...floor,
    // The same seed again, an experiment's own number, a leak, another model, a run that ended later, a test that is left out.
    createJob({ number: 5, metric: 1.0, job: { seed: 1 }, run: earlier }),
    ...[6, 7].map((number) =>
      createJob({ number, metric: 0.7, job: { kind: 'experiment', commit: 'e' }, run: earlier }),
    ),
    createJob({ number: 8, metric: 0.1, run: { ...earlier, flags: ['leak'] } }),
    createJob({ number: 9, metric: 0.1, run: { ...earlier, device: { ...device, model: 'A100' } } }),
    createJob({ number: 10, metric: 0.1 }),
    ...before.map((stored) => ({ ...stored, run: stored.run && { ...stored.run, ...earlier } })),
  ];
  expect(listRepeats(jobs, place)).toEqual([{ commit: champion.root, scores: [1.0, 1.01, 0.99, 1.004] }]);
});
