/** The reports one by one at the keyboard: page, then keys until there is a verdict. What is decided is recorded at once, so that stopping loses nothing. */
import { spawn } from 'node:child_process';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { Verdict } from '../../domain/report.ts';
import { formatError, LabError, messageOf } from '../../errors/lab-error.ts';
import type { StoredReport } from '../../lab/reports.ts';
import { type Asker, createAsker } from '../asker.ts';
import { log } from '../commands/log.ts';
import { parseCommand } from '../define.ts';
import { disarm, disarmLine, renderPage } from '../page.ts';
import type { ReviewActions } from './review-actions.ts';
import type { GivenVerdict } from './save-verdict.ts';

/** Lines of each log that `l` shows. */
const logLines = 40;

/** What the loop needs. */
export interface ReviewLoop {
  paths: LabPaths;
  reports: readonly StoredReport[];
  actions: ReviewActions;
  save(report: StoredReport, given: GivenVerdict): Promise<void>;
}

/** Goes through the reports until the last one, `q` or the end of input. Gives how many got a closing word. */
export async function reviewOneByOne(loop: ReviewLoop): Promise<number> {
  const asker = createAsker();
  let closed = 0;
  try {
    for (const [index, report] of loop.reports.entries()) {
      process.stderr.write(`\n==> report ${index + 1} of ${loop.reports.length}: ${report.path} <==\n`);
      process.stdout.write(renderPage(report.text, process.stdout.isTTY));
      // The page may be longer than the screen: what the verdict is about stands right above the question.
      process.stderr.write(`\n${summarise(report)}\n`);
      const end = await reviewOne(loop, asker, report);
      if (end === 'quit') break;
      if (end === 'closed') closed += 1;
    }
  } finally {
    asker.close();
  }
  return closed;
}

/** A report in two lines. */
function summarise({ report }: StoredReport): string {
  const change = report.observed === '' ? 'nothing measured' : `observed ${report.observed}`;
  const expected = report.expected === '' ? 'no figure' : report.expected;
  return `${disarmLine(report.title || report.slug)}\n${disarmLine(`${report.decision}: ${change}, expected ${expected}`)}`;
}

/** Stays with a report until it has a closing word: a question has an answer to be read, and an action that failed left nothing. */
async function reviewOne(loop: ReviewLoop, asker: Asker, report: StoredReport): Promise<'closed' | 'skip' | 'quit'> {
  for (;;) {
    const given = await askVerdict(loop, asker, report);
    if (given === 'quit' || given === 'skip') return given;
    try {
      const told = await actOnVerdict(loop.actions, report, given);
      await loop.save(report, given);
      process.stdout.write(`${report.path}: ${given.verdict}\n`);
      if (told !== null) process.stderr.write(`${disarm(told)}\n`);
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      process.stderr.write(formatError(error));
      continue;
    }
    if (given.verdict !== 'ask') return 'closed';
  }
}

/** Does what a verdict asks for, before it is written down: a verdict whose action failed is none. Null where there is nothing to do or to tell. */
export async function actOnVerdict(
  actions: ReviewActions,
  { report }: StoredReport,
  { verdict, note }: GivenVerdict,
): Promise<string | null> {
  if (verdict === 'ask') return (await actions.ask?.(report.slug, note)) ?? null;
  if (verdict === 'retry') return (await actions.retry?.(report.slug, note)) ?? null;
  return null;
}

async function askVerdict(
  loop: ReviewLoop,
  asker: Asker,
  report: StoredReport,
): Promise<GivenVerdict | 'skip' | 'quit'> {
  const keys = listKeys(loop.actions);
  const line = `${[...keys].map(([key, word]) => word.replace(key, `[${key}]`)).join(' ')} > `;
  for (;;) {
    const answer = (await asker.ask(line))?.toLowerCase() ?? 'q';
    const word = keys.get(answer) ?? [...keys.values()].find((candidate) => candidate === answer);
    switch (word) {
      case 'skip':
      case 'quit':
        return word;
      case 'diff':
        await asker.leaveTo(() => showDiff(loop.paths, report));
        break;
      case 'log':
        await showLog(report);
        break;
      case 'accept':
      case 'reject':
      case 'ask':
      case 'retry': {
        const verdict = await askNote(asker, word);
        if (verdict !== null) return verdict;
        break;
      }
      default:
        process.stderr.write(`"${disarmLine(answer)}" is no key, expected one of: ${[...keys.values()].join(', ')}\n`);
    }
  }
}

/** Keys and their words; `k` and `t`, because `a` and `r` are taken. */
function listKeys(actions: ReviewActions): Map<string, string> {
  const keys: [string, string][] = [
    ['a', 'accept'],
    ['r', 'reject'],
    ...(actions.ask === undefined ? [] : [['k', 'ask'] satisfies [string, string]]),
    ...(actions.retry === undefined ? [] : [['t', 'retry'] satisfies [string, string]]),
    ['d', 'diff'],
    ['l', 'log'],
    ['s', 'skip'],
    ['q', 'quit'],
  ];
  return new Map(keys);
}

/** Null where the person thought better of it: no input any more, or a question without words. */
async function askNote(asker: Asker, verdict: Verdict): Promise<GivenVerdict | null> {
  const question =
    verdict === 'ask' ? 'your question: ' : verdict === 'retry' ? 'what should be different: ' : 'note (empty: none): ';
  const note = await asker.ask(question);
  if (note === null || (note === '' && verdict === 'ask')) return null;
  return { verdict, note };
}

/** The change as git shows it, through the person's own pager. */
async function showDiff(paths: LabPaths, { report }: StoredReport): Promise<void> {
  const { base, commit } = report;
  // A person may have edited the front matter: only hashes may become words of a git command.
  const isHash = (text: string) => /^[0-9a-f]{4,64}$/.test(text);
  if (!isHash(base) || !isHash(commit)) {
    process.stderr.write(
      `no diff: base is "${disarmLine(base)}", commit "${disarmLine(commit)}", expected two commits\n`,
    );
    return;
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn('git', ['diff', base, commit, '--'], {
      cwd: paths.root,
      stdio: ['inherit', 'inherit', 'inherit'],
    });
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) process.stderr.write(`git diff ${base} ${commit} ended with ${code ?? 'a signal'}\n`);
}

async function showLog({ report }: StoredReport): Promise<void> {
  const job = report.jobs.at(-1);
  if (job === undefined) {
    process.stderr.write('no log: the report names no job\n');
    return;
  }
  try {
    await log.run(parseCommand(log, [String(job), '-n', String(logLines)]));
  } catch (error) {
    // The run folder may be on another machine; that ends no review.
    process.stderr.write(`no log of job ${job}: ${messageOf(error)}\n`);
  }
}
