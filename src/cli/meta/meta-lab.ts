/** What the verbs of `lab meta` share: the lab with its root checkout on main, and how a grant that stands and a change of tracks are told. */

import type { LabPaths } from '../../config/lab-paths.ts';
import { LabError } from '../../errors/lab-error.ts';
import { mendCheckout } from '../../git/checkout-mend.ts';
import { findCheckoutsOf, findOperation, removeDeadIndexLock } from '../../git/checkout-state.ts';
import { createGitError, runGitResult } from '../../git/run-git.ts';
import { parseGrant } from '../../rules/grant.ts';
import { readHumanJournal } from '../../rules/meta-state.ts';
import { type OpenLab, openLab } from '../open-lab.ts';

/**
 * Ends what a killed `lab meta off` (or recorder) left in the root checkout: without it main's new files would look like a change of the
 * human's that takes them back. Nothing while git is at work there.
 */
export async function mendRoot({ paths, main }: OpenLab): Promise<void> {
  const checkouts = await findCheckoutsOf(paths.root, main);
  for (const checkout of checkouts) removeDeadIndexLock(checkout);
  await mendCheckout(paths.root, main, [], checkouts);
}

/** Opens the lab. Throws LabError (user) where its root checkout is not on main, or git is in the middle of something there. */
export async function openMetaLab(): Promise<OpenLab> {
  const lab = await openLab();
  const { paths, main } = lab;
  const words = ['symbolic-ref', '--quiet', '--short', 'HEAD'];
  const head = await runGitResult(paths.root, words);
  if (head.exitCode !== 0 && head.exitCode !== 1) throw createGitError(paths.root, words, head);
  const branch = head.stdout.toString('utf8').trim();
  const [checkout] = await findCheckoutsOf(paths.root, main);
  const operation = checkout?.path === paths.root ? findOperation(checkout) : null;
  if (operation !== null) {
    throw new LabError('user', `${operation}, expected a checkout at rest`, {
      hints: ['`git status` there says how to end it'],
    });
  }
  if (branch !== main) {
    throw new LabError('user', `${paths.root} is on ${branch === '' ? 'no branch' : branch}, expected ${main}`, {
      hints: [`\`git -C ${paths.root} switch ${main}\``],
    });
  }
  await mendRoot(lab);
  return lab;
}

/** Days on which journals are dated: the local one of a moment, "2026-11-21". */
export function formatLocalDay(now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

/** Tells, once META_MODE is closed, that its grant still stands: another `lab meta on` needs no new entry until then. */
export function tellStandingGrant({ root }: LabPaths): void {
  const grant = parseGrant(readHumanJournal(root) ?? '', new Date());
  if (grant.kind === 'granted')
    process.stdout.write(
      `the grant in human_journal.md stands until ${grant.until}: an entry on top of it withdraws it\n`,
    );
}

/** What follows from a change of the track, a line each with its line end. */
export function renderTrackChange(before: string, after: string): string {
  if (before === after) return `track ${after}, as before: old and new numbers compare\n`;
  return `track ${before} → ${after}: numbers from before do not compare with those to come
next: \`lab baseline\` measures the unchanged code, \`lab tracks compare ${before} ${after}\` brings the champion over
`;
}
