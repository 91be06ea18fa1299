import { expect, test } from 'vitest';
import type { SessionFacts } from '../intake/sessions.ts';
import { planCommand } from './plan-command.ts';

const usual = {
  ...{ usualAddress: 'https://example.org/usual', today: 'mar5', origin: 'git@example.org:a/b.git' },
  agents: ['claude', 'codex', 'recorded'],
};

function createSession(tag: string, rows: number, isRunning = false): SessionFacts {
  return {
    tag,
    branch: `autoresearch/${tag}`,
    worktree: `/lab/5_worktrees/autoresearch-${tag}`,
    isRunning,
    metric: { name: 'val_bpb', direction: 'lower' },
    rows,
    counts: { keep: 1, discard: rows - 1, crash: 0 },
    best: null,
    beganAt: '2026-03-05T21:00:00+00:00',
  };
}

interface Here {
  sessions?: SessionFacts[];
  hasRepository?: boolean;
}

type Mode = Parameters<typeof planCommand>[0];

function planOf(mode: Mode, request: string, { sessions = [], hasRepository = true }: Here = {}) {
  const state = {
    hasRepository,
    isLab: true,
    isSetUp: true,
    hasBaseline: true,
    program: 'whole',
    session: 'none',
    accelerator: 'cuda',
    platform: 'linux',
  } as const;
  const repository = { root: '/srv/here', data: 'ready' } as Parameters<typeof planCommand>[2]['repository'];
  return planCommand(mode, request, { state, repository, session: { state: 'none', sessions } }, usual);
}

function plan(mode: Mode, request: string, here: Here = {}): string {
  const { verb, args } = planOf(mode, request, here);
  return [verb, ...args].join(' ');
}

test.each([
  ['start tonight', 'run --tag mar5'],
  ['start, tag apr1-gpu0, 20 experiments', 'run --tag apr1-gpu0 --max 20'],
  ['run at most 12, call it depth2', 'run --tag depth2 --max 12'],
  ['tag it with care', 'run --tag mar5'],
  ['Starte 30 Experimente', 'run --tag mar5 --max 30'],
  ['--tag x1 --max 7', 'run --tag x1 --max 7'],
  [
    'run 20 experiments on gpu1 with codex and confirm',
    'run --tag mar5 --max 20 --device gpu1 --agent codex --confirm',
  ],
  ['start, --desc "wider context"', 'run --tag mar5 --desc wider context'],
])('"%s" begins %s', (request, expected) => {
  expect(plan('run', request)).toBe(expected);
});

test('a tag that is taken gets a suffix', () => {
  const sessions = [createSession('mar5', 3), createSession('mar5-2', 3)];
  expect(plan('run', 'start a new one', { sessions })).toBe('run --tag mar5-3');
});

test.each([
  ['continue', 'resume --tag mar6'],
  ['pick up where it stopped', 'resume --tag mar6'],
  ['mach weiter', 'resume --tag mar6'],
  ['continue mar5', 'resume --tag mar5'],
  ['continue with 10 more experiments', 'resume --tag mar6 --max 14'],
  ['start a new one', 'run --tag mar5-2'],
])('with stopped sessions "%s" is %s', (request, expected) => {
  const sessions = [createSession('mar5', 3), createSession('mar6', 5)];
  expect(plan('run', request, { sessions })).toBe(expected);
});

test('a session that goes on takes another agent, and what it began with stays and is told', () => {
  const sessions = [createSession('mar5', 3)];
  const { verb, args, notes } = planOf('run', 'continue on gpu1 with codex, 2 more, and confirm', { sessions });
  expect([verb, ...args].join(' ')).toBe('resume --tag mar5 --max 4 --agent codex');
  expect(notes).toEqual([expect.stringMatching(/^--device gpu1 --confirm is not carried/)]);
});

test('what a run would be told is told where another mode comes first, and only where a run is asked for', () => {
  const request = 'run 20 experiments on gpu1, tag apr1';
  for (const mode of ['setup', 'program'] as const)
    expect(planOf(mode, request).notes).toEqual([
      `--tag apr1 --max 20 --device gpu1 is of the session, and ${mode} comes before it: say it again then`,
    ]);
  expect(planOf('setup', 'set this up on gpu1').notes).toEqual([]);
  expect(planOf('results', request).notes).toEqual([]);
});

test('a tag that is taken, what no option carries and what is not understood are notes of the plan', () => {
  const sessions = [createSession('mar5', 3, true)];
  const { args, notes } = planOf('run', 'start with tag mar5 for 8 hours, water the plants', { sessions });
  expect(args).toEqual(['--tag', 'mar5-2']);
  expect(notes).toEqual([
    'the tag mar5 is taken, so it is mar5-2',
    expect.stringMatching(/^"for 8 hours" is not carried \(/),
    '"water the plants" is not understood',
  ]);
});

test('results and the search strategy are those of the session that is named; results read a table that is named', () => {
  const sessions = [createSession('mar5', 3), createSession('mar6', 5)];
  expect(plan('results', 'what did mar5 bring?', { sessions })).toBe('results --tag mar5');
  expect(plan('adapt', 'mar5 is stuck', { sessions })).toBe('adapt --tag mar5');
  expect(plan('results', 'what is in results.tsv', { sessions })).toBe('results');
  expect(plan('results', 'read ../other/results.tsv.', { sessions })).toBe('results --file ../other/results.tsv');
});

test('a session that runs is not gone on with', () => {
  expect(plan('run', 'continue', { sessions: [createSession('mar4', 3, true)] })).toBe('run --tag mar5');
});

test('setup takes the address that is named, and waits where none is', () => {
  const request = 'clone https://example.org/a/b.git, please';
  expect(plan('setup', request, { hasRepository: false })).toBe('setup --clone https://example.org/a/b.git');
  expect(plan('setup', 'clone autoresearch', { hasRepository: false })).toBe('setup --clone https://example.org/usual');
  expect(plan('setup', request)).toBe('setup');
});

test('an address of another repository than the one here is cloned beside it, and waits', () => {
  const state = { hasRepository: true } as Parameters<typeof planCommand>[2]['state'];
  const repository = { root: '/srv/here', data: 'ready' } as Parameters<typeof planCommand>[2]['repository'];
  const here = { state, repository, session: { state: 'none' as const, sessions: [] } };
  const ask = (request: string, origin: string | null = usual.origin) =>
    planCommand('setup', request, here, { ...usual, origin });
  const other = 'https://example.org/a/other.git';
  const planned = ask(`set up ${other}`);
  // Its data is not the data of what is here.
  expect(planned).toMatchObject({ args: ['--clone', other, '/srv/other'], goArgs: ['--prepare'] });
  expect(planned.waits).toMatch(/another repository than \/srv\/here/);
  expect(ask('set up https://example.org/a/b', null).args).toEqual(['--clone', 'https://example.org/a/b', '/srv/b']);
  for (const same of ['https://example.org/a/b/', 'ssh://git@example.org/a/b.git', 'git@example.org:a/b'])
    expect(ask(`set up ${same}`), same).toMatchObject({ args: [], waits: null });
});

test('the loop alone waits for --go, and so does an address that nobody named', () => {
  const waits = (mode: Mode, hasRepository: boolean) => {
    const state = { hasRepository } as Parameters<typeof planCommand>[2]['state'];
    const repository = { root: '/srv/here', data: 'missing' } as Parameters<typeof planCommand>[2]['repository'];
    return (
      planCommand(mode, 'x', { state, repository, session: { state: 'none', sessions: [] } }, usual).waits !== null
    );
  };
  expect((['setup', 'program', 'run', 'results', 'adapt'] as const).filter((mode) => waits(mode, true))).toEqual([
    'run',
  ]);
  expect(waits('setup', false)).toBe(true);
});
