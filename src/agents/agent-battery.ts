/**
 * The battery of tests that every adapter of the agent port passes, run by the adapter's own test file. It makes a small lab with a worktree
 * for each test; the adapter says through its script how an agent is made that does what the test is about. For tests only.
 */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Agent, AgentEvent, AgentRequest, AgentResult } from './agent.ts';
import { findRunProcesses } from './marked-processes.ts';
import { sweepAgentRuns } from './sweep-agent-runs.ts';

/**
 * What an agent is to do in a test. `hand-in`: put a file into the outbox and say something; `edit`: change a tracked file of the directory;
 * `edit-unasked`: try to change the directory although it may not; `speak-and-work-on`: say something at once and not be done for a long
 * time after; `work-on`: never be done.
 */
export type BatteryTask = 'hand-in' | 'edit' | 'edit-unasked' | 'speak-and-work-on' | 'work-on';

/** The places of one test; all folders exist. */
export interface BatteryPlace {
  /** Folder around everything, for what the script needs besides. */
  around: string;
  /** Root of a lab: a git repository with one commit. */
  labRoot: string;
  /** Worktree of the lab on a branch of its own, clean at the start. */
  worktree: string;
  /** Folder of the run. */
  folder: string;
  inbox: string;
  outbox: string;
}

/** How an adapter does a task. */
export interface BatteryCase {
  agent: Agent;
  /** What the request has besides the battery's own: the role, the slug, the prompt, … */
  request?: Partial<AgentRequest>;
}

/** Gives the agent for a task and may change the place beforehand; a text says why this adapter cannot do it, and the test is skipped with that. */
export type BatteryScript = (
  task: BatteryTask,
  place: BatteryPlace,
) => Promise<BatteryCase | string> | BatteryCase | string;

/** What the lab of a test holds at its first commit, by path. */
export interface BatteryOptions {
  files?: Record<string, string>;
}

/** Runs the battery on an adapter. */
export function describeAgent(name: string, script: BatteryScript, options: BatteryOptions = {}): void {
  describe(`the agent port: ${name}`, () => {
    let place: BatteryPlace;
    beforeEach(() => {
      place = createBatteryPlace(options);
    });
    afterEach(async () => {
      // Only a test that failed leaves processes.
      await sweepAgentRuns(place.folder);
      rmSync(place.around, { recursive: true, force: true });
    });

    const play = async (task: BatteryTask, skip: (note: string) => void, more: Partial<AgentRequest> = {}) => {
      const found = await script(task, place);
      if (typeof found === 'string') {
        skip(found);
        throw new Error('unreachable: the test is skipped');
      }
      const events: AgentEvent[] = [];
      const request = { ...batteryRequest(place), mayEdit: task === 'edit', ...found.request, ...more };
      const run = (onEvent: (event: AgentEvent) => void = () => undefined): Promise<AgentResult> =>
        found.agent.run(request, (event) => {
          events.push(event);
          onEvent(event);
        });
      return { request, run, events };
    };
    const ensureNothingLeft = () => {
      expect(findRunProcesses(place.folder)).toEqual([]);
    };

    test('hands in a file through the outbox, and says something on the way', async ({ skip }) => {
      const { run, events } = await play('hand-in', skip);
      const result = await run();
      expect(result).toMatchObject({ status: 'done', reason: '', filesChanged: [] });
      expect(readdirSync(place.outbox)).not.toEqual([]);
      const texts = events.filter((event) => event.kind === 'text');
      expect(texts.map((event) => event.text.trim()).filter((text) => text !== '')).not.toEqual([]);
      expect(result.wallSeconds).toBeGreaterThan(0);
      ensureNothingLeft();
    });

    test('leaves a transcript whose every line is an object with a moment and a kind, and that holds the events', async ({
      skip,
    }) => {
      const { run, events } = await play('hand-in', skip);
      const { transcriptPath } = await run();
      expect(transcriptPath).toBe(join(place.folder, 'transcript.jsonl'));
      const entries = readFileSync(transcriptPath, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { at: string; kind: string });
      for (const entry of entries) {
        expect(Number.isNaN(Date.parse(entry.at))).toBe(false);
        expect(entry.kind).toMatch(/^[a-z-]+$/);
      }
      for (const event of events) expect(entries).toContainEqual({ ...event, at: expect.any(String) });
    });

    test('edits the worktree and names exactly the files that git sees as changed', async ({ skip }) => {
      const { run } = await play('edit', skip, { directory: place.worktree });
      const result = await run();
      expect(result).toMatchObject({ status: 'done', reason: '' });
      const seen = listDirty(place.worktree);
      expect(seen).not.toEqual([]);
      expect(result.filesChanged).toEqual(seen);
      expect(listDirty(place.labRoot)).toEqual([]);
    });

    test('without the right to edit the directory stays as it was', async ({ skip }) => {
      const { run } = await play('edit-unasked', skip, { directory: place.worktree, mayEdit: false });
      const result = await run();
      expect(result.filesChanged).toEqual([]);
      expect(listDirty(place.worktree)).toEqual([]);
      expect(readdirSync(place.worktree).sort()).toEqual(readdirSync(place.labRoot).filter(isOfCommit).sort());
    });

    test('an abort while it works ends it as cancelled, and nothing of it lives on', async ({ skip }) => {
      const control = new AbortController();
      const { run } = await play('speak-and-work-on', skip, { signal: control.signal });
      const result = await run((event) => {
        if (event.kind === 'text') control.abort();
      });
      expect(result.status).toBe('cancelled');
      expect(result.reason).not.toBe('');
      expect(existsSync(result.transcriptPath)).toBe(true);
      ensureNothingLeft();
    });

    test('an abort before the start is cancelled too, and hands in nothing', async ({ skip }) => {
      const { run } = await play('hand-in', skip, { signal: AbortSignal.abort() });
      expect((await run()).status).toBe('cancelled');
      expect(readdirSync(place.outbox)).toEqual([]);
    });

    test('the wall limit ends it with a reason that names the limit, and nothing of it lives on', async ({ skip }) => {
      const limits = { wallSeconds: 1, idleSeconds: 60, tokens: null, usd: null };
      const { run } = await play('work-on', skip, { limits });
      expect(await run()).toMatchObject({
        status: 'timeout',
        reason: expect.stringContaining('agents.wallSeconds = 1 s'),
      });
      ensureNothingLeft();
    });
  });
}

/** A request with wide limits for the run folder of a place; the directory is the lab's root. */
export function batteryRequest(place: BatteryPlace): AgentRequest {
  return {
    role: 'implementer',
    slug: 'warmer-start',
    round: 1,
    wanted: null,
    prompt: '# Task\n\nDo what the test is about.\n',
    directory: place.labRoot,
    mayEdit: false,
    labRoot: place.labRoot,
    folder: place.folder,
    inbox: place.inbox,
    outbox: place.outbox,
    limits: { wallSeconds: 100, idleSeconds: 100, tokens: null, usd: null },
    signal: new AbortController().signal,
  };
}

/** Makes a lab with a worktree and an empty run folder; the caller deletes `around`. */
export function createBatteryPlace(options: BatteryOptions = {}): BatteryPlace {
  const around = realpathSync(mkdtempSync(join(tmpdir(), 'nightlab-agent-')));
  const labRoot = join(around, 'lab');
  const folder = join(labRoot, '.lab', 'agents', 'run-1');
  const place = {
    ...{ around, labRoot, folder },
    worktree: join(labRoot, '5_worktrees', 'warmer-start'),
    inbox: join(folder, 'inbox'),
    outbox: join(folder, 'outbox'),
  };
  for (const path of [place.inbox, place.outbox]) mkdirSync(path, { recursive: true });
  const files = { 'train.py': 'RATE = 1\n', 'notes.md': 'notes\n', '.gitignore': ignored, ...options.files };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(labRoot, path)), { recursive: true });
    writeFileSync(join(labRoot, path), text);
  }
  runGit(labRoot, 'init', '--quiet', '--initial-branch=main');
  runGit(labRoot, 'add', '--all');
  runGit(labRoot, 'commit', '--quiet', '--message=start');
  runGit(labRoot, 'worktree', 'add', '--quiet', '-b', 'exp/warmer-start', place.worktree);
  return place;
}

/** Paths that git calls changed or new in a worktree, sorted. */
export function listDirty(directory: string): string[] {
  const lines = runGit(directory, 'status', '--porcelain', '--untracked-files=all', '--no-renames').split('\n');
  return lines
    .map((line) => line.slice(3))
    .filter((path) => path !== '')
    .sort();
}

/** Runs git as the user of the test; gives its output. */
export function runGit(cwd: string, ...args: string[]): string {
  const author = ['-c', 'user.name=Researcher', '-c', 'user.email=researcher@example.org'];
  return execFileSync('git', [...author, ...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

const ignored = '/.lab/\n/5_worktrees/\n';

function isOfCommit(name: string): boolean {
  return name !== '.lab' && name !== '5_worktrees';
}
