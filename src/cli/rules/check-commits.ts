/** What `lab rules check` looks at, by words or by what git tells a pre-push hook, and how its findings read. Judging is src/rules. */
import { LabError } from '../../errors/lab-error.ts';
import { findCommit, resolveCommit } from '../../git/repository.ts';
import { formatRuleProblem, type RuleProblem } from '../../rules/commit-check.ts';
import {
  type CommitProblems,
  checkRange,
  checkRewrite,
  checkStaged,
  type RuleSource,
} from '../../rules/commit-facts.ts';
import { disarmLine } from '../page.ts';

/** What a check looked at and found. */
export interface Checked {
  /** What was looked at, "what is staged" or "3 commits". */
  subject: string;
  found: CommitProblems[];
}

function countCommits(count: number): string {
  return `${count} ${count === 1 ? 'commit' : 'commits'}`;
}

/** Checks what is staged, or each commit of the one range "A..B". Throws LabError (usage) on other words, (user) on unknown revisions. */
export async function checkWords(source: RuleSource, words: readonly string[]): Promise<Checked> {
  const [range, ...others] = words;
  if (range === undefined) {
    // Git gives a hook the index that it commits, which is not always the checkout's own.
    const staged = await checkStaged(source, process.env.GIT_INDEX_FILE ?? null);
    return { subject: 'what is staged', found: staged.problems.length === 0 ? [] : [staged] };
  }
  const ends = /^(.+?)\.\.([^.].*)?$/.exec(range);
  if (others.length > 0 || ends?.[1] === undefined) {
    throw new LabError('usage', `lab rules check got "${words.join(' ')}", expected one range such as main..HEAD`, {
      hints: ['`lab rules check` without a range looks at what is staged'],
    });
  }
  const first = await resolveCommit(source.cwd, ends[1]);
  const last = await resolveCommit(source.cwd, ends[2] ?? 'HEAD');
  const { checked, found } = await checkRange(source, [last, `^${first}`]);
  return { subject: countCommits(checked), found };
}

/**
 * Checks what a push to `remote` brings, told in git's lines "<local ref> <hash> <remote ref> <hash>": every commit that the remote is
 * not known to have, and whether main's old text is kept.
 */
export async function checkPushed(source: RuleSource, remote: string, lines: string): Promise<Checked> {
  const found = new Map<string, CommitProblems>();
  let checked = 0;
  for (const line of lines.split('\n')) {
    const [, local = '', remoteRef = '', there = ''] = line.split(' ');
    const commit = /^0*$/.test(local) ? null : await findCommit(source.cwd, local);
    if (commit === null) continue;
    const isKnown = !/^0*$/.test(there) && (await findCommit(source.cwd, there)) !== null;
    const range = await checkRange(source, [commit, '--not', ...(isKnown ? [there] : []), `--remotes=${remote}`]);
    checked += range.checked;
    for (const one of range.found) found.set(one.commit ?? '', one);
    if (!isKnown || remoteRef !== `refs/heads/${source.main}`) continue;
    const problems = await checkRewrite(source, there, commit);
    if (problems.length > 0) found.set(`${there}..${commit}`, { commit: `${there}..${commit}`, problems });
  }
  return { subject: countCommits(checked), found: [...found.values()] };
}

/** A commit or a range of two with seven digits each. */
function shortenCommit(commit: string): string {
  return commit
    .split('..')
    .map((hash) => hash.slice(0, 7))
    .join('..');
}

/** One line for each problem, with its commit where there is one; "" where there are none. */
export function renderFound(found: readonly CommitProblems[]): string {
  const describe = (commit: string | null, problem: RuleProblem): string =>
    `${commit === null ? '' : `${shortenCommit(commit)}: `}${disarmLine(formatRuleProblem(problem))}\n`;
  return found.flatMap(({ commit, problems }) => problems.map((problem) => describe(commit, problem))).join('');
}
