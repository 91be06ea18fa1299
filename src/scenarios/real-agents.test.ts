/**
 * A sweep and an experiment by real coding agents, started by their ready-made templates, against a scripted service on the loopback: no
 * language model, no key, no internet. Runs where LAB_TEST_AGENTS names a folder whose node_modules/.bin has the programs; 0_docs/guide/agents.md
 * says how to make one. That the agents think well is not shown.
 */
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { AgentResult } from '../agents/agent.ts';
import type { Experiment } from '../domain/experiment.ts';
import { probeSandbox } from '../sandbox/bubblewrap.ts';
import { type ScriptedLlm, scriptedKey, startScriptedLlm } from './scripted-llm.ts';
import { createTemporaryLab, type TemporaryLab } from './temporary-lab.ts';

/** What a person sets up to use an agent with a service of their own. */
interface Setting {
  /** Name of the ready-made template and of the program. */
  agent: string;
  how: string;
  /** Further lines of lab.local.yaml below `agents:`. */
  local: string[];
  env: Record<string, string>;
  /** Files of the person's home, by path; `SERVICE` stands for the service's address. */
  home: Record<string, string>;
}

const codexProvider = `model_provider = "own"
[model_providers.own]
name = "own"
base_url = "SERVICE/v1"
env_key = "OWN_API_KEY"
wire_api = "responses"
`;

const opencodeProvider = {
  npm: '@ai-sdk/openai-compatible',
  options: { baseURL: 'SERVICE/v1', apiKey: '{env:OWN_API_KEY}' },
  models: { scripted: { limit: { context: 200_000, output: 8_000 } } },
};

const settings: readonly Setting[] = [
  {
    agent: 'claude',
    how: 'key and address in the environment',
    local: ['model: claude-sonnet-4-5'],
    env: { ANTHROPIC_API_KEY: scriptedKey, ANTHROPIC_BASE_URL: 'SERVICE' },
    home: {},
  },
  {
    // Its own choice of a model, for which it puts all tools into one that takes a script.
    agent: 'codex',
    how: 'a provider in config.toml',
    local: ['env: [OWN_API_KEY]', 'homeFiles: [.codex/config.toml]'],
    env: { OWN_API_KEY: scriptedKey },
    home: { '.codex/config.toml': codexProvider },
  },
  {
    agent: 'codex',
    how: 'key and address in the environment, and a model with tools of their own',
    local: ['model: gpt-5.5'],
    env: { OPENAI_API_KEY: scriptedKey, OPENAI_BASE_URL: 'SERVICE/v1' },
    home: {},
  },
  {
    agent: 'gemini',
    how: 'key and address in the environment',
    local: ['model: gemini-2.5-flash'],
    env: { GEMINI_API_KEY: scriptedKey, GOOGLE_GEMINI_BASE_URL: 'SERVICE' },
    home: {},
  },
  {
    agent: 'opencode',
    how: 'a provider in opencode.json',
    local: ['model: own/scripted', 'env: [OWN_API_KEY]'],
    env: { OWN_API_KEY: scriptedKey },
    home: { '.config/opencode/opencode.json': JSON.stringify({ provider: { own: opencodeProvider } }) },
  },
];

const config = `metric:
  name: score
  direction: lower
commands:
  train: python3 train.py
  smoke: python3 train.py
  score: python3 eval.py
run:
  seeds: [1, 2]
`;

const folder = process.env.LAB_TEST_AGENTS ?? '';
const programs = join(folder, 'node_modules', '.bin');
const isSandboxed = (await probeSandbox()).kind === 'bubblewrap';

async function createLab(url: string, { agent, local, env, home }: Setting): Promise<TemporaryLab> {
  const lines = [`use: ${agent}`, 'wallSeconds: 120', ...local].map((line) => `  ${line}\n`);
  const filled = Object.entries(env).map(([name, value]) => [name, value.replace('SERVICE', () => url)]);
  const lab = await createTemporaryLab({
    config,
    local: `agents:\n${lines.join('')}`,
    env: { ...Object.fromEntries(filled), PATH: `${programs}:${process.env.PATH ?? ''}` },
  });
  lab.env.HOME = join(lab.around, 'home');
  for (const [path, text] of Object.entries(home)) {
    const file = join(lab.env.HOME, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(
      file,
      text.replace('SERVICE', () => url),
    );
  }
  return lab;
}

/** The runs of the lab by name, with what the lab says of them and the events that it kept. */
async function readRuns(lab: TemporaryLab): Promise<Map<string, { result: AgentResult; transcript: string }>> {
  const runs = new Map<string, { result: AgentResult; transcript: string }>();
  for (const name of readdirSync(join(lab.root, '.lab', 'agents'))) {
    const result = JSON.parse(await lab.read(`.lab/agents/${name}/result.json`)) as AgentResult;
    runs.set(name, { result, transcript: await lab.read(`.lab/agents/${name}/transcript.jsonl`) });
  }
  return runs;
}

async function ideate(lab: TemporaryLab): Promise<void> {
  const call = await lab.lab('ideate', '--until', '2');
  expect(call, call.stdout + call.stderr).toMatchObject({ code: 0 });
  const names = readdirSync(join(lab.root, '1_ideas')).filter((name) => /^\d/.test(name));
  expect(names.map((name) => name.slice(11)).sort()).toEqual(['half-number.md', 'slow-warmup.md']);
  for (const name of names) expect(await lab.read(`1_ideas/${name}`)).toMatch(/^rating: (?:8\.5|3)$/m);
}

async function implement(lab: TemporaryLab, llm: ScriptedLlm): Promise<void> {
  const call = await lab.lab('implement', '--best');
  expect(call, call.stdout + call.stderr).toMatchObject({ code: 0 });
  const state = JSON.parse(await lab.read('.lab/experiments/half-number/experiment.json')) as Experiment;
  expect(state.outcome, JSON.stringify(state, null, 1)).toMatchObject({ kind: 'decided', status: 'keep' });
  expect(await lab.git('show', `main:${state.report}`)).toContain('decision: keep');
  expect(await lab.git('show', 'exp/half-number:train.py')).toContain('write("0.5")');
  expect(state.agents.map(({ role, status }) => [role, status])).toEqual([
    ['implementer', 'done'],
    ['reviewer', 'done'],
    ['reporter', 'done'],
  ]);
  for (const { run, tokens } of state.agents) {
    const served = llm.runs.get(run);
    expect(tokens, run).toBe((served?.input ?? 0) + (served?.output ?? 0));
  }
}

/** Every run ended by itself, its tools worked, and the lab counted what the service counted. */
async function checkRuns(lab: TemporaryLab, llm: ScriptedLlm): Promise<void> {
  const runs = await readRuns(lab);
  expect([...llm.runs.keys()].sort()).toEqual([...runs.keys()].sort());
  expect(runs.size).toBe(5);
  for (const [name, { result, transcript }] of runs) {
    const served = llm.runs.get(name);
    expect(served?.isOver, name).toBe(true);
    const { input, cachedInput, output } = served ?? { input: 0, cachedInput: 0, output: 0 };
    expect(result, name).toMatchObject({ status: 'done', tokens: { input, cachedInput, output } });
    expect(result.text).toContain(`The ${served?.role} is done.`);
    expect(result.flags).toEqual(isSandboxed ? [] : ['unsandboxed']);
    expect(transcript).not.toContain(scriptedKey);
    const events = transcript
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind?: string; ok?: boolean; tool?: string });
    const ends = events.filter(({ kind }) => kind === 'tool-end');
    expect(
      ends.map(({ ok }) => ok),
      `${name}: ${served?.tools}`,
    ).toEqual(served?.tools.map(() => true));
  }
}

for (const setting of settings) {
  const { agent, how, env } = setting;
  const isThere = folder !== '' && existsSync(join(programs, agent));
  const titled = (title: string): string =>
    `${agent}, ${how}: ${isThere ? title : `NOT RUN, since LAB_TEST_AGENTS names no folder with node_modules/.bin/${agent}`}`;

  test.skipIf(!isThere)(
    titled('hands in ideas, judges them, and takes the best one to a verdict and a report, with its tokens counted'),
    async () => {
      const llm = await startScriptedLlm();
      const lab = await createLab(llm.url, setting);
      try {
        await ideate(lab);
        await implement(lab, llm);
        await checkRuns(lab, llm);
        expect(await lab.git('status', '--porcelain')).toBe('');
      } finally {
        await lab.remove();
        await llm.close();
      }
    },
    600_000,
  );

  // Claude waits in silence instead, for as long as agents.idleSeconds lets it.
  if (agent === 'claude') continue;
  test.skipIf(!isThere)(
    titled('a key that the service refuses ends the sweep, in the words of the service'),
    async () => {
      const llm = await startScriptedLlm();
      const wrong = Object.entries(env).map(([name, value]) => [name, value === scriptedKey ? 'sk-wrong-1' : value]);
      const lab = await createLab(llm.url, { ...setting, env: Object.fromEntries(wrong) });
      try {
        const call = await lab.lab('ideate', '--until', '2');
        expect(call.code).not.toBe(0);
        expect(call.stderr).toContain('the key is wrong');
      } finally {
        await lab.remove();
        await llm.close();
      }
    },
    600_000,
  );
}
