/** `lab report`: one report as it stands in its file, the newest where none is named. Reads files and git, no daemon. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../../errors/lab-error.ts';
import { packagesName } from '../../lab/provenance-file.ts';
import { foldProvenance, listProvenance, summarizeProvenance } from '../../lab/report-provenance.ts';
import { findReport, readReports, type StoredReport } from '../../lab/reports.ts';
import type { CommandSpec } from '../define.ts';
import { openLab } from '../open-lab.ts';
import { disarmLine, renderPage } from '../page.ts';
import { readEvidence, readSince } from '../reports/report-evidence.ts';
import { compareReports } from '../reports/report-order.ts';

/** Shows a report. */
export const report: CommandSpec = {
  name: 'report',
  summary: 'Show the report of an experiment, the newest by default',
  usage: '[slug]',
  options: [
    { name: 'path', description: 'Print where the file lies, not what it says' },
    { name: 'provenance', description: 'Print machine, device, Python and commits behind its number' },
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
    if (input.flag('provenance')) {
      process.stdout.write(renderProvenance(found, paths.root, input.flag('json')));
      return 0;
    }
    const findSince = async () => readSince(await readEvidence({ paths, main }), found.report);
    if (input.flag('json')) {
      const { path, text } = found;
      process.stdout.write(`${JSON.stringify({ ...found.report, path, since: await findSince(), text }, null, 2)}\n`);
      return 0;
    }
    if (input.flag('path')) {
      process.stdout.write(`${join(paths.root, found.path)}\n`);
      return 0;
    }
    for (const problem of found.problems) process.stderr.write(`${found.path}: ${disarmLine(problem)}\n`);
    const since = await findSince();
    process.stderr.write(`${found.path}${since === null ? '' : `: by now ${since}`}\n`);
    process.stdout.write(renderPage(process.stdout.isTTY ? foldForTerminal(found) : found.text, process.stdout.isTTY));
    return 0;
  },
};

/** On a terminal nothing folds by itself: the table stays one line there. */
function foldForTerminal({ text, report: { provenance } }: StoredReport): string {
  return provenance === null
    ? text
    : foldProvenance(text, `Provenance: ${summarizeProvenance(provenance)} (--provenance shows all)`);
}

/** Throws LabError (user) where the report has none. */
function renderProvenance({ path, report }: StoredReport, root: string, asJson: boolean): string {
  if (report.provenance === null) {
    throw new LabError(
      'user',
      `${path} does not say where its number comes from: nothing ran, or it was written before that was kept`,
      {
        hints: report.jobs.map((job) => `lab status ${job}    shows what is known of the job`).slice(-1),
      },
    );
  }
  if (asJson) return `${JSON.stringify(report.provenance, null, 2)}\n`;
  const rows = listProvenance(report.provenance).map(([name, value]) => `${name.padEnd(16)} ${disarmLine(value)}`);
  const folder = /^- run folder `(\.lab\/runs\/\d+\/\d+)`$/m.exec(report.sections.Links ?? '')?.[1] ?? '';
  const list = join(folder, packagesName);
  if (folder !== '' && existsSync(join(root, list))) rows.push(`${'packages list'.padEnd(16)} ${list}`);
  return `${rows.join('\n')}\n`;
}
