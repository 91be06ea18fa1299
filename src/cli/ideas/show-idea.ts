/** `lab idea show`: the file of an idea, and where its experiment stands on this machine. */
import { recordedAuthor, recordingNotice } from '../../agents/recording-notice.ts';
import type { Experiment } from '../../domain/experiment.ts';
import { LabError } from '../../errors/lab-error.ts';
import { checkIdea } from '../../lab/check-idea.ts';
import { readExperiment } from '../../lab/experiments.ts';
import { findIdea, readIdeas } from '../../lab/ideas.ts';
import { openLab } from '../open-lab.ts';
import { disarm, disarmLine, renderPage } from '../page.ts';
import type { Verb } from '../verbs.ts';

/** Shows an idea. */
export const showIdea: Verb = {
  name: 'show',
  usage: '<slug>',
  summary: 'Show an idea and where its experiment stands',
  options: [{ name: 'json', description: 'Print as JSON' }],
  async run(input) {
    const [word, ...others] = input.words;
    if (word === undefined || others.length > 0)
      throw new LabError(
        'usage',
        `lab idea show takes one slug, got ${others.length === 0 ? 'none' : input.words.join(' ')}`,
      );
    const { paths, main } = await openLab();
    const stored = findIdea(await readIdeas(paths.root, main), word);
    const experiment = readExperiment(paths, stored.idea.slug);
    const missing = checkIdea(stored.idea);
    if (input.flag('json')) {
      const { idea, path, text, isRejected, problems } = stored;
      process.stdout.write(
        `${JSON.stringify({ ...idea, path, isRejected, problems, missing, experiment, text }, null, 2)}\n`,
      );
      return 0;
    }
    for (const problem of [...stored.problems, ...missing])
      process.stderr.write(`${stored.path}: ${disarmLine(problem)}\n`);
    if (stored.idea.author === recordedAuthor) process.stderr.write(`${recordingNotice}\n`);
    process.stderr.write(`${stored.path}\n`);
    process.stdout.write(renderPage(stored.text, process.stdout.isTTY));
    if (experiment !== null) process.stdout.write(`\n${renderExperiment(experiment)}`);
    return 0;
  },
};

/** Where an experiment stands: its stage or what it came to, where its parts lie, its history. */
export function renderExperiment(experiment: Experiment): string {
  const { slug, attempt, next, outcome, commit, job, smokeJobs, report, waits, returns, history, agents } = experiment;
  const facts: [string, string][] = [
    ['experiment', `exp/${slug}, attempt ${attempt}${commit === null ? '' : `, commit ${commit.slice(0, 7)}`}`],
    ['next stage', next === 'done' ? 'none: it is done' : next],
    [
      'came to',
      outcome === null
        ? ''
        : `${outcome.kind === 'decided' ? outcome.status : `${outcome.kind} at ${outcome.stage}`}: ${outcome.reason}`,
    ],
    [
      'jobs',
      [smokeJobs.length === 0 ? '' : `smoke run ${smokeJobs.join(', ')}`, job === null ? '' : `evaluation ${job}`]
        .filter(Boolean)
        .join(', '),
    ],
    ['waits', waits ?? ''],
    ['report', report ?? ''],
    ['agents', agents.map((use) => `${use.role} ${use.agent} (${use.status})`).join(', ')],
    ...returns.map((back): [string, string] => [
      'went back',
      `after ${back.stage}: ${back.reason.split('\n')[0] ?? ''}`,
    ]),
    ...history.map((entry): [string, string] => [entry.at, `${entry.stage}: ${entry.note}`]),
  ];
  return `${facts
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name.padEnd(11)} ${disarmLine(disarm(value))}`)
    .join('\n')}\n`;
}
