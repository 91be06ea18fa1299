/** Whether an agent's run succeeded, and the sentence that says why not. Limits are not judged here: whoever ended the run knows why. */

import { existsSync } from 'node:fs';
import type { OutputEnd } from './agent-output.ts';
import type { AgentExit } from './agent-process.ts';
import { cutText } from './formats/output-parser.ts';

/** What a run is judged by. */
export interface RunEnd {
  exit: AgentExit;
  output: OutputEnd;
  isSandboxed: boolean;
  /** First word of the command; null where it has none. */
  program: string | null;
  /** Command that installs the program; null where that is unknown. */
  install: string | null;
  /** Where the program lies on the lab's own PATH; null where it does not. */
  programPath: string | null;
}

/** Longest error of a stream that is shown, in characters. */
const longestError = 500;

/** Null where the run succeeded, else one sentence. The stream's own verdict counts more than the exit code: programs exit with 0 after a failure. */
export function describeFailure(end: RunEnd): string | null {
  const { exit, output, isSandboxed } = end;
  const { verdict, error } = output.parsed;
  if (verdict === 'completed') return null;
  if (verdict !== 'failed' && exit.code === 0 && verdict === 'never') return null;
  if (exit.code === 127 && verdict !== 'failed') return describeMissing(end);
  if (isSandboxed && output.refusedLine !== null) {
    return `tried to write outside its worktree or in a file that is locked, and the sandbox refused it: ${output.refusedLine}`;
  }
  if (error !== null) return cutText(error, longestError);
  const how = exit.signal === null ? `ended with exit code ${exit.code}` : `was ended by ${exit.signal}`;
  const why = output.lastErrorLine ?? output.lastOutputLine;
  if (exit.code === 0)
    return `ended without the result that its output should end with${why === null ? '' : `: ${why}`}`;
  if (why === null) return `${how} and printed nothing that says why`;
  return `${how}: ${why}${isSandboxed ? formatHiddenHint(why) : ''}`;
}

/** Where a line says that a file is missing which is there: the sandbox hides the temporary folders and the home. */
function formatHiddenHint(line: string): string {
  if (!/no such file|can't open|cannot open|cannot find|not found/i.test(line)) return '';
  const hidden = [...line.matchAll(/\/[\w.+@-]+(?:\/[\w.+@-]+)+/g)]
    .map(([path]) => path)
    .find((path) => existsSync(path));
  return hidden === undefined
    ? ''
    : `; ${hidden} is there, but the sandbox hides it from agents: put it into the lab, or name its folder under sandboxRead in lab.local.yaml`;
}

function describeMissing({ output, program, install, programPath, isSandboxed }: RunEnd): string {
  const line = output.lastErrorLine ?? '';
  // The shell's own words, of which only the name is alike everywhere.
  const named = /(?:^|\s)([^\s:]+): (?:command )?not found/.exec(line)?.[1];
  const missing = named ?? program ?? 'the command';
  if (isSandboxed && programPath !== null && missing === program) {
    return `the program "${missing}" is at ${programPath}, but the sandbox does not show it to agents: name its folder under sandboxRead in lab.local.yaml (${line})`;
  }
  const how = install === null || missing !== program ? 'install it' : `install it (${install})`;
  return `the program "${missing}" was not found: ${how}, or choose another agent with agents.use in lab.local.yaml`;
}
