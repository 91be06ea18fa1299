/** `lab meta off`: shows the whole change, asks what came of it, commits exactly what was shown with an entry in meta_journal.md, and closes. */
import { relative, resolve, sep } from 'node:path';
import { buildConfig, readConfigText } from '../../config/load.ts';
import type { LabConfig } from '../../config/schema.ts';
import type { MetaState } from '../../domain/meta.ts';
import { formatLocalTime } from '../../domain/time.ts';
import { LabError } from '../../errors/lab-error.ts';
import { commitByPlumbing } from '../../git/plumbing-commit.ts';
import { readBlob } from '../../git/repository.ts';
import { runGit } from '../../git/run-git.ts';
import { readTreeChanges } from '../../git/tree-diff.ts';
import { readUserIdentity, type UserIdentity } from '../../git/user-identity.ts';
import { insertJournalEntry } from '../../lab/journal.ts';
import { emptyMetaJournal, formatMetaEntry, summarizeFiles } from '../../lab/meta-entry.ts';
import { parseGrant } from '../../rules/grant.ts';
import { closeMetaState, ensureMetaOpen, readHumanJournal } from '../../rules/meta-state.ts';
import { computeTrack } from '../../rules/tracks.ts';
import { type CommandInput, ensureNoWords } from '../define.ts';
import type { OpenLab } from '../open-lab.ts';
import { disarm, disarmLine } from '../page.ts';
import type { Verb } from '../verbs.ts';
import { isSameChange, type MetaChanges, type MetaQuestion, readMetaChanges } from './meta-changes.ts';
import { ensureNoNewKeys, renderMetaDiff } from './meta-diff.ts';
import { discardChanges } from './meta-discard.ts';
import { formatLocalDay, openMetaLab, renderTrackChange, tellStandingGrant } from './meta-lab.ts';
import { type Answers, createQuestions, type Questions } from './meta-questions.ts';

function readNamed({ paths }: OpenLab, words: readonly string[]): string[] {
  return words.map((word) => {
    const path = relative(paths.root, resolve(word)).split(sep).join('/');
    if (path === '' || path === '..' || path.startsWith('../') || path.startsWith('/'))
      throw new LabError('usage', `--with ${word}: expected a file inside ${paths.root}`);
    return path;
  });
}

async function showChange(lab: OpenLab, from: string, changes: MetaChanges): Promise<void> {
  const diff = await renderMetaDiff(lab.paths.root, from, changes.tree, changes.paths);
  process.stdout.write(process.stdout.isTTY ? disarm(diff) : diff);
  process.stderr.write(`${summarizeFiles(changes.files)}\n`);
  if (changes.committed.length > 0)
    process.stderr.write(`committed on ${lab.main} already: ${changes.committed.map(disarmLine).join(', ')}\n`);
  if (changes.leftOut.length > 0) {
    process.stderr.write(
      `changed too, and left out: ${changes.leftOut.map(disarmLine).join(', ')} (\`--with FILE\` takes one along)\n`,
    );
  }
}

/** The configuration that will count once the change is main's. Throws LabError (config) where its lab.yaml is broken or gone. */
async function readConfigAfter(root: string, tree: string): Promise<LabConfig> {
  const text = (await readBlob(root, tree, 'lab.yaml'))?.toString('utf8');
  if (text === undefined) throw new LabError('config', 'the change takes lab.yaml away, expected the lab to keep it');
  return buildConfig({ text, name: 'lab.yaml' }, readConfigText(root, 'lab.local.yaml'), { environment: process.env });
}

interface Closing {
  lab: OpenLab;
  state: MetaState;
  changes: MetaChanges;
  entry: string;
  by: UserIdentity;
}

/** Makes the one commit. Throws LabError (user) where main or git stands in the way; nothing is lost then. */
async function commitChange({ lab, state, changes, entry, by }: Closing): Promise<string> {
  const { paths, main } = lab;
  const { metaText } = changes;
  const outcome = await commitByPlumbing(paths.root, {
    branch: main,
    message: `meta: ${state.reason}`,
    edits: [
      {
        path: 'meta_journal.md',
        edit: (old) =>
          insertJournalEntry(metaText ?? (old === null || old.trim() === '' ? emptyMetaJournal : old), entry),
        ...(metaText === null ? {} : { replaces: [metaText] }),
      },
    ],
    exact: changes.entries,
    by,
  });
  if (outcome.kind === 'committed') {
    for (const problem of outcome.checkoutProblems) process.stderr.write(`warning: ${problem}\n`);
    for (const path of outcome.checkoutLeft)
      process.stderr.write(`warning: ${disarmLine(path)} was saved again meanwhile; that is not in the commit\n`);
    return outcome.commit;
  }
  const reason = outcome.kind === 'delayed' ? outcome.reason : 'there was nothing to commit';
  throw new LabError('user', `nothing was committed: ${reason}`, {
    hints: ['`lab meta off` again; what was edited is still there'],
  });
}

async function ensureSame(question: MetaQuestion, shown: MetaChanges): Promise<void> {
  const { paths } = question.lab;
  await ensureMetaOpen(paths, process.env, new Date());
  if (isSameChange(shown, await readMetaChanges(question))) return;
  throw new LabError('user', 'nothing was committed: a file of the change was saved again, or main moved under it', {
    hints: ['`lab meta off` again shows the present state'],
  });
}

async function closeWithCommit(question: MetaQuestion, changes: MetaChanges, questions: Questions): Promise<void> {
  const { lab, state } = question;
  const { paths, main } = lab;
  // All that can end it comes before anything is shown: a terminal is logged as well, and nobody reads a diff twice.
  questions.ensureReady(false);
  const by = await readUserIdentity(paths.root);
  const after = await computeTrack(paths, await readConfigAfter(paths.root, changes.tree), changes.tree);
  const open = changes.paths.filter((path) => !changes.committed.includes(path));
  await ensureNoNewKeys(paths.root, changes.tip, changes.tree, open);
  await showChange(lab, state.start, changes);
  const answers: Answers = await questions.askAnswers();
  const now = new Date();
  const entry = formatMetaEntry({
    date: formatLocalDay(now),
    reason: state.reason,
    grant: question.heading,
    by: state.by,
    openedAt: state.openedAt,
    closedAt: formatLocalTime(now),
    requests: state.requests,
    files: changes.files,
    trackBefore: state.track,
    trackAfter: after,
    ...answers,
  });
  process.stdout.write(`\nmeta_journal.md gets:\n\n${process.stdout.isTTY ? disarm(entry) : entry}\n`);
  await questions.confirm(`Commit this on ${main}?`);
  await ensureSame(question, changes);
  const commit = await commitChange({ lab, state, changes, entry, by });
  await closeMetaState(paths);
  process.stdout.write(`META_MODE is closed: ${main} ${commit.slice(0, 7)} meta: ${disarmLine(state.reason)}\n`);
  process.stdout.write(renderTrackChange(state.track, after));
  tellStandingGrant(paths);
}

/** The commit of an earlier `lab meta off` that was killed before it could close the state, with nothing changed since; null where there is none. */
async function findOwnCommit({ paths }: OpenLab, state: MetaState, changes: MetaChanges): Promise<string | null> {
  if (changes.entries.length > 0 || changes.metaText !== null) return null;
  const words = ['log', '--max-count=1', '--format=%H %s', `${state.start}..${changes.tip}`, '--', 'meta_journal.md'];
  // By what it says and not by who made it: the commit is the user's, whose name may have changed since.
  const [, commit, subject] = /^(\S+) (.*)\n$/.exec(await runGit(paths.root, words)) ?? [];
  if (commit === undefined || subject !== `meta: ${state.reason}`) return null;
  const entry = await readBlob(paths.root, commit, 'meta_journal.md');
  if (entry?.includes(state.openedAt) !== true) return null;
  const since = await readTreeChanges(paths.root, commit, changes.tip);
  return since.some(({ path }) => changes.paths.includes(path)) ? null : commit;
}

/** Files that main changed since the start, and that are here as they were then. */
function listTakenBack({ entries, onMain }: MetaChanges): string[] {
  const paths = entries.map(({ path }) => path).filter((path) => onMain.includes(path) && path !== 'human_journal.md');
  return paths.map(disarmLine);
}

/** Closed now, main's change would stay without an entry. */
function createTakenBackError(main: string, open: string[]): LabError {
  const names = open.join(', ');
  return new LabError('user', `${names}: as at the start of META_MODE here, but not on ${main}; it stays open`, {
    hints: [`\`META_MODE=1 git commit -- ${open.join(' ')}\` takes it back there too, then \`lab meta off\``],
  });
}

async function run(input: CommandInput): Promise<number> {
  ensureNoWords('meta off', input);
  const lab = await openMetaLab();
  const { paths } = lab;
  const now = new Date();
  const state = await ensureMetaOpen(paths, process.env, now);
  const grant = parseGrant(readHumanJournal(paths.root) ?? '', now);
  const heading = grant.kind === 'granted' ? grant.heading : '';
  const question: MetaQuestion = { lab, state, named: readNamed(lab, input.texts('with')), heading, now };
  const changes = await readMetaChanges(question);
  const isNothing = changes.files.every(({ path }) => path === 'human_journal.md');
  const takenBack = isNothing ? listTakenBack(changes) : [];
  if (takenBack.length > 0 && !input.flag('discard')) throw createTakenBackError(lab.main, takenBack);
  if (isNothing && takenBack.length === 0) {
    await closeMetaState(paths);
    process.stdout.write('META_MODE is closed: no frozen file was changed, and nothing was committed\n');
    tellStandingGrant(paths);
    return 0;
  }
  const own = await findOwnCommit(lab, state, changes);
  if (own !== null) {
    await closeMetaState(paths);
    process.stdout.write(
      `META_MODE is closed: ${lab.main} has it already, as ${own.slice(0, 7)} meta: ${disarmLine(state.reason)}\n`,
    );
    tellStandingGrant(paths);
    return 0;
  }
  const questions = createQuestions(input);
  try {
    if (input.flag('discard')) {
      questions.ensureReady(true);
      await discardChanges({ lab, start: state.start, changes, questions });
      return 0;
    }
    await closeWithCommit(question, changes, questions);
    return 0;
  } finally {
    questions.close();
  }
}

/** Closes META_MODE. */
export const metaOff: Verb = {
  name: 'off',
  usage: '',
  summary: 'Show the whole change, journal and commit it, and close META_MODE',
  options: [
    { name: 'worked', value: 'text', description: 'What worked, instead of being asked' },
    { name: 'failed', value: 'text', description: 'What did not, instead of being asked' },
    { name: 'change', value: 'text', description: 'What to change, instead of being asked' },
    { name: 'with', value: 'file', isRepeatable: true, description: 'Commit this changed file too; may be repeated' },
    { name: 'discard', description: 'Put uncommitted changes aside as a patch, and commit nothing' },
    { name: 'yes', short: 'y', description: 'Do it without asking' },
  ],
  run,
};
