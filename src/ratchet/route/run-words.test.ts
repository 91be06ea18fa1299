import { expect, test } from 'vitest';
import { readRunWords } from './run-words.ts';

const agents = ['claude', 'codex', 'gemini', 'goose', 'recorded', 'My-Own'];
const read = (request: string) => readRunWords(request, ['mar5', 'mar6'], agents);

test.each<[string, number | null]>([
  ['run 20 experiments', 20],
  ['do five experiments and stop', 5],
  ['a dozen experiments please', 12],
  ['run 10 more and then analyze', 10],
  ['another 20 on gpu1', 20],
  ['run 20.', 20],
  ['Starte die Experimente, 30 Stück', 30],
  ['lance la boucle cette nuit, 30 essais max', 30],
  ['one more night on mar5', null],
  ['start another one on gpu 1', null],
  ['run with at most 40 GB', null],
  ['another 20 minutes', null],
  ['the last 20 experiments found nothing, go on', null],
  ['run it with 8 heads', null],
])('"%s" asks for %s experiments', (request, count) => {
  expect(read(request).count).toBe(count);
});

test.each<[string, string | null]>([
  ['start, tag Apr1-gpu0, 20 experiments', 'apr1-gpu0'],
  ['run at most 12, call it depth2', 'depth2'],
  ['start a second session mar6-gpu1 on the gpu 1', 'mar6-gpu1'],
  ['begin the experiment loop on branch autoresearch/apr9', 'apr9'],
  ['tag it with care', null],
  ['resume the session from mar5', null],
])('"%s" names the tag %s', (request, tag) => {
  expect(read(request).tag).toBe(tag);
});

test.each<[string, string | null]>([
  ['run on gpu1', 'gpu1'],
  ['start another one on gpu 1', 'gpu1'],
  ['use GPU #2, tag apr1-gpu0', 'gpu2'],
  ['run on cuda:3', 'gpu3'],
  ['run on CPU only', 'cpu0'],
  ['auf gpu0 bitte', 'gpu0'],
  ['run, tag apr1-gpu0', null],
  ['my gpu 4090 is free', null],
  ['it has a gpu 24 gb', null],
  ['not on gpu0', null],
  ['on gpu0 and gpu1', null],
])('"%s" names the device %s', (request, device) => {
  expect(read(request).device).toBe(device);
});

test.each<[string, string | null]>([
  ['start the ratchet with codex as the agent', 'codex'],
  ['with claude code', 'claude'],
  ['let gemini run 20 experiments', 'gemini'],
  ['20 experiments, codex, gpu1', 'codex'],
  ['run with my-own', 'My-Own'],
  ['with codex instead of claude', 'codex'],
  ['use claude opus 4', 'claude'],
  ['run with cursor as the agent', 'cursor'],
  ['--agent nobody', 'nobody'],
  ['run the recorded losses again', null],
  ['the agent is stuck, go on', null],
  ['claude found it yesterday, go on', null],
  ['without claude', null],
])('"%s" names the agent %s', (request, agent) => {
  expect(read(request).agent).toBe(agent);
});

test.each<[string, boolean]>([
  ['run 20 experiments on gpu1 with codex and confirm', true],
  ['run with confirmation', true],
  ['let it run overnight and confirm the gains', true],
  ['run --confirm', true],
  ["run, don't confirm", false],
  ['run without any confirmation', false],
  ['run, but ask me to confirm first', false],
  ['run', false],
])('"%s" asks for --confirm: %s', (request, isConfirmed) => {
  expect(read(request).isConfirmed).toBe(isConfirmed);
});

test.each<[string, RegExp]>([
  ['run for 8 hours', /^"for 8 hours" is not carried \(a session begins at once and has no end by the clock/],
  ['10 hours, no babysitting, go', /^"10 hours" .*timeout -s INT/],
  ['do your thing until 8am', /^"until 8am" /],
  ['keep going until the morning', /^"until the morning" /],
  ['start at 22:00', /^"at 22:00" /],
  ['run with five minutes each', /^"five minutes each" .*TIME_BUDGET/],
  ['run with a time budget of 600 s', /^"time budget of 600 s" .*run\.wallSeconds/],
  ['run until val_bpb is below 0.95', /^"until val_bpb is below 0\.95" .*--max or Ctrl-C/],
  ['keep going until it stops improving', /^"until it stops improving" .*--max or Ctrl-C/],
  ['run on both gpus', /^"both gpus" .*one device/],
  ['on gpu0 and gpu1', /^"gpu0, gpu1" .*one device/],
  ['run, not on gpu0', /^"not on gpu0" .*--device/],
  ['run with 3 seeds', /^"3 seeds" .*run\.seeds/],
  ['run and stay below 40 GB', /^"below 40 gb" .*memoryFactor/],
  ['use claude opus 4', /^"opus 4" .*agents\.model/],
  ['run and mail me when it is done', /^"mail me when it is done" .*notify/],
  ['run from the widening branch', /^"from the widening branch" .*main branch/],
  ['run without claude', /^"without claude" .*--agent/],
  ['run with codex, claude found it yesterday', /^"claude" .*--agent claude/],
  ['run, but ask me to confirm first', /^"ask me to confirm" .*never asks/],
  ['run --budget 300', /^"--budget" .*no option/],
])('"%s": what no option carries is told', (request, expected) => {
  expect(read(request).uncarried).toEqual([expect.stringMatching(expected)]);
});

test.each([
  'run it overnight',
  'start the loop, 20 experiments, tag mar5',
  'run 20 experiments on gpu1 with codex and confirm',
  "Hi have a look at program.md and let's kick off a new experiment! let's do the setup first.",
  'please run at most 12, call it depth2, thanks',
  'mach weiter mit mar6',
  'begin the experiment loop on branch autoresearch/mar5',
  'do five experiments and stop',
  '--tag x1 --max 7 --desc "a wider context for all"',
])('"%s" is carried whole', (request) => {
  expect(read(request)).toMatchObject({ uncarried: [], unread: [] });
});

test('parts that nothing was read from are named, as far as they are no politeness, and quotations are none', () => {
  expect(read('run on gpu1, and water the plants').unread).toEqual(['water the plants']);
  expect(read('hello there, please run it, thank you!').unread).toEqual([]);
  expect(read('run it "and never look at the moon again"').unread).toEqual([]);
});

test('a text that was pasted is read in no time that anybody would notice, whatever it repeats', () => {
  for (const part of ['a ', 'until ', 'gpu1 ', 'not on the ', '1 ', 'with the ', 'and ', ', ', 'stop when ', '--x '])
    expect(read(part.repeat(5000)).tag, part).toBeNull();
});
