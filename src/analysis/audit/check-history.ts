/**
 * Check `history`: over main's first-parent history append-only files never lost a byte and FROZEN files changed only as the rules allow;
 * and the root checkout holds no such loss uncommitted. Here the commits are found that have to be judged,
 * many contents in one git call; judge-history.ts judges them.
 */
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBlobSizes, readBlobs } from '../../git/blob-content.ts';
import { runGit, runGitResult } from '../../git/run-git.ts';
import { checkGrowth } from '../../rules/append-only.ts';
import { rulesOf } from '../../rules/taxonomy.ts';
import type { AuditSources } from './audit-sources.ts';
import { type CheckResult, type Finding, wrong } from './finding.ts';
import { judgeHistory } from './judge-history.ts';
import type { MainCommit } from './main-history.ts';

/** Contents that are held in memory at once, bytes. */
const batchBytes = 64 * 1024 * 1024;

interface Growth {
  commit: string;
  path: string;
  before: string;
  after: string;
}

/** True where it is plain that old bytes stayed: a table with more lines, a journal with more above its first entry. False says nothing yet. */
export function isPlainGrowth(path: string, before: Buffer, after: Buffer): boolean {
  if (before.equals(after)) return true;
  const added = after.length - before.length;
  if (added < 0) return false;
  if (!/\.(md|markdown)$/i.test(path)) return before.at(-1) === 10 && after.subarray(0, before.length).equals(before);
  const at = before.indexOf('\n## ') + 1;
  if (at === 0 || before.subarray(0, 3).toString('latin1') === '## ') return false;
  return after.subarray(0, at).equals(before.subarray(0, at)) && after.subarray(at + added).equals(before.subarray(at));
}

/** Commits in which an append-only file did more than grow. */
async function findLosses(root: string, growths: readonly Growth[]): Promise<Set<string>> {
  const sizes = await readBlobSizes(root, [...new Set(growths.flatMap(({ before, after }) => [before, after]))]);
  const found = new Set<string>();
  let at = 0;
  while (at < growths.length) {
    const batch: Growth[] = [];
    const wanted = new Set<string>();
    let bytes = 0;
    for (; at < growths.length && (batch.length === 0 || bytes < batchBytes); at += 1) {
      const growth = growths[at];
      if (growth === undefined) break;
      batch.push(growth);
      for (const hash of [growth.before, growth.after]) {
        if (!wanted.has(hash)) bytes += sizes.get(hash) ?? 0;
        wanted.add(hash);
      }
    }
    const blobs = await readBlobs(root, [...wanted]);
    for (const { commit, path, before, after } of batch) {
      const [old, now] = [blobs.get(before), blobs.get(after)];
      if (old === undefined || now === undefined || isPlainGrowth(path, old, now)) continue;
      if (checkGrowth(path, old.toString('latin1'), now.toString('latin1')) !== null) found.add(commit);
    }
  }
  return found;
}

/** Commits that have to be judged: a FROZEN file changed, or an append-only one did more than grow. */
async function findSuspects({ history, config, paths }: AuditSources): Promise<MainCommit[]> {
  const suspects = new Set<string>();
  const growths: Growth[] = [];
  let hasLab = false;
  for (const { hash, parents, changes } of history) {
    const wasLab = hasLab;
    for (const { path, newMode } of changes) if (path === 'lab.yaml') hasLab = newMode !== null;
    if (!wasLab || parents.length === 0) continue;
    // A merge may drop what the other parent had, and differ from its first parent in nothing.
    if (parents.length > 1) suspects.add(hash);
    for (const { path, oldBlob, newBlob, oldMode, newMode } of changes) {
      const rules = rulesOf(path, config.rules);
      if (rules.includes('FROZEN')) suspects.add(hash);
      if (!rules.includes('APPEND-ONLY') || oldBlob === null) continue;
      const isPlain = oldMode?.startsWith('100') === true && newMode?.startsWith('100') === true;
      if (!isPlain || newBlob === null) suspects.add(hash);
      else growths.push({ commit: hash, path, before: oldBlob, after: newBlob });
    }
  }
  for (const commit of await findLosses(paths.root, growths)) suspects.add(commit);
  return history.filter(({ hash }) => suspects.has(hash));
}

/** What the root checkout would lose if it were committed now; nothing where it is on another branch. */
async function checkCheckout(sources: AuditSources): Promise<Finding[]> {
  const { paths, main, config, files } = sources;
  const head = await runGitResult(paths.root, ['symbolic-ref', '--quiet', 'HEAD']);
  if (head.stdout.toString('utf8').trim() !== `refs/heads/${main}`) return [];
  const changed = await runGit(paths.root, ['diff', '--name-only', '-z', '--no-renames', `refs/heads/${main}`, '--']);
  return changed.split('\0').flatMap((path): Finding[] => {
    const old = files.find((file) => file.path === path);
    if (old === undefined || !rulesOf(path, config.rules).includes('APPEND-ONLY')) return [];
    const expected = 'expected its old text byte for byte (not committed)';
    const file = join(paths.root, path);
    const stat = lstatSync(file, { throwIfNoEntry: false });
    if (stat === undefined)
      return [wrong(`${path}:1`, `is APPEND-ONLY and is deleted in the root checkout, ${expected}`)];
    if (!stat.isFile()) return [wrong(path, `is APPEND-ONLY and is no plain file in the root checkout, ${expected}`)];
    const before = old.bytes.toString('latin1');
    const now = readFileSync(file).toString('latin1');
    // A checkout may have other line ends than git keeps.
    const violation = checkGrowth(path, before, before.includes('\r\n') ? now : now.replaceAll('\r\n', '\n'));
    return violation === null ? [] : [wrong(`${path}:${violation.line}`, `${violation.message} (not committed)`)];
  });
}

/** The check. */
export async function checkHistory(sources: AuditSources): Promise<CheckResult> {
  const suspects = await findSuspects(sources);
  const findings = [...(await judgeHistory(sources, suspects)), ...(await checkCheckout(sources))];
  return { name: 'history', checked: sources.history.length, findings };
}
