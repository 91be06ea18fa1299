/** The entry of meta_journal.md that closes a META_MODE, as text. Pure; answers and reasons are folded to one line, so that none can pass for a heading. */

/** One file of the change. */
export interface MetaFile {
  path: string;
  /** Lines; null where the file is no text. */
  added: number | null;
  removed: number | null;
  change: 'added' | 'modified' | 'deleted';
}

/** What one entry says. */
export interface MetaEntry {
  /** "2026-11-21", the day on which it was closed. */
  date: string;
  reason: string;
  /** Heading of the entry of human_journal.md that granted it. */
  grant: string;
  by: string;
  /** ISO 8601 with offset. */
  openedAt: string;
  /** ISO 8601 with offset. */
  closedAt: string;
  /** What agents were asked for, one line each. */
  requests: readonly string[];
  files: readonly MetaFile[];
  /** 8 hex digits. */
  trackBefore: string;
  /** 8 hex digits; the same as before where the change leaves it. */
  trackAfter: string;
  worked: string;
  failed: string;
  change: string;
}

/** The text of a meta_journal.md that has no entries yet. */
export const emptyMetaJournal = `# Meta journal

How the research process itself went: what worked, what did not, what to change. Newest first; old text is never changed.
`;

function foldLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out here
  return text.replaceAll(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
}

function describeFile({ path, added, removed, change }: MetaFile): string {
  const counts = added === null || removed === null ? 'not text' : `+${added} -${removed}`;
  const words = change === 'modified' ? counts : `${change}, ${counts}`;
  return `  - \`${foldLine(path).replaceAll('`', "'")}\` (${words})`;
}

/** The whole change in one line: "2 files, 14 lines added, 3 removed". */
export function summarizeFiles(files: readonly MetaFile[]): string {
  const total = (counts: (number | null)[]) => counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  const added = total(files.map((file) => file.added));
  const removed = total(files.map((file) => file.removed));
  const opaque = files.filter((file) => file.added === null).length;
  const words = `${files.length} ${files.length === 1 ? 'file' : 'files'}, ${added} ${added === 1 ? 'line' : 'lines'} added, ${removed} removed`;
  return opaque === 0 ? words : `${words}, ${opaque} not text`;
}

/** One entry in markdown, ending in one line end. */
export function formatMetaEntry(entry: MetaEntry): string {
  const { trackBefore, trackAfter } = entry;
  const requests = entry.requests.map(foldLine).filter((line) => line !== '');
  const track = trackBefore === trackAfter ? `${trackAfter}, unchanged` : `${trackBefore} before, ${trackAfter} after`;
  return `## ${entry.date}: ${foldLine(entry.reason)}

META_MODE by ${foldLine(entry.by)}, granted in human_journal.md under "${foldLine(entry.grant)}", from ${entry.openedAt} to ${entry.closedAt}

- Requests to agents:${requests.length === 0 ? ' none' : requests.map((line) => `\n  - ${line}`).join('')}
- Changed: ${summarizeFiles(entry.files)}
${entry.files.map(describeFile).join('\n')}
- Track: ${track}
- What worked: ${foldLine(entry.worked)}
- What did not: ${foldLine(entry.failed)}
- What to change: ${foldLine(entry.change)}
`;
}
