/**
 * Puts the champion together that a judged experiment asks for, and says what it is worth. Writes git objects and one ref, no working tree.
 * What does not merge cleanly is left out, and said; which changes are wanted is judge-experiment.ts's.
 */
import type { ChampionState, Change } from '../../src/domain/change.ts';
import type { Decision } from '../../src/domain/result.ts';
import type { Run } from '../../src/domain/run.ts';
import { composeCommit } from '../../src/git/compose-commit.ts';
import { runGit } from '../../src/git/run-git.ts';
import type { ChampionPlan, JudgedExperiment } from './judge-experiment.ts';

/** What became of a judged experiment. */
export interface SettledExperiment extends JudgedExperiment {
  /** The champion from now on; null where the run changes nothing. */
  champion: ChampionState | null;
}

/** The run that was judged. */
export interface JudgedRun {
  number: number;
  /** Full hash of what ran. */
  commit: string;
  run: Run;
}

/** Settles; asked again it gives the same commit. Throws LabError where git does. */
export async function settleChampion(
  root: string,
  judged: JudgedExperiment,
  ran: JudgedRun,
): Promise<SettledExperiment> {
  const { plan, decision } = judged;
  if (plan === null) return { ...judged, champion: null };
  const { own, before } = plan;
  const made = await putTogether(root, plan, ran);
  const isKept = made.changes.some(({ commit }) => commit === own.commit);
  if (decision.status !== 'keep' || isKept) {
    const reason = `${decision.reason}${describeMoves(plan, made)}`;
    return { ...judged, decision: { ...decision, reason }, champion: appraise(judged, plan, made, ran) };
  }
  const built = plan.built;
  const present = before?.changes ?? [];
  // It helps, and cannot be put into the champion: it may only take its place with what it was built on.
  if (built !== null && levelOf(judged, plan, built) > levelOf(judged, plan, present)) {
    const reason = `${decision.reason}; it does not merge with the champion and takes its place`;
    const champion = appraise(judged, plan, { commit: own.commit, changes: built }, ran);
    return { ...judged, decision: { ...decision, reason }, champion };
  }
  const reason = `${decision.reason}; but it does not merge with the champion of by now (\`lab idea retry ${own.slug}\` builds it anew)`;
  const discarded: Decision = { ...decision, status: 'discard', evidence: '', reason };
  return { ...judged, decision: discarded, champion: appraise(judged, plan, made, ran) };
}

/** What else leaves or joins the champion with this decision: no row of its own says it. */
function describeMoves({ before, own }: ChampionPlan, { changes }: Code): string {
  const isIn = (list: readonly Change[], { commit }: Change) => list.some((one) => one.commit === commit);
  const present = before?.changes ?? [];
  const name = (list: Change[]) => list.map(({ slug }) => slug).join(', ');
  const gone = present.filter((change) => !isIn(changes, change));
  const come = changes.filter((change) => !isIn(present, change) && change.commit !== own.commit);
  return `${gone.length === 0 ? '' : `; leaves the champion by what all runs say: ${name(gone)}`}${come.length === 0 ? '' : `; joins it: ${name(come)}`}`;
}

interface Code {
  commit: string;
  changes: Change[];
}

/** The code for the plan's changes, as far as they merge. */
async function putTogether(root: string, plan: ChampionPlan, ran: JudgedRun): Promise<Code> {
  const { before, changes, own, built } = plan;
  const present: Code = before ?? { commit: plan.root, changes: [] };
  if (isSameSet(present.changes, changes)) return { commit: present.commit, changes: [...changes] };
  if (built !== null && isSameSet(built, changes)) return { commit: own.commit, changes: [...changes] };
  return composeChampion(root, present, changes, ran);
}

/**
 * The champion's code with other changes: what is gone is taken back, newest first, what is new is put in. A change that does not come out stays in, one that
 * does not go in stays out. Kept by a ref of the job's number.
 */
export async function composeChampion(
  root: string,
  present: Code,
  wanted: readonly Change[],
  { number, run }: Pick<JudgedRun, 'number' | 'run'>,
): Promise<Code> {
  const isIn = (list: readonly Change[], { commit }: Change) => list.some((one) => one.commit === commit);
  const gone = present.changes.filter((change) => !isIn(wanted, change)).reverse();
  const fresh = wanted.filter((change) => !isIn(present.changes, change));
  const steps = [
    ...gone.map((change) => ({ kind: 'revert' as const, change })),
    ...fresh.map((change) => ({ kind: 'apply' as const, change })),
  ];
  const names = steps.map(({ kind, change }) => `${kind === 'apply' ? 'with' : 'without'} ${change.slug}`).join(', ');
  const message = `nightlab: champion ${names}\n\nAfter job ${number}, on ${present.commit}.\n`;
  const { commit, skipped } = await composeCommit(root, present.commit, steps, {
    message,
    atMs: Date.parse(run.endedAt),
  });
  await runGit(root, ['update-ref', `refs/nightlab/champions/${number}`, commit]);
  const stuck = gone.filter((change) => isIn(skipped, change));
  const out = fresh.filter((change) => isIn(skipped, change));
  const changes = [...present.changes.filter((change) => isIn(wanted, change) || isIn(stuck, change)), ...fresh];
  return { commit, changes: changes.filter((change) => !isIn(out, change)) };
}

function appraise(judged: JudgedExperiment, plan: ChampionPlan, made: Code, { commit, run }: JudgedRun): ChampionState {
  const { known } = judged;
  const { before, near } = plan;
  const chosenBy = made.commit === commit ? run.metric : made.commit === before?.commit ? before.chosenBy : null;
  const level = known?.posterior?.levelOf(namesIn(judged, plan, made.changes)) ?? null;
  const measured = chosenBy ?? before?.value ?? run.metric ?? 0;
  return {
    ...{ commit: made.commit, root: plan.root, changes: made.changes },
    near: near.filter((change) => !made.changes.some((one) => one.commit === change.commit)),
    value: level === null || known === null ? measured : known.sign * level.mean,
    sd: level === null ? null : Math.sqrt(level.variance),
    chosenBy,
  };
}

/** What code with these changes is worth, oriented so that higher is better; by the numbers alone where the noise is unknown. */
function levelOf(judged: JudgedExperiment, plan: ChampionPlan, changes: readonly Change[]): number {
  return judged.known?.posterior?.levelOf(namesIn(judged, plan, changes)).mean ?? (changes === plan.built ? 1 : 0);
}

function namesIn({ known }: JudgedExperiment, { root }: ChampionPlan, changes: readonly Change[]): string[] {
  return [...(known?.changesOf(root) ?? []), ...changes.map(({ commit }) => commit)];
}

function isSameSet(one: readonly Change[], other: readonly Change[]): boolean {
  return one.length === other.length && one.every(({ commit }) => other.some((change) => change.commit === commit));
}
