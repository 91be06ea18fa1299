/** `lab results`: the shared results of the present track, with the noise they are judged by. */
import { findLab } from '../../config/lab-paths.ts';
import { loadConfig } from '../../config/load.ts';
import { formatWidths } from '../../stats/decision.ts';
import type { CommandSpec } from '../define.ts';
import { formatBaseline, type Ledger, readLedger } from '../ledger.ts';
import { cut, formatSeconds, renderTable, terminalWidth } from '../render.ts';

/** Shows results.tsv. */
export const results: CommandSpec = {
  name: 'results',
  summary: 'Show results.tsv with the noise it is judged by',
  usage: '',
  options: [
    { name: 'all-tracks', description: 'Rows of other tracks too' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab results', 'lab results --json | jq \'.rows[] | select(.status == "keep")\''],
  async run(input) {
    const paths = findLab(process.cwd());
    const config = loadConfig(paths.root, { environment: process.env });
    const ledger = await readLedger(paths, config);
    for (const problem of ledger.problems) process.stderr.write(`results.tsv:${problem.line}: ${problem.message}\n`);
    const rows = input.flag('all-tracks')
      ? ledger.rows
      : ledger.rows.filter((row) => !row.track || row.track === ledger.track);
    if (input.flag('json')) {
      process.stdout.write(
        `${JSON.stringify({ track: ledger.track, baseline: ledger.view.baseline, champion: ledger.view.champion, rows }, null, 2)}\n`,
      );
      return 0;
    }
    process.stdout.write(`track ${ledger.track}; ${formatBaseline(ledger, config)}\n`);
    if (ledger.view.champion)
      process.stdout.write(
        `champion ${ledger.view.champion.commit.slice(0, 7)}: ${config.metric.name} ${ledger.view.champion.value.toFixed(6)}\n`,
      );
    if (rows.length === 0)
      process.stdout.write('no results yet: `lab add --label "Q: … H: …" -- command` queues the first\n');
    else process.stdout.write(`\n${renderResults({ ...ledger, rows }, config.metric.name, config.metric.direction)}`);
    const others = ledger.rows.length - rows.length;
    if (others > 0)
      process.stdout.write(
        `${others} ${others === 1 ? 'row' : 'rows'} of other tracks: \`lab results --all-tracks\`\n`,
      );
    return 0;
  },
};

/** The table of results: metric, change in noise widths (positive is better), expected against observed. */
export function renderResults(
  ledger: Pick<Ledger, 'rows' | 'view'>,
  metric: string,
  direction: 'lower' | 'higher',
): string {
  const std = ledger.view.baseline?.noise.std ?? null;
  // A flag is what a reader must know: it gets a column of its own wherever there is one, and is never cut.
  const flags = ledger.rows.map((row) => row.flags.join(','));
  const flagsWidth = Math.max(0, ...flags.map((text) => text.length));
  const room = Math.max(24, terminalWidth() - 76 - (flagsWidth === 0 ? 0 : flagsWidth + 2));
  const cells = ledger.rows.map((row, index) => {
    const observed = Number.parseFloat(row.observed);
    const gain = direction === 'lower' ? -observed : observed;
    return [
      row.commit,
      row.status === 'crash' || row.metric === null ? '' : row.metric.toFixed(6),
      row.status ?? '',
      std !== null && std > 0 && Number.isFinite(gain) && row.status !== 'crash' ? formatWidths(gain / std) : '',
      shorten(row.expected),
      row.status === 'crash' ? '' : shorten(row.observed),
      row.seconds === null ? '' : formatSeconds(row.seconds),
      row.memoryGb === null ? '' : row.memoryGb.toFixed(1),
      row.jobs.join(','),
      cut(row.description, room),
      flags[index] ?? '',
    ];
  });
  return renderTable(
    [
      'commit',
      metric,
      'status',
      'widths',
      'expected',
      'observed',
      'train',
      'GB',
      'job',
      'description',
      ...(flagsWidth === 0 ? [] : ['flags']),
    ],
    cells,
    new Set([1, 3, 4, 5, 6, 7]),
  );
}

/** "-0.200000 bpb" as "-0.2000": the unit stands in the lab's metric, four decimals are enough for a table. */
function shorten(text: string): string {
  const match = /^([+-])(\d+(?:\.\d+)?)/.exec(text);
  return match ? `${match[1]}${Number(match[2]).toFixed(4)}` : text;
}
