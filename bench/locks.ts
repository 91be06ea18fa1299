/**
 * What the locks cost: per job (enqueue and gap to the next one) with each opened in turn, per `git commit`, and with 2 GB of data that is
 * linked into every checkout and part of the track, beside copying or hashing it each time. Sides take turns inside each round.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadLabConfig } from '../src/git/committed-config.ts';
import { checkExperimentCommit } from '../src/rules/experiment-check.ts';
import { type BenchLab, type BenchLabOptions, createBenchLab } from './bench-lab.ts';
import {
  addRound,
  describeLoad,
  formatSpread,
  median,
  type Rounds,
  renderRounds,
  renderTable,
  timeProcess,
} from './measure.ts';
import { runStamps } from './queue/measured-queue.ts';
import { createNightlabQueue, type NightlabQueue } from './queue/nightlab-queue.ts';
import { writeStampProgram } from './stamp.ts';

const roundCount = 5;
const jobCount = 8;
const dataMib = 2048;
const before = describeLoad();

const sides: { name: string; options: BenchLabOptions }[] = [
  { name: 'all locks', options: {} },
  { name: 'worker open', options: { openLocks: 'worker' } },
  { name: 'sandbox open', options: { openLocks: 'sandbox' } },
  { name: 'all open', options: { openLocks: 'hooks,check,worker,sandbox' } },
  { name: 'all locks, 2 GB linked', options: { dataMib } },
];

const labs = new Map<string, BenchLab>();
const queues: NightlabQueue[] = [];
try {
  for (const { name, options } of sides) {
    const bench = createBenchLab(options);
    labs.set(name, bench);
    writeStampProgram(join(bench.root, 'stamp'));
    queues.push(createNightlabQueue(name, bench, './stamp', { isHere: false, filled: null }));
  }
  const gaps: Rounds = new Map();
  const enqueues: Rounds = new Map();
  for (let round = -1; round < roundCount; round++) {
    for (const queue of round % 2 === 0 ? queues : [...queues].reverse()) {
      const { gaps: found, enqueueMs } = await runStamps(queue, jobCount, 0, { isHeld: true, isOneByOne: true });
      // The first round fills caches, the hashes of the data among them.
      if (round < 0) continue;
      addRound(gaps, queue.name, median(found));
      addRound(enqueues, queue.name, median(enqueueMs));
    }
  }

  const commits = await measureCommits(getLab('all locks'));
  const data = measureData(getLab('all locks, 2 GB linked'));
  process.stdout.write(
    `locks: ${roundCount} rounds of ${jobCount} jobs each, node ${process.version}; ${before} before, ${describeLoad()} after\n\n`,
  );
  process.stdout.write(`gap between two jobs, medians of the rounds\n\n${renderRounds(gaps, ['all open'])}\n`);
  process.stdout.write(`enqueue, medians of the rounds\n\n${renderRounds(enqueues, ['all open'])}\n`);
  process.stdout.write(
    `git commit, and the check of an experiment's commit\n\n${renderRounds(commits, ['commit, no hooks'])}\n`,
  );
  const rows = [...data].map(([name, values]) => [name, formatSpread(values)]);
  process.stdout.write(`${dataMib} MiB of data\n\n${renderTable(['', 'ms, median [min..max]'], rows)}\n`);
} finally {
  for (const bench of labs.values()) bench.remove();
}

function getLab(name: string): BenchLab {
  const bench = labs.get(name);
  if (bench === undefined) throw new Error(`no lab for ${name}`);
  return bench;
}

/** Commits of an ordinary file with and without the hooks, one of a record (which starts node), and the check of the last commit. */
async function measureCommits({ root, env }: BenchLab): Promise<Rounds> {
  const rounds: Rounds = new Map();
  const commit = (file: string, hooks: boolean): number => {
    appendFileSync(join(root, file), '\n');
    execFileSync('git', ['add', file], { cwd: root, env });
    const words = [...(hooks ? [] : ['-c', 'core.hooksPath=/dev/null']), 'commit', '--quiet', '--message=bench'];
    return timeProcess('git', words, { cwd: root, env });
  };
  const config = loadLabConfig(root, { environment: {} });
  const revision = (name: string): string =>
    execFileSync('git', ['rev-parse', name], { cwd: root, encoding: 'utf8' }).trim();
  for (let round = 0; round < 11; round++) {
    addRound(rounds, 'commit, no hooks', commit('problem/train.py', false));
    addRound(rounds, 'commit, hooks, ordinary file', commit('problem/train.py', true));
    addRound(rounds, 'commit, hooks, protected file', commit('results.tsv', true));
    commit('problem/train.py', false);
    const [base, head] = [revision('HEAD~1'), revision('HEAD')];
    const began = performance.now();
    await checkExperimentCommit({ root, main: 'main', base, commit: head, config });
    addRound(rounds, "check of an experiment's commit", performance.now() - began);
  }
  return rounds;
}

/** What the lab pays for the data when it must be hashed anew, beside what a script would pay for each job. */
function measureData(bench: BenchLab): Map<string, number[]> {
  const values = new Map<string, number[]>();
  const add = (name: string, ms: number) => values.set(name, [...(values.get(name) ?? []), ms]);
  const lab = (words: string[]): number =>
    timeProcess(process.execPath, [bench.script, ...words], { cwd: bench.root, env: bench.env });
  const shell = (command: string): number => timeProcess('sh', ['-c', command], { cwd: bench.root, env: bench.env });
  for (let round = 0; round < 3; round++) {
    rmSync(join(bench.root, '.lab', 'data-fingerprints.json'), { force: true });
    add('lab results, data not hashed yet', lab(['results']));
    add('lab results, data known', lab(['results']));
    add('sha256sum of the data', shell('cat data/* | sha256sum'));
    add('cp -r of the data', shell('rm -rf ../copy && cp -r data ../copy'));
  }
  return values;
}
