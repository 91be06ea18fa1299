/**
 * Reads lab.yaml and lab.local.yaml and lays environment and flags over them: flag over environment over local file over shared file
 * over default. Unknown keys are errors everywhere, so that a typing mistake is never silently ignored.
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

/** Reads and checks the configuration of the lab at `root`. Throws LabError (config) that names file, path, value and what was expected. */
export function loadConfig(root: string, sources: ConfigSources = {}): LabConfig {
  const shared = readConfigFile(join(root, 'lab.yaml'));
  if (shared === null) {
    throw new LabError('config', `there is no lab.yaml in ${root}`, { hints: ['`lab init` makes a lab here'] });
  }
  const local = readConfigFile(join(root, 'lab.local.yaml')) ?? {};
  ensureValid(shared, 'lab.yaml');
  ensureValid(local, 'lab.local.yaml');
  const overrides = readOverrides(sources);
  const merged = mergeDeep(mergeDeep(shared, local), overrides.values);
  const checked = checkConfig(merged);
  if (checked.kind === 'ok') return checked.config;
  throw configError(
    (problem) => overrides.origins.get(problem.split(/[:.]\d|: /)[0] ?? '') ?? 'lab.yaml with lab.local.yaml',
    checked.problems,
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

/** One YAML file as a plain object; null where it does not exist. Throws LabError (config) with line and column on a syntax error. */
function readConfigFile(path: string): Record<string, unknown> | null {
  if (!existsSync(path)) return null;
  const name = path.endsWith('lab.local.yaml') ? 'lab.local.yaml' : 'lab.yaml';
  const document = parseDocument(readFileSync(path, 'utf8'), { prettyErrors: true });
  const [error] = document.errors;
  if (error) {
    const at = error.linePos?.[0];
    const where = at ? `${name}:${at.line}:${at.col}` : name;
    throw new LabError('config', `${where}: not valid YAML: ${error.message.split('\n')[0]}`, {
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
