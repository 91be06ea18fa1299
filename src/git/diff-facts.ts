/**
 * What one commit changes against another: the facts of every file, and the diff as text. Plumbing, so that the user's diff settings,
 * external diff programs and text conversions change nothing. What is allowed is not decided here (rules/experiment-check.ts).
 */
import { readBlobSizes } from './blob-content.ts';
import { runGit, runGitBytes } from './run-git.ts';

/** One file that differs between two commits. A rename is a deleted and an added file. */
export interface DiffFile {
  /** Relative to the repository root, with slashes. Bytes that are no UTF-8 show as U+FFFD. */
  path: string;
  change: 'added' | 'modified' | 'deleted';
  /** Lines; null: git holds it for binary, by its content or by an attribute of the root checkout. */
  added: number | null;
  /** Lines; null as for `added`. */
  removed: number | null;
  /** Git's file mode before, "100644"; null for an added file. */
  oldMode: string | null;
  /** Git's file mode after; null for a deleted file. */
  newMode: string | null;
  /** Hash of the blob before; null for an added file and for a submodule. */
  oldBlob: string | null;
  /** Hash of the blob after; null for a deleted file and for a submodule. */
  newBlob: string | null;
  /** True where it is a symbolic link after the change. */
  isSymlink: boolean;
  /** True where it is a submodule before or after the change. */
  isSubmodule: boolean;
  /** Size after the change; null for a deleted file and for a submodule. */
  bytes: number | null;
}

/** Every file that differs between two commits. */
export interface DiffFacts {
  files: DiffFile[];
}

const noMode = '000000';
const submoduleMode = '160000';

function parseRawRecord(record: string, path: string): DiffFile {
  const [oldMode = noMode, newMode = noMode, oldHash = '', newHash = ''] = record.slice(1).split(' ');
  const blobOf = (mode: string, hash: string) => (mode === noMode || mode === submoduleMode ? null : hash);
  return {
    path,
    change: oldMode === noMode ? 'added' : newMode === noMode ? 'deleted' : 'modified',
    added: null,
    removed: null,
    oldMode: oldMode === noMode ? null : oldMode,
    newMode: newMode === noMode ? null : newMode,
    oldBlob: blobOf(oldMode, oldHash),
    newBlob: blobOf(newMode, newHash),
    isSymlink: newMode === '120000',
    isSubmodule: oldMode === submoduleMode || newMode === submoduleMode,
    bytes: null,
  };
}

/** Reads `--raw --numstat -z`: all raw records with their paths come first, then the counts in the same form. */
function parseDiff(output: string): DiffFile[] {
  const files = new Map<string, DiffFile>();
  const fields = output.split('\0');
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index] ?? '';
    if (field.startsWith(':')) {
      const path = fields[++index] ?? '';
      files.set(path, parseRawRecord(field, path));
      continue;
    }
    const counts = /^(\d+|-)\t(\d+|-)\t([\s\S]*)$/.exec(field);
    const file = files.get(counts?.[3] ?? '');
    if (!counts || file === undefined || counts[1] === '-') continue;
    file.added = Number(counts[1]);
    file.removed = Number(counts[2]);
  }
  return [...files.values()];
}

/** Facts of every file that differs between two commits, in git's order. Throws LabError where a commit is unknown. */
export async function readDiffFacts(root: string, base: string, commit: string): Promise<DiffFacts> {
  const options = ['-r', '-z', '--raw', '--numstat', '--no-renames', '--ignore-submodules=none', '--no-ext-diff'];
  const args = ['diff-tree', ...options, '--no-textconv', '--end-of-options', base, commit];
  // Paths are bytes: latin1 keeps two of them apart that both are no UTF-8.
  const files = parseDiff((await runGitBytes(root, args)).toString('latin1'));
  const sizes = await readBlobSizes(
    root,
    files.flatMap(({ newBlob }) => (newBlob === null ? [] : [newBlob])),
  );
  return {
    files: files.map((file) => ({
      ...file,
      path: Buffer.from(file.path, 'latin1').toString('utf8'),
      bytes: file.newBlob === null ? null : (sizes.get(file.newBlob) ?? null),
    })),
  };
}

/**
 * The unified diff between two commits; a binary file is named without its content. Beyond `limitBytes` it is cut after a whole line,
 * and a last line in brackets says how much is missing. Throws LabError where a commit is unknown.
 */
export async function readDiff(root: string, base: string, commit: string, limitBytes: number): Promise<string> {
  const options = ['-r', '-p', '--no-renames', '--ignore-submodules=none', '--no-ext-diff', '--no-textconv'];
  const args = ['diff-tree', ...options, '--unified=3', '--end-of-options', base, commit];
  const bytes = await runGitBytes(root, args);
  if (bytes.length <= limitBytes) return bytes.toString('utf8');
  const kept = bytes.subarray(0, bytes.lastIndexOf(10, Math.max(0, limitBytes - 1)) + 1);
  const missing = bytes.length - kept.length;
  return `${kept.toString('utf8')}[the diff is cut here: ${missing} of ${bytes.length} bytes are missing]\n`;
}

/** Whether `base` is `commit` or one of its ancestors. Throws LabError where one is unknown. */
export async function isAncestor(root: string, base: string, commit: string): Promise<boolean> {
  const commits = await runGit(root, ['rev-list', '--max-count=1', '--end-of-options', base, `^${commit}`]);
  return commits === '';
}
