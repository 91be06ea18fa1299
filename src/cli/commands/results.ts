/** `lab results`: the shared results of the present track, with the noise they are judged by. */
import { findLab, type LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { LabError } from '../../errors/lab-error.ts';
import type { ParsedResult } from '../../lab/results-tsv.ts';
import { formatWidths } from '../../stats/decision.ts';
import type { CommandSpec } from '../define.ts';
import { formatBaseline, type Ledger, readLedger } from '../ledger.ts';
import { openConfig } from '../open-config.ts';
import { cut, formatSeconds, renderTable, terminalWidth } from '../render.ts';

/** Shows results.tsv. */
export const results: CommandSpec = {
  name: 'results',
  summary: 'Show results.tsv with the noise it is judged by',
  usage: '',
  options: [
    { name: 'all-tracks', description: 'Rows of other tracks too' },
    {
      name: 'device',
      value: 'model',
      description: 'Another device model, or "all" (default: the one last measured on)',
    },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab results', 'lab results --json | jq \'.rows[] | select(.status == "keep")\''],
  async run(input) {
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
    if (input.flag('json')) {
      process.stdout.write(
        `${JSON.stringify(
          {
            track: ledger.track,
            device: ledger.model,
            baseline: ledger.view.baseline,
            champion: ledger.view.champion,
            also,
            rows: rows.map((row) => ({ ...row, also: readAlso(row, also) })),
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
      process.stdout.write(
        `champion ${ledger.view.champion.commit.slice(0, 7)}: ${config.metric.name} ${ledger.view.champion.value.toFixed(6)}${ledger.view.champion.source === 'bridge' ? ' (bridged from another track)' : ''}\n`,
      );
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

/** The further metrics of a row by the names in `metric.also`; null where the row has none of that name. */
function readAlso(row: Pick<ParsedResult, 'metrics'>, also: string[]): Record<string, number | null> {
  return Object.fromEntries(
    also.map((name) => {
      // As the writer of the row spelt it.
      const written = name.replace(/[=;\s]+/g, '_');
      return [name, Object.hasOwn(row.metrics, written) ? (row.metrics[written] ?? null) : null];
    }),
  );
}

/** The table of results: metric, further metrics, change in noise widths (positive is better), expected against observed. */
export function renderResults(
  ledger: Pick<Ledger, 'rows' | 'view' | 'track' | 'model'>,
  metric: string,
  direction: 'lower' | 'higher',
  also: string[] = [],
): string {
  // A change on one device model is not counted in the noise of another, nor one of a track in that of another.
  const std = ledger.view.baseline?.noise.std ?? null;
  const isOfView = (row: ParsedResult) =>
    (row.track === '' || row.track === ledger.track) &&
    ledger.model !== null &&
    (row.device === '' || row.device === ledger.model);
  // A flag is what a reader must know: it gets a column of its own wherever there is one, and is never cut.
  const flags = ledger.rows.map((row) => row.flags.join(','));
  const flagsWidth = Math.max(0, ...flags.map((text) => text.length));
  // Rows of two tracks do not compare: where there are some, each says which it is of.
  const hasTracks = new Set(ledger.rows.map((row) => row.track)).size > 1;
  const alsoWidth = also.reduce((sum, name) => sum + Math.max(10, name.length) + 2, 0);
  const room = Math.max(
    24,
    terminalWidth() - 76 - (hasTracks ? 10 : 0) - alsoWidth - (flagsWidth === 0 ? 0 : flagsWidth + 2),
  );
  const cells = ledger.rows.map((row, index) => {
    const observed = Number.parseFloat(row.observed);
    const gain = direction === 'lower' ? -observed : observed;
    return [
      row.commit,
      row.status === 'crash' || row.metric === null ? '' : row.metric.toFixed(6),
      ...Object.values(readAlso(row, also)).map((value) => (value === null ? '' : formatAlso(value))),
      row.status ?? '',
      isOfView(row) && std !== null && std > 0 && Number.isFinite(gain) && row.status !== 'crash'
        ? formatWidths(gain / std)
        : '',
      shorten(row.expected),
      row.status === 'crash' ? '' : shorten(row.observed),
      row.seconds === null ? '' : formatSeconds(row.seconds),
      row.memoryGb === null ? '' : row.memoryGb.toFixed(1),
      row.jobs.join(','),
      ...(hasTracks ? [row.track || 'unknown'] : []),
      cut(row.description, room),
      flags[index] ?? '',
    ];
  });
  return renderTable(
    [
      'commit',
      metric,
      ...also,
      'status',
      'widths',
      'expected',
      'observed',
      'train',
      'GB',
      'job',
      ...(hasTracks ? ['track'] : []),
      'description',
      ...(flagsWidth === 0 ? [] : ['flags']),
    ],
    cells,
    new Set([1, ...also.map((_, index) => 2 + index), ...[3, 4, 5, 6, 7].map((column) => column + also.length)]),
  );
}

/** A further metric for the table: counts as they are, anything else with up to 6 significant digits. */
function formatAlso(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}

/** "-0.200000 bpb" as "-0.2000": the unit stands in the lab's metric, four decimals are enough for a table. */
function shorten(text: string): string {
  const match = /^([+-])(\d+(?:\.\d+)?)/.exec(text);
  return match ? `${match[1]}${Number(match[2]).toFixed(4)}` : text;
}
