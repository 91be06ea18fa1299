/** `lab baseline`: runs the unchanged code with several seeds; mean and noise of the track come from it. */
import { randomUUID } from 'node:crypto';
import { findLab } from '../../config/lab-paths.ts';
import { requestDefaults } from '../../daemon/routes.ts';
import type { DeviceChoice } from '../../domain/device-choice.ts';
import { LabError } from '../../errors/lab-error.ts';
import { listSeeds } from '../baseline-seeds.ts';
import { captureEnvironment } from '../capture-environment.ts';
import { call } from '../client.ts';
import type { CommandSpec } from '../define.ts';
import { formatBaseline, readLedger } from '../ledger.ts';
import { waitForJobs } from '../wait-for-jobs.ts';

/** Measures the baseline. */
export const baseline: CommandSpec = {
  name: 'baseline',
  summary: 'Measure the unchanged code and its noise',
  usage: '',
  options: [
    { name: 'seeds', value: 'count', description: 'How many seeds (default: all of run.seeds)' },
    { name: 'device', value: 'class', description: 'cpu, gpu or auto (default: run.device)' },
    { name: 'no-wait', description: 'Queue the runs and return' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab baseline', 'lab baseline --seeds 5'],
  async run(input) {
    const paths = findLab(process.cwd());
    const { openConfig } = await import('../open-config.ts');
    const config = openConfig(paths);
    const count = input.number('seeds') ?? config.run.seeds.length;
    if (!Number.isInteger(count) || count < 1)
      throw new LabError('usage', `--seeds got "${input.text('seeds')}", expected a count of at least 1`);
    const device = input.text('device');
    if (device !== null && device !== 'cpu' && device !== 'gpu' && device !== 'auto')
      throw new LabError('usage', `--device got "${device}", expected cpu, gpu or auto`);
    const captured = captureEnvironment(process.env, config.env.pass, config.env.secret);
    const seeds = listSeeds(config, count);
    const numbers: number[] = [];
    for (const seed of seeds) {
      const answer = await call(paths, 'add', {
        ...requestDefaults,
        key: randomUUID(),
        kind: 'baseline',
        label: null,
        command: null,
        checkout: paths.root,
        directory: '',
        here: false,
        device,
        seed,
        env: captured.env,
        secrets: captured.secrets,
        wallSeconds: null,
        base: null,
        commit: null,
        experiment: null,
        fromTrack: null,
        flags: [],
      });
      numbers.push(answer.number);
    }
    process.stderr.write(`baseline: job ${numbers.join(', ')} with seeds ${seeds.join(', ')}\n`);
    if (input.flag('no-wait')) {
      process.stdout.write(input.flag('json') ? `${JSON.stringify({ jobs: numbers })}\n` : `${numbers.join('\n')}\n`);
      return 0;
    }
    const code = await waitForJobs(paths, numbers, { isJson: false });
    const used = device === null ? config : { ...config, run: { ...config.run, device: device as DeviceChoice } };
    const ledger = await readLedger(paths, used);
    process.stdout.write(
      input.flag('json') ? `${JSON.stringify(ledger.view.baseline)}\n` : `${formatBaseline(ledger, config)}\n`,
    );
    return code;
  },
};
