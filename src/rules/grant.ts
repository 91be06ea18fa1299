/**
 * The grant of META_MODE: what the newest entry of human_journal.md allows at a moment. Pure. Who may ask for it, and what is open, is
 * meta-state.ts.
 */
import type { Grant } from '../domain/meta.ts';
import { formatLocalTime } from '../domain/time.ts';

const dayMilliseconds = 86_400_000;
const longestDays = 31;

/** One day of the calendar, without a clock. */
interface Day {
  year: number;
  month: number;
  day: number;
}

/** Milliseconds at which a time of a day is reached: in the zone `offset` minutes east of UTC, null: the process's own. */
function momentOf({ year, month, day }: Day, hour: number, minute: number, offset: number | null): number {
  if (offset === null) return new Date(year, month - 1, day, hour, minute).getTime();
  return Date.UTC(year, month - 1, day, hour, minute) - offset * 60_000;
}

function todayOf(now: Date, offset: number | null): Day {
  if (offset === null) return { year: now.getFullYear(), month: now.getMonth() + 1, day: now.getDate() };
  const there = new Date(now.getTime() + offset * 60_000);
  return { year: there.getUTCFullYear(), month: there.getUTCMonth() + 1, day: there.getUTCDate() };
}

/** "2026-11-21" as a day of the calendar; null where there is no such day. */
function parseDay(text: string): Day | null {
  const found = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (found === null) return null;
  const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])];
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? { year, month, day } : null;
}

function formatDay({ year, month, day }: Day): string {
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

const next = (day: Day): Day => ({ ...day, day: day.day + 1 });

const grantLine = /^(?:[-*+] +)?(`?)META_MODE=1(?: +until +(.*?))?\1$/;

/** What hides the lines after an opening one, up to the line that `ends`. */
function findOpening(line: string): { ends: (line: string) => boolean } | null {
  const [, marks = '', info = ''] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
  if (marks !== '' && !(marks.startsWith('`') && info.includes('`'))) {
    // As long as the opening one at least, and alone on its line: a shorter fence in it is text.
    return { ends: (later) => later.trim().startsWith(marks) && /^ {0,3}(`+|~+)[ \t]*$/.test(later) };
  }
  const tag = /^ {0,3}<(pre|script|style|textarea)\b/i.exec(line)?.[1]?.toLowerCase();
  if (tag !== undefined) {
    const close = `</${tag}>`;
    return line.toLowerCase().includes(close) ? null : { ends: (later) => later.toLowerCase().includes(close) };
  }
  return line.lastIndexOf('<!--') > line.lastIndexOf('-->') ? { ends: (later) => later.includes('-->') } : null;
}

/** Whether a line is the text of a heading that the line after it underlines. A grant above a rule stays a grant. */
function isUnderlined(text: string, line: string): boolean {
  return (
    /^ {0,3}-+[ \t]*$/.test(line) &&
    text.trim() !== '' &&
    !/^ {0,3}(?:#|>|[-*+] )/.test(text) &&
    !grantLine.test(text.trim())
  );
}

/**
 * The lines of the entries that count, each with its heading first, from the top. Fences, quotes, comments and indented code are left out.
 * A heading underlined with dashes begins an entry too, so that a grant below it is not taken for the newest.
 */
function readEntries(text: string): string[][] {
  const entries: string[][] = [];
  let hidden: ReturnType<typeof findOpening> = null;
  let isQuoted = false;
  let before = '';
  for (const line of text
    .replace(/^\ufeff/, '')
    .replaceAll('\r\n', '\n')
    .split('\n')) {
    const above = before;
    before = '';
    if (hidden !== null) {
      if (hidden.ends(line)) hidden = null;
      continue;
    }
    hidden = findOpening(line);
    if (hidden !== null || /^( {4}|\t)/.test(line)) continue;
    const isHeading = /^ {0,3}##(?:[ \t]|$)/.test(line);
    if (isHeading || isUnderlined(above, line)) {
      if (!isHeading) entries.at(-1)?.pop();
      entries.push([isHeading ? line.trim() : above]);
      isQuoted = false;
      continue;
    }
    // A quote goes on through the lines below it that begin nothing new.
    isQuoted = /^ {0,3}>/.test(line) || (isQuoted && line.trim() !== '' && !/^ {0,3}(?:#|[-*+] )/.test(line));
    if (isQuoted) continue;
    before = line;
    entries.at(-1)?.push(line);
  }
  return entries;
}

const headingOf = (entry: readonly string[]): string => (entry[0] ?? '').replace(/^##[ \t]*/, '').trim();
const dateOf = (heading: string): string | null => /^\d{4}-\d\d-\d\d(?!\d)/.exec(heading)?.[0] ?? null;

/**
 * What is wrong with the order of human_journal.md, as a sentence: an entry below the first that is newer by its date. One
 * dated later than `today` ("2026-11-21") is left alone: it is a slip, and no newer entry could be put above it. Null where nothing is.
 */
export function findMisplacedEntry(journalText: string, today: string): string | null {
  const [first, ...others] = readEntries(journalText);
  if (first === undefined) return null;
  const [top, day] = [headingOf(first), dateOf(headingOf(first))];
  const found = others.find((entry) => {
    const other = dateOf(headingOf(entry));
    return day !== null && other !== null && other > day && other <= today;
  });
  if (found === undefined) return null;
  return `the entry "${headingOf(found).slice(0, 60)}" of human_journal.md stands below "${top.slice(0, 60)}", expected the newest entry on top: only that one counts`;
}

/** What ends a grant: the moment, or what is wrong with the words. */
function parseEnd(words: string, offset: number | null): number | string {
  const found = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d):(\d\d))?$/.exec(words);
  const day = parseDay(found?.[1] ?? '');
  const [hour, minute] = [Number(found?.[2] ?? 0), Number(found?.[3] ?? 0)];
  if (day === null || hour > 23 || minute > 59)
    return `its end "${words}" is no date, expected "until 2026-11-23" or "until 2026-11-21 18:00"`;
  return found?.[2] === undefined ? momentOf(next(day), 0, 0, offset) : momentOf(day, hour, minute, offset);
}

/**
 * What the newest entry of human_journal.md grants at `now`. A day is the process's own, or that of the zone `offset` minutes east of UTC:
 * a commit is judged by the clock that it was made under.
 */
export function parseGrant(journalText: string, now: Date, offset: number | null = null): Grant {
  const today = todayOf(now, offset);
  const refuse = (what: string, mend: string | null = null): Grant => ({
    kind: 'refused',
    reason: `${what} (today is ${formatDay(today)})`,
    mend,
  });
  const [entry] = readEntries(journalText);
  if (entry === undefined) {
    return refuse(
      `human_journal.md has no entry, expected one that begins with "## ${formatDay(today)}" and holds the line META_MODE=1`,
    );
  }
  const heading = headingOf(entry);
  const examples = `META_MODE=1, META_MODE=1 until ${formatDay(today)} or META_MODE=1 until ${formatDay(today)} 18:00`;
  const name = `the newest entry of human_journal.md ("${heading.slice(0, 60)}")`;
  const lines = entry.slice(1).map((line) => line.trim());
  const grants = lines.filter((line) => grantLine.test(line));
  if (grants.length > 1)
    return refuse(
      `${name} has ${grants.length} lines with META_MODE=1, expected one of them`,
      'leave one of the lines',
    );
  const [, , words] = grantLine.exec(grants[0] ?? '') ?? [];
  if (grants.length === 0) {
    const near = lines.find((line) => /META_MODE/i.test(line));
    const got = near === undefined ? 'has no line META_MODE=1' : `says "${near.slice(0, 60)}"`;
    return refuse(
      `${name} ${got}, expected a line "META_MODE=1" or "META_MODE=1 until 2026-11-23"`,
      `give it the line META_MODE=1, alone on its line`,
    );
  }
  const dated = dateOf(heading);
  const day = dated === null ? null : parseDay(dated);
  if (dated !== null && day === null)
    return refuse(`${name} is dated ${dated}, and there is no such day`, `date it ${formatDay(today)}`);
  if (day !== null && now.getTime() < momentOf(day, 0, 0, offset))
    return refuse(`${name} lies in the future, expected a heading with today's date`, `date it ${formatDay(today)}`);
  if (words === undefined) {
    if (day === null) {
      return refuse(
        `${name} has no date in front, expected "## ${formatDay(today)}…" or an end as in "META_MODE=1 until …"`,
        `date it: ## ${formatDay(today)}: …`,
      );
    }
    const end = momentOf(next(day), 0, 0, offset);
    if (now.getTime() >= end)
      return refuse(`the grant in ${name} was for ${dated} only, expected a new entry of today or a stated end`);
    return { kind: 'granted', heading, until: formatLocalTime(new Date(end)) };
  }
  const end = parseEnd(words, offset);
  if (typeof end === 'string') return refuse(`${name} grants META_MODE, but ${end}`, `write that line as ${examples}`);
  const first = day ?? today;
  if (end > momentOf(first, 0, 0, offset) + (longestDays + 1) * dayMilliseconds) {
    return refuse(
      `the grant in ${name} ends more than ${longestDays} days after ${day === null ? 'today' : formatDay(first)} (${words}), expected an earlier end`,
      'write an earlier end',
    );
  }
  if (now.getTime() >= end) return refuse(`the grant in ${name} ended (until ${words}), expected a new entry`);
  return { kind: 'granted', heading, until: formatLocalTime(new Date(end)) };
}
