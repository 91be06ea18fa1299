/**
 * Holds the tables of 0_docs/guide/locks.md to the attacks that the tests beside this file run.
 * `UPDATE_DOCS=1 npx vitest run src/scenarios/attacks/attack-doc.test.ts` writes them anew; without it a stale one fails.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockNames } from '../../config/open-locks.ts';
import { commitAttacks, runAttacks, type Stops } from './attack-table.ts';

const guidePath = join(import.meta.dirname, '..', '..', '..', '0_docs', 'guide', 'locks.md');
const isUpdating = process.env.UPDATE_DOCS === '1';

const renderStops = (stops: Stops): string[] => lockNames.map((name) => (stops[name] ? 'stops' : ''));

function renderTable(header: string[], rows: string[][]): string {
  const lines = [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `\n\n${lines.join('\n')}\n\n`;
}

const tables = {
  commit: renderTable(
    ['attack', ...lockNames, 'remark'],
    commitAttacks.map(({ name, stops, remark }) => [name, ...renderStops(stops), remark]),
  ),
  run: renderTable(
    ['attack', 'worker', 'sandbox', 'flag where there is no sandbox', 'remark'],
    runAttacks.map(({ name, stops, flag, remark }) => [
      name,
      stops.worker ? 'stops' : '',
      stops.sandbox ? 'stops' : '',
      `\`${flag}\``,
      remark,
    ]),
  ),
};

test.each(Object.entries(tables))('the guide has the table of %s attacks as the tests prove it', (name, wanted) => {
  const text = readFileSync(guidePath, 'utf8');
  const begin = `<!-- ${name} attacks: begin, written by src/scenarios/attacks/attack-doc.test.ts -->`;
  const end = `<!-- ${name} attacks: end -->`;
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  expect(from, begin).toBeGreaterThan(-1);
  expect(to, end).toBeGreaterThan(from);
  const found = text.slice(from + begin.length, to);
  if (isUpdating && found !== wanted)
    writeFileSync(guidePath, `${text.slice(0, from + begin.length)}${wanted}${text.slice(to)}`);
  else expect(found).toBe(wanted);
});
