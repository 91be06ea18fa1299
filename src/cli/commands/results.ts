/** `lab results`: the shared results of the present track, with the noise they are judged by; with files, those tables (cli/results/). */
import { findLab, type LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { LabError } from '../../errors/lab-error.ts';
import type { Champion } from '../../stats/track-view.ts';
import {
  type ChampionEvidence,
  describeChampionEvidence,
  readChampionEvidence,
} from '../champion/champion-evidence.ts';
import type { CommandInput, CommandSpec } from '../define.ts';
import { formatBaseline, readLedger } from '../ledger.ts';
import { openConfig } from '../open-config.ts';
import { findSince, readAlso, renderResults } from '../render-results.ts';

const ofFiles = ['metric', 'direction', 'all', 'notes'];
const ofLab = ['all-tracks', 'device'];

/** Throws LabError (usage) where an option of the one form is given with the other. */
function ensureFits(input: CommandInput): void {
  const isFiles = input.words.length > 0;
  const wrong = (isFiles ? ofLab : ofFiles).find((name) => input.flag(name) || input.text(name) !== null);
  if (wrong === undefined) return;
  const form = isFiles ? 'files, only without' : 'the results of the lab, only with files';
  throw new LabError('usage', `lab results takes no --${wrong} for ${form}`, {
    hints: [isFiles ? `lab results --${wrong}` : `lab results results.tsv --${wrong}`],
  });
}

/** Shows results.tsv. */
export const results: CommandSpec = {
  name: 'results',
  summary: 'Show results.tsv with the noise it is judged by',
  usage: '[FILE…]',
  options: [
    { name: 'all-tracks', description: 'Rows of other tracks too' },
    {
      name: 'device',
      value: 'model',
      description: 'Another device model, or "all" (default: the one last measured on)',
    },
    { name: 'metric', value: 'name', description: "With files: the metric's column (default: by the header)" },
    {
      name: 'direction',
      value: 'lower|higher',
      description: "With files: which is better (default: by the file, or the metric's name)",
    },
    { name: 'all', description: 'With files: every row, not the last ones alone' },
    { name: 'notes', description: 'With files: every note by itself' },
    { name: 'json', description: 'Print as JSON; of several files a list' },
  ],
  examples: [
    'lab results',
    'lab results ../autoresearch/results.tsv',
    'lab results --json | jq \'.rows[] | select(.status == "keep")\'',
  ],
  async run(input) {
    ensureFits(input);
    // Read when it is needed: `lab results` of the lab starts no later for it.
    if (input.words.length > 0) return (await import('../results/show-files.ts')).showFiles(input);
    const paths = findLab(process.cwd());
    const config = openConfig(paths);
    const asked = input.text('device');
    const device = asked === null || asked === 'all' ? asked : await findModelNamed(paths, config, asked);
    const ledger = await readLedger(paths, config, device);
    const { also } = config.metric;
    for (const problem of ledger.problems) process.stderr.write(`results.tsv:${problem.line}: ${problem.message}\n`);
    const ofTracks = input.flag('all-tracks')
      ? ledger.rows
      : ledger.rows.filter((row) => !row.track || row.track === ledger.track);
    const rows = ofTracks.filter((row) => ledger.model === null || row.device === '' || row.device === ledger.model);
    const evidence = device === 'all' ? null : readChampionEvidence(ledger, config);
    if (input.flag('json')) {
      process.stdout.write(
        `${JSON.stringify(
          {
            track: ledger.track,
            device: ledger.model,
            baseline: ledger.view.baseline,
            champion: ledger.view.champion,
            evidence,
            also,
            rows: rows.map((row) => ({ ...row, also: readAlso(row, also), since: findSince(ledger.evidence, row) })),
          },
          null,
          2,
        )}\n`,
      );
      return 0;
    }
    const on = ledger.model === null ? (device === 'all' ? ' on every device' : '') : ` on ${ledger.model}`;
    // Of several models there is no one mean and no one noise.
    const about =
      device === 'all' ? 'each device model has a baseline of its own: `lab tracks`' : formatBaseline(ledger, config);
    process.stdout.write(`track ${ledger.track}${on}; ${about}\n`);
    if (ledger.view.champion && device !== 'all')
      process.stdout.write(formatChampion(ledger.view.champion, config.metric.name, evidence));
    if (rows.length === 0)
      process.stdout.write('no results yet: `lab add --label "Q: … H: …" -- command` queues the first\n');
    else
      process.stdout.write(
        `\n${renderResults({ ...ledger, rows }, config.metric.name, config.metric.direction, also)}`,
      );
    const others = ledger.rows.length - ofTracks.length;
    const elsewhere = ofTracks.length - rows.length;
    if (others > 0)
      process.stdout.write(
        `${others} ${others === 1 ? 'row' : 'rows'} of other tracks: \`lab results --all-tracks\`\n`,
      );
    if (elsewhere > 0)
      process.stdout.write(
        `${elsewhere} ${elsewhere === 1 ? 'row' : 'rows'} of other device models: \`lab results --device all\`\n`,
      );
    return 0;
  },
};

function formatChampion(champion: Champion, metric: string, evidence: ChampionEvidence | null): string {
  const { commit, value, source } = champion;
  const bridged = source === 'bridge' ? ' (bridged from another track)' : '';
  const words = evidence === null ? '' : `, ${describeChampionEvidence(evidence)}`;
  return `champion ${commit.slice(0, 7)}: ${metric} ${value.toFixed(6)}${bridged}${words}\n`;
}

/** The model that a word names: whole, or a part that only one has. Throws LabError (user) that lists the models. */
async function findModelNamed(paths: LabPaths, config: LabConfig, word: string): Promise<string> {
  const { rows, runs } = await readLedger(paths, config, 'all');
  const models = [...new Set([...rows.map(({ device }) => device), ...runs.map(({ deviceModel }) => deviceModel)])];
  const named = models.filter((model) => model !== '');
  const found = named.filter((model) => model.toLowerCase().includes(word.toLowerCase()));
  const [only] = found;
  if (named.includes(word)) return word;
  if (only !== undefined && found.length === 1) return only;
  throw new LabError(
    'user',
    `--device got "${word}", which names ${found.length === 0 ? 'no' : 'more than one'} device model with results, expected one of: ${named.join(', ') || 'none yet'}`,
    { hints: ['`lab results --device all` shows the rows of every model'] },
  );
}
