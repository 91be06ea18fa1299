/**
 * Which broken rules of main's history were put right later: the path's state from before the first of them came back, or a text that
 * grew from it as the rules allow. Where a way back is a broken rule itself (`git revert` takes text away), it is told as such.
 */
import { readBlobs } from '../../git/blob-content.ts';
import { readTreeEntry } from '../../git/repository.ts';
import { checkGrowth } from '../../rules/append-only.ts';
import type { MainCommit } from './main-history.ts';

/** One broken rule of one commit. */
export interface Violation {
  commit: MainCommit;
  path: string;
  rule: 'FROZEN' | 'APPEND-ONLY';
}

/** What became of a broken rule: undone by a later commit, or itself what undid an earlier one. Full hashes. */
export type Mend = { kind: 'put back'; in: string } | { kind: 'puts back'; what: string };

interface State {
  blob: string | null;
  mode: string | null;
}

interface Pending {
  violation: Violation;
  /** As it was before; null where that cannot come back any more. */
  good: State | null;
  /** Lines that were added by right since, or that a merge lost: a way back has to have them too. */
  needed: Set<string>;
}

interface Step {
  commit: MainCommit;
  before: State;
  after: State;
  violations: Violation[];
}

async function readText(root: string, { blob, mode }: State): Promise<string | null> {
  if (blob === null || mode?.startsWith('100') !== true) return null;
  return (await readBlobs(root, [blob])).get(blob)?.toString('latin1') ?? null;
}

function linesOf(text: string | null): string[] {
  return (text ?? '').split(/\r?\n/).filter((line) => line.trim() !== '');
}

async function readState(root: string, revision: string, path: string): Promise<State> {
  const entry = await readTreeEntry(root, revision, path);
  return { blob: entry?.hash ?? null, mode: entry?.mode ?? null };
}

/** The commits that changed the path or broke a rule for it, from the first violation on. */
async function listSteps(
  root: string,
  history: readonly MainCommit[],
  path: string,
  violations: readonly Violation[],
): Promise<Step[]> {
  const steps: Step[] = [];
  // They come in the order of the commits.
  const [first] = violations;
  for (const commit of first === undefined ? [] : history.slice(history.indexOf(first.commit))) {
    const own = violations.filter((violation) => violation.commit === commit);
    const change = commit.changes.find((one) => one.path === path);
    if (change !== undefined) {
      const before = { blob: change.oldBlob, mode: change.oldMode };
      steps.push({ commit, before, after: { blob: change.newBlob, mode: change.newMode }, violations: own });
    } else if (own.length > 0) {
      const state = await readState(root, commit.hash, path);
      steps.push({ commit, before: state, after: state, violations: own });
    }
  }
  return steps;
}

async function openPending(root: string, step: Step, violation: Violation): Promise<Pending> {
  const { commit, path, rule } = violation;
  const others = commit.parents.slice(1);
  const needed = new Set<string>();
  let good: State | null = step.before;
  if (rule === 'APPEND-ONLY') {
    for (const other of others)
      for (const line of linesOf(await readText(root, await readState(root, other, path)))) needed.add(line);
  } else if (step.before.blob === step.after.blob && step.before.mode === step.after.mode) {
    // A merge that took back what its other parent had changed by right.
    const [other] = others;
    good = other === undefined || others.length > 1 ? null : await readState(root, other, path);
  }
  return { violation, good, needed };
}

async function isGrownFrom(root: string, { good, needed, violation }: Pending, after: State): Promise<boolean> {
  const [old, now] = [good === null ? null : await readText(root, good), await readText(root, after)];
  if (old === null || now === null || checkGrowth(violation.path, old, now) !== null) return false;
  const lines = new Set(linesOf(now));
  return [...needed].every((line) => lines.has(line));
}

/** One path's history, walked once. */
async function walk(root: string, steps: readonly Step[], mends: Map<Violation, Mend>): Promise<void> {
  let pending: Pending[] = [];
  const close = (step: Step, from: Pending, rules: readonly string[]): void => {
    const at = pending.indexOf(from);
    const done = pending.filter(({ violation }, index) => index >= at && rules.includes(violation.rule));
    for (const { violation } of done) mends.set(violation, { kind: 'put back', in: step.commit.hash });
    for (const violation of step.violations)
      if (rules.includes(violation.rule)) mends.set(violation, { kind: 'puts back', what: from.violation.commit.hash });
    pending = pending.filter((one) => !done.includes(one));
  };
  /** Commits in a row that broke nothing: a text that has grown from the good one goes on to do so, so that the end tells. */
  const settle = async (run: readonly Step[]): Promise<void> => {
    const [first, last] = [run[0], run.at(-1)];
    const open = () => pending.filter(({ violation }) => violation.rule === 'APPEND-ONLY');
    if (first === undefined || last === undefined || open().length === 0) return;
    for (const one of open()) {
      if (!(await isGrownFrom(root, one, last.after))) continue;
      let [low, high] = [0, run.length - 1];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (await isGrownFrom(root, one, run[middle]?.after ?? last.after)) high = middle;
        else low = middle + 1;
      }
      close(run[low] ?? last, one, ['APPEND-ONLY']);
      break;
    }
    if (open().length === 0) return;
    const old = new Set(linesOf(await readText(root, first.before)));
    const gained = linesOf(await readText(root, last.after)).filter((line) => !old.has(line));
    for (const { needed } of open()) for (const line of gained) needed.add(line);
  };
  let run: Step[] = [];
  for (const step of steps) {
    if (step.violations.length > 0) {
      await settle(run);
      run = [];
    }
    const isBack = ({ violation, good }: Pending) =>
      violation.rule === 'FROZEN' && good?.blob === step.after.blob && good.mode === step.after.mode;
    const equal = pending.find(isBack);
    if (equal !== undefined) close(step, equal, ['FROZEN', 'APPEND-ONLY']);
    if (step.violations.length === 0) {
      // What was changed by right since may not be taken away by putting the old state back.
      for (const one of pending) if (one.violation.rule === 'FROZEN') one.good = null;
      run.push(step);
      continue;
    }
    for (const one of pending) {
      if (one.violation.rule !== 'APPEND-ONLY' || !(await isGrownFrom(root, one, step.after))) continue;
      close(step, one, ['APPEND-ONLY']);
      break;
    }
    for (const violation of step.violations)
      if (!mends.has(violation)) pending.push(await openPending(root, step, violation));
  }
  await settle(run);
}

/** What became of each violation; those that stand are not in it. `history` is main's, the oldest first. */
export async function findMends(
  root: string,
  history: readonly MainCommit[],
  violations: readonly Violation[],
): Promise<Map<Violation, Mend>> {
  const mends = new Map<Violation, Mend>();
  for (const path of new Set(violations.map((violation) => violation.path))) {
    const own = violations.filter((violation) => violation.path === path);
    await walk(root, await listSteps(root, history, path, own), mends);
  }
  return mends;
}
