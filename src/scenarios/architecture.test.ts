/** Holds the house in order: which folder may import which, no cycles, no long file, a doc line on every export, one writer of records. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../config/package-root.ts';

const root = packageRoot();

function listSources(folder: string): string[] {
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(join(root, path)).isDirectory()) return listSources(path);
    return /\.(ts|mjs)$/.test(name) && !name.endsWith('.d.ts') ? [path] : [];
  });
}

const sources = ['src', 'queue', 'workers', 'bench'].flatMap(listSources);
const isTest = (path: string) => path.endsWith('.test.ts') || path.startsWith('src/scenarios/');
const textOf = new Map(sources.map((path) => [path, readFileSync(join(root, path), 'utf8')]));

/** Files that a file imports, types included, relative to the root. */
function listImports(path: string): string[] {
  const text = textOf.get(path) ?? '';
  return [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((match) =>
    relative(root, join(root, dirname(path), match[1] ?? '')),
  );
}

const layerOf = (path: string): string => {
  const [first = '', second = ''] = path.split('/');
  return first === 'src' ? second : first;
};

// DESIGN.md section 6: each layer may import itself and the layers of the rows before its own.
const order = [
  ['errors'],
  ['domain'],
  ['config', 'stats'],
  ['git', 'sandbox'],
  ['rules', 'lab', 'papers', 'agents', 'queue'],
  ['workers', 'pipeline', 'ratchet', 'analysis'],
  ['daemon'],
  ['cli', 'dashboard', 'mcp'],
  ['scenarios', 'bench'],
];
const rankOf = (layer: string): number => order.findIndex((row) => row.includes(layer));

test('every source folder has its place in the import order', () => {
  expect([...new Set(sources.map(layerOf))].filter((layer) => rankOf(layer) === -1)).toEqual([]);
});

test('imports run one way', () => {
  const wrong = sources
    .filter((path) => !isTest(path))
    .flatMap((path) =>
      listImports(path)
        .filter((target) => rankOf(layerOf(target)) > rankOf(layerOf(path)))
        .map((target) => `${path} imports ${target}`),
    );
  expect(wrong).toEqual([]);
});

test('workers never import pipeline, agents or cli', () => {
  const wrong = sources.filter(
    (path) =>
      layerOf(path) === 'workers' &&
      listImports(path).some((target) => ['pipeline', 'agents', 'cli'].includes(layerOf(target))),
  );
  expect(wrong).toEqual([]);
});

test('no file imports itself through others', () => {
  const cycles: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (path: string, trail: string[]) => {
    if (state.get(path) === 'done') return;
    if (state.get(path) === 'open') {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
      return;
    }
    state.set(path, 'open');
    for (const target of listImports(path)) if (textOf.has(target)) visit(target, [...trail, path]);
    state.set(path, 'done');
  };
  for (const path of sources) visit(path, []);
  expect(cycles).toEqual([]);
});

test('no file is longer than 400 lines', () => {
  const long = sources
    .map((path) => [path, (textOf.get(path) ?? '').split('\n').length - 1] as const)
    .filter(([, lines]) => lines > 400);
  expect(long).toEqual([]);
});

test('every export has a doc comment directly above it', () => {
  const bare = sources
    .filter((path) => !path.endsWith('.test.ts'))
    .flatMap((path) => {
      const lines = (textOf.get(path) ?? '').split('\n');
      return lines.flatMap((line, index) => {
        if (!/^export (?:async )?(?:function|const|class|type|interface)\b/.test(line)) return [];
        let above = index - 1;
        // A lint suppression may stand between the comment and what it is about.
        while (/^\/\/ biome-ignore/.test(lines[above] ?? '')) above -= 1;
        return /\*\/\s*$/.test(lines[above] ?? '') ? [] : [`${path}:${index + 1} ${line.slice(0, 80)}`];
      });
    });
  expect(bare).toEqual([]);
});

test('every source file says in its header what it is for', () => {
  const bare = sources.filter(
    (path) => !path.endsWith('.test.ts') && !/^(?:#!.*\n)?(?:\/\*\*|\/\/ )/.test(textOf.get(path) ?? ''),
  );
  expect(bare).toEqual([]);
});

test('names that say nothing are not used for files', () => {
  expect(
    sources.filter((path) => /(?:^|[/-])(?:utils?|helpers?|manager|common|service|misc)(?:[.-]|\/)/.test(path)),
  ).toEqual([]);
});

test('only the recorder writes records', () => {
  const writers = sources.filter(
    (path) => !isTest(path) && /\b(?:appendRecords|restoreRecords|commitByPlumbing)\(/.test(textOf.get(path) ?? ''),
  );
  expect(writers.sort()).toEqual([
    // The commit that makes a lab of a repository, before there is a recorder, and the one that takes it out again; no record.
    'src/cli/adopt/adopt.ts',
    'src/cli/deinit/take-files.ts',
    // What a human changed in META_MODE, with an entry of meta_journal.md; no record.
    'src/cli/meta/meta-off.ts',
    'src/git/plumbing-commit.ts',
    // A copy on the experiment's own branch, no record.
    'src/pipeline/copy-report.ts',
    'workers/recorder/append-records.ts',
    'workers/recorder/record-files.ts',
    'workers/recorder/recorder.ts',
  ]);
});

test('only entry points set an exit code', () => {
  const entries = [
    'src/cli/main.ts',
    'src/daemon/main.ts',
    'workers/supervisor/main.ts',
    'queue/redis-stand-in.ts',
    'workers/check-environment.ts',
  ];
  const wrong = sources.filter(
    (path) =>
      !isTest(path) &&
      !path.startsWith('bench/') &&
      !entries.includes(path) &&
      /process\.exit(?:Code)?\b/.test(textOf.get(path) ?? ''),
  );
  expect(wrong).toEqual([]);
});

test('no test is skipped without a condition, or runs alone', () => {
  const wrong = sources.filter(
    (path) =>
      path.endsWith('.test.ts') &&
      !path.endsWith('architecture.test.ts') &&
      /\b(?:test|it|describe)\.(?:only|todo|skip)\(/.test(textOf.get(path) ?? ''),
  );
  expect(wrong).toEqual([]);
});
