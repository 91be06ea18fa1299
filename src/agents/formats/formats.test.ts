import { expect, test } from 'vitest';
import type { AgentEvent } from '../agent.ts';
import { createParser } from './create-parser.ts';
import type { OutputFormat, ParsedEnd } from './output-parser.ts';

function parse(format: OutputFormat, lines: (string | object)[]): { events: AgentEvent[]; end: ParsedEnd } {
  const parser = createParser(format);
  const events = lines.flatMap((line) => parser.feed(typeof line === 'string' ? line : JSON.stringify(line)));
  return { events, end: parser.end() };
}

const usagesOf = (events: AgentEvent[]) => events.filter((event) => event.kind === 'usage');

const claudeCount = (input: number, read: number, output: number) => ({
  ...{ input_tokens: input, cache_read_input_tokens: read, cache_creation_input_tokens: 0, output_tokens: output },
});

test('claude: text, tools and cumulative usage with the cached part in the input', () => {
  const { events, end } = parse('claude', [
    { type: 'system', subtype: 'init', session_id: 's', tools: ['Bash'] },
    {
      type: 'assistant',
      message: { id: 'm1', content: [{ type: 'text', text: 'I look.' }], usage: claudeCount(600, 400, 20) },
    },
    {
      type: 'assistant',
      message: {
        id: 'm1',
        content: [{ type: 'tool_use', id: 't1', name: 'Bash', input: { command: 'ls', description: 'list' } }],
        usage: claudeCount(600, 400, 50),
      },
    },
    { type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: 't1', is_error: true, content: 'no' }] } },
    { type: 'assistant', message: { id: 'm2', content: [], usage: claudeCount(700, 400, 51) } },
    {
      ...{ type: 'result', subtype: 'success', is_error: false, result: 'Done.', total_cost_usd: 0.0125 },
      usage: claudeCount(1300, 800, 101),
    },
  ]);
  expect(events.filter((event) => event.kind !== 'usage')).toEqual([
    { kind: 'text', text: 'I look.' },
    { kind: 'tool-start', tool: 'Bash', detail: 'ls' },
    { kind: 'tool-end', tool: 'Bash', ok: false },
  ]);
  expect(usagesOf(events)).toEqual([
    { kind: 'usage', tokens: { input: 1000, cachedInput: 400, output: 20 }, costUsd: null },
    { kind: 'usage', tokens: { input: 1000, cachedInput: 400, output: 50 }, costUsd: null },
    { kind: 'usage', tokens: { input: 2100, cachedInput: 800, output: 101 }, costUsd: null },
    { kind: 'usage', tokens: { input: 2100, cachedInput: 800, output: 101 }, costUsd: 0.0125 },
  ]);
  expect(end).toEqual({ text: 'Done.', error: null, verdict: 'completed' });
});

test('claude: a result that is an error has failed, by flag or by subtype', () => {
  expect(parse('claude', [{ type: 'result', subtype: 'success', is_error: true, result: 'Bad key' }]).end).toEqual({
    ...{ text: 'Bad key', error: 'Bad key', verdict: 'failed' },
  });
  expect(parse('claude', [{ type: 'result', subtype: 'error_max_turns', is_error: false }]).end.error).toBe(
    'error_max_turns',
  );
});

test('codex: items, usage of the turn, and a passing error that is no failure', () => {
  const { events, end } = parse('codex', [
    { type: 'thread.started', thread_id: 'x' },
    { type: 'turn.started' },
    { type: 'error', message: 'Reconnecting 1/5' },
    { type: 'item.started', item: { id: 'i1', type: 'command_execution', command: 'cat a', status: 'in_progress' } },
    {
      type: 'item.completed',
      item: { id: 'i1', type: 'command_execution', command: 'cat a', exit_code: 1, status: 'failed' },
    },
    {
      type: 'item.completed',
      item: { id: 'i2', type: 'file_change', changes: [{ path: 'a.py', kind: 'update' }], status: 'completed' },
    },
    { type: 'item.completed', item: { id: 'i3', type: 'reasoning', text: 'hm' } },
    { type: 'item.completed', item: { id: 'i4', type: 'agent_message', text: 'Done.' } },
    { type: 'turn.completed', usage: { input_tokens: 2100, cached_input_tokens: 800, output_tokens: 101 } },
  ]);
  expect(events).toEqual([
    { kind: 'error', message: 'Reconnecting 1/5' },
    { kind: 'tool-start', tool: 'shell', detail: 'cat a' },
    { kind: 'tool-end', tool: 'shell', ok: false },
    { kind: 'tool-start', tool: 'edit', detail: 'a.py' },
    { kind: 'tool-end', tool: 'edit', ok: true },
    { kind: 'text', text: 'Done.' },
    { kind: 'usage', tokens: { input: 2100, cachedInput: 800, output: 101 }, costUsd: null },
  ]);
  expect(end).toEqual({ text: 'Done.', error: null, verdict: 'completed' });
});

test('codex: a failed turn has failed, and a stream that breaks off has no verdict', () => {
  expect(parse('codex', [{ type: 'turn.failed', error: { message: '401' } }]).end).toMatchObject({
    ...{ error: '401', verdict: 'failed' },
  });
  expect(parse('codex', [{ type: 'error', message: 'waiting for network' }]).end).toMatchObject({
    ...{ error: 'waiting for network', verdict: 'missing' },
  });
});

const step = (input: number, read: number, output: number, reasoning: number, cost: number) => ({
  type: 'step_finish',
  part: { type: 'step-finish', reason: 'stop', cost, tokens: { input, output, reasoning, cache: { read, write: 0 } } },
});

test('opencode: usage and cost are summed over the steps', () => {
  const { events, end } = parse('opencode', [
    { type: 'step_start', part: { type: 'step-start' } },
    { type: 'tool_use', part: { tool: 'edit', state: { status: 'completed', input: { filePath: '/w/a.py' } } } },
    step(600, 400, 40, 10, 0.25),
    { type: 'text', part: { type: 'text', text: 'Done.' } },
    step(700, 400, 51, 0, 0.5),
  ]);
  expect(events).toEqual([
    { kind: 'tool-start', tool: 'edit', detail: '/w/a.py' },
    { kind: 'tool-end', tool: 'edit', ok: true },
    { kind: 'usage', tokens: { input: 1000, cachedInput: 400, output: 50 }, costUsd: 0.25 },
    { kind: 'text', text: 'Done.' },
    { kind: 'usage', tokens: { input: 2100, cachedInput: 800, output: 101 }, costUsd: 0.75 },
  ]);
  expect(end).toEqual({ text: 'Done.', error: null, verdict: 'never' });
});

test('opencode: zeros are unknown, and an error is a failure', () => {
  expect(parse('opencode', [step(0, 0, 0, 0, 0)]).events).toEqual([]);
  expect(usagesOf(parse('opencode', [step(10, 0, 1, 0, 0)]).events)).toEqual([
    { kind: 'usage', tokens: { input: 10, cachedInput: 0, output: 1 }, costUsd: null },
  ]);
  const error = { type: 'error', error: { name: 'APIError', data: { message: 'no such model' } } };
  expect(parse('opencode', [error]).end).toMatchObject({ error: 'no such model', verdict: 'failed' });
});

test('gemini: pieces of a message are joined, the user’s own are left out, and the statistics are read', () => {
  const { events, end } = parse('gemini', [
    { type: 'init', session_id: 's', model: 'm' },
    { type: 'message', role: 'user', content: 'the task' },
    { type: 'message', role: 'assistant', content: 'I look.', delta: true },
    { type: 'tool_use', tool_name: 'write_file', tool_id: 't', parameters: { file_path: 'a.py' } },
    { type: 'tool_result', tool_id: 't', status: 'success' },
    { type: 'message', role: 'assistant', content: 'All ', delta: true },
    { type: 'message', role: 'assistant', content: 'done.', delta: true },
    {
      type: 'result',
      status: 'success',
      stats: { total_tokens: 2201, input_tokens: 2100, output_tokens: 101, cached: 800 },
    },
  ]);
  expect(events).toEqual([
    { kind: 'text', text: 'I look.' },
    { kind: 'tool-start', tool: 'write_file', detail: 'a.py' },
    { kind: 'tool-end', tool: 'write_file', ok: true },
    { kind: 'text', text: 'All ' },
    { kind: 'text', text: 'done.' },
    { kind: 'usage', tokens: { input: 2100, cachedInput: 800, output: 101 }, costUsd: null },
  ]);
  expect(end).toEqual({ text: 'All done.', error: null, verdict: 'completed' });
});

test('gemini: statistics per model are summed, and an error in the result is a failure', () => {
  const models = {
    a: { tokens: { prompt: 1000, candidates: 50, cached: 400, thoughts: 5, total: 1055 } },
    b: { tokens: { prompt: 100, candidates: 1, cached: 0, thoughts: 0, total: 101 } },
  };
  expect(parse('gemini', [{ type: 'result', status: 'success', stats: { models } }]).events).toEqual([
    { kind: 'usage', tokens: { input: 1100, cachedInput: 400, output: 56 }, costUsd: null },
  ]);
  const failed = { type: 'result', status: 'error', error: { type: 'quota', message: 'quota is used up' } };
  expect(parse('gemini', [failed]).end).toMatchObject({ error: 'quota is used up', verdict: 'failed' });
});

test('plain text: every line that says something is an event, and the end is the tail', () => {
  const { events, end } = parse('text', ['one', '', 'two']);
  expect(events).toEqual([
    { kind: 'text', text: 'one' },
    { kind: 'text', text: 'two' },
  ]);
  expect(end).toEqual({ text: 'one\n\ntwo', error: null, verdict: 'never' });
  const long = parse('text', [...Array.from({ length: 300 }, () => 'x'.repeat(1000)), 'last']).end.text;
  expect(long.length).toBeLessThanOrEqual(64 * 1024);
  expect(long.endsWith('x\nlast')).toBe(true);
});

for (const format of ['claude', 'codex', 'opencode', 'gemini'] as const) {
  test(`${format}: lines of no known shape are passed over`, () => {
    const lines = [
      '',
      'warning: x',
      '{broken',
      '[]',
      '{"type":"brand_new","x":1}',
      '{"type":7}',
      '{"type":"result"',
      'null',
    ];
    const { events, end } = parse(format, lines);
    expect(events).toEqual([]);
    expect(end).toMatchObject({ text: '', error: null });
  });
}
