/**
 * Holds the written-down configuration to the schema: the table of keys in the guide and the JSON Schema for editors.
 * `UPDATE_DOCS=1 npx vitest run src/config/configuration-doc.test.ts` writes both anew; without it a stale one fails.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { isSharedPath } from './load.ts';
import { type ConfigLeaf, configJsonSchema, listConfigLeaves } from './schema.ts';

const root = join(import.meta.dirname, '..', '..');
const guidePath = join(root, '0_docs', 'guide', 'configuration.md');
const schemaPath = join(root, 'schema', 'lab.schema.json');
const begin = '<!-- keys: begin, written by src/config/configuration-doc.test.ts -->';
const end = '<!-- keys: end -->';
const isUpdating = process.env.UPDATE_DOCS === '1';

/** A text as a cell of a markdown table. */
function renderCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function renderType(leaf: ConfigLeaf): string {
  const type = leaf.choices === null ? leaf.type : leaf.choices.map((word) => `\`${word}\``).join(', ');
  return leaf.defaultValue === null ? `${type} or null` : type;
}

function renderKeys(): string {
  const rows = listConfigLeaves().map((leaf) => [
    `\`${leaf.path}\``,
    renderType(leaf),
    `\`${JSON.stringify(leaf.defaultValue)}\``,
    leaf.description,
    ...(isSharedPath(leaf.path) ? ['in lab.yaml alone', ''] : [`\`${leaf.flag}\``, `\`${leaf.environment}\``]),
  ]);
  const header = ['key', 'type', 'default', 'meaning', 'flag', 'environment'];
  const lines = [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.map(renderCell).join(' | ')} |`);
  return `\n\n${lines.join('\n')}\n\n`;
}

/** The page cut at its markers: what stands before, between and after. Throws where a marker is missing. */
function splitGuide(text: string): [before: string, keys: string, after: string] {
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${guidePath} lacks "${begin}" or "${end}" after it`);
  return [text.slice(0, from + begin.length), text.slice(from + begin.length, to), text.slice(to)];
}

test('the guide lists every key of the configuration with the default, flag and environment name of the schema', () => {
  const [before, keys, after] = splitGuide(readFileSync(guidePath, 'utf8'));
  const wanted = renderKeys();
  if (isUpdating && keys !== wanted) writeFileSync(guidePath, `${before}${wanted}${after}`);
  else expect(keys).toBe(wanted);
});

test('schema/lab.schema.json is the schema that the lab checks its files with', () => {
  const wanted = `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
  const found = existsSync(schemaPath) ? readFileSync(schemaPath, 'utf8') : '';
  if (isUpdating && found !== wanted) {
    mkdirSync(dirname(schemaPath), { recursive: true });
    writeFileSync(schemaPath, wanted);
  } else expect(found).toBe(wanted);
});

test('no two keys share a flag or an environment name, and none takes a name that a run is given', () => {
  const leaves = listConfigLeaves();
  const given = [
    'LAB_JOB',
    'LAB_RUN',
    'LAB_OUT',
    'LAB_SEED',
    'LAB_GROUP',
    'LAB_SLOT',
    'LAB_MODEL',
    'LAB_SCORE_SEED',
    'LAB_STOP_AT',
    'LAB_FREEZE_IN',
  ];
  const environment = leaves.map((leaf) => leaf.environment);
  const flags = leaves.map((leaf) => leaf.flag);
  expect(new Set([...environment, ...given]).size).toBe(environment.length + given.length);
  expect(new Set(flags).size).toBe(flags.length);
});
