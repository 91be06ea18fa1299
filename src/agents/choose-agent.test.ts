import { expect, test } from 'vitest';
import { configSchema, type RawLabConfig } from '../config/schema.ts';
import { LabError } from '../errors/lab-error.ts';
import type { SandboxProbe } from '../sandbox/sandbox.ts';
import type { Agent } from './agent.ts';
import { chooseAgent, listAgents } from './choose-agent.ts';
import { formatCommand, programOf } from './command-line.ts';
import { agentTemplates, ownTemplate } from './templates.ts';

const sandbox: SandboxProbe = { kind: 'none', reason: 'none here', mend: '' };
const recording: Agent = { name: 'recorded', notice: 'a recording', run: () => Promise.reject(new Error('not run')) };
const choose = (agents: RawLabConfig['agents'], role: 'critic' | 'reviewer' = 'critic', asked: string | null = null) =>
  chooseAgent(role, configSchema.parse({ agents }), { recorded: () => recording, sandbox, asked });

function errorOf(act: () => unknown): LabError {
  try {
    act();
  } catch (error) {
    if (error instanceof LabError) return error;
  }
  throw new Error('expected a LabError');
}

test('a role’s own agent goes before agents.use, and the one asked for before both', () => {
  const agents = { use: 'claude', roles: { critic: 'codex' } };
  expect(choose(agents).name).toBe('codex');
  expect(choose(agents, 'reviewer').name).toBe('claude');
  expect(choose(agents, 'critic', 'recorded')).toBe(recording);
});

test('no agent is an error that names both ways on', () => {
  const { kind, message, hints } = errorOf(() => choose({}));
  expect([kind, message]).toEqual(['config', 'no agent is configured for the role critic']);
  expect(hints.join('\n')).toMatch(/agents: \{use: claude\}[\s\S]*--agent recorded/);
});

test('an unknown name lists what there is, own commands included', () => {
  const { message } = errorOf(() => choose({ use: 'cluade', commands: { mine: 'mine {promptFile}' } }));
  expect(message).toContain('agents.use names the agent "cluade"');
  expect(message).toMatch(/claude, codex, opencode, gemini, aider, goose, mine, recorded/);
});

test('an own command of a ready-made name takes its place', () => {
  const config = configSchema.parse({ agents: { commands: { claude: 'my-claude {promptFile}' } } });
  const found = listAgents(config).filter(({ name }) => name === 'claude');
  expect(found).toMatchObject([{ kind: 'own', template: { command: 'my-claude {promptFile}', format: 'text' } }]);
});

test('an agent names the model that it asks for, and none where its command takes none', () => {
  const model = 'small';
  const commands = { mine: 'mine {promptFile}', other: 'other --with {model} {promptFile}' };
  const modelOf = (use: string) => choose({ use, model, commands }).model ?? null;
  expect(['claude', 'mine', 'other', 'recorded'].map(modelOf)).toEqual([model, null, model, null]);
  expect(choose({ use: 'claude' }).model).toBeNull();
});

test('a bad own command is an error when it is chosen', () => {
  expect(errorOf(() => choose({ use: 'mine', commands: { mine: 'mine {prompt}' } })).message).toContain('{prompt}');
});

test('an own command of a known program is given its keys, and its format where it asks for it', () => {
  const stream = ownTemplate('/opt/bin/claude -p --output-format stream-json --verbose < {promptFile}');
  expect(stream).toMatchObject({ format: 'claude', budgetOption: null });
  expect(stream.envNames).toContain('ANTHROPIC_API_KEY');
  expect(ownTemplate('claude -p < {promptFile}').format).toBe('text');
  expect(ownTemplate('constructor {promptFile}').envNames).toEqual([]);
});

for (const [name, template] of Object.entries(agentTemplates)) {
  test(`the template ${name} starts its own program, reads the prompt and can be filled in with and without a model`, () => {
    expect(programOf(template.command)).toBe(name);
    expect(template.command).toContain('{promptFile}');
    expect(template.command).toContain('{options}');
    const values = { promptFile: '/p', outbox: '/o', directory: '/d', model: 'm' };
    const filled = formatCommand(name, template.command.replace('{options}', template.modelOption ?? ''), values);
    expect(filled).toMatch(/(?:-m|--model) 'm'/);
    expect(filled).not.toMatch(/\{\w+\}/);
    expect(() =>
      formatCommand(name, template.command.replace('{options}', ''), { ...values, model: null }),
    ).not.toThrow();
  });
}
