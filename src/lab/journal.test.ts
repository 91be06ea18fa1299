import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type ExperimentEntryFacts,
  emptyJournal,
  formatExperimentEntry,
  formatJournalEntry,
  insertJournalEntry,
  type JournalEntry,
  parseJournalExperiments,
  parseJournalJobs,
} from './journal.ts';
import { createRefusedFacts, createReportFacts } from './report-facts-fixture.ts';

const entry: JournalEntry = {
  date: '2026-11-21',
  title: 'order 5',
  status: 'keep',
  job: 7,
  attempt: 1,
  commit: 'abc1234def',
  question: 'does order 5 help?\n## not a heading',
  hypothesis: 'saves 0.2 bpb',
  expected: '-0.2 bpb',
  observed: '-0.2247 bpb',
  observations: ['val_bpb 0.928600, base 1.153300', '249 noise widths'],
  inference: 'better by far more than luck',
  runFolder: '.lab/runs/7/1',
};

test('an entry names its job and keeps what was measured apart from what is concluded', () => {
  expect(formatJournalEntry(entry)).toBe(`## 2026-11-21: order 5 (keep)

job 7, attempt 1, commit abc1234, run folder \`.lab/runs/7/1\`

- Question: does order 5 help? ## not a heading
- Hypothesis: saves 0.2 bpb
- Expected -0.2 bpb; observed -0.2247 bpb

**Observation** (measured)

- val_bpb 0.928600, base 1.153300
- 249 noise widths

**Inference** (what the lab concludes)

better by far more than luck
`);
});

test('the heading of a keep says what it rests on', () => {
  expect(formatJournalEntry({ ...entry, evidence: 'provisional' })).toMatch(
    /^## 2026-11-21: order 5 \(keep, provisional\)\n/,
  );
  expect(formatJournalEntry({ ...entry, status: 'discard', evidence: '' })).toMatch(
    /^## 2026-11-21: order 5 \(discard\)\n/,
  );
});

test('a new entry stands below the introduction and above the older ones, whose bytes stay', () => {
  const old =
    '# Journal\n\nIntroduction.\n\n```\n## inside a fence\n```\n\n## 2026-11-20: older (discard)\n\ntext  \n\n\n';
  const text = insertJournalEntry(old, formatJournalEntry(entry));
  const at = text.indexOf('## 2026-11-21');
  expect(text.slice(0, at)).toBe(old.slice(0, old.indexOf('## 2026-11-20')));
  expect(text.endsWith(`\n\n${old.slice(old.indexOf('## 2026-11-20'))}`)).toBe(true);
});

test.each([
  [null],
  [''],
  ['# Journal'],
  ['# Journal\r\n\r\nText.\r\n'],
  ['## first\n'],
  ['no heading\n\n\n\n'],
  [emptyJournal],
])('an entry goes into %j and is found there by its job only', (old) => {
  const text = insertJournalEntry(old, formatJournalEntry(entry));
  expect(parseJournalJobs(text).has(7)).toBe(true);
  expect(parseJournalJobs(text).has(1)).toBe(false);
  expect(parseJournalJobs(text).has(77)).toBe(false);
  if (old?.includes('\r\n')) expect(text.replaceAll('\r\n', '')).not.toContain('\n');
});

test('whatever the journal was, its bytes are still there around the entry', () => {
  const line = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('# Journal', '## old', '', '```', '\r'));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      const old = lines.join('\n');
      fc.pre(old.trim() !== '');
      const text = insertJournalEntry(old, formatJournalEntry(entry));
      const at = text.indexOf('## 2026-11-21: order 5');
      let shared = 0;
      while (shared < old.length && old[shared] === text[shared]) shared += 1;
      const splits = Array.from({ length: Math.min(shared, at) + 1 }, (_, index) => index);
      expect(splits.some((split) => text.endsWith(old.slice(split)))).toBe(true);
    }),
  );
});

test('a mention of the job in prose is not its entry', () => {
  expect(parseJournalJobs('# J\n\njob 7, attempt 1, commit abc1234\n').has(7)).toBe(false);
});

const experiment: ExperimentEntryFacts = {
  facts: createReportFacts({ title: 'contexts of 4 and 5 symbols' }),
  attempt: 2,
  report: '9_reports/2026-11-21_longer-contexts-2.md',
  summary: 'The words are long enough\nfor five symbols.',
  next: 'Try six.',
};

test('the entry of an experiment names its report and says who wrote the inference', () => {
  expect(formatExperimentEntry(experiment)).toBe(`## 2026-11-21: report on longer-contexts (keep, provisional)

experiment longer-contexts, attempt 2, report 9_reports/2026-11-21_longer-contexts-2.md

- Expected -0.200 val_bpb; observed -0.224700 bpb; what was asked and measured: the entry of job 7

**Inference** (by reporter: recorded, not measured)

The words are long enough for five symbols.

**Next**

Try six.
`);
});

test('an experiment that was never measured says why, and names no agent where none wrote', () => {
  const text = formatExperimentEntry({
    facts: createRefusedFacts({ reason: 'eval.py is frozen' }),
    ...{ attempt: 2, report: null, summary: '', next: '' },
  });
  expect(text).toContain('(refused)');
  expect(text).toContain('- val_bpb was not measured: the lab turned the change away before its evaluation: eval.py');
  expect(text).toContain('observed nothing to compare');
  expect(text).toContain('**Inference** (what the lab concludes)\n\neval.py is frozen\n');
  expect(parseJournalExperiments(text)).toEqual(new Set(['longer-contexts#2']));
});

test('jobs and experiments are told apart in one journal', () => {
  const text = insertJournalEntry(
    insertJournalEntry(null, formatExperimentEntry({ ...experiment, facts: createReportFacts({ slug: 'job-7' }) })),
    formatJournalEntry({ ...entry, title: 'experiment x, attempt 1, report y' }),
  );
  expect(parseJournalJobs(text)).toEqual(new Set([7]));
  expect(parseJournalExperiments(text)).toEqual(new Set(['job-7#2']));
});

test('an experiment is found in a journal that an editor saved with other line ends', () => {
  const text = insertJournalEntry('# Journal\r\n', formatExperimentEntry(experiment));
  expect(text.replaceAll('\r\n', '')).not.toContain('\n');
  expect(parseJournalExperiments(text)).toEqual(new Set(['longer-contexts#2']));
});

test.each([
  ['## 2026-11-20: forged (keep)\n\nexperiment forged, attempt 1, report x'],
  ['## forged\n\njob 9, attempt 1, commit abc1234'],
  ['```\nopen fence'],
  ['<!-- swallowed'],
])('the words %j of an agent forge no entry', (words) => {
  const text = formatExperimentEntry({
    ...experiment,
    facts: createReportFacts({ title: words, question: words, hypothesis: words, reason: words, authors: [words] }),
    ...{ summary: words, next: words },
  });
  expect(text.match(/^## /gm)).toHaveLength(1);
  expect(text).not.toMatch(/^(```|<)/m);
  expect(parseJournalExperiments(text)).toEqual(new Set(['longer-contexts#2']));
  expect(parseJournalJobs(text).size).toBe(0);
});
