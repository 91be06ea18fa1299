/** A human's question about a report, answered by the reporter from the same record; question and answer go under Review in the report. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fenceData } from '../agents/fence.ts';
import { readOutboxFile } from '../agents/outbox-files.ts';
import { LabError } from '../errors/lab-error.ts';
import { readDiff } from '../git/diff-facts.ts';
import { parseSections, setSection } from '../lab/markdown-sections.ts';
import { checkNumbers } from '../lab/report-numbers.ts';
import { attemptOf, findReport, readReports } from '../lab/reports.ts';
import { formatQuote } from '../lab/untrusted-markdown.ts';
import type { PipelineContext } from './context.ts';
import { readKeptSummary } from './kept-summary.ts';
import { recordPatiently } from './lab-gate.ts';
import { markTaken, runAgent } from './run-agent.ts';

/** How often the reporter is asked. */
const maxTries = 2;
/** Most of a diff that goes along, bytes. */
const diffBytes = 100_000;

/**
 * Has the reporter answer; gives the answer once it stands in the report. Throws LabError (user) where the slug has no report, and LabError
 * (agent) where the agent gave no answer that can be used.
 */
export async function askReport(
  context: PipelineContext,
  slug: string,
  asker: string,
  question: string,
): Promise<string> {
  const { paths, main, gate, signal, tell } = context;
  const stored = findReport(await readReports(paths.root, main), slug);
  const { facts } = readKeptSummary(paths, stored.report.slug, attemptOf(stored));
  const diff =
    facts.commit === null ? '' : await readDiff(paths.root, facts.start ?? facts.base, facts.commit, diffBytes);
  let problem = '';
  for (let tries = 1; tries <= maxTries; tries += 1) {
    const { folders, result, use } = await runAgent(context, {
      role: 'reporter',
      slug,
      round: tries,
      wanted: null,
      directory: paths.root,
      mayEdit: false,
      inbox: {
        'question.md': `${question}\n`,
        'report.md': stored.text,
        'record.json': `${JSON.stringify(facts, null, 2)}\n`,
        'diff.patch': diff,
      },
      prompt: ({ inbox, outbox }) => formatPrompt(paths.root, inbox, outbox, question, problem),
    });
    const answer = readOutboxFile(folders.outbox, 'answer.md');
    markTaken(folders);
    const problems =
      answer.kind !== 'text'
        ? [answer.kind === 'wrong' ? answer.problem : result.reason || 'it handed in no answer.md']
        : checkNumbers({ changed: answer.text, inferences: '', claims: '', next: '', summary: '' }, facts, [
            stored.text,
            diff,
            question,
            answerableLog(join(paths.root, facts.runFolder ?? ''), facts.runFolder !== null),
          ]);
    if (answer.kind === 'text' && problems.length === 0) {
      const added = `**${asker} asks:**\n\n${formatQuote(question)}\n\n**${use.agent} answers** (not measured):\n\n${formatQuote(answer.text)}`;
      await recordPatiently(gate, signal, tell, async () => {
        const present = findReport(await readReports(paths.root, main), slug);
        const before =
          parseSections(present.text).find(({ heading }) => heading.toLowerCase() === 'review')?.text ?? '';
        const to = setSection(present.text, 'Review', [before, added].filter((part) => part !== '').join('\n\n'), [
          'Links',
          'Review',
        ]);
        return {
          subject: `question about ${slug}`,
          changes: [{ path: present.path, from: present.text, to }],
          entries: [],
        };
      });
      return answer.text.trim();
    }
    problem = problems.join('; ');
  }
  throw new LabError('agent', `the reporter gave no answer that can be used: ${problem}`, {
    hints: [`\`lab report ${slug}\` shows what is known; the run folder has the logs`],
  });
}

/** The log of the run, as a source of numbers that an answer may quote; "" where there is none. */
function answerableLog(folder: string, isThere: boolean): string {
  if (!isThere) return '';
  try {
    return readFileSync(join(folder, 'run.log'), 'utf8').slice(-100_000);
  } catch (error) {
    // A run that failed before train has no run.log, and an old one may be cleaned up.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function formatPrompt(root: string, inbox: string, outbox: string, question: string, problem: string): string {
  return `# Your role: reporter

A person reads the report of an experiment and asks something. Answer in a few plain sentences, from the record alone.

* The report, the record and the change: report.md, record.json and diff.patch in ${inbox}
* The lab: ${root} (read only); the logs are in the run folder that the record names
* Your answer goes to ${join(outbox, 'answer.md')}: plain markdown, no headings

Say what was measured, what you infer, and what nobody knows, and keep the three apart. No number that is not in the record, the report,
the log or the change. "That was not measured" is a good answer where it is true.

${fenceData('the question', question, 4000)}
${problem === '' ? '' : `\nYour last answer could not be used: ${problem}\n`}`;
}
