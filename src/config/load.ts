/**
 * Makes the configuration of the texts of lab.yaml and lab.local.yaml and lays environment and flags over them: flag over environment over
 * local file over shared file over default. Unknown keys are errors everywhere, so that a typing mistake is never silently ignored. Whose
 * lab.yaml counts is not decided here (git/committed-config.ts).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { LabError } from '../errors/lab-error.ts';
import { checkConfig } from './check-config.ts';
import { type ConfigLeaf, type LabConfig, listConfigLeaves } from './schema.ts';

/** Where configuration comes from besides the two files. */
export interface ConfigSources {
  environment?: Record<string, string | undefined>;
  /** Flags as given, without the dashes: { "run.wall-seconds": "60" }. */
  flags?: Record<string, string>;
}

/** Text of a configuration file, and what errors call it. */
export interface ConfigText {
  text: string;
  /** "main:lab.yaml", as git names the file of a branch; "lab.yaml" for the one in the root checkout. */
  name: string;
}

/**
 * Paths that count in lab.yaml alone, with all below them: who could set them elsewhere would change what is judged and by which rule, or
 * waive a check that nobody else sees waived, and no track would show it. The others either are part of the track, or say how a machine works.
 */
export const sharedPaths: readonly string[] = ['main', 'rules', 'decision', 'metric.waiver'];

/** Whether a dotted path belongs to lab.yaml alone. */
export function isSharedPath(path: string): boolean {
  return sharedPaths.some((shared) => path === shared || path.startsWith(`${shared}.`));
}

/** Text of a file at the top of the root checkout (lab.yaml, lab.local.yaml) as it is right now; null where there is none. */
export function readConfigText(root: string, name: string): string | null {
  const path = join(root, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

/** The configuration of these texts. Throws LabError (config) that names file, path, value and what was expected. */
export function buildConfig(shared: ConfigText, localText: string | null, sources: ConfigSources): LabConfig {
  const sharedValues = parseConfigText(shared);
  const local = localText === null ? {} : parseConfigText({ text: localText, name: localName });
  ensureValid(sharedValues, shared.name);
  for (const path of sharedPaths) if (valueAt(local, path) !== undefined) throw sharedPathError(localName, path);
  ensureValid(local, localName);
  const overrides = readOverrides(sources);
  const merged = mergeDeep(mergeDeep(sharedValues, local), overrides.values);
  const checked = checkConfig(merged);
  if (checked.kind === 'ok') return checked.config;
  throw configError(
    (problem) => overrides.origins.get(problem.split(/[:.]\d|: /)[0] ?? '') ?? `${shared.name} with ${localName}`,
    checked.problems,
  );
}

/**
 * The configuration with the root checkout's own lab.yaml, which counts only while main has none: everybody else asks
 * git/committed-config.ts. Throws LabError (config) as buildConfig does, and where there is no file.
 */
export function loadWorkingConfig(root: string, sources: ConfigSources = {}): LabConfig {
  const text = readConfigText(root, 'lab.yaml');
  if (text === null) {
    throw new LabError('config', `there is no lab.yaml in ${root}`, { hints: ['`lab init` makes a lab here'] });
  }
  return buildConfig({ text, name: 'lab.yaml' }, readConfigText(root, localName), sources);
}

const localName = 'lab.local.yaml';

function sharedPathError(origin: string, path: string): LabError {
  return new LabError(
    'config',
    `${origin}: ${path} belongs in lab.yaml, which is FROZEN, and counts from nowhere else`,
    {
      hints: [
        `set ${path} in lab.yaml on main: by hand before the first result, through META_MODE (\`lab meta on\`) afterwards`,
      ],
    },
  );
}

function configError(originOf: (problem: string) => string, problems: string[]): LabError {
  const lines = problems.map((problem) => `${originOf(problem)}: ${problem}`);
  return new LabError('config', lines.join('\n       '), {
    hints: ['0_docs/guide/configuration.md lists every key; `lab doctor` checks both files'],
  });
}

function ensureValid(raw: Record<string, unknown>, origin: string): void {
  const checked = checkConfig(raw);
  if (checked.kind === 'wrong') throw configError(() => origin, checked.problems);
}

/** A file's text as a plain object. Throws LabError (config) with line and column on a syntax error. */
export function parseConfigText({ text, name }: ConfigText): Record<string, unknown> {
  const document = parseDocument(text, { prettyErrors: true });
  const [error] = document.errors;
  if (error) {
    const at = error.linePos?.[0];
    const where = at ? `${name}:${at.line}:${at.col}` : name;
    throw new LabError('config', `${where}: not valid YAML: ${error.message.split('\n')[0]?.replace(/:$/, '')}`, {
      hints: ['`lab doctor` checks the file again'],
    });
  }
  const value: unknown = document.toJS();
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new LabError('config', `${name}: got ${JSON.stringify(value)}, expected keys and values such as "metric:"`);
  }
  return value as Record<string, unknown>;
}

function readOverrides(sources: ConfigSources): { values: Record<string, unknown>; origins: Map<string, string> } {
  const values: Record<string, unknown> = {};
  // Which flag or name set a path, so that an error names the one at fault.
  const origins = new Map<string, string>();
  const flags = { ...sources.flags };
  for (const leaf of listConfigLeaves()) {
    const environmentValue = sources.environment?.[leaf.environment];
    const flagNames = [leaf.flag.slice(2), leaf.path];
    const flagName = flagNames.find((name) => flags[name] !== undefined);
    if (isSharedPath(leaf.path) && (flagName ?? environmentValue) !== undefined)
      throw sharedPathError(flagName === undefined ? leaf.environment : `--${flagName}`, leaf.path);
    if (environmentValue !== undefined && flagName === undefined) {
      setAt(values, leaf.path, parseLeaf(leaf, environmentValue));
      origins.set(leaf.path, leaf.environment);
    }
    if (flagName !== undefined) {
      setAt(values, leaf.path, parseLeaf(leaf, flags[flagName] ?? ''));
      origins.set(leaf.path, leaf.flag);
      for (const name of flagNames) delete flags[name];
    }
  }
  const [unknown] = Object.keys(flags);
  if (unknown !== undefined) {
    throw new LabError('usage', `unknown flag --${unknown}`, {
      hints: ['0_docs/guide/configuration.md lists every key as a flag'],
    });
  }
  return { values, origins };
}

/** A leaf's text as the schema's type; what is no number stays text, so that the schema names it. */
function parseLeaf(leaf: ConfigLeaf, text: string): unknown {
  if (text === 'null') return null;
  if (leaf.type === 'number') return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
  if (leaf.type === 'list') {
    const words = text.split(',').filter((word) => word !== '');
    return leaf.path === 'run.seeds'
      ? words.map((word) => (Number.isFinite(Number(word)) ? Number(word) : word))
      : words;
  }
  return text;
}

/** What stands at a dotted path; undefined where nothing does. */
function valueAt(values: Record<string, unknown>, path: string): unknown {
  return path.split('.').reduce<unknown>((node, key) => (isPlain(node) ? node[key] : undefined), values);
}

function setAt(target: Record<string, unknown>, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let node = target;
  for (const key of keys) {
    node[key] ??= {};
    node = node[key] as Record<string, unknown>;
  }
  node[last] = value;
}

function mergeDeep(under: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isPlain(below) && isPlain(value) ? mergeDeep(below, value) : value;
  }
  return merged;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
