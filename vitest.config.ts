import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, delimiter, join, sep } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { packageRoot } from './src/config/package-root.ts';
import { gitSettingsForTests } from './src/git/settings-for-tests.ts';

// The environment from here on is that of the tests' processes and of all that these start; `env` below can only add to it.
// A surrounding git process (tests that a hook runs) or shell would name another repository, identity or template.
for (const name of Object.keys(process.env)) if (name.startsWith('GIT_')) delete process.env[name];
// Node reads that file at every start, some 35 ms, thousands of times; no test speaks TLS.
delete process.env.NODE_EXTRA_CA_CERTS;
// A version manager's stand-in for python3 (pyenv, asdf) is a shell script of some 80 ms before each start. Last in line it still serves
// where it is the only one.
const searched = (process.env.PATH ?? '').split(delimiter);
const isShims = (folder: string) => basename(folder) === 'shims';
const programs = searched.filter((folder) => !isShims(folder));
if (programs.some((folder) => existsSync(join(folder, 'python3'))))
  process.env.PATH = [...programs, ...searched.filter(isShims)].join(delimiter);

const folders = ['src', 'queue', 'workers', 'problem'];

// Most of what a pure test costs is the start of a process for its file. Files that start nothing, touch no disk, replace nothing and
// change no environment, by themselves or by a stand-in of ours, share one. A word too many here costs half a second, one too few lets
// tests meet.
const wantsOwnProcess =
  /\bvi\.|process\.|globalThis|import\(|[a-z]Sync\(|fs\/promises|child_process|worker_threads|node:(?:net|http)|execa|-for-tests|temporary-|scripted-|-lab\.ts/;
const sharing = folders
  .flatMap((folder) => {
    const names = readdirSync(join(packageRoot(), folder), { recursive: true, encoding: 'utf8' });
    return names.filter((name) => name.endsWith('.test.ts')).map((name) => join(folder, name));
  })
  // The packages of the analysis put names into the global scope.
  .filter((name) => !name.startsWith(join('src', 'analysis', sep)))
  .filter((name) => !wantsOwnProcess.test(readFileSync(join(packageRoot(), name), 'utf8')));

// On a fresh clone vitest knows no durations and begins with the largest files; one of minutes that begins last is waited for alone. The
// fault files keep a core busy and the others wait more than they compute, so they alternate.
const longest = [
  'tour',
  'faults/daemon',
  'ratchet',
  'ratchet-modes',
  'faults/redis-loss',
  'skills',
  'autoresearch-skill',
  'faults/clock',
  'null-night',
  'attacks/run-attacks',
  'faults/redis',
  'attacks/commit-attacks',
  'pipeline-faults',
  'faults',
  'rules',
  'pipeline-waits',
  'faults/staged',
  'meta',
  'claims',
  'faults/reboot',
  'adopt',
  'metric-check',
  'faults/full-disk',
  'night',
  'devices',
];

function rank({ moduleId }: TestSpecification): number {
  const place = longest.findIndex((name) => moduleId.endsWith(`/scenarios/${name}.test.ts`));
  return place === -1 ? longest.length : place;
}

/** The known long files first, all others as vitest has them: one project after the other, by name. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((left, right) => rank(left) - rank(right));
  }
}

const forAll = {
  // Tests start real daemons, Redis servers and Python; the limit is a net for hangs, not a measure of speed.
  testTimeout: 120_000,
  hookTimeout: 120_000,
  pool: 'forks',
  // Texts are compared as they are without colours, which CI would turn on, and git does what it does without anybody's settings.
  env: { NO_COLOR: '1', ...gitSettingsForTests },
} as const;

export default defineConfig({
  test: {
    // Not in the projects: each of them would build.
    globalSetup: ['src/scenarios/build-once.ts'],
    sequence: { sequencer: LongestFirst },
    // Tests wait for processes more than they compute: three at once keep two cores busy.
    maxWorkers: 3,
    projects: [
      {
        test: {
          ...forAll,
          name: 'own process',
          include: folders.map((folder) => `${folder}/**/*.test.ts`),
          exclude: [...configDefaults.exclude, ...sharing],
        },
      },
      { test: { ...forAll, name: 'shared process', include: sharing, isolate: false } },
    ],
  },
});
