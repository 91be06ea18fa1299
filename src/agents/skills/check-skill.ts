/**
 * Checks a skill by the Agent Skills format: front matter with its limits, length of the body, and that every file it names is there.
 * Reads only. It does not judge whether the words are good, nor run the commands in them (src/scenarios/skills.test.ts does).
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { parseDocument } from 'yaml';
import { errnoOf, LabError, messageOf } from '../../errors/lab-error.ts';

/** Something that the format does not allow. */
export interface SkillProblem {
  /** Relative to the skill's folder; "" for the folder itself. */
  path: string;
  /** 1 is the first; null: the file as a whole. */
  line: number | null;
  message: string;
}

/** The limits that a skill is held to. */
export interface SkillLimits {
  /** Most lines of SKILL.md, front matter included. */
  lines: number;
}

/** What the format allows: a body under 500 lines. */
export const formatLimits: SkillLimits = { lines: 500 };

/** Longest name, characters. */
export const mostNameCharacters = 64;
/** Longest description, characters. */
export const mostDescriptionCharacters = 1024;
const mostCompatibilityCharacters = 500;

const knownKeys = ['name', 'description', 'license', 'compatibility', 'metadata', 'allowed-tools'];

/** The front matter of a SKILL.md and what follows it. */
export interface SkillText {
  /** Null where there is none, or where it is no mapping. */
  frontMatter: Record<string, unknown> | null;
  body: string;
  /** Lines before the body. */
  bodyBegins: number;
  /** Why the front matter could not be read; null where it could. */
  problem: string | null;
}

/** Splits a SKILL.md. Never throws: what is wrong stands in `problem`. */
export function parseSkillText(text: string): SkillText {
  const lines = text.split(/\r?\n/);
  const none = { frontMatter: null, body: text, bodyBegins: 0 };
  if (lines[0] !== '---') return { ...none, problem: 'begins with no front matter, expected a first line "---"' };
  const end = lines.indexOf('---', 1);
  if (end === -1) return { ...none, problem: 'has a front matter without an end, expected a second line "---"' };
  const rest = { body: lines.slice(end + 1).join('\n'), bodyBegins: end + 1 };
  const document = parseDocument(lines.slice(1, end).join('\n'), { prettyErrors: false });
  const [error] = document.errors;
  if (error) return { frontMatter: null, ...rest, problem: `has a front matter that is no YAML: ${error.message}` };
  let value: unknown;
  try {
    // Aliases could blow a few lines up to gigabytes.
    value = document.toJS({ maxAliasCount: 0 });
  } catch (aliases) {
    return { frontMatter: null, ...rest, problem: `has a front matter that cannot be read: ${messageOf(aliases)}` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { frontMatter: null, ...rest, problem: 'has a front matter that is no mapping of keys to values' };
  return { frontMatter: value as Record<string, unknown>, ...rest, problem: null };
}

/** Everything in a skill's folder that the format does not allow; [] where it is valid. Throws LabError where it cannot be read. */
export function checkSkill(folder: string, limits: SkillLimits = formatLimits): SkillProblem[] {
  const path = 'SKILL.md';
  // Asked of the folder's list, because a file system that ignores case would find skill.md too.
  if (!readNames(folder).includes(path))
    return [{ path: '', line: null, message: `has no ${path}, expected one with exactly this name` }];
  const text = readFileSync(join(folder, path), 'utf8');
  const { frontMatter, body, problem } = parseSkillText(text);
  if (frontMatter === null) return [{ path, line: 1, message: problem ?? 'has no front matter' }];
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  return [
    ...checkName(frontMatter.name, basename(resolve(folder))),
    ...checkText('description', frontMatter.description, mostDescriptionCharacters, true),
    ...checkText('license', frontMatter.license, Number.POSITIVE_INFINITY, false),
    ...checkText('compatibility', frontMatter.compatibility, mostCompatibilityCharacters, false),
    ...checkText('allowed-tools', frontMatter['allowed-tools'], Number.POSITIVE_INFINITY, false),
    ...checkMetadata(frontMatter.metadata),
    ...Object.keys(frontMatter)
      .filter((key) => !knownKeys.includes(key))
      .map((key) => `has the key "${key}" in its front matter, expected only: ${knownKeys.join(', ')}`),
    ...(body.trim() === '' ? ['has nothing below its front matter'] : []),
    ...(lines >= limits.lines ? [`has ${lines} lines, expected fewer than ${limits.lines}`] : []),
  ]
    .map((message): SkillProblem => ({ path, line: null, message }))
    .concat(listMarkdown(folder).flatMap((page) => checkNamedFiles(folder, page)));
}

/** "autoresearch/SKILL.md:3: has no description" */
export function formatSkillProblem(skill: string, { path, line, message }: SkillProblem): string {
  const place = path === '' ? skill : `${skill}/${path}`;
  return `${place}${line === null ? '' : `:${line}`}: ${message}`;
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const isAbsent = errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR';
    throw new LabError(
      'user',
      `${folder} ${isAbsent ? 'is no folder' : 'cannot be read'}, expected the folder of a skill`,
      {
        cause: error,
      },
    );
  }
}

function checkName(name: unknown, folder: string): string[] {
  if (name === undefined) return ['has no name'];
  if (typeof name !== 'string') return [`has the name ${JSON.stringify(name)}, expected a text`];
  const problems: string[] = [];
  if (name.length > mostNameCharacters)
    problems.push(`has a name of ${name.length} characters, expected at most ${mostNameCharacters}`);
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name))
    problems.push(`has the name "${name}", expected lower-case letters and digits with single hyphens between them`);
  if (name !== folder) problems.push(`has the name "${name}", expected that of its folder, "${folder}"`);
  return problems;
}

function checkText(key: string, value: unknown, most: number, isRequired: boolean): string[] {
  if (value === undefined || value === null) return isRequired ? [`has no ${key}`] : [];
  if (typeof value !== 'string') return [`has the ${key} ${JSON.stringify(value)}, expected a text`];
  if (value.trim() === '') return [`has an empty ${key}`];
  return value.length > most ? [`has a ${key} of ${value.length} characters, expected at most ${most}`] : [];
}

function checkMetadata(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  const isMap = typeof value === 'object' && !Array.isArray(value);
  return isMap && Object.values(value).every((entry) => typeof entry === 'string')
    ? []
    : ['has metadata that is no mapping of texts to texts'];
}

/** Markdown files of a skill, relative to it, in their order. */
function listMarkdown(folder: string, below = ''): string[] {
  return readdirSync(join(folder, below), { withFileTypes: true })
    .flatMap((entry) => {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) return listMarkdown(folder, path);
      return entry.name.endsWith('.md') ? [path] : [];
    })
    .sort();
}

/** Links and words such as scripts/run.sh that lead to nothing, or out of the skill. */
function checkNamedFiles(folder: string, page: string): SkillProblem[] {
  const problems: SkillProblem[] = [];
  for (const [index, text] of readFileSync(join(folder, page), 'utf8').split('\n').entries()) {
    // A link is relative to its page; a bare word in the running text names a file from the skill's root, as the format wants it.
    const links = [...text.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)]
      .map((match) => match[1] ?? '')
      .filter((link) => !/^[a-z][a-z0-9+.-]*:/i.test(link))
      .map((link) => ({ link, target: join(dirname(page), link) }));
    const words = [...text.matchAll(/(?<![\w/.-])((?:scripts|references|assets)\/[\w./-]*\w)/g)]
      .map((match) => match[1] ?? '')
      .map((link) => ({ link, target: link }));
    for (const { link, target } of [...links, ...words]) {
      const way = relative(folder, resolve(folder, target));
      if (way === '..' || way.startsWith(`..${sep}`))
        problems.push({ path: page, line: index + 1, message: `leads out of the skill: ${link}` });
      else if (!isThere(join(folder, target)))
        problems.push({ path: page, line: index + 1, message: `names ${link}, which is not there` });
    }
  }
  // A link's address is a word of its line too: once is enough.
  return problems.filter(
    (one, place) => problems.findIndex((other) => other.line === one.line && other.message === one.message) === place,
  );
}

function isThere(path: string): boolean {
  return existsSync(path) && (statSync(path).isFile() || statSync(path).isDirectory());
}
