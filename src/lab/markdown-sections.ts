/**
 * The sections of a markdown file below its `## ` headings: reading them, and replacing one while every other byte stays. Which headings
 * a file should have is known to idea-text.ts and report-text.ts; the front matter belongs to front-matter.ts.
 */
import { locateFrontMatter } from './front-matter-entries.ts';
import { classifyLines, foldHeading, guardText, hasOpenFence, readHeading, unguardLines } from './markdown-fences.ts';

export { foldHeading, guardText } from './markdown-fences.ts';

/** One section of a file. */
export interface Section {
  /** As written, trimmed. */
  heading: string;
  /** Number of hashes; only headings of level 2 begin a section. */
  level: 2;
  /** What stands below it, trimmed, LF line ends, without the backslashes that guard its lines. */
  text: string;
}

interface PlacedSection extends Section {
  /** Offset of the heading's line in the text. */
  start: number;
  /** Offset behind the heading's line. */
  textStart: number;
  /** Offset of the next heading, or the end. */
  end: number;
}

function placeSections(text: string, from: number): PlacedSection[] {
  const raw = text.slice(from).match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const lines = raw.map((line) => line.replace(/\r?\n$/, ''));
  const kinds = classifyLines(lines);
  const starts: number[] = [];
  let position = from;
  for (const line of raw) {
    starts.push(position);
    position += line.length;
  }
  const headings = kinds.flatMap((kind, index) => (kind === 'heading' ? [index] : []));
  return headings.map((index, place) => {
    const next = headings[place + 1] ?? lines.length;
    return {
      heading: readHeading(lines[index] ?? '') ?? '',
      level: 2,
      text: unguardLines(lines.slice(index + 1, next), kinds.slice(index + 1, next)),
      start: starts[index] ?? from,
      textStart: starts[index + 1] ?? text.length,
      end: starts[next] ?? text.length,
    };
  });
}

/** The sections of a file's body in their order. Headings in code fences are text; what stands above the first heading belongs to none. */
export function parseSections(body: string): Section[] {
  return placeSections(body, 0).map(({ heading, level, text }) => ({ heading, level, text }));
}

/** Sections as markdown, with a blank line around each part; no text can pass for a heading. Ends in one line end. */
export function formatSections(sections: { heading: string; text: string }[]): string {
  return sections
    .map(({ heading, text }) => {
      const guarded = guardText(text);
      return guarded === '' ? `## ${heading}\n` : `## ${heading}\n\n${guarded}\n`;
    })
    .join('\n');
}

/**
 * Replaces the text below a heading, which is matched as foldHeading does; the first one counts. Every other byte stays. A missing
 * heading is put in at its place by `order`, at the end where `order` does not tell. The text is guarded: none of its lines can be a
 * heading, and none of its fences reaches into the next section.
 */
export function setSection(text: string, heading: string, content: string, order: readonly string[]): string {
  const lineEnd = /\r\n/.test(text) ? '\r\n' : '\n';
  const sections = placeSections(text, bodyStartOf(text));
  const wanted = foldHeading(heading);
  const found = sections.find((section) => foldHeading(section.heading) === wanted);
  if (found !== undefined && found.text === content.replace(/\r\n?/g, '\n').trim()) return text;
  const at = found?.textStart ?? findPlace(text, sections, wanted, order.map(foldHeading));
  const before = text.slice(0, at);
  const after = text.slice(found?.end ?? at);
  const guarded = guardText(content, hasOpenFence(before)).replaceAll('\n', lineEnd);
  const lead = before === '' || before.endsWith('\n') ? '' : lineEnd;
  const blank = before === '' || /\n\r?\n$/.test(before + lead) ? '' : lineEnd;
  const head = found === undefined ? `${lead}${blank}## ${heading}${lineEnd}` : lead;
  const middle = guarded === '' ? '' : `${lineEnd}${guarded}${lineEnd}`;
  const result = `${before}${head}${middle}${after === '' ? '' : lineEnd}${after}`;
  // A line --- of the content would close what was no front matter before, and hide the heading in it; behind a blank line it cannot.
  if (found === undefined || bodyStartOf(result) === bodyStartOf(text)) return result;
  return `${before.slice(0, found.start)}${lineEnd}${result.slice(found.start)}`;
}

const bodyStartOf = (text: string) => locateFrontMatter(text)?.bodyStart ?? 0;

/** Offset at which a missing heading goes: behind the nearest one that comes before it by `order`, else before one that follows. */
function findPlace(text: string, sections: PlacedSection[], wanted: string, order: string[]): number {
  const rank = order.indexOf(wanted);
  const find = (name: string | undefined) => sections.find((section) => foldHeading(section.heading) === name);
  for (let place = rank - 1; place >= 0; place--) {
    const previous = find(order[place]);
    if (previous !== undefined) return previous.end;
  }
  for (let place = rank + 1; rank !== -1 && place < order.length; place++) {
    const next = find(order[place]);
    if (next !== undefined) return next.start;
  }
  return text.length;
}
