/** `lab reports review`: a person's word on the reports that have none, at the keyboard or by flags. */
import type { Verdict } from '../../domain/report.ts';
import { LabError } from '../../errors/lab-error.ts';
import { findReport, readReports, type StoredReport } from '../../lab/reports.ts';
import type { CommandInput } from '../define.ts';
import { type OpenLab, openLab } from '../open-lab.ts';
import { disarm } from '../page.ts';
import { parseChoice } from '../verbs.ts';
import { listWaiting } from './report-order.ts';
import type { ReviewActions } from './review-actions.ts';
import { actOnVerdict, reviewOneByOne } from './review-loop.ts';
import { saveVerdict } from './save-verdict.ts';

/** Reviews the named reports, or all that wait for a word. Throws LabError (usage) where nobody is at the keyboard and flags say too little. */
export async function reviewReports(input: CommandInput, actions: ReviewActions): Promise<number> {
  const verdict = parseChoice('verdict', input.text('verdict'), listVerdicts(actions));
  const note = input.text('note')?.trim() ?? '';
  if (verdict !== null && input.words.length === 0) {
    throw new LabError('usage', `--verdict ${verdict} names no report, expected its slug`, {
      hints: [
        `lab reports review <slug> --verdict ${verdict}`,
        '`lab reports` lists them; those with the verdict none or ask wait',
      ],
    });
  }
  if (verdict === null && note !== '') throw new LabError('usage', '--note was given without --verdict, expected both');
  if (verdict === null && !process.stdin.isTTY) {
    throw new LabError('usage', 'stdin is no terminal to ask in, expected --verdict and a slug', {
      hints: ['lab reports review <slug> --verdict accept --note "…"'],
    });
  }
  if (verdict === 'ask' && note === '')
    throw new LabError('usage', '--verdict ask needs the question: --note "why is it slower?"');
  const lab = await openLab();
  const all = await readReports(lab.paths.root, lab.main);
  const chosen = input.words.map((word) => findReport(all, word));
  if (verdict !== null) return await giveVerdict(lab, chosen, verdict, note, actions);
  const waiting = chosen.length > 0 ? chosen : listWaiting(all);
  if (waiting.length === 0) {
    process.stdout.write('no report waits for a review\n');
    return 0;
  }
  const given = await reviewOneByOne({
    paths: lab.paths,
    reports: waiting,
    actions,
    save: (report, word) => saveVerdict(lab, report.path, word),
  });
  const left = listWaiting(await readReports(lab.paths.root, lab.main)).length;
  process.stdout.write(`${given} reviewed, ${left} ${left === 1 ? 'waits' : 'wait'}\n`);
  return 0;
}

function listVerdicts(actions: ReviewActions): Verdict[] {
  return ['accept', 'reject', ...(actions.ask ? ['ask' as const] : []), ...(actions.retry ? ['retry' as const] : [])];
}

async function giveVerdict(
  lab: OpenLab,
  reports: readonly StoredReport[],
  verdict: Verdict,
  note: string,
  actions: ReviewActions,
): Promise<number> {
  for (const report of reports) {
    const told = await actOnVerdict(actions, report, { verdict, note });
    await saveVerdict(lab, report.path, { verdict, note });
    process.stdout.write(`${report.path}: ${verdict}\n`);
    if (told !== null) process.stderr.write(`${disarm(told)}\n`);
  }
  return 0;
}
