/** What has been tried, as lines of markdown for program.md: one for each keep, discard and crash of all sessions, none twice. Pure. */
import type { RatchetRow } from '../../domain/ratchet.ts';
import { countFamilies } from './families.ts';

/** A row, with the category that the session's agent gave it. */
export type TriedRow = RatchetRow & { category?: string };

/** The rows of one session, as its results.tsv has them. */
export interface TriedSession {
  tag: string;
  /** ISO 8601. */
  beganAt: string;
  metric: { name: string; direction: 'lower' | 'higher' };
  /** In file order; the first keep is the unmodified baseline. */
  rows: readonly TriedRow[];
}

/** A change that was tried. */
interface Tried {
  tag: string;
  row: TriedRow;
  /** Change against the best kept before it, in the metric's unit; null for a crash and where nothing was kept before. */
  gain: number | null;
}

/** Most discards and crashes that get a line of their own; older ones are counted. Every keep has its line. */
export const mostOthers = 200;

/** How many of the newest experiments say which families are worked on now. */
const newest = 20;

const fold = (text: string) =>
  text
    .toLowerCase()
    // The point of 0.05 tells two changes apart, the one behind a sentence does not.
    .replace(/\.(?!\d)/g, ' ')
    .replace(/[^\p{L}\p{N}.]+/gu, ' ')
    .trim();

/** A description that can stand in program.md: one line, no comment marks, 200 characters at most. */
export function plainDescription(description: string): string {
  const text = description
    .replace(/<!--|-->/g, ' ')
    .replace(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  const letters = Array.from(text);
  return letters.length <= 200 ? text : `${letters.slice(0, 199).join('')}…`;
}

function listTried(session: TriedSession): Tried[] {
  const sign = session.metric.direction === 'lower' ? -1 : 1;
  let best: number | null = null;
  const tried: Tried[] = [];
  for (const row of session.rows) {
    const { metric, status } = row;
    const isBaseline = best === null && status === 'keep';
    const gain = metric === null || best === null ? null : metric - best;
    if (!isBaseline) tried.push({ tag: session.tag, row, gain });
    // A keep may be worse than the best, as one for its shorter code is.
    if (status === 'keep' && metric !== null && (best === null || sign * (metric - best) > 0)) best = metric;
  }
  return tried;
}

function formatTried({ tag, row, gain }: Tried, times: number): string {
  const change = gain === null ? '' : ` (${gain <= 0 ? '' : '+'}${gain.toFixed(6)})`;
  const figure = row.metric === null ? '' : ` ${row.metric.toFixed(6)}${change}`;
  const again = times === 1 ? '' : `, ${times} times`;
  return `- ${row.status}${figure}: ${plainDescription(row.description)} [${tag} ${row.commit}${again}]`;
}

/**
 * The lines, newest first; [] where nothing was tried. A change that `known` (the user's own words) names already, by its commit or its
 * description, gets no line; one that several rows tried with the same end gets one, of the newest.
 */
export function listTriedLines(sessions: readonly TriedSession[], known: string): string[] {
  const inOrder = [...sessions].sort((a, b) => Date.parse(a.beganAt) - Date.parse(b.beganAt));
  const all = inOrder.flatMap(listTried);
  if (all.length === 0) return [];
  const words = ` ${fold(known)} `;
  const isKnown = ({ row }: Tried) => {
    const description = fold(row.description);
    return (
      new RegExp(`\\b${row.commit.replace(/[^0-9a-z]/gi, '')}\\b`, 'i').test(known) ||
      // A word or two could stand anywhere.
      (description.split(' ').length > 2 && words.includes(` ${description} `))
    );
  };
  const merged = new Map<string, { tried: Tried; times: number }>();
  for (const tried of all) {
    const key = `${tried.row.status} ${fold(tried.row.description)}`;
    const times = (merged.get(key)?.times ?? 0) + 1;
    // Deleted first, so that it stands where its newest row does.
    merged.delete(key);
    merged.set(key, { tried, times });
  }
  const fresh = [...merged.values()].filter(({ tried }) => !isKnown(tried)).reverse();
  const others = fresh.filter(({ tried }) => tried.row.status !== 'keep');
  const old = new Set(others.slice(mostOthers));
  const lines = fresh.filter((entry) => !old.has(entry)).map(({ tried, times }) => formatTried(tried, times));
  const counted = countFamilies(all.slice(-newest).map(({ row }) => row));
  const summary = counted.map(({ name, tries, keeps }) => `${name} ${tries}${keeps === 0 ? '' : ` (${keeps} kept)`}`);
  const what = all.length > newest ? `the last ${newest} experiments` : `${all.length} experiments`;
  const older = countFamilies([...old].map(({ tried }) => tried.row)).map(({ name, tries }) => `${name} ${tries}`);
  return [
    `Newest families, ${what}: ${summary.join(', ')}.`,
    '',
    ...lines,
    ...(old.size === 0 ? [] : [`- older discards and crashes, ${old.size}: ${older.join(', ')}`]),
  ];
}
