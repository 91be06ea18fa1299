/** Main's first-parent history with what each commit changed, in one git call however long it is. Contents are not read here. */
import { runGitBytes } from '../../git/run-git.ts';
import type { TreeChange } from '../../git/tree-diff.ts';

/** One commit of main. */
export interface MainCommit {
  hash: string;
  parents: string[];
  /** Name of the author: `git pull --rebase` makes whoever pulls the committer of what the recorder wrote. */
  by: string;
  subject: string;
  /** Lines of the message below the subject. */
  body: string;
  /** Against the first parent; of the first commit everything. */
  changes: TreeChange[];
}

const mark = '\u0001';
const fieldMark = '\u0002';

function orNull(mode: string, value: string): string | null {
  return mode === '000000' ? null : value;
}

/** Parses `git log -z --raw` with the format that readMainHistory asks for. Pure. */
export function parseMainHistory(output: Buffer): MainCommit[] {
  const commits: MainCommit[] = [];
  const fields = output.toString('utf8').split('\0');
  for (let index = 0; index < fields.length; index += 1) {
    const field = fields[index] ?? '';
    if (field.startsWith(mark)) {
      const [hash = '', parents = '', by = '', subject = '', body = ''] = field.slice(1).split(fieldMark);
      commits.push({ hash, parents: parents.split(' ').filter((one) => one !== ''), by, subject, body, changes: [] });
      continue;
    }
    const found = /^\n?:(\d+) (\d+) ([0-9a-f]+) ([0-9a-f]+) [A-Z]\d*$/.exec(field);
    if (found === null) continue;
    const [, oldMode = '', newMode = '', oldBlob = '', newBlob = ''] = found;
    index += 1;
    commits.at(-1)?.changes.push({
      path: fields[index] ?? '',
      oldMode: orNull(oldMode, oldMode),
      newMode: orNull(newMode, newMode),
      oldBlob: orNull(oldMode, oldBlob),
      newBlob: orNull(newMode, newBlob),
    });
  }
  return commits;
}

/** Reads it, the oldest commit first. Throws LabError where the branch is unknown. */
export async function readMainHistory(root: string, main: string): Promise<MainCommit[]> {
  const format = `--format=${['%x01%H', '%P', '%an', '%s', '%b'].join('%x02')}`;
  const options = ['--first-parent', '-m', '--reverse', '--root', '--raw', '-z', '--no-abbrev', '--no-renames'];
  const args = ['log', ...options, '--no-show-signature', '--no-notes', '--ignore-submodules=none', format];
  return parseMainHistory(await runGitBytes(root, [...args, `refs/heads/${main}`, '--']));
}

/** Jobs that a commit of the recorder speaks of: "recorder: job 4 keep: …", or those that it put back. Pure. */
export function jobsOfRecorder({ by, subject, body }: MainCommit, recorder: string): number[] {
  if (by !== recorder) return [];
  const single = /^recorder: job (\d+) /.exec(subject)?.[1];
  if (single !== undefined) return [Number(single)];
  const list = subject === 'recorder: put back lost records' ? /Checked: job ([\d, ]+)/.exec(body)?.[1] : undefined;
  return (list?.match(/\d+/g) ?? []).map(Number);
}
