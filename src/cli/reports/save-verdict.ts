/** Has the recorder write a person's verdict into a report's front matter, and its note under Review. */
import type { Verdict } from '../../domain/report.ts';
import { formatLocalTime } from '../../domain/time.ts';
import { LabError } from '../../errors/lab-error.ts';
import { setVerdict } from '../../lab/report-parse.ts';
import { readReports } from '../../lab/reports.ts';
import { recordPatiently } from '../../pipeline/lab-gate.ts';
import { createRecording, type OpenLab, readPersonName } from '../open-lab.ts';

/** A verdict on one report. */
export interface GivenVerdict {
  verdict: Verdict;
  /** "" where there is none. */
  note: string;
}

/** Writes the verdict with the person's name and the time. Throws LabError (user) where the report is gone. */
export async function saveVerdict(lab: OpenLab, path: string, { verdict, note }: GivenVerdict): Promise<void> {
  const { paths, main, gate, signal, tell } = createRecording(lab);
  const facts = {
    verdict,
    reviewer: await readPersonName(paths.root),
    reviewed: formatLocalTime(new Date()),
    ...(note === '' ? {} : { note }),
  };
  await recordPatiently(gate, signal, tell, async () => {
    const stored = (await readReports(paths.root, main)).find((other) => other.path === path);
    if (stored === undefined)
      throw new LabError('user', `${path} is gone since it was read`, { hints: ['`lab reports` lists the reports'] });
    if (stored.text === '')
      throw new LabError('user', `${path} is empty or cannot be read: ${stored.problems[0] ?? 'it has no text'}`);
    const to = setVerdict(stored.text, facts);
    if (to === stored.text) return null;
    return {
      subject: `${verdict} report ${stored.report.slug}`,
      changes: [{ path, from: stored.text, to }],
      entries: [],
    };
  });
}
