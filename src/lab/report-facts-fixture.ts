/** Facts of two made-up experiments for the tests of reports, numbers and journal entries: one that was kept, one that was turned away. Used by tests alone. */
import type { Provenance } from '../domain/provenance.ts';
import type { ReportFacts, ReportProse } from '../domain/report.ts';

/** Provenance of a run on a GPU, every fact known; `changes` replaces single parts. */
export function createProvenance(changes: Partial<Provenance> = {}): Provenance {
  return {
    schema: 1,
    machine: { system: 'linux 6.1.0 x64', processor: 'AMD EPYC 9554', cores: 64, memoryGb: 503.7 },
    device: { id: 'gpu0', model: 'NVIDIA H200', driver: '570.86.15', uuid: 'GPU-1234' },
    python: {
      version: '3.12.4',
      executable: '.venv/bin/python',
      packages: 42,
      packagesDigest: '0123456789ab',
    },
    locks: [{ path: 'uv.lock', blob: 'abcdef012345' }],
    data: '111111222222',
    git: {
      commit: 'c0ffee1234567890c0ffee1234567890c0ffee12',
      isSnapshot: false,
      main: 'ba5eba1111111111ba5eba1111111111ba5eba11',
    },
    lab: { version: '0.1.0+1a2b3c4d', node: '20.19.0' },
    track: '1a2b3c4d',
    ...changes,
  };
}

/** Facts of a keep of the starter problem; `changes` replaces single ones. */
export function createReportFacts(changes: Partial<ReportFacts> = {}): ReportFacts {
  return {
    slug: 'longer-contexts',
    title: 'Contexts of 4 and 5 symbols',
    date: '2026-11-21',
    commit: 'c0ffee1234567890c0ffee1234567890c0ffee12',
    base: 'ba5eba1111111111ba5eba1111111111ba5eba11',
    branch: 'exp/longer-contexts',
    decision: 'keep',
    reason:
      'val_bpb 0.928600 against 1.153300 (-0.224700): better by +249.7 noise widths; luck alone reaches 0.003035 at 95 %',
    evidence: 'provisional',
    metricName: 'val_bpb',
    unit: 'bpb',
    direction: 'lower',
    metric: 0.9286,
    baseMetric: 1.1533,
    baseRuns: 3,
    observed: -0.2247,
    expected: '-0.200 val_bpb',
    interval: { low: -0.229171, high: -0.220229, confidence: 0.95 },
    noise: { std: 0.0009, n: 3 },
    noiseWidths: 249.667,
    n: 1,
    memoryGb: 0.037109375,
    minutes: 0.5116667,
    jobs: [6, 7],
    track: '1a2b3c4d',
    device: 'cpu, 2 cores',
    flags: [],
    metrics: { train_bpb: 0.9012, num_params: 567810 },
    question: 'do longer contexts help?',
    hypothesis: 'saves 0.2 bpb',
    refutedBy: 'a change smaller than the noise over three seeds',
    choice: ['rated 9, the best of 30', 'nothing in the journal tried it'],
    files: [{ path: 'problem/train.py', added: 3, removed: 1 }],
    returns: [],
    reviewNotes: '',
    implementerNotes: '',
    proseProblem: '',
    runFolder: '.lab/runs/7/1',
    command: 'python3 problem/train.py',
    seed: 1,
    provenance: createProvenance(),
    logTail: '',
    authors: ['idea: recorded', 'implementer: recorded', 'reporter: recorded'],
    notice: 'a recording: agents are played back, results are measured live',
    ...changes,
  };
}

/** Facts of a change that the lab turned away before anything ran; `changes` replaces single ones. */
export function createRefusedFacts(changes: Partial<ReportFacts> = {}): ReportFacts {
  return createReportFacts({
    decision: 'refused',
    reason: 'implement: problem/prepare.py is frozen and was changed',
    evidence: '',
    ...{ metric: null, baseMetric: null, baseRuns: 0, observed: null, interval: null, noise: null, noiseWidths: null },
    ...{ n: 0, memoryGb: null, minutes: null, jobs: [], track: '', device: '', metrics: {} },
    ...{ commit: null, files: [], runFolder: null, command: null, seed: null, provenance: null },
    ...changes,
  });
}

/** Prose that goes with createReportFacts. */
export const sampleProse: ReportProse = {
  changed: 'The features now also hold contexts of orders 4 and 5.',
  inferences: 'Words are longer than three symbols, so that a longer context tells which one it is.',
  claims: 'Chen and Goodman found the same for interpolated models.',
  next: 'Orders 6 and 7.',
  summary: 'Longer contexts help by more than luck.',
};
