/** The rows of results.tsv as a table, and below it the claims among them. Pure but for the terminal's width. */
import { describeEvidence, type EvidenceBook, findRowEvidence } from '../analysis/change-evidence.ts';
import type { ParsedResult } from '../lab/results-tsv.ts';
import { formatWidths } from '../stats/decision.ts';
import { formatGain, readStatedGain } from './champion/champion-evidence.ts';
import type { Ledger } from './ledger.ts';
import { cut, formatSeconds, renderTable, terminalWidth } from './render.ts';

/** The further metrics of a row by the names in `metric.also`; null where the row has none of that name. */
export function readAlso(row: Pick<ParsedResult, 'metrics'>, also: string[]): Record<string, number | null> {
  return Object.fromEntries(
    also.map((name) => {
      // As the writer of the row spelt it.
      const written = name.replace(/[=;\s]+/g, '_');
      return [name, Object.hasOwn(row.metrics, written) ? (row.metrics[written] ?? null) : null];
    }),
  );
}

/** What is known of a row's change by now, beyond what the row says; null where that is nothing. */
export function findSince(book: EvidenceBook, row: ParsedResult): string | null {
  if (row.status !== 'keep' || row.evidence !== 'provisional') return null;
  const since = findRowEvidence(book, row);
  return since === null ? null : describeEvidence(since);
}

/**
 * The evidence of a row as a word: its own, in brackets where a later claim of a champion that it is in bore it out or did not, so that it was
 * never measured alone.
 */
function formatRowEvidence(book: EvidenceBook, row: ParsedResult): string {
  if (row.status !== 'keep' || row.evidence !== 'provisional') return row.evidence;
  const since = findRowEvidence(book, row);
  return since === null ? row.evidence : `(${since.word})`;
}

/** "0.928600", with the spread and the number of runs where there are several: "0.928600 ± 0.001200 (5)". */
function formatMean({ metric, status, std, n }: ParsedResult): string {
  if (status === 'crash' || metric === null) return '';
  if (n === null || n < 2) return metric.toFixed(6);
  return `${metric.toFixed(6)}${std === null ? '' : ` ± ${std.toFixed(6)}`} (${n})`;
}

/** The claims among the rows, each with its interval and the runs behind it. */
function renderClaims(rows: readonly ParsedResult[]): string {
  const lines = rows.flatMap((row) => {
    if (row.evidence !== 'confirmed' && row.evidence !== 'refuted') return [];
    const gain = readStatedGain(row);
    const measured = gain === null ? 'with fresh seeds' : `gain ${formatGain(gain)}`;
    return [`claim of ${row.commit}: ${row.evidence}, ${measured}${row.n === null ? '' : `, ${row.n} runs each`}\n`];
  });
  return lines.join('');
}

/** The table of results: metric, further metrics, evidence, change in noise widths (positive is better), expected against observed; below it the claims. */
export function renderResults(
  ledger: Pick<Ledger, 'rows' | 'view' | 'track' | 'model' | 'evidence'>,
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
  const { rows } = ledger;
  // Rows of two tracks do not compare: where there are some, each says which it is of.
  const hasTracks = new Set(rows.map((row) => row.track)).size > 1;
  const memory = rows.map(({ memoryGb }) => memoryGb?.toFixed(1) ?? '');
  const widths = (row: ParsedResult) => {
    const observed = Number.parseFloat(row.observed);
    const gain = direction === 'lower' ? -observed : observed;
    const isCounted = isOfView(row) && std !== null && std > 0 && Number.isFinite(gain) && row.status !== 'crash';
    return isCounted ? formatWidths(gain / std) : '';
  };
  const evidence = rows.map((row) => formatRowEvidence(ledger.evidence, row));
  // A column in which nothing stands only takes the room of the description.
  const columns: { name: string; cells: string[]; isRight?: true }[] = [
    { name: 'commit', cells: rows.map(({ commit }) => commit) },
    { name: metric, cells: rows.map(formatMean), isRight: true },
    ...also.map((name) => ({
      name,
      cells: rows.map((row) => formatAlso(readAlso(row, [name])[name] ?? null)),
      isRight: true as const,
    })),
    { name: 'status', cells: rows.map(({ status }) => status ?? '') },
    ...(evidence.some((word) => word !== '') ? [{ name: 'evidence', cells: evidence }] : []),
    { name: 'widths', cells: rows.map(widths), isRight: true },
    { name: 'expected', cells: rows.map((row) => shorten(row.expected)), isRight: true },
    {
      name: 'observed',
      cells: rows.map((row) => (row.status === 'crash' ? '' : shorten(row.observed))),
      isRight: true,
    },
    {
      name: 'train',
      cells: rows.map(({ seconds }) => (seconds === null ? '' : formatShortTime(seconds))),
      isRight: true,
    },
    ...(memory.some((cell) => Number(cell) > 0) ? [{ name: 'GB', cells: memory, isRight: true as const }] : []),
    { name: 'job', cells: rows.map((row) => shortenJobs(row.jobs)) },
    ...(hasTracks ? [{ name: 'track', cells: rows.map((row) => row.track || 'unknown') }] : []),
  ];
  // A flag is what a reader must know: it gets a column of its own wherever there is one, and is never cut.
  const flags = rows.map((row) => row.flags.join(','));
  const last = flags.some((text) => text !== '') ? [{ name: 'flags', cells: flags }] : [];
  const taken = [...columns, ...last].reduce(
    (sum, { name, cells }) => sum + 2 + Math.max(name.length, ...cells.map((cell) => cell.length)),
    0,
  );
  const room = Math.max(16, terminalWidth() - taken);
  const all = [...columns, { name: 'description', cells: rows.map((row) => cut(row.description, room)) }, ...last];
  const table = renderTable(
    all.map(({ name }) => name),
    rows.map((_, index) => all.map(({ cells }) => cells[index] ?? '')),
    new Set(all.flatMap((column, index) => ('isRight' in column && column.isRight === true ? [index] : []))),
  );
  const bracketed = evidence.some((word) => word.startsWith('('));
  const note = bracketed ? '(word): not by itself, but with the champion that it is in\n' : '';
  return `${table}${renderClaims(rows)}${note}`;
}

/** "57 s", "1.4 min", "2.1 h": the table has no room for more. */
function formatShortTime(seconds: number): string {
  if (seconds < 60) return formatSeconds(seconds);
  return seconds < 3600 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** Two job numbers in full; of more the first and the last. */
function shortenJobs(jobs: readonly number[]): string {
  return jobs.length < 3 ? jobs.join(',') : `${jobs[0]}..${jobs.at(-1)}`;
}

/** A further metric for the table: counts as they are, anything else with up to 6 significant digits. */
function formatAlso(value: number | null): string {
  if (value === null) return '';
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}

/** "-0.200000 bpb" as "-0.2000": the unit stands in the lab's metric, four decimals are enough for a table. */
function shorten(text: string): string {
  const match = /^([+-])(\d+(?:\.\d+)?)/.exec(text);
  return match ? `${match[1]}${Number(match[2]).toFixed(4)}` : text;
}
