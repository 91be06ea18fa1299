/**
 * Check `journal`: the entries of jobs and experiments on main are byte for byte the stored ones, those of baselines and bridges say what
 * their jobs' logs say, and figures of the metric in anybody else's entries are in some record.
 */
import { journalPath } from '../../../workers/recorder/append-records.ts';
import { readExperimentEntries } from '../../../workers/recorder/experiment-entries.ts';
import { messageOf } from '../../errors/lab-error.ts';
import { type AuditSources, findRun, isTable } from './audit-sources.ts';
import { type CheckResult, type Finding, note, quoteValue, wrong } from './finding.ts';
import { listEntries, type PlacedEntry } from './journal-entries.ts';

/** What main has to hold, by key. */
function listWanted(sources: AuditSources, findings: Finding[]): Map<string, string> {
  const wanted = new Map<string, string>();
  for (const { number, recorded } of sources.jobs.values())
    if (recorded?.isDone === true && recorded.entry !== null) wanted.set(`job ${number}`, recorded.entry);
  try {
    for (const { slug, attempt, text } of readExperimentEntries(sources.paths)) wanted.set(`${slug}#${attempt}`, text);
  } catch (error) {
    findings.push(wrong('.lab/experiments', `its journal entries cannot be read: ${messageOf(error)}`));
  }
  return wanted;
}

function compareEntry(entry: PlacedEntry, wanted: string): Finding | null {
  const [has, should] = [entry.text.split('\n'), wanted.replaceAll('\r\n', '\n').trimEnd().split('\n')];
  const at = has.findIndex((line, index) => line !== should[index]);
  const index = at === -1 ? (has.length < should.length ? has.length : -1) : at;
  if (index === -1) return null;
  const message = `is ${quoteValue(has[index] ?? '')}, expected ${quoteValue(should[index] ?? '')} as the lab wrote it for ${entry.key ?? ''}`;
  return wrong(`${journalPath}:${entry.line + index}`, message);
}

function checkUnknown(sources: AuditSources, entry: PlacedEntry): Finding {
  const place = `${journalPath}:${entry.line}`;
  const number = Number(/^job (\d+)$/.exec(entry.key ?? '')?.[1] ?? Number.NaN);
  if (Number.isNaN(number))
    return note(place, `is the entry of experiment ${entry.key}, which this machine keeps nothing of`);
  const audited = sources.jobs.get(number);
  if (audited?.recorded != null)
    return wrong(place, `is an entry of job ${number}, and the recorder wrote none for it`);
  if (audited !== undefined || sources.recordedOnMain.has(number))
    return note(place, `is the entry of job ${number}, whose record is gone: it cannot be checked`);
  return wrong(place, `is an entry of job ${number}, and no commit of the recorder on ${sources.main} wrote one`);
}

/** A baseline or a bridge adds no row: what its entry says of each job is held to that job's logs. */
function checkSeeds(sources: AuditSources, entry: PlacedEntry): Finding[] {
  const number = Number(/^job (\d+)$/.exec(entry.key ?? '')?.[1] ?? Number.NaN);
  const kind = sources.jobs.get(number)?.job?.kind;
  if (kind !== 'baseline' && kind !== 'bridge') return [];
  return entry.text.split('\n').flatMap((line, index) => {
    const [, job = '', value = ''] = /^- job (\d+), seed [^:]*: .*?(-?\d+\.\d{6})(?!\d)/.exec(line) ?? [];
    const metric = findRun(sources, Number(job))?.metric ?? null;
    if (metric === null || Number(value) === Number(metric.toFixed(6))) return [];
    const message = `gives job ${job} as ${value}, expected ${metric.toFixed(6)} by its run folder`;
    return [wrong(`${journalPath}:${entry.line + index}`, message)];
  });
}

const escapePattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** All numbers with a decimal point in the lab's own records, without signs, ascending. */
function listKnownNumbers(sources: AuditSources, entries: Iterable<string>): number[] {
  const tables = sources.files.filter(({ path }) => isTable(path)).map(({ text }) => text);
  const metrics = [...sources.jobs.values()].flatMap(({ run }) => run?.metric ?? []).map((value) => value.toFixed(9));
  const texts = [...entries, ...tables, ...metrics];
  const found = texts.flatMap((text) => (text.match(/\d+\.\d+/g) ?? []).map(Number));
  return [...new Set(found)].sort((a, b) => a - b);
}

function isKnown(written: string, known: readonly number[]): boolean {
  const value = Number(written);
  const half = 0.5 * 10 ** -(written.split('.')[1]?.length ?? 0) * (1 + 1e-6);
  let [low, high] = [0, known.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((known[middle] ?? 0) < value - half) low = middle + 1;
    else high = middle;
  }
  const nearest = known[low];
  return nearest !== undefined && nearest <= value + half;
}

/** Figures that a foreign entry gives as the metric and that are in no record. */
function checkFigures(sources: AuditSources, entry: PlacedEntry, known: readonly number[]): Finding[] {
  const { name, unit } = sources.config.metric;
  const words = [name, unit]
    .filter((word) => word !== '')
    .map(escapePattern)
    .join('|');
  const pattern = new RegExp(
    `(?:${words})[^\\d\\n]{0,24}?(\\d+\\.\\d+)|(\\d+\\.\\d+)[ \\t]*(?:${words})(?![\\w])`,
    'g',
  );
  return entry.text.split('\n').flatMap((line, index) =>
    [...line.matchAll(pattern)]
      .map((found) => found[1] ?? found[2] ?? '')
      .filter((written) => !isKnown(written, known))
      .map((written) =>
        note(`${journalPath}:${entry.line + index}`, `names ${name} with ${written}, which is in no record`),
      ),
  );
}

/** The check. */
export function checkJournal(sources: AuditSources): CheckResult {
  const findings: Finding[] = [];
  const wanted = listWanted(sources, findings);
  const text = sources.files.find(({ path }) => path === journalPath)?.text ?? '';
  const entries = listEntries(text);
  const known = listKnownNumbers(sources, wanted.values());
  const seen = new Map<string, number>();
  for (const entry of entries) {
    if (entry.key === null) {
      findings.push(...checkFigures(sources, entry, known));
      continue;
    }
    const first = seen.get(entry.key);
    if (first !== undefined)
      findings.push(
        wrong(`${journalPath}:${entry.line}`, `is a second entry of ${entry.key}, the first stands in line ${first}`),
      );
    else seen.set(entry.key, entry.line);
    const should = wanted.get(entry.key);
    const finding = should === undefined ? checkUnknown(sources, entry) : compareEntry(entry, should);
    if (finding !== null && first === undefined) findings.push(finding);
    findings.push(...checkSeeds(sources, entry));
  }
  for (const key of wanted.keys())
    if (!seen.has(key)) findings.push(wrong(key, `its entry is not in ${journalPath} on ${sources.main}`));
  return { name: 'journal', checked: wanted.size, findings };
}
