/**
 * The configuration that counts: lab.yaml as main's newest commit has it, with this machine's lab.local.yaml, environment and flags over
 * it. The lab.yaml in the root checkout counts only while main has none; where it differs, that is told. How the texts become a
 * configuration is config's.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type ConfigSource, createConfigSource } from '../config/config-source.ts';
import { buildConfig, type ConfigSources, parseConfigText, readConfigText } from '../config/load.ts';
import type { LabConfig } from '../config/schema.ts';
import { LabError } from '../errors/lab-error.ts';
import { readBranchText, readCheckedOutBranch, readMainText } from './main-text.ts';
import { readRefStamp } from './ref-stamp.ts';
import { hasResults } from './set-up-phase.ts';

/** How lab.yaml of the root checkout stands to main's. */
export type WorkingFile =
  | { kind: 'same' }
  | { kind: 'differs' /** Dotted keys whose values differ, sorted. */; keys: string[] }
  | { kind: 'broken' /** What is wrong with it, with line and column. */; problem: string }
  | { kind: 'missing' };

/** A configuration, and where it comes from. */
export interface LoadedConfig {
  config: LabConfig;
  /** Branch whose lab.yaml counts; null where main has none yet and the root checkout's file counts. */
  branch: string | null;
  /** The file in the root checkout; `same` where it is the one that counts. */
  working: WorkingFile;
  /** What to tell whoever looks: the root checkout, with main checked out, says something else than main; null where it does not. */
  note: string | null;
}

/**
 * Loads the configuration of the lab at `root` and says where it comes from; starts git once. Throws LabError (config) that names file,
 * path, value and what was expected, and LabError (user) where git cannot be asked.
 */
export function openLabConfig(root: string, sources: ConfigSources = {}): LoadedConfig {
  const workingText = readConfigText(root, 'lab.yaml');
  const main = readMainText(root, workingText);
  if (main.branch === null || main.text === null) {
    if (workingText === null)
      throw new LabError('config', `there is no lab.yaml in ${root}`, { hints: ['`lab init` makes a lab here'] });
    const config = buildWith({ text: workingText, name: 'lab.yaml' }, root, sources);
    return { config, branch: null, working: { kind: 'same' }, note: null };
  }
  const config = { ...buildWith(sharedText(main.branch, main.text), root, sources), main: main.branch };
  const working = compareWorking(main.text, workingText);
  return { config, branch: main.branch, working, note: renderNote(root, main.branch, working, hasResults) };
}

/** The configuration of the lab at `root`. Throws as openLabConfig does. */
export function loadLabConfig(root: string, sources: ConfigSources = {}): LabConfig {
  return openLabConfig(root, sources).config;
}

/** Main and its own file rules, as main's lab.yaml alone has them. */
export interface MainRules {
  /** Null where only the repository can tell. */
  main: string | null;
  rules: LabConfig['rules'];
  /** Why there are no rules besides the built-in ones though lab.yaml may have some; null where nothing is wrong. */
  problem: string | null;
}

/**
 * The rules that commits are checked by. lab.local.yaml and the environment have no say, and a broken lab.yaml leaves the built-in rules:
 * whoever mends it must be able to commit. Throws LabError (user) where git cannot be asked.
 */
export function readMainRules(root: string): MainRules {
  const workingText = readConfigText(root, 'lab.yaml');
  let main: string | null = null;
  try {
    const found = readMainText(root, workingText);
    main = found.branch;
    const text = found.text ?? workingText;
    if (text === null) return { main, rules: {}, problem: null };
    const config = buildConfig({ text, name: `${found.text === null ? '' : `${main}:`}lab.yaml` }, null, {});
    return { main: found.text === null ? (config.main ?? main) : main, rules: config.rules, problem: null };
  } catch (error) {
    if (error instanceof LabError && error.kind === 'config') return { main, rules: {}, problem: error.message };
    throw error;
  }
}

/**
 * The configuration for a process that lives long. Main is found once, as for all else that such a process does; a lab.yaml that names
 * another one from now on is told. `isMetaOpen` says whether a differing file is what a human is at work on. Throws as openLabConfig does.
 */
export function createCommittedConfigSource(
  root: string,
  sources: ConfigSources,
  isMetaOpen: () => boolean = () => false,
): ConfigSource {
  const first = openLabConfig(root, sources);
  let known: { texts: string; config: LabConfig } | null = null;
  let main = first.branch;
  let mainText: string | null = null;
  let named: string | null = null;
  const load = (): LabConfig => {
    if (main === null) {
      const found = openLabConfig(root, sources);
      main = found.branch;
      if (main === null) return found.config;
    }
    const read = readBranchText(root, main);
    if (read.text === null) throw new LabError('config', `the branch ${main} has no lab.yaml any more`);
    // Main moves with every record; as long as the texts are the same, so is the object, and what is remembered with it holds.
    const texts = JSON.stringify([read.text, readConfigText(root, 'lab.local.yaml')]);
    [mainText, named] = [read.text, read.names];
    if (known?.texts !== texts)
      known = { texts, config: { ...buildWith(sharedText(main, read.text), root, sources), main } };
    return known.config;
  };
  // Rows stay; as long as there is none, main is asked again once it has moved.
  let results: { stamp: string; found: boolean } | null = null;
  const knowsResults = (folder: string, branch: string): boolean => {
    const stamp = readRefStamp(folder, branch);
    if (results?.found !== true && results?.stamp !== stamp) results = { stamp, found: hasResults(folder, branch) };
    return results.found;
  };
  let compared: { key: string; working: WorkingFile } | null = null;
  const note = (): string | null => {
    if (main === null || mainText === null) return null;
    if (named !== null && named !== main)
      return `lab.yaml of ${main} names '${named}' as the main branch now: the daemon follows at its next start (\`lab down\`, \`lab up\`)`;
    const key = `${stampFile(root, 'lab.yaml')} ${mainText}`;
    if (compared?.key !== key) compared = { key, working: compareWorking(mainText, readConfigText(root, 'lab.yaml')) };
    return isMetaOpen() ? null : renderNote(root, main, compared.working, knowsResults);
  };
  const stamp = (): string => {
    const local = stampFile(root, 'lab.local.yaml');
    if (main !== null) return `${readRefStamp(root, main)} ${local}`;
    const branch = first.config.main ?? readCheckedOutBranch(root) ?? 'main';
    return [readRefStamp(root, branch), readRefStamp(root, 'main'), stampFile(root, 'lab.yaml'), local].join(' ');
  };
  return createConfigSource({ stamp, load, note });
}

function sharedText(branch: string, text: string): { text: string; name: string } {
  return { text, name: `${branch}:lab.yaml` };
}

function buildWith(shared: { text: string; name: string }, root: string, sources: ConfigSources): LabConfig {
  return buildConfig(shared, readConfigText(root, 'lab.local.yaml'), sources);
}

function stampFile(root: string, name: string): string {
  const found = statSync(join(root, name), { throwIfNoEntry: false });
  return found ? `${found.mtimeMs}:${found.size}:${found.ino}` : 'missing';
}

/** Compares values, not text: a comment changes nothing that counts. */
function compareWorking(mainText: string, workingText: string | null): WorkingFile {
  if (workingText === mainText) return { kind: 'same' };
  if (workingText === null) return { kind: 'missing' };
  try {
    const main = flatten(readValues(mainText));
    const working = flatten(parseConfigText({ text: workingText, name: 'lab.yaml' }));
    const keys = [...new Set([...main.keys(), ...working.keys()])].filter((key) => main.get(key) !== working.get(key));
    return keys.length === 0 ? { kind: 'same' } : { kind: 'differs', keys: keys.sort() };
  } catch (error) {
    if (error instanceof LabError) return { kind: 'broken', problem: error.message };
    throw error;
  }
}

/** Values of main's text; none where it is broken, which its reader says. */
function readValues(text: string): Record<string, unknown> {
  try {
    return parseConfigText({ text, name: 'lab.yaml' });
  } catch (error) {
    if (error instanceof LabError) return {};
    throw error;
  }
}

function flatten(values: Record<string, unknown>, way: string[] = []): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(values)) {
    const path = [...way, key];
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      for (const entry of flatten(value as Record<string, unknown>, path)) found.set(...entry);
    else found.set(path.join('.'), JSON.stringify(value));
  }
  return found;
}

function renderNote(
  root: string,
  branch: string,
  working: WorkingFile,
  askResults: (root: string, branch: string) => boolean,
): string | null {
  if (working.kind === 'same' || readCheckedOutBranch(root) !== branch) return null;
  const how = {
    differs: "differs from main's",
    broken: 'is broken',
    missing: 'is missing',
  }[working.kind];
  const way = askResults(root, branch)
    ? 'META_MODE: `lab meta on`'
    : '`git commit -- lab.yaml`: there is no result yet, so it takes no META_MODE';
  return `lab.yaml in the root checkout ${how}: main's counts until it is committed (${way})`;
}
