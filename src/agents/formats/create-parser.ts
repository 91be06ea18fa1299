/** Which parser reads which format. */
import { createClaudeParser } from './claude.ts';
import { createCodexParser } from './codex.ts';
import { createGeminiParser } from './gemini.ts';
import { createOpencodeParser } from './opencode.ts';
import type { OutputFormat, OutputParser } from './output-parser.ts';
import { createTextParser } from './text.ts';

const parsers: Record<OutputFormat, () => OutputParser> = {
  claude: createClaudeParser,
  codex: createCodexParser,
  opencode: createOpencodeParser,
  gemini: createGeminiParser,
  text: createTextParser,
};

/** A fresh parser for one run's standard output. */
export function createParser(format: OutputFormat): OutputParser {
  return parsers[format]();
}
