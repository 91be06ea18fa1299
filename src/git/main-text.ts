/**
 * Which branch is main, and the text of lab.yaml on it, found with one git process where nothing is unusual: every command that reads the
 * configuration pays for it. The order is that of resolveMainBranch in repository.ts, and main's lab.yaml may name another branch. What
 * the root checkout holds has no say as long as main has a lab.yaml.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfigText } from '../config/load.ts';
import { LabError } from '../errors/lab-error.ts';
import { cleanGitEnvironment, fixedGitSettings } from './git-environment.ts';
import { findGitFolder, readText } from './ref-stamp.ts';

/** What main holds. */
export interface MainText {
  /** Name of the main branch, which need not have a commit; null where nothing tells it. */
  branch: string | null;
  /** lab.yaml of its newest commit; null where main has none yet. */
  text: string | null;
}

function runGitNow(root: string, args: string[], input = ''): { code: number; stdout: Buffer; stderr: string } {
  try {
    const stdout = execFileSync('git', [...fixedGitSettings, ...args], {
      cwd: root,
      env: cleanGitEnvironment({}),
      input,
      maxBuffer: 256 * 1024 * 1024,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return { code: 0, stdout, stderr: '' };
  } catch (error) {
    const { status, stdout, stderr } = error as { status?: number | null; stdout?: Buffer; stderr?: Buffer };
    if (typeof status !== 'number')
      throw new LabError('user', `git could not be started in ${root}`, {
        hints: ['lab doctor    names what is missing on this machine'],
        cause: error,
      });
    return { code: status, stdout: stdout ?? Buffer.alloc(0), stderr: (stderr ?? '').toString().trim() };
  }
}

/** The objects of these names, in their order; null for one that does not exist. */
function readObjects(root: string, names: string[]): ({ type: string; content: Buffer } | null)[] {
  const { code, stdout, stderr } = runGitNow(root, ['cat-file', '--batch'], `${names.join('\n')}\n`);
  if (code !== 0)
    throw new LabError('user', `git cat-file failed in ${root}`, { cause: new Error(stderr || `exit code ${code}`) });
  let at = 0;
  return names.map(() => {
    const end = stdout.indexOf(10, at);
    const [, type, size] = /^[0-9a-f]+ (\w+) (\d+)$/.exec(stdout.toString('utf8', at, end)) ?? [];
    if (type === undefined || size === undefined) {
      at = end + 1;
      return null;
    }
    const content = stdout.subarray(end + 1, end + 1 + Number(size));
    at = end + 1 + Number(size) + 1;
    return { type, content };
  });
}

/** What each branch holds: whether there is such a branch, and its lab.yaml. */
function readBranches(root: string, branches: string[]): Map<string, { exists: boolean; text: string | null }> {
  const found = readObjects(
    root,
    branches.flatMap((branch) => [`refs/heads/${branch}`, `refs/heads/${branch}:lab.yaml`]),
  );
  return new Map(
    branches.map((branch, index) => {
      const file = found[2 * index + 1];
      const text = file?.type === 'blob' ? file.content.toString('utf8') : null;
      return [branch, { exists: (found[2 * index] ?? null) !== null, text }];
    }),
  );
}

/** The branch that a text names as main; null where it names none, or is broken (who reads all of it says so). */
function namedMain(text: string | null): string | null {
  if (text === null || !/\bmain["']?\s*:/.test(text)) return null;
  try {
    const { main } = parseConfigText({ text, name: 'lab.yaml' });
    // What git would not take for a branch must not reach its standard input.
    return typeof main === 'string' && /^[^\s~^:?*[\\]+$/.test(main) ? main : null;
  } catch (error) {
    if (error instanceof LabError) return null;
    throw error;
  }
}

function readSymbolicRef(root: string, folder: string, name: string): string | null {
  // With reftables there are no files to read; HEAD is a placeholder then.
  const text = existsSync(join(folder, 'reftable'))
    ? `ref: ${runGitNow(root, ['symbolic-ref', '--quiet', name]).stdout.toString('utf8')}`
    : (readText(join(folder, name)) ?? '');
  return /^ref: (.+)/.exec(text)?.[1]?.trim() ?? null;
}

/** The branch that is checked out in the root; null for a detached HEAD. Starts no git but in a repository with reftables. */
export function readCheckedOutBranch(root: string): string | null {
  const ref = readSymbolicRef(root, findGitFolder(root), 'HEAD');
  return ref?.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null;
}

/** Branches that may be main where no name says so: the only one there is, else the one checked out. */
function findUnnamedMain(root: string): string | null {
  const branches = runGitNow(root, ['for-each-ref', '--count=2', '--format=%(refname)', 'refs/heads/'])
    .stdout.toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
  const [only] = branches;
  return branches.length === 1 && only !== undefined ? only.slice('refs/heads/'.length) : readCheckedOutBranch(root);
}

/** Names that are main where there is such a branch, the first first: what origin calls its head, then main, master, trunk. */
export function listUsualMains(root: string): string[] {
  const origin = readSymbolicRef(root, findGitFolder(root), 'refs/remotes/origin/HEAD');
  const remote = origin?.startsWith('refs/remotes/origin/') ? [origin.slice('refs/remotes/origin/'.length)] : [];
  return [...new Set([...remote, 'main', 'master', 'trunk'])];
}

/**
 * Finds main and its lab.yaml. `workingText` is lab.yaml of the root checkout: where main by its usual names has no lab.yaml, a branch that
 * it names counts if that branch's own lab.yaml names it too. Throws LabError (config) where a lab.yaml names a branch that does not exist,
 * or two name each other.
 */
export function readMainText(root: string, workingText: string | null): MainText {
  const usual = listUsualMains(root);
  const claimed = namedMain(workingText);
  const known = readBranches(root, [...new Set([...usual, ...(claimed === null ? [] : [claimed])])]);
  const read = (branch: string) => {
    const found = known.get(branch) ?? readBranches(root, [branch]).get(branch) ?? { exists: false, text: null };
    known.set(branch, found);
    return found;
  };
  let branch = usual.find((name) => read(name).exists) ?? findUnnamedMain(root);
  let text = branch === null ? null : read(branch).text;
  if (text === null && claimed !== null && namedMain(read(claimed).text) === claimed)
    return { branch: claimed, text: read(claimed).text };
  const passed: string[] = [];
  for (let next = namedMain(text); branch !== null && next !== null && next !== branch; next = namedMain(text)) {
    const found = read(next);
    if (!found.exists)
      throw new LabError(
        'config',
        `${branch}:lab.yaml names '${next}' as the main branch, and ${root} has no such branch`,
        { hints: ['git branch    lists them'] },
      );
    passed.push(branch);
    if (passed.includes(next))
      throw new LabError(
        'config',
        `lab.yaml names one branch after the other as main: ${[...passed, next].join(', ')}`,
        {
          hints: ['`main:` has to be the same in lab.yaml of all of them'],
        },
      );
    branch = next;
    if (found.text === null) break;
    text = found.text;
  }
  return { branch, text };
}

/** lab.yaml of a branch and the main that it names; null where the branch, the file or the name is missing. */
export function readBranchText(root: string, branch: string): { text: string | null; names: string | null } {
  const text = readBranches(root, [branch]).get(branch)?.text ?? null;
  return { text, names: namedMain(text) };
}
