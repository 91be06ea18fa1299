/** `lab autoresearch results`: what a session found, what of it is luck, what failed again and again, what to try next; and its picture. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { ensurePicturePath, writePicture } from '../../analysis/progress-picture/write-picture.ts';
import { findLabAround } from '../../config/lab-paths.ts';
import { LabError } from '../../errors/lab-error.ts';
import { estimateNoise, findRepeats, type NoiseEstimate } from '../../ratchet/results/judge-gains.ts';
import { reviewResults } from '../../ratchet/results-mode.ts';
import { ensureNoWords } from '../define.ts';
import { terminalWidth } from '../render.ts';
import { showPath } from '../shown-path.ts';
import { parseChoice, type Verb } from '../verbs.ts';
import { printIntake } from './intake.ts';
import { renderReview } from './render-review.ts';
import { openSession, openTable, type ResultsSource, readBaselineNoise } from './results-source.ts';

/** How many keeps are listed where nobody says. */
const usualTop = 10;

/** Reads results. */
export const results: Verb = {
  name: 'results',
  usage: '[--tag T | --file results.tsv] [--out FILE.png]',
  summary: 'Show gains, luck, repeated failures and what to try next; draw the progress',
  options: [
    { name: 'tag', value: 'tag', description: 'Session (default: the newest)' },
    { name: 'file', value: 'path', description: 'Any table of results, lab or not' },
    {
      name: 'out',
      value: 'path',
      description:
        "Where the picture goes, .png or .svg (default: progress.png in the session's folder; with --file: none is drawn)",
    },
    { name: 'noise', value: 'sd', description: 'Standard deviation of one run, in the unit of the metric' },
    { name: 'metric', value: 'name', description: 'With --file: column of the metric' },
    { name: 'direction', value: 'lower|higher', description: 'With --file: which way is better' },
    { name: 'top', value: 'count', description: `Keeps that are listed (default: ${usualTop})` },
    { name: 'all', description: 'Cut no list' },
    { name: 'json', description: 'Print as JSON' },
  ],
  async run(input) {
    ensureNoWords('autoresearch results', input);
    const out = input.text('out');
    if (out !== null) ensurePicturePath(out);
    const given = input.number('noise');
    if (given !== null && !(given >= 0 && Number.isFinite(given)))
      throw new LabError('usage', `--noise got "${input.text('noise')}", expected a standard deviation of at least 0`);
    const top = input.wholeNumber('top', 1) ?? usualTop;
    const paths = findLabAround(process.cwd());
    const file = input.text('file') ?? findTableHere(input.text('tag'), paths !== null);
    const direction = parseChoice('direction', input.text('direction'), ['lower', 'higher']);
    if (file === null && (direction !== null || input.text('metric') !== null))
      throw new LabError('usage', '--metric and --direction go with --file; a session has its own');
    if (input.text('file') !== null && input.text('tag') !== null)
      throw new LabError('usage', '--file and --tag say two things, expected one of them');
    const source = open();
    await printIntake('results', paths ?? process.cwd());
    for (const note of source.notes) process.stderr.write(`note: ${note}\n`);
    const { tag, beganAt, metric, rows, program } = source;
    const noise = given === null ? await findNoise(source) : estimateNoise(given, null, '--noise');
    const review = await reviewResults({ tag, beganAt, metric, rows, noise, program });
    const path = out === null ? source.picture : resolve(out);
    if (path !== null)
      await writePicture(
        { title: source.title, metric: metric.name, direction: metric.direction, rows: review.trusted },
        path,
      );
    if (input.flag('json')) {
      const { trusted: _, rows: count, ...shown } = review;
      process.stdout.write(`${JSON.stringify({ tag, metric, rows: count, ...shown, picture: path }, null, 2)}\n`);
      return 0;
    }
    process.stdout.write(renderReview(review, source, { columns: terminalWidth(), top, isAll: input.flag('all') }));
    if (path === null) process.stderr.write('hint: --out progress.png draws it as a picture\n');
    else process.stdout.write(`\npicture ${showPath(path)}\n`);
    return 0;

    function open(): ResultsSource {
      if (file !== null) return openTable(file, input.text('metric'), direction);
      if (paths !== null) return openSession(paths, input.text('tag'));
      const tag = input.text('tag');
      throw new LabError(
        'user',
        tag === null ? 'no lab and no results.tsv here' : `no lab here, so no session "${tag}"`,
        {
          hints: ['`lab autoresearch results --file path/to/results.tsv` reads any table'],
        },
      );
    }

    async function findNoise({ picture }: ResultsSource): Promise<NoiseEstimate | null> {
      // A table from elsewhere was measured on a machine that this lab knows nothing of.
      const repeats = findRepeats(rows, metric.direction);
      return repeats !== null || paths === null || picture === null ? repeats : readBaselineNoise(paths, metric.name);
    }
  },
};

/** In a clone without a lab the table in the present folder is what is meant. */
function findTableHere(tag: string | null, isLab: boolean): string | null {
  return !isLab && tag === null && existsSync('results.tsv') ? 'results.tsv' : null;
}
