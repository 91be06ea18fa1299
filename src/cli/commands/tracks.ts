/** `lab tracks`: what makes numbers comparable, one line for each track; `compare` carries the champion of one over into the present one. */
import { findLab, type LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { LabError } from '../../errors/lab-error.ts';
import { listSeeds } from '../baseline-seeds.ts';
import type { CommandInput, CommandSpec } from '../define.ts';
import { openConfig } from '../open-config.ts';
import { findBridge, measureBridge, queueBridge, waitForBridge } from '../tracks/bridge.ts';
import { readTrackSources } from '../tracks/read-tracks.ts';
import { bridgeToJson, renderBridge } from '../tracks/render-bridge.ts';
import { renderTracks } from '../tracks/render-tracks.ts';
import { listTracks } from '../tracks/track-list.ts';

/** List the tracks, or measure the champion of one under the other. */
export const tracks: CommandSpec = {
  name: 'tracks',
  summary: 'List the tracks, or measure the champion of one under the other',
  usage: '[compare A B]',
  options: [
    { name: 'seeds', value: 'count', description: 'How many seeds compare runs (default: all of run.seeds)' },
    { name: 'no-wait', description: 'Queue the runs of compare and return' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab tracks', 'lab tracks compare 45716fcc 0b12c3d4', 'lab tracks compare 45 0b --seeds 5'],
  async run(input) {
    const [verb, ...words] = input.words;
    if (verb !== undefined && (verb !== 'compare' || words.length !== 2)) {
      const given = input.words.map((word) => `"${word}"`).join(' ');
      throw new LabError('usage', `lab tracks takes no words or \`compare\` and two tracks, got ${given}`, {
        hints: ['`lab tracks` lists the tracks'],
      });
    }
    if (verb === undefined && (input.text('seeds') !== null || input.flag('no-wait')))
      throw new LabError('usage', '--seeds and --no-wait belong to `lab tracks compare A B`');
    const paths = findLab(process.cwd());
    const config = openConfig(paths);
    if (verb === 'compare') return await compare(paths, config, input, words);
    const list = listTracks(await readTrackSources(paths, config));
    process.stdout.write(input.flag('json') ? `${JSON.stringify(list, null, 2)}\n` : renderTracks(list));
    return 0;
  },
};

async function compare(paths: LabPaths, config: LabConfig, input: CommandInput, words: string[]): Promise<number> {
  const seeds = listSeeds(config, input.wholeNumber('seeds', 1));
  const bridge = await findBridge(paths, config, words);
  const { queued, pending } = await queueBridge(paths, config, bridge, seeds);
  const numbers = [...pending, ...queued];
  const isJson = input.flag('json');
  if (queued.length > 0)
    process.stderr.write(
      `${bridge.commit.slice(0, 7)}, the champion of ${bridge.from.id}, runs under ${bridge.to.id}: job ${queued.join(', ')}\n`,
    );
  if (input.flag('no-wait')) {
    if (numbers.length === 0) process.stderr.write('every seed has its number already: nothing to queue\n');
    process.stdout.write(
      isJson ? `${JSON.stringify({ jobs: numbers })}\n` : numbers.map((number) => `${number}\n`).join(''),
    );
    return 0;
  }
  const code = numbers.length === 0 ? 0 : await waitForBridge(paths, numbers);
  const measured = await measureBridge(paths, config, bridge);
  process.stdout.write(
    isJson ? `${JSON.stringify(bridgeToJson(measured, numbers), null, 2)}\n` : renderBridge(measured),
  );
  return code;
}
