/** `lab meta on`: opens META_MODE where a human has granted it in human_journal.md and says so in the environment. Starts no daemon. */
import { readStoredJobs } from '../../../queue/job-store.ts';
import type { MetaState } from '../../domain/meta.ts';
import { formatLocalTime } from '../../domain/time.ts';
import { LabError } from '../../errors/lab-error.ts';
import { isAncestor } from '../../git/diff-facts.ts';
import { findCommit, resolveCommit } from '../../git/repository.ts';
import { listFrozenFiles } from '../../rules/frozen.ts';
import { findMisplacedEntry, parseGrant } from '../../rules/grant.ts';
import {
  checkMeta,
  ensureMetaEnvironment,
  readExpiredState,
  readHumanJournal,
  writeMetaState,
} from '../../rules/meta-state.ts';
import { rulesOf } from '../../rules/taxonomy.ts';
import { computeTrack } from '../../rules/tracks.ts';
import type { OpenLab } from '../open-lab.ts';
import { readPersonName } from '../open-lab.ts';
import { disarmLine } from '../page.ts';
import type { Verb } from '../verbs.ts';
import { ensureJournalGrown } from './meta-changes.ts';
import { formatLocalDay, openMetaLab } from './meta-lab.ts';

/** What stays of a state that expired: its edits are part of the next one. */
async function findUnfinished({ paths, main }: OpenLab): Promise<MetaState | null> {
  const expired = readExpiredState(paths);
  if (expired === null || (await findCommit(paths.root, expired.start)) === null) return null;
  return (await isAncestor(paths.root, expired.start, `refs/heads/${main}`)) ? expired : null;
}

async function readGrant(lab: OpenLab, now: Date) {
  const { paths } = lab;
  const day = formatLocalDay(now);
  const journal = readHumanJournal(paths.root) ?? '';
  const misplaced = findMisplacedEntry(journal, day);
  if (misplaced !== null) {
    throw new LabError('refused', misplaced, {
      hints: [
        'move it to the top, below the introduction: the hook refuses to commit it where it is',
        'where it is committed there already, write a new one on top',
      ],
    });
  }
  // Else the grant could not be committed later, and nothing that rests on it.
  await ensureJournalGrown(lab);
  const grant = parseGrant(journal, now);
  if (grant.kind === 'granted') return grant;
  throw new LabError('refused', grant.reason, {
    hints: [
      ...(grant.mend === null ? [] : [`${grant.mend}; where that entry is committed already, a new one:`]),
      readHumanJournal(paths.root) !== null
        ? `write at the top of ${paths.root}/human_journal.md, below its introduction:`
        : `there is none yet: write ${paths.root}/human_journal.md, which begins with`,
      `## ${day}: why the rules may change`,
      'META_MODE=1',
    ],
  });
}

/** Queued jobs that are bound to the present track. */
function countBound({ paths }: OpenLab, track: string): number {
  return readStoredJobs(paths.runs).filter(
    ({ job, entry, run, attempts }) =>
      run === null && attempts.length === 0 && entry.removedAt === null && (entry.track ?? job.track) === track,
  ).length;
}

/** Opens META_MODE. */
export const metaOn: Verb = {
  name: 'on',
  usage: '--reason "…"',
  summary: 'Open META_MODE, where human_journal.md and the environment grant it',
  options: [{ name: 'reason', value: 'text', description: 'Why frozen files are to change (required)' }],
  async run(input) {
    if (input.words.length > 0)
      throw new LabError('usage', `lab meta on takes no words, got "${input.words.join(' ')}"`, {
        hints: ['the reason goes in one pair of quotes: --reason "…"'],
      });
    const reason = disarmLine(input.text('reason') ?? '');
    if (reason === '')
      throw new LabError('usage', 'lab meta on needs a reason', { hints: ['META_MODE=1 lab meta on --reason "…"'] });
    ensureMetaEnvironment(process.env, `lab meta on --reason ${JSON.stringify(reason)}`);
    const lab = await openMetaLab();
    const { paths, config, main } = lab;
    const now = new Date();
    const found = await checkMeta(paths, now);
    if (found.kind === 'open') {
      throw new LabError('user', `META_MODE is open already, since ${found.state.openedAt}: ${found.state.reason}`, {
        hints: ['`lab meta status` shows it, `META_MODE=1 lab meta off` ends it'],
      });
    }
    const grant = await readGrant(lab, now);
    const unfinished = await findUnfinished(lab);
    const start = await resolveCommit(paths.root, `refs/heads/${main}`);
    const track = await computeTrack(paths, config, main);
    const state: MetaState = {
      schema: 1,
      reason,
      openedAt: formatLocalTime(now),
      until: grant.until,
      start: unfinished?.start ?? start,
      track: unfinished?.track ?? track,
      by: await readPersonName(paths.root),
      touched: unfinished?.touched ?? [],
      requests: unfinished?.requests ?? [],
    };
    await writeMetaState(paths, state);
    // What grows only, as meta_journal.md does, is no file to edit.
    const frozen = (await listFrozenFiles(paths.root, main, config.rules))
      .filter(({ path }) => !rulesOf(path, config.rules).includes('APPEND-ONLY'))
      .map(({ path }) => disarmLine(path));
    process.stdout.write(`META_MODE is open until ${grant.until} (human_journal.md: "${disarmLine(grant.heading)}")
frozen files, which may change now in ${paths.root}:
${frozen.map((path) => `  ${path}\n`).join('')}`);
    if (unfinished !== null)
      process.stdout.write(
        `it goes on with the one that expired (opened ${unfinished.openedAt}: ${unfinished.reason})\n`,
      );
    const bound = countBound(lab, track);
    if (bound > 0) {
      process.stderr.write(
        `warning: ${bound} queued ${bound === 1 ? 'job is' : 'jobs are'} bound to track ${track}; a change of the evaluator, of commands or of the budget holds ${bound === 1 ? 'it' : 'them'} (\`lab tracks\`)\n`,
      );
    }
    process.stdout.write(
      'next: edit them in that folder, or `lab meta run "<request>"` for an agent; `lab meta off` shows, journals and commits\n',
    );
    return 0;
  },
};
