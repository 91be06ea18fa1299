/** The environment of an agent: whose value counts where a name has several, and what a login changes. Real runs: command-agent.test.ts. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { agentEnvironment } from './run-environment.ts';
import type { RunPlace } from './run-place.ts';
import { type AgentTemplate, agentTemplates, ownTemplate } from './templates.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nl-environment-'));
  mkdirSync(join(folder, 'home', '.codex'), { recursive: true });
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function templateOf(name: string): AgentTemplate {
  const template = agentTemplates[name];
  if (template === undefined) throw new Error(`no template ${name}`);
  return template;
}

function environmentOf(
  template: AgentTemplate,
  from: Record<string, string>,
  configured: string[] = [],
): Record<string, string> {
  const inside = (name: string): string => join(folder, name);
  const place: RunPlace = {
    ...{ folder, promptFile: inside('prompt.md'), inbox: inside('inbox'), outbox: inside('outbox') },
    ...{ directory: folder, labRoot: folder, home: inside('home'), temporary: inside('tmp') },
  };
  const request = { role: 'ideator', slug: null } as const;
  return agentEnvironment({ from, configured, template, isSandboxed: true, place, request });
}

const common = { OPENAI_API_KEY: 'sk-common', OPENAI_BASE_URL: 'http://service/v1' };

test('codex takes the common key and address where there is no login of its own', () => {
  const env = environmentOf(templateOf('codex'), common);
  expect(env).toMatchObject({ CODEX_API_KEY: 'sk-common', LAB_BASE_URL: 'http://service/v1' });
  const own = environmentOf(templateOf('codex'), { ...common, CODEX_API_KEY: 'sk-own' });
  expect(own.CODEX_API_KEY).toBe('sk-own');
  expect(environmentOf(ownTemplate('codex exec --json - < {promptFile}'), common).CODEX_API_KEY).toBe('sk-common');
});

test('beside a copied login the common key and address change nothing', () => {
  writeFileSync(join(folder, 'home', '.codex', 'auth.json'), '{}');
  const env = environmentOf(templateOf('codex'), common);
  expect(Object.keys(env)).not.toEqual(expect.arrayContaining(['CODEX_API_KEY']));
  expect(Object.keys(env)).not.toEqual(expect.arrayContaining(['LAB_BASE_URL']));
});

test('an empty key is no key, and nothing is set from what is not there', () => {
  expect(environmentOf(templateOf('codex'), { OPENAI_API_KEY: '' })).not.toHaveProperty('CODEX_API_KEY');
  expect(environmentOf(templateOf('codex'), {})).not.toHaveProperty('LAB_BASE_URL');
});

test('a variable that agents.env names in full goes before the template; one that a prefix matches does not', () => {
  const from = { OPENCODE_CONFIG_CONTENT: '{}' };
  const template = templateOf('opencode');
  expect(environmentOf(template, from, ['OPENCODE_CONFIG_CONTENT']).OPENCODE_CONFIG_CONTENT).toBe('{}');
  expect(environmentOf(template, from, ['OPENCODE_*']).OPENCODE_CONFIG_CONTENT).toContain('external_directory');
  expect(environmentOf(template, from).OPENCODE_CONFIG_CONTENT).toContain('external_directory');
});

test('what the lab sets itself cannot be named otherwise', () => {
  const env = environmentOf(templateOf('claude'), { HOME: '/person', LAB_ROLE: 'critic' }, ['HOME', 'LAB_ROLE']);
  expect(env).toMatchObject({ HOME: join(folder, 'home'), LAB_ROLE: 'ideator' });
});

test("the human's META_MODE and the lab's own names never pass, whatever agents.env and the template say", () => {
  const from = { META_MODE: '1', LAB_TEST_OPEN_LOCKS: 'sandbox', OTHER: 'yes' };
  const wanted = ['META_MODE', 'META_*', 'META*', '*', 'LAB_TEST_OPEN_LOCKS'];
  const env = environmentOf({ ...templateOf('claude'), envNames: ['META_MODE'] }, from, wanted);
  expect(env.OTHER).toBe('yes');
  expect(env).not.toHaveProperty('META_MODE');
  expect(env).not.toHaveProperty('LAB_TEST_OPEN_LOCKS');
});
