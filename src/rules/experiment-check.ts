/**
 * What turns an experiment's change away before it costs device time. Looks at commits only: what a run does is the sandbox's, whether
 * the change is any good is the reviewer's. Every problem is one sentence that names the file, for an agent and for a person.
 */
import { isLockOpen } from '../config/open-locks.ts';
import type { LabConfig } from '../config/schema.ts';
import { readBlobs } from '../git/blob-content.ts';
import { type DiffFile, isAncestor, readDiffFacts } from '../git/diff-facts.ts';
import { isSecretLikeName } from '../git/secret-names.ts';
import { checkFrozen } from './frozen.ts';
import { findKeys } from './key-text.ts';
import { checkLinkTarget } from './link-target.ts';
import { compareSeeds } from './seed-only.ts';
import { checkShadows, type ShadowingFile } from './shadow-check.ts';
import { rulesOf } from './taxonomy.ts';

/** An experiment's change and what it is measured against. */
export interface ExperimentChange {
  /** Top of the repository. */
  root: string;
  /** Main branch. */
  main: string;
  /** Commit that the experiment started from. */
  base: string;
  /** The change, one or more commits above the base. */
  commit: string;
  config: Pick<LabConfig, 'commands' | 'experiment' | 'rules'>;
}

/** Largest file that an experiment may add or leave changed, bytes. */
export const maxExperimentFileBytes = 1_000_000;

/** Sentences beyond this many are counted, not told. */
const maxProblems = 20;

// Written by this machine or for git: in a commit they would say nothing, or change how git writes other files out.
const foreignPaths: readonly { pattern: RegExp; what: string }[] = [
  { pattern: /^(\.lab|5_worktrees)\//i, what: "is the machine's own state" },
  { pattern: /^lab\.local\.ya?ml$/i, what: "is this machine's own configuration" },
  { pattern: /(^|\/)\.gitattributes$/i, what: 'changes how git writes files out, frozen ones too' },
  { pattern: /(^|\/)\.gitmodules$/i, what: 'names submodules, and an experiment may have none' },
];

const controlCharacter = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** A path for a sentence: one with control characters is quoted, so that a name cannot forge a line. */
function showPath(path: string): string {
  return controlCharacter.test(path) ? JSON.stringify(path) : path;
}

function checkPaths(files: readonly DiffFile[], frozen: readonly string[], rules: LabConfig['rules']): string[] {
  const problems: string[] = [];
  const touched = new Set(files.map(({ path }) => path));
  for (const path of frozen) {
    const when = touched.has(path) ? 'is FROZEN, and the experiment changes it' : 'is FROZEN, and the base changed it';
    problems.push(`${showPath(path)} ${when}: take the change back, it is for a human to make`);
  }
  for (const { path } of files) {
    const found = rulesOf(path, rules);
    // A record of the lab's that is frozen too has been named above.
    if (found.length > 0 && !frozen.includes(path)) {
      problems.push(`${showPath(path)} is ${found.join(', ')}: an experiment may not write records, the lab does`);
    }
    const foreign = foreignPaths.find(({ pattern }) => pattern.test(path));
    if (foreign) problems.push(`${showPath(path)} ${foreign.what}: leave it out of an experiment`);
    // A line end in a name gets past a rule's glob; nobody needs one.
    if (controlCharacter.test(path)) problems.push(`${showPath(path)} has a control character in its name`);
  }
  return problems;
}

/** Files that Python would load in place of frozen code: the experiment's own, and such that its base brought along. */
function tellShadows(shadows: readonly ShadowingFile[], files: readonly DiffFile[]): string[] {
  const touched = new Set(files.map(({ path }) => path));
  return shadows.map(({ path, reason }) => {
    const whose = touched.has(path) ? 'give it another name or leave it out' : 'the base brought it, take it out';
    return `${showPath(path)} ${reason}: ${whose}`;
  });
}

function checkSize(files: readonly DiffFile[], limits: LabConfig['experiment']): string[] {
  const problems: string[] = [];
  const lines = files.reduce((sum, { added, removed }) => sum + (added ?? 0) + (removed ?? 0), 0);
  if (lines > limits.maxChangedLines) {
    const counted = files.map(({ path, added, removed }) => ({ path, lines: (added ?? 0) + (removed ?? 0) }));
    const largest = counted.sort((a, b) => b.lines - a.lines)[0];
    const where = largest === undefined ? '' : `, ${largest.lines} of them in ${showPath(largest.path)}`;
    problems.push(
      `changes ${lines} lines${where}, expected at most ${limits.maxChangedLines} (experiment.maxChangedLines): one idea, one small change`,
    );
  }
  if (files.length > limits.maxChangedFiles) {
    problems.push(
      `touches ${files.length} files, expected at most ${limits.maxChangedFiles} (experiment.maxChangedFiles)`,
    );
  }
  return problems;
}

/** What a file is, as far as that can be told without its content. */
function checkKinds(files: readonly DiffFile[]): string[] {
  const problems: string[] = [];
  for (const { path, change, added, bytes, isSubmodule } of files) {
    const name = showPath(path);
    if (isSubmodule) {
      problems.push(`${name} is a submodule: an experiment may neither add, change nor remove one`);
      continue;
    }
    if (change === 'deleted') continue;
    if (bytes !== null && bytes > maxExperimentFileBytes) {
      problems.push(`${name} has ${(bytes / 1e6).toFixed(1)} MB, expected at most ${maxExperimentFileBytes / 1e6} MB`);
    } else if (added === null) problems.push(describeBinary(name));
    if (isSecretLikeName(path)) problems.push(`${name} is called like a secret: keep such files out of commits`);
  }
  return problems;
}

function describeBinary(name: string): string {
  return `${name} is binary: an experiment changes text, data and weights are made by the run`;
}

/** Files that are worth reading: neither deleted nor a submodule, and not too large. */
const isReadable = (file: DiffFile): file is DiffFile & { newBlob: string } =>
  file.newBlob !== null && file.bytes !== null && file.bytes <= maxExperimentFileBytes;

async function checkContents(root: string, files: readonly DiffFile[]): Promise<string[]> {
  const readable = files.filter(isReadable);
  const blobs = await readBlobs(root, [...new Set(readable.map(({ newBlob }) => newBlob))]);
  const problems: string[] = [];
  for (const file of readable) {
    const name = showPath(file.path);
    const content = blobs.get(file.newBlob) ?? Buffer.alloc(0);
    if (file.isSymlink) {
      const target = content.toString('utf8');
      const reason = checkLinkTarget(file.path, target);
      if (reason !== null) problems.push(`${name} is a symbolic link to ${JSON.stringify(target)}, which ${reason}`);
      continue;
    }
    // An attribute can make git count the lines of a binary as if it were text.
    if (file.added !== null && content.includes(0)) problems.push(describeBinary(name));
    const keys = findKeys(content.toString('utf8'));
    if (keys.length === 0) continue;
    const known = await readKnownKeys(root, file);
    for (const { kind, value, shown, line } of keys) {
      if (!known.has(value)) problems.push(`${name}:${line} holds what looks like ${kind} (${shown}): take it out`);
    }
  }
  return problems;
}

/** What turns a change away that is another seed and nothing else: its number would be luck. */
async function checkSeeds(root: string, files: readonly DiffFile[]): Promise<string[]> {
  const edited = files.filter(isReadable).filter(({ change, isSymlink, added, oldMode, newMode }) => {
    return change === 'modified' && !isSymlink && added !== null && oldMode === newMode;
  });
  if (edited.length < files.length) return [];
  const blobs = await readBlobs(root, [
    ...new Set(edited.flatMap(({ oldBlob, newBlob }) => [oldBlob ?? newBlob, newBlob])),
  ]);
  const textOf = (hash: string | null) => blobs.get(hash ?? '')?.toString('utf8') ?? '';
  const compared = edited.map(({ path, oldBlob, newBlob }) => ({
    path,
    comparison: compareSeeds(path, textOf(oldBlob), textOf(newBlob)),
  }));
  const moved = compared.flatMap(({ path, comparison }) =>
    comparison.kind === 'seeds' ? [{ path, ...comparison }] : [],
  );
  const [first] = moved;
  if (first === undefined || compared.some(({ comparison }) => comparison.kind === 'other')) return [];
  const { path, line, before, after } = first;
  return [
    `${showPath(path)}:${line} moves a seed ("${before}" to "${after}") and nothing else changes: another seed is another draw of the same luck, no idea; the lab chooses seeds by itself (LAB_SEED)`,
  ];
}

/** Keys that the file held before: somebody else's, and no reason to turn this change away. */
async function readKnownKeys(root: string, { oldBlob }: DiffFile): Promise<Set<string>> {
  if (oldBlob === null) return new Set();
  const before = (await readBlobs(root, [oldBlob])).get(oldBlob);
  return new Set(findKeys(before?.toString('utf8') ?? '').map(({ value }) => value));
}

/**
 * Problems that turn an experiment's change away; empty where there are none. At most 20 are told, the rest is counted. With more files
 * than allowed their contents are not read. Throws LabError where a commit or the main branch is unknown.
 */
export async function checkExperimentCommit(change: ExperimentChange): Promise<string[]> {
  if (isLockOpen('check')) return [];
  const { root, main, base, commit, config } = change;
  if (!(await isAncestor(root, base, commit))) {
    return [`${commit.slice(0, 7)} does not stand on its base ${base.slice(0, 7)}: history was rewritten, start again`];
  }
  const { files } = await readDiffFacts(root, base, commit);
  if (files.length === 0) return ['changes nothing: the commit holds the same files as its base'];
  const own = files.map(({ path }) => path).filter((path) => rulesOf(path, config.rules).includes('FROZEN'));
  const frozen = [...new Set([...own, ...(await checkFrozen(root, main, commit, config.rules))])].sort();
  const problems = [
    ...checkPaths(files, frozen, config.rules),
    ...tellShadows(await checkShadows({ root, main, commit, rules: config.rules, commands: config.commands }), files),
    ...checkSize(files, config.experiment),
    ...checkKinds(files),
  ];
  if (files.length <= config.experiment.maxChangedFiles) {
    problems.push(...(await checkContents(root, files)), ...(await checkSeeds(root, files)));
  }
  if (problems.length <= maxProblems) return problems;
  return [...problems.slice(0, maxProblems), `and ${problems.length - maxProblems} more problems of this kind`];
}
