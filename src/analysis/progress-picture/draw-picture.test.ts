import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type TrialRow, trialsOfSession } from '../trial-rows.ts';
import { makeRatchetRows } from '../trial-rows-for-tests.ts';
import { drawPicture, pictureSize } from './draw-picture.ts';
import { measureText } from './label-places.ts';
import { choosePictureScale } from './picture-scale.ts';
import { pngWidth, renderPng } from './render-png.ts';
import { writePicture } from './write-picture.ts';

const crashed = (count: number) =>
  trialsOfSession(makeRatchetRows(count).map((row) => ({ ...row, status: 'crash', metric: null, memoryGb: null })));
const oneKeep = trialsOfSession(
  makeRatchetRows(30).map((row, index) =>
    index === 0 || row.status === 'crash' ? row : { ...row, status: 'discard' },
  ),
);
const cases: { name: string; rows: TrialRow[] }[] = [
  { name: 'no rows', rows: [] },
  ...[1, 2, 20, 500].map((count) => ({ name: `${count} rows`, rows: trialsOfSession(makeRatchetRows(count)) })),
  { name: 'crashes alone', rows: crashed(12) },
  { name: 'one keep', rows: oneKeep },
];

const draw = (rows: TrialRow[], direction: 'lower' | 'higher' = 'lower') =>
  drawPicture({ title: 'session mar5', metric: 'val_bpb', direction, rows });

/** Labels at the keeps: the texts with a white rim. */
function readLabels(svg: string) {
  return [
    ...svg.matchAll(
      /<text x="([\d.-]+)" y="([\d.-]+)" font-size="([\d.]+)" text-anchor="(\w+)"[^>]*paint-order[^>]*>([^<]*)</g,
    ),
  ].map(([, x, y, size, anchor, text = '']) => {
    const width = measureText(text, Number(size));
    const left = anchor === 'end' ? Number(x) - width : Number(x);
    return { text, left, right: left + width, top: Number(y) - Number(size), bottom: Number(y) };
  });
}

test.each(cases)('$name are drawn as SVG and PNG with nothing that is no number in them', async ({ rows }) => {
  const svg = await draw(rows);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  expect(svg).toMatch(/^<svg[^>]* xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  const png = await renderPng(svg);
  expect(png.toString('latin1', 1, 4)).toBe('PNG');
  expect(png.readUInt32BE(16)).toBe(pngWidth);
  expect(png.readUInt32BE(20)).toBe((pngWidth * pictureSize.height) / pictureSize.width);
});

test.each([20, 126, 500])('labels of %i rows neither overlap nor leave the picture', async (count) => {
  for (const direction of ['lower', 'higher'] as const) {
    const sign = direction === 'lower' ? 1 : -1;
    const rows = trialsOfSession(makeRatchetRows(count)).map((row) => ({
      ...row,
      metric: row.metric === null ? null : sign * row.metric,
    }));
    const labels = readLabels(await draw(rows, direction));
    expect(labels.length).toBeGreaterThan(1);
    for (const [index, label] of labels.entries()) {
      expect(label.left).toBeGreaterThanOrEqual(0);
      expect(label.right).toBeLessThanOrEqual(pictureSize.width);
      const covered = labels
        .slice(index + 1)
        .filter(
          (other) =>
            label.left < other.right &&
            other.left < label.right &&
            label.top < other.bottom &&
            other.top < label.bottom,
        );
      expect(covered).toEqual([]);
    }
  }
});

test('every crash is a mark on the axis, and every row is drawn once', async () => {
  const rows = trialsOfSession(makeRatchetRows(126));
  const svg = await draw(rows);
  const crashes = rows.filter(({ status }) => status === 'crash').length;
  const kept = rows.filter(({ status }) => status === 'keep').length;
  expect(svg).toContain(`no metric ${crashes}<`);
  expect(svg).toContain(`kept ${kept}<`);
  expect(svg).toContain(`126 rows, ${kept} kept`);
});

test.each([
  { name: 'a discard of 93', at: 20, status: 'discard' as const, metric: 93.1 },
  { name: 'a discard of 0', at: 20, status: 'discard' as const, metric: 0 },
  { name: 'a kept artefact', at: 20, status: 'keep' as const, metric: 0.0001 },
])('$name does not flatten the others: it goes to the edge and is counted', async ({ at, status, metric }) => {
  const plain = trialsOfSession(makeRatchetRows(60));
  const scale = choosePictureScale(plain, 'lower');
  const rows = plain.map((row, index) => (index === at ? { ...row, status, metric } : row));
  const wide = choosePictureScale(rows, 'lower');
  if (scale === null || wide === null) throw new Error('no scale');
  expect(wide.high - wide.low).toBeLessThan(3 * (scale.high - scale.low));
  expect(await draw(rows)).toContain('1 row lies beyond the axis');
});

test('the way from the first result to the best is on the axis, also where the first step is by far the largest', () => {
  const rows = trialsOfSession(
    [2.5, 1.5, 1.49, 1.495].map((metric, index) => ({
      ...{ commit: 'abc1234', metric, memoryGb: 1, description: 'x' },
      status: index < 3 ? 'keep' : 'discard',
    })),
  );
  const scale = choosePictureScale(rows, 'lower');
  expect(scale?.high).toBeGreaterThan(2.5);
  expect(scale?.low).toBeLessThan(1.49);
});

test('descriptions with markup, control characters and half a character stay text', async () => {
  const rows = trialsOfSession([
    {
      ...{ commit: 'abc1234', metric: 1, memoryGb: 1, status: 'keep' },
      description: '<script>alert("x")</script> & \u0000\u001b[31m \ud800 größer 学習率',
    },
  ]);
  const svg = await draw(rows);
  expect(svg).not.toContain('<script');
  expect(svg).toContain('&lt;script&gt;');
  await expect(renderPng(svg)).resolves.toBeInstanceOf(Buffer);
});

test('the ending says what is written, and another ending is refused before anything is written', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nightlab-picture-'));
  const subject = { title: 't', metric: 'm', direction: 'lower', rows: trialsOfSession(makeRatchetRows(3)) } as const;
  try {
    await writePicture(subject, join(folder, 'a', 'p.PNG'));
    await writePicture(subject, join(folder, 'p.svg'));
    expect(readFileSync(join(folder, 'a', 'p.PNG')).toString('latin1', 1, 4)).toBe('PNG');
    expect(readFileSync(join(folder, 'p.svg'), 'utf8')).toMatch(/^<svg/);
    await expect(writePicture(subject, join(folder, 'train.py'))).rejects.toThrow(/\.png or \.svg/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
