import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configSchema, type RawLabConfig } from '../config/schema.ts';
import { probeSandbox } from '../sandbox/bubblewrap.ts';
import type { SandboxProbe } from '../sandbox/sandbox.ts';
import { waitUntil } from '../scenarios/temporary-lab.ts';
import type { AgentEvent, AgentRequest, AgentResult } from './agent.ts';
import {
  type BatteryPlace,
  type BatteryTask,
  batteryRequest,
  createBatteryPlace,
  describeAgent,
  runGit,
} from './agent-battery.ts';
import { wrapperArgv } from './agent-process.ts';
import { createCommandAgent } from './command-agent.ts';
import { findRunProcesses } from './marked-processes.ts';
import { sweepAgentRuns } from './sweep-agent-runs.ts';
import { agentTemplates, ownTemplate } from './templates.ts';

const probe = await probeSandbox();
const works = probe.kind === 'bubblewrap';
const onLinux = process.platform === 'linux';
const waitUntilGone = (folder: string) =>
  waitUntil(`no process of ${folder} is left`, async () => findRunProcesses(folder).length === 0);
const off: SandboxProbe = { kind: 'none', reason: 'off for this test', mend: '' };

const tasks: Record<BatteryTask, string> = {
  'hand-in': 'echo thinking; cp {promptFile} {outbox}/idea.md',
  edit: 'echo "RATE = 2" > train.py; echo new > more.py; rm notes.md',
  'edit-unasked': 'echo "RATE = 2" > train.py; echo new > more.py; rm -f notes.md; true',
  'speak-and-work-on': 'echo working; sleep 300 & sleep 300',
  'work-on': 'while :; do sleep 300; done',
};

for (const [how, sandbox] of [
  ['in the sandbox', probe],
  ['without a sandbox', off],
] as const) {
  describeAgent(`command ${how}`, (task) => {
    if (sandbox === probe && !works) return 'there is no bubblewrap here';
    if (sandbox === off && task === 'edit-unasked') return 'without a sandbox nothing holds a command back';
    return {
      agent: createCommandAgent({ name: 'own', template: ownTemplate(tasks[task]), config: configOf(), sandbox }),
    };
  });
}

function configOf(raw: RawLabConfig = {}) {
  return configSchema.parse(raw);
}

describe('the command agent', () => {
  let place: BatteryPlace;
  beforeEach(() => {
    place = createBatteryPlace();
  });
  afterEach(async () => {
    // Only a test that failed leaves processes.
    await sweepAgentRuns(place.folder);
    rmSync(place.around, { recursive: true, force: true });
  });

  interface Play {
    config?: RawLabConfig;
    sandbox?: SandboxProbe;
    environment?: Record<string, string>;
    request?: Partial<AgentRequest>;
    template?: string;
    onEvent?: (event: AgentEvent) => void;
  }
  const play = (command: string, how: Play = {}): Promise<AgentResult> => {
    const known = how.template === undefined ? undefined : agentTemplates[how.template];
    const agent = createCommandAgent({
      name: 'own',
      template: known === undefined ? ownTemplate(command) : { ...known, command },
      config: configOf(how.config),
      sandbox: how.sandbox ?? probe,
      environment: { ...process.env, ...how.environment },
      home: join(place.around, 'person'),
    });
    return agent.run({ ...batteryRequest(place), ...how.request }, how.onEvent ?? (() => undefined));
  };
  const write = (path: string, text: string): string => {
    const file = join(place.around, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  const limitsOf = (changes: Partial<AgentRequest['limits']>): Partial<AgentRequest> => ({
    limits: { ...batteryRequest(place).limits, ...changes },
  });
  /** A program called claude, on a PATH of its own, that prints these lines and then what `after` does. */
  const fakeClaude = (lines: unknown[], after = ''): Record<string, string> => {
    const printed = lines.map((line) => JSON.stringify(line)).join('\n');
    const program = write('bin/claude', `#!/bin/sh\ncat <<'END'\n${printed}\nEND\n${after}\n`);
    chmodSync(program, 0o755);
    return { PATH: `${dirname(program)}:${process.env.PATH ?? ''}` };
  };
  const answer = (input: number, output: number, id = 'm1') => ({
    type: 'assistant',
    message: {
      id,
      content: [{ type: 'text', text: 'I look.' }],
      usage: { input_tokens: input, output_tokens: output },
    },
  });
  const outcome = (changes: Record<string, unknown>) => ({
    type: 'result',
    subtype: 'success',
    is_error: false,
    result: 'All done.',
    ...changes,
  });

  test('a lie is done by its own account, and the list of changed files is empty', async () => {
    const result = await play('echo "I changed train.py and made it twice as good."', {
      request: { directory: place.worktree, mayEdit: true },
    });
    expect(result).toMatchObject({ status: 'done', filesChanged: [], tokens: null, costUsd: null });
    expect(result.text).toContain('twice as good');
  });

  test('what the agent commits itself counts as changed', async () => {
    const commit = 'git -c user.name=A -c user.email=a@example.org commit -qam sneaky';
    const result = await play(`echo "RATE = 3" > train.py && ${commit}`, {
      sandbox: off,
      request: { directory: place.worktree, mayEdit: true },
    });
    expect(result).toMatchObject({ status: 'done', filesChanged: ['train.py'], flags: ['unsandboxed'] });
  });

  test.skipIf(!works)('inside the sandbox it reads the log of git and cannot commit', async () => {
    const result = await play('git log --format=%s; echo x >> train.py; git commit -qam sneaky', {
      request: { directory: place.worktree, mayEdit: true },
    });
    expect(result.status).toBe('failed');
    expect(result.text).toContain('start');
    expect(result.filesChanged).toEqual(['train.py']);
    expect(runGit(place.worktree, 'log', '--format=%s')).toBe('start\n');
  });

  test('silence longer than the idle limit ends it, and work in the outbox is no silence', async () => {
    const silent = await play('sleep 300', { request: limitsOf({ idleSeconds: 2 }) });
    expect(silent).toMatchObject({ status: 'idle', reason: expect.stringContaining('agents.idleSeconds = 2 s') });
    // Longer at work than the limit, and between two parts far below it, also where the machine is slow.
    const parts = Array.from({ length: 18 }, (_, index) => index).join(' ');
    const busy = await play(`for i in ${parts}; do echo $i > {outbox}/part$i; sleep 0.5; done`, {
      request: limitsOf({ idleSeconds: 8 }),
    });
    expect(busy.status).toBe('done');
    expect(findRunProcesses(place.folder)).toEqual([]);
  });

  test('an agent that does not care for SIGTERM is killed after the grace', async () => {
    const control = new AbortController();
    const result = await play('trap "" TERM; echo up; while :; do sleep 1; done', {
      ...{ sandbox: off, request: { signal: control.signal } },
      // Only now is it certain that it does not care.
      onEvent: () => control.abort(),
    });
    expect(result).toMatchObject({ status: 'cancelled', text: 'up' });
    expect(findRunProcesses(place.folder)).toEqual([]);
  });

  for (const [how, sandbox] of [
    ['in the sandbox', probe],
    ['without a sandbox', off],
  ] as const) {
    test.skipIf(!onLinux || (sandbox === probe && !works))(
      `a child in a session of its own dies with the run, ${how}`,
      async () => {
        const result = await play(
          'setsid sh -c "echo $$ > {outbox}/child; sleep 300" & until [ -s {outbox}/child ]; do sleep 0.05; done; echo left it',
          {
            sandbox,
          },
        );
        expect(result).toMatchObject({ status: 'done', text: 'left it' });
        expect(readdirSync(place.outbox)).toEqual(['child']);
        expect(findRunProcesses(place.folder)).toEqual([]);
      },
    );

    test.skipIf(!onLinux || (sandbox === probe && !works))(
      `a kill -9 of the lab's process takes the agent along, ${how}`,
      async () => {
        const inner = sandbox === off ? [] : ['bwrap', '--bind', '/', '/', '--unshare-pid', '--die-with-parent'];
        const argv = wrapperArgv([...inner, 'sh', '-c', 'trap "" TERM; echo up; sleep 300; sleep 300']);
        // A plain parent with the same pipe, because the lab's own process is this test.
        const parent = `const { spawn } = require('node:child_process');
          const [program, ...args] = JSON.parse(process.argv[1]);
          spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
            .stdout.once('data', () => console.log('up'));
          setInterval(() => undefined, 1000);`;
        const lab = spawn(process.execPath, ['-e', parent, JSON.stringify(argv)], {
          env: { ...process.env, LAB_AGENT_RUN: place.folder },
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        await new Promise((resolve) => lab.stdout.once('data', resolve));
        expect(findRunProcesses(place.folder).length).toBeGreaterThan(2);
        lab.kill('SIGKILL');
        await waitUntilGone(place.folder);
      },
    );
  }

  test.skipIf(!onLinux)('a sweep kills what carries the mark of a run below the folder, and nothing else', async () => {
    const start = (run: string) =>
      spawn('sleep', ['300'], { env: { ...process.env, LAB_AGENT_RUN: run }, stdio: 'ignore', detached: true });
    const mine = start(place.folder);
    const other = start(`${place.folder}0`);
    try {
      await waitUntil(
        'both run',
        async () => findRunProcesses(place.folder).length + findRunProcesses(`${place.folder}0`).length === 2,
      );
      expect((await sweepAgentRuns(place.folder)).killed).toEqual([mine.pid]);
      expect(findRunProcesses(`${place.folder}0`)).toEqual([other.pid]);
    } finally {
      other.kill('SIGKILL');
      await waitUntilGone(`${place.folder}0`);
    }
  });

  test.skipIf(!works)('writing outside the worktree is refused, and the reason says so', async () => {
    const result = await play(`echo hacked > ${place.labRoot}/train.py`, {
      request: { directory: place.worktree, mayEdit: true },
    });
    expect(result).toMatchObject({ status: 'failed', flags: [] });
    expect(result.reason).toMatch(
      /^tried to write outside its worktree or in a file that is locked, and the sandbox refused it: .*Read-only file/,
    );
    expect(readFileSync(join(place.labRoot, 'train.py'), 'utf8')).toBe('RATE = 1\n');
  });

  test.skipIf(!works)('it sees its prompt, its inbox and the lab, and neither keys nor the lab’s state', async () => {
    write('person/.ssh/id', 'private');
    write('lab/.lab/score-seed', 'seed');
    write('lab/.lab/agents/run-1/inbox/idea.md', 'the idea\n');
    const command = `cat {promptFile} $LAB_INBOX/idea.md ${place.labRoot}/notes.md; ls ${place.labRoot}/.lab ${place.around}/person; echo x > $LAB_INBOX/y; cat ${place.around}/person/.ssh/id ${place.labRoot}/.lab/score-seed`;
    const { text, status } = await play(command);
    expect(status).toBe('failed');
    expect(text).toContain('Do what the test is about');
    expect(text).toContain('the idea\nnotes');
    expect(text).not.toMatch(/private|seed|\.ssh/);
    expect(existsSync(join(place.inbox, 'y'))).toBe(false);
  });

  test('a required sandbox that is missing is an error with the way out', async () => {
    await expect(play('true', { config: { sandbox: 'required' }, sandbox: off })).rejects.toMatchObject({
      kind: 'config',
      message: expect.stringContaining('off for this test'),
    });
  });

  test('the environment holds what is listed and nothing of the lab’s or the person’s', async () => {
    const result = await play('env', {
      config: { agents: { env: ['OWN_SETTING', 'MANY_*', 'LAB_SCORE_SEED'] } },
      environment: { OWN_SETTING: 'a', MANY_A: 'b', LAB_SCORE_SEED: '77', SSH_AUTH_SOCK: '/s', AWS_SECRET_KEY: 'x' },
    });
    const names = result.text.split('\n').map((line) => line.split('=')[0]);
    expect(names).toEqual(expect.arrayContaining(['OWN_SETTING', 'MANY_A', 'LAB_ROLE', 'LAB_SLUG', 'LAB_OUTBOX']));
    expect(names.filter((name) => /SEED|SSH|AWS|VITEST/.test(name ?? ''))).toEqual([]);
    expect(result.text).toContain(`\nHOME=${place.folder}/home\n`);
    expect(result.text).toMatch(/^CUDA_VISIBLE_DEVICES=$/m);
  });

  test('the private home holds copies of the files that were asked for, and is gone afterwards', async () => {
    const login = write('person/.codex/auth.json', 'login\n');
    const config = { agents: { homeFiles: ['.codex'] } };
    const result = await play('cat ~/.codex/auth.json; echo new > ~/.codex/auth.json; ls -ld ~ | cut -c1-10', {
      config,
    });
    expect(result.text).toBe('login\ndrwx------');
    expect(readFileSync(login, 'utf8')).toBe('login\n');
    expect(readdirSync(place.folder).sort()).toEqual(['inbox', 'outbox', 'prompt.md', 'transcript.jsonl']);
    await expect(play('true', { config: { agents: { homeFiles: ['.codex/none'] } } })).rejects.toThrow(/\.codex\/none/);
    await expect(play('true', { config: { agents: { homeFiles: ['../x'] } } })).rejects.toThrow(/below the home/);
  });

  test('a program that is not there is named, with the ways on', async () => {
    const result = await play('nightlab-no-such-agent {promptFile}');
    expect(result.status).toBe('failed');
    expect(result.reason).toContain('"nightlab-no-such-agent" was not found');
    expect(result.reason).toContain('agents.use in lab.local.yaml');
  });

  test('a failure tells the exit code and the last line that says something', async () => {
    const result = await play('echo "Error: the model is overloaded" >&2; echo "    at run (x.js:1)" >&2; exit 3');
    expect(result).toMatchObject({
      status: 'failed',
      reason: 'ended with exit code 3: Error: the model is overloaded',
    });
    // Of the signals that end a command this is one of which no shell prints a word of its own.
    for (const sandbox of [probe, off]) {
      expect(await play('kill -PIPE $$', { sandbox })).toMatchObject({
        status: 'failed',
        reason: 'was ended by SIGPIPE and printed nothing that says why',
      });
    }
  });

  test('a secret that it was given stands nowhere in what it printed', async () => {
    const secret = 'sk-"quoted"-0123456789';
    const command = `printf '%s\\n' "$MY_API_KEY"; printf 'bad key %s' "$MY_API_KEY" >&2; exit 1`;
    const events: AgentEvent[] = [];
    const result = await play(command, {
      config: { agents: { env: ['MY_API_KEY'] } },
      environment: { MY_API_KEY: secret },
      onEvent: (event) => events.push(event),
    });
    const kept = readFileSync(result.transcriptPath, 'utf8');
    expect(result.reason).toBe('ended with exit code 1: bad key ***');
    expect(
      [JSON.stringify(result), kept, JSON.stringify(events)].filter((text) => text.includes('0123456789')),
    ).toEqual([]);
    expect(kept).toContain('***');
  });

  test('a line of three million characters is cut, and the next one is read', async () => {
    const result = await play(`head -c 3000000 /dev/zero | tr '\\0' x; echo; echo after`);
    expect(result.status).toBe('done');
    expect(result.text.endsWith('\nafter')).toBe(true);
    const lines = readFileSync(result.transcriptPath, 'utf8').trim().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(1_000_200);
  });

  test('the result of a stream counts, tokens and cost with it, and the exit code does not', async () => {
    const environment = fakeClaude(
      [answer(10, 1), outcome({ total_cost_usd: 0.25, usage: { input_tokens: 100, output_tokens: 20 } })],
      'exit 1',
    );
    expect(await play('claude -p < {promptFile}', { template: 'claude', environment })).toMatchObject({
      status: 'done',
      text: 'All done.',
      tokens: { input: 100, cachedInput: 0, output: 20 },
      costUsd: 0.25,
    });
  });

  test('a stream that reports an error has failed, also with exit code 0', async () => {
    const environment = fakeClaude([outcome({ is_error: true, result: 'Invalid API key' })]);
    const result = await play('claude', { template: 'claude', environment });
    expect(result).toMatchObject({ status: 'failed', reason: 'Invalid API key' });
  });

  test('a stream that ends without its result has failed', async () => {
    const result = await play('claude', { template: 'claude', environment: fakeClaude([answer(1, 1)]) });
    expect(result).toMatchObject({ status: 'failed', reason: expect.stringContaining('without the result') });
  });

  test('tokens over the limit end it while it runs', async () => {
    const environment = fakeClaude([answer(600, 10, 'a'), answer(500, 20, 'b')], 'sleep 300');
    const result = await play('claude', { template: 'claude', environment, request: limitsOf({ tokens: 1000 }) });
    expect(result).toMatchObject({ status: 'budget', reason: 'used 1130 tokens, more than agents.tokens = 1000' });
    expect(findRunProcesses(place.folder)).toEqual([]);
  });

  test('a cost over the limit is a budget that is used up', async () => {
    const usage = { input_tokens: 5, output_tokens: 5 };
    const environment = fakeClaude([answer(1, 1), outcome({ total_cost_usd: 0.75, usage })]);
    const result = await play('claude', { template: 'claude', environment, request: limitsOf({ usd: 0.5 }) });
    expect(result).toMatchObject({ status: 'budget', costUsd: 0.75 });
    expect(result.reason).toBe('cost 0.7500 US dollars, more than agents.usd = 0.5');
  });

  test('a limit on dollars and a model reach the ready-made command as its options', async () => {
    const program = write('bin/claude', '#!/bin/sh\nfor word; do echo "<$word>"; done\n');
    chmodSync(program, 0o755);
    const template = { ...ownTemplate(agentTemplates.claude?.command ?? ''), format: 'text' as const };
    const options = { modelOption: '--model {model}', budgetOption: '--max-budget-usd {usd}' };
    const config = configOf({ agents: { model: "it's" } });
    const environment = { ...process.env, PATH: `${dirname(program)}:${process.env.PATH ?? ''}` };
    const agent = createCommandAgent({
      name: 'x',
      template: { ...template, ...options },
      config,
      sandbox: probe,
      environment,
    });
    const { text } = await agent.run({ ...batteryRequest(place), ...limitsOf({ usd: 2 }) }, () => undefined);
    expect(text).toContain("<--model>\n<it's>\n<--max-budget-usd>\n<2>");
    expect(text).toContain(`<--setting-sources>\n<>`);
  });

  test('what the caller’s own listener throws ends the agent and reaches the caller', async () => {
    const onEvent = () => {
      throw new Error('the listener broke');
    };
    await expect(play('echo hello; sleep 300', { onEvent })).rejects.toThrow('the listener broke');
    expect(findRunProcesses(place.folder)).toEqual([]);
  });
});
