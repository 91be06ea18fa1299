/** `lab report`: one report as it stands in its file, the newest where none is named. Reads files and git, no daemon. */
import { join } from 'node:path';
import { LabError } from '../../errors/lab-error.ts';
import { findReport, readReports } from '../../lab/reports.ts';
import type { CommandSpec } from '../define.ts';
import { openLab } from '../open-lab.ts';
import { disarmLine, renderPage } from '../page.ts';
import { compareReports } from '../reports/report-order.ts';

/** Shows a report. */
export const report: CommandSpec = {
  name: 'report',
  summary: 'Show the report of an experiment, the newest by default',
  usage: '[slug]',
  options: [
    { name: 'path', description: 'Print where the file lies, not what it says' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab report', 'lab report longer-contexts', 'lab report longer-contexts --json | jq .metric'],
  async run(input) {
    const [word, ...others] = input.words;
    if (others.length > 0) throw new LabError('usage', `one slug is expected, got ${input.words.join(' ')}`);
    const { paths, main } = await openLab();
    const all = await readReports(paths.root, main);
    const found = word === undefined ? [...all].sort(compareReports).at(-1) : findReport(all, word);
    if (found === undefined) {
      throw new LabError('user', 'there are no reports yet', {
        hints: ['`lab implement --best` carries out the best idea and reports it'],
      });
    }
    if (input.flag('json')) {
      const { path, text } = found;
      process.stdout.write(`${JSON.stringify({ ...found.report, path, text }, null, 2)}\n`);
      return 0;
    }
    if (input.flag('path')) {
      process.stdout.write(`${join(paths.root, found.path)}\n`);
      return 0;
    }
    for (const problem of found.problems) process.stderr.write(`${found.path}: ${disarmLine(problem)}\n`);
    process.stderr.write(`${found.path}\n`);
    process.stdout.write(renderPage(found.text, process.stdout.isTTY));
    return 0;
  },
};
