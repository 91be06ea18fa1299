/**
 * How long the client takes from its start to its end, in fresh processes: `lab status`, `lab ideas` and `lab add -p` beside `node -e 0` and
 * `tsp true`; and `lab up`, which starts the daemon and its Redis. Rounds are interleaved and ratios taken inside a round, so that other work on the machine hits all of them alike.
 */
import { join } from 'node:path';
import { createBenchLab, hasProgram } from './bench-lab.ts';
import { addRound, describeLoad, median, type Rounds, ratios, renderRounds, timeProcess } from './measure.ts';

const roundCount = 31;
const addCount = 25;
const upCount = 9;
const goalRatio = 2;

const label = 'Q: how long does the client take? H: no change';
const before = describeLoad();
const bench = createBenchLab();
try {
  const { root: cwd, env, script } = bench;
  for (let i = 0; i < 3; i++) bench.lab('add', '--no-score', '-p', '--label', label, '--', 'true');
  bench.lab('wait', '1-3');

  const node = () => timeProcess(process.execPath, ['-e', '0'], { cwd, env });
  const lab = (...args: string[]) => timeProcess(process.execPath, [script, ...args], { cwd, env });
  const starts: Rounds = new Map();
  for (let round = -2; round < roundCount; round++) {
    const values: [string, number][] = [
      ['node -e 0', node()],
      ['lab status', lab('status')],
      ['lab status --json', lab('status', '--json')],
      // Of the client's second half, which few calls need.
      ['lab ideas', lab('ideas')],
    ];
    // The first two rounds only fill caches.
    if (round >= 0) for (const [name, value] of values) addRound(starts, name, value);
  }
  process.stdout.write(
    `cli-start: ${roundCount} rounds, fresh processes, node ${process.version}; ${before} before, ${describeLoad()} after\n\n`,
  );
  process.stdout.write(`${renderRounds(starts, ['node -e 0'])}\n`);
  const ratio = median(ratios(starts, 'lab status', 'node -e 0')) ?? Number.NaN;
  process.stdout.write(
    `lab status: ${ratio.toFixed(2)}x of node -e 0, goal at most ${goalRatio}x: ${ratio <= goalRatio ? 'met' : 'MISSED'}\n\n`,
  );

  const ups: Rounds = new Map();
  for (let round = -1; round < upCount; round++) {
    bench.lab('down');
    const values: [string, number][] = [
      ['node -e 0', node()],
      ['lab up', lab('up')],
    ];
    if (round >= 0) for (const [name, value] of values) addRound(ups, name, value);
  }
  process.stdout.write(`start of the daemon, none running: ${upCount} rounds; ${describeLoad()} after\n\n`);
  process.stdout.write(`${renderRounds(ups, ['node -e 0'])}\n`);

  // One job holds the device, so that what is added here only queues.
  const gate = Number(bench.lab('add', '--no-score', '-p', '--label', label, '--', 'sleep', '600'));
  const hasTsp = hasProgram('tsp');
  const tspEnv = { ...env, TMPDIR: bench.around, TS_SOCKET: join(bench.around, 'tsp.sock') };
  const tsp = (...args: string[]) => timeProcess('tsp', args, { cwd, env: tspEnv });
  if (hasTsp) tsp('sleep', '600');
  const adds: Rounds = new Map();
  try {
    for (let round = -2; round < addCount; round++) {
      const values: [string, number][] = [
        ['node -e 0', node()],
        ['lab add -p', lab('add', '--no-score', '-p', '--label', label, '--', 'true')],
      ];
      if (hasTsp) values.push(['tsp true', tsp('true')]);
      if (round >= 0) for (const [name, value] of values) addRound(adds, name, value);
    }
  } finally {
    if (hasTsp) {
      // Ending the server leaves the running job alone.
      tsp('-k', '0');
      tsp('-K');
    }
  }
  process.stdout.write(`enqueue from a fresh process, queue held: ${addCount} rounds; ${describeLoad()} after\n\n`);
  process.stdout.write(`${renderRounds(adds, hasTsp ? ['node -e 0', 'tsp true'] : ['node -e 0'])}\n`);
  if (!hasTsp) process.stdout.write('tsp is not on this machine: left out\n');
  bench.lab('kill', `${gate + 1}-${gate + addCount + 2}`);
} finally {
  bench.remove();
}
