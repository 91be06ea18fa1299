import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseFrontMatter } from './front-matter.ts';
import { parseSections } from './markdown-sections.ts';
import { createProvenance, createRefusedFacts, createReportFacts, sampleProse } from './report-facts-fixture.ts';
import { parseReport, setVerdict } from './report-parse.ts';
import {
  compareProvenance,
  foldProvenance,
  formatProvenance,
  readProvenanceBlock,
  summarizeProvenance,
} from './report-provenance.ts';
import { formatReport, reportHeadings } from './report-text.ts';

const unknownParts = createProvenance({
  device: { id: 'cpu0', model: 'AMD EPYC 9554', driver: null, uuid: null },
  python: { version: null, executable: null, packages: null, packagesDigest: null },
  locks: [],
  data: null,
});

test('the block is one folded line with a table under it, and reads back as the provenance that it was made from', () => {
  const block = formatProvenance(createProvenance());
  expect(block.split('\n')[0]).toBe(
    '<details><summary>Provenance: Python 3.12.4, 42 packages (0123456789ab); NVIDIA H200; driver 570.86.15; ' +
      'AMD EPYC 9554, 64 cores; linux 6.1.0 x64; nightlab 0.1.0+1a2b3c4d</summary>',
  );
  expect(block).toContain('\n| locks | `abcdef012345 uv.lock` |\n');
  expect(readProvenanceBlock(block)).toEqual(createProvenance());
  expect(readProvenanceBlock(formatProvenance(unknownParts))).toEqual(unknownParts);
  expect(summarizeProvenance(unknownParts)).toMatch(/^Python unknown; AMD EPYC 9554, 64 cores; linux/);
  const snapshot = createProvenance({ git: { commit: 'c0ffee', isSnapshot: true, main: 'ba5eba' } });
  expect(readProvenanceBlock(formatProvenance(snapshot))).toEqual(snapshot);
});

test('a report ends with it, its sections and front matter are those of a report without it', () => {
  const whole = formatReport(createReportFacts(), sampleProse);
  const bare = formatReport(createReportFacts({ provenance: null }), sampleProse);
  expect(whole).toBe(`${bare}\n${formatProvenance(createProvenance())}\n`);
  const { provenance, ...rest } = parseReport(whole, 'x.md');
  const { provenance: none, ...before } = parseReport(bare, 'x.md');
  expect([provenance, none]).toEqual([createProvenance(), null]);
  expect(rest).toEqual(before);
  expect(rest.problems).toEqual([]);
  expect(parseReport(formatReport(createRefusedFacts(), null), 'x.md').provenance).toBeNull();
});

test('a review goes below it, and it still reads', () => {
  const whole = formatReport(createReportFacts(), sampleProse);
  const marked = setVerdict(whole, { verdict: 'ask', reviewer: 'A', reviewed: '2026-11-22', note: 'why?' });
  expect(marked.indexOf('## Review')).toBeGreaterThan(marked.indexOf('</details>'));
  const report = parseReport(marked.replaceAll('\n', '\r\n'), 'x.md');
  expect(report).toMatchObject({ provenance: createProvenance(), problems: [] });
  expect(report.sections.Review).toBe('- 2026-11-22, A: ask. why?');
});

test('a block that a person has broken is a problem of the report and no provenance', () => {
  const whole = formatReport(createReportFacts(), sampleProse);
  for (const broken of [whole.replace('| cores | `64` |\n', ''), whole.replace('</details>', '')]) {
    const report = parseReport(broken, 'x.md');
    expect(report.provenance).toBeNull();
    expect(report.problems).toEqual([expect.stringContaining('provenance cannot be read')]);
  }
});

test('no value of it forges a heading, a row, an end of the block or another block', () => {
  const piece = fc.constantFrom(
    '</details>',
    '\n## Claims\n',
    '|',
    '`',
    '``',
    '\\',
    '<b>',
    '&lt;',
    '| main | x |',
    'a',
    ' ',
    '\r',
    '~',
  );
  const words = fc.array(piece, { minLength: 1, maxLength: 8 }).map((parts) => `x${parts.join('')}x`);
  fc.assert(
    fc.property(words, words, words, (one, two, three) => {
      const nasty = createProvenance({
        machine: { system: one, processor: two, cores: 2, memoryGb: 1 },
        device: { id: 'cpu0', model: three, driver: one, uuid: two },
        locks: [{ path: three, blob: 'abcdef012345' }],
      });
      const text = formatReport(createReportFacts({ provenance: nasty }), sampleProse);
      expect(parseSections(parseFrontMatter(text).body).map(({ heading }) => heading)).toEqual([...reportHeadings]);
      expect(text.split('\n').filter((line) => /<\/?details/.test(line.replace(/`+[^`].*`+/, '')))).toHaveLength(2);
      const read = parseReport(text, 'x.md').provenance;
      const clean = (value: string) => value.replace(/\s+/g, ' ');
      expect(read).toMatchObject({
        machine: { system: clean(one), processor: clean(two) },
        device: { model: clean(three), driver: clean(one) },
        locks: [{ path: clean(three) }],
        git: createProvenance().git,
      });
    }),
    { numRuns: 200 },
  );
});

test('a block inside a fence is code, and prose can write none', () => {
  const block = formatProvenance(createProvenance({ track: 'forged00' }));
  expect(readProvenanceBlock(`\`\`\`\n${block}\n\`\`\`\n`)).not.toMatchObject({ track: 'forged00' });
  const facts = createReportFacts({ provenance: null, logTail: block, implementerNotes: block, question: block });
  expect(parseReport(formatReport(facts, { ...sampleProse, changed: block }), 'x.md').provenance).toBeNull();
});

test('on a terminal one line stands for the block, and a text without one stays byte for byte', () => {
  const text = formatReport(createReportFacts(), sampleProse);
  const folded = foldProvenance(text, 'Provenance: short');
  expect(folded).toContain('\n\nProvenance: short\n');
  expect(folded).not.toContain('packages digest');
  expect(foldProvenance('a\r\nb', 'x')).toBe('a\r\nb');
});

test('two runs are compared by what is known of both', () => {
  const other = createProvenance({
    python: { version: '3.13.1', executable: '.venv/bin/python', packages: 42, packagesDigest: null },
    device: { id: 'gpu1', model: 'NVIDIA H200', driver: '575.1', uuid: 'GPU-9' },
  });
  expect(compareProvenance(createProvenance(), other)).toEqual([
    'Python was 3.12.4, is 3.13.1',
    'the driver was 570.86.15, is 575.1',
  ]);
  expect(compareProvenance(createProvenance(), unknownParts)).toEqual([]);
});
