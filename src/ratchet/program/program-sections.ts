/**
 * Where the headings of a program.md lie, of any level, and what stands below each. Headings in code fences and in comments are text.
 * Pure. Which of them a session needs is check-program.ts; writing is refine-program.ts.
 */
import { classifyLines } from '../../lab/markdown-fences.ts';

/** One heading and what belongs to it. */
export interface ProgramPart {
  /** As written, without its hashes. */
  heading: string;
  /** 1 to 6. */
  level: number;
  /** Line of the heading, from 1. */
  line: number;
  /** Offset of the heading's first character. */
  start: number;
  /** Offset behind the heading's line end (behind the underline of an underlined one). */
  textStart: number;
  /** Offset of the next heading of any level, or the end: what stands before it is the heading's own text. */
  ownEnd: number;
  /** Offset of the next heading of the same or a higher level, or the end: parts below it are in it. */
  end: number;
  /** Text between textStart and end, as it stands. */
  text: string;
}

interface Line {
  text: string;
  start: number;
  end: number;
  isText: boolean;
}

const hashes = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/s;
const underline = /^ {0,3}(=+|-{2,})[ \t]*$/;

/** The text with every closed comment blanked out: same length, same line ends. */
export function blankComments(text: string): string {
  let blanked = '';
  let from = 0;
  for (;;) {
    const start = text.indexOf('<!--', from);
    const end = start === -1 ? -1 : text.indexOf('-->', start + 4);
    if (end === -1) return blanked + text.slice(from);
    blanked += text.slice(from, start) + text.slice(start, end + 3).replace(/[^\r\n]/g, ' ');
    from = end + 3;
  }
}

function splitLines(text: string): Line[] {
  const raw = blankComments(text).match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const lines = raw.map((line) => line.replace(/\r?\n$/, '').replace(/^\uFEFF/, ''));
  const kinds = classifyLines(lines);
  let position = 0;
  return raw.map((line, index) => {
    const start = position;
    position += line.length;
    const isText = kinds[index] === 'text' || kinds[index] === 'heading';
    return { text: lines[index] ?? '', start, end: position, isText };
  });
}

/** The headings of a text in their order. */
export function parseProgram(text: string): ProgramPart[] {
  const lines = splitLines(text);
  const heads: Omit<ProgramPart, 'ownEnd' | 'end' | 'text'>[] = [];
  for (const [index, line] of lines.entries()) {
    if (!line.isText) continue;
    const marked = hashes.exec(line.text);
    if (marked !== null) {
      heads.push({
        heading: (marked[2] ?? '').trim(),
        level: marked[1]?.length ?? 1,
        line: index + 1,
        start: line.start,
        textStart: line.end,
      });
      continue;
    }
    const next = lines[index + 1];
    const lined = next?.isText === true ? underline.exec(next.text) : null;
    // A list or a quote above a rule is no heading, and neither is a paragraph of several lines.
    const isAlone = (lines[index - 1]?.text ?? '').trim() === '';
    if (next === undefined || lined === null || !isAlone || !/^ {0,3}[^\s>|+*-]/.test(line.text)) continue;
    const level = lined[1]?.startsWith('=') === true ? 1 : 2;
    heads.push({ heading: line.text.trim(), level, line: index + 1, start: line.start, textStart: next.end });
  }
  return heads.map((head, index) => {
    const next = heads.slice(index + 1).find(({ level }) => level <= head.level);
    const end = next?.start ?? text.length;
    const ownEnd = heads[index + 1]?.start ?? text.length;
    return { ...head, ownEnd, end, text: text.slice(head.textStart, end) };
  });
}
