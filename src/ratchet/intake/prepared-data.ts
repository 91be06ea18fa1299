/**
 * The data and the tokenizer that runs read: what prepare.py names for them, and the field's own folder where the preset shows it to runs. `lab
 * doctor` tells all that is missing of it; a session is kept from beginning only by what no run can do without. Reads only.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { isInside } from '../../sandbox/sandbox.ts';
import { findLack, readDataPaths } from './repository.ts';

/** A path that holds nothing that a run could read. */
export interface Lack {
  /** Absolute. */
  path: string;
  /** In a few words, for example "missing or empty". */
  why: string;
}

/** What was looked for. Absolute paths, none of which lies in another one of the same list. */
export interface PreparedData {
  /** Empty where nothing says where data would lie. */
  looked: string[];
  /** Those that are not there, or hold nothing. */
  missing: Lack[];
  /** Of the missing ones what no run can do without: the field's folder, the tokenizer, and all that prepare.py names where none of it is there. */
  needed: Lack[];
}

const ofField = /(?:^|\/)\.cache\/autoresearch\/?$/;
const ofTokenizer = /^TOKENI[SZ]ER(?:_(?:DIR|DIRECTORY|FOLDER|ROOT|PATH|FILE|JSON|MODEL|PKL))?$/;

/** Looks for data and tokenizer. What could not be read is told in `notes`. */
export function readPreparedData({ root }: LabPaths, config: LabConfig, notes: string[]): PreparedData {
  // What each run makes in its own checkout need not lie in this one.
  const isMadeByRuns = (path: string) => config.commands.prepare !== null && isInside(path, root);
  const named = Object.entries(readDataPaths(root, notes)).filter(([, path]) => !isMadeByRuns(path));
  const looked = [...new Set([...named.map(([, path]) => path), ...listShownCaches(config)])];
  const missing = looked.flatMap((path): Lack[] => {
    const why = findLack(path);
    return why === null ? [] : [{ path, why }];
  });
  const isMissing = (path: string) => missing.some((lack) => lack.path === path);
  const isAllMissing = named.every(([, path]) => isMissing(path));
  const tokenizers = named.filter(([name]) => ofTokenizer.test(name)).map(([, path]) => path);
  // What else prepare.py names may be what it deletes at its end, such as raw texts: runs read what it made of them.
  const needed = missing.filter(({ path }) => isAllMissing || ofField.test(path) || tokenizers.includes(path));
  return {
    looked: looked.filter((path) => isOutermost(path, looked)),
    missing: listOutermost(missing),
    needed: listOutermost(needed),
  };
}

/** Says what lacks, by reason: "/a, /b: missing or empty; /c: cannot be looked at (EACCES)". */
export function formatLacks(lacks: readonly Lack[]): string {
  const reasons = [...new Set(lacks.map(({ why }) => why))];
  const pathsOf = (reason: string) => lacks.filter(({ why }) => why === reason).map(({ path }) => path);
  return reasons.map((reason) => `${pathsOf(reason).join(', ')}: ${reason}`).join('; ');
}

/** The field's own folder, where the lab shows it to runs. */
function listShownCaches({ sandboxRead }: LabConfig): string[] {
  const isShown = sandboxRead.some((path) => ofField.test(path));
  return isShown ? [join(process.env.HOME ?? homedir(), '.cache', 'autoresearch')] : [];
}

function listOutermost(lacks: readonly Lack[]): Lack[] {
  const paths = lacks.map(({ path }) => path);
  return lacks.filter(({ path }) => isOutermost(path, paths));
}

function isOutermost(path: string, paths: readonly string[]): boolean {
  return !paths.some((other) => other !== path && isInside(path, other));
}
