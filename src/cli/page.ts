/** Markdown pages and foreign words on a terminal: headings stand out, control characters cannot act. Files and pipes get the text as it is. */
import pc from 'picocolors';

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out here
const controlCharacters = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** A text in which no control character is left but line ends and tabs, so that an agent's words cannot steer the terminal. */
export function disarm(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(controlCharacters, '\ufffd');
}

/** The same on one line: for cells of tables and notes. */
export function disarmLine(text: string): string {
  return disarm(text.replaceAll(/\s+/g, ' ').trim());
}

/** A command on one line, its blanks as they were given; a tab or a line end is one blank. */
export function disarmCommand(text: string): string {
  return disarm(text.trim().replaceAll(/\r?\n|\t/g, ' '));
}

/** A page as it is printed: untouched where nobody looks; on a terminal disarmed, with front matter dim and headings bold. Ends with a line end. */
export function renderPage(text: string, isTerminal: boolean): string {
  const whole = text.endsWith('\n') || text === '' ? text : `${text}\n`;
  if (!isTerminal) return whole;
  let fence: string | null = null;
  let isFrontMatter = false;
  const lines = disarm(whole)
    .split('\n')
    .map((line, index) => {
      if (line.trimEnd() === '---' && (index === 0 || isFrontMatter)) {
        isFrontMatter = index === 0;
        return pc.dim(line);
      }
      if (isFrontMatter) return pc.dim(line);
      const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
      if (mark !== undefined) {
        if (fence === null) fence = mark;
        else if (mark.startsWith(fence)) fence = null;
        return pc.dim(line);
      }
      return fence === null && /^#{1,6} /.test(line) ? pc.bold(pc.cyan(line)) : line;
    });
  return lines.join('\n');
}
