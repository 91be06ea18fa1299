import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RatchetState } from '../domain/ratchet.ts';
import { routeRequest } from './route-request.ts';

const fresh: RatchetState = {
  hasRepository: true,
  isLab: false,
  isSetUp: false,
  hasBaseline: false,
  program: 'incomplete',
  session: 'none',
  accelerator: 'cuda',
  platform: 'linux',
};
const measured: RatchetState = { ...fresh, isLab: true, isSetUp: true, hasBaseline: true };
const ready: RatchetState = { ...measured, program: 'whole' };
const running: RatchetState = { ...ready, session: 'running' };
const stopped: RatchetState = { ...ready, session: 'stopped' };
const nothing: RatchetState = { ...fresh, hasRepository: false, program: 'missing' };

function route(request: string, state: RatchetState): string {
  const { route } = routeRequest(request, state);
  if (route.kind === 'out') return `out ${route.to}`;
  return route.kind === 'walkthrough' ? `all ${route.mode}` : route.mode;
}

test.each<[string, string]>([
  ['set this up please', 'setup'],
  ['run it overnight', 'run'],
  ["Hi have a look at program.md and let's kick off a new experiment! let's do the setup first.", 'run'],
  ['start the loop, 20 experiments, tag mar5', 'run'],
  ['let it rip', 'run'],
  ['keep going until the morning', 'run'],
  ['lower val_bpb while I sleep', 'run'],
  ['make the model better', 'run'],
  ['run the setup again', 'setup'],
  ['run a baseline', 'setup'],
  ['run uv sync and prepare the data', 'setup'],
  ['reinstall the dependencies', 'setup'],
  ['update program.md with what we tried', 'program'],
  ['the constraints section of program.md is missing', 'program'],
  ['add muon variants to the directions', 'program'],
  ['write a research plan', 'program'],
  ['follow program.md and run', 'run'],
  ['what batch size fits on a 3090 with 24 GB?', 'adapt'],
  ['CUDA out of memory', 'adapt'],
  ['it does not fit into memory', 'adapt'],
  ['is my GPU fast enough?', 'adapt'],
  ['set MAX_SEQ_LEN to 512', 'adapt'],
  ['run it with a smaller batch size', 'run'],
  ["show me last night's results", 'results'],
  ['did anything work', 'results'],
  ['good evening', 'run'],
])('with everything ready, "%s" is %s', (request, expected) => {
  expect(route(request, ready)).toBe(expected);
});

test.each<[string, string]>([
  ['run the numbers from last night', 'results'],
  ['how did it go?', 'results'],
  ['which changes helped?', 'results'],
  ['show the resutls', 'results'],
  ['plot the progress', 'results'],
  ['is that gain real or just noise', 'results'],
  ['what should I try next?', 'results'],
  ['what next', 'results'],
  ["don't run anything, just show results", 'results'],
  ['without running anything show me the best commit', 'results'],
  ['before you run anything else, show me what worked', 'results'],
  ['show me what failed and then continue', 'results'],
  ['Zeig mir die Ergebnisse der letzten Nacht', 'results'],
  ['montre-moi les résultats', 'results'],
  ['¿qué funcionó anoche?', 'results'],
  ['continue', 'run'],
  ['resume mar5', 'run'],
  ['mach weiter', 'run'],
  ['program my night', 'run'],
  ['do another 20 experiments', 'run'],
  ['the loop plateaued for 40 experiments, change the search strategy', 'adapt'],
  ['no improvement since yesterday, we are stuck', 'adapt'],
  ['nothing is improving any more', 'adapt'],
  ["after last night's run, put what we learned into program.md", 'program'],
])('after a session, "%s" is %s', (request, expected) => {
  expect(route(request, stopped)).toBe(expected);
});

test.each<[string, RatchetState, string]>([
  ['run it overnight', fresh, 'setup'],
  ['run it overnight', { ...fresh, isLab: true, isSetUp: true }, 'setup'],
  ['run it overnight', measured, 'program'],
  ['run it overnight', { ...measured, program: 'missing' }, 'program'],
  ['run it overnight', running, 'run'],
  ['the results of setting up', fresh, 'setup'],
  ['set it up and then run it', fresh, 'setup'],
  ['set it up and then run it', ready, 'run'],
  ['run it after setting it up', fresh, 'setup'],
  ['write program.md', fresh, 'setup'],
  ['write program.md', measured, 'program'],
  ['write program.md', running, 'program'],
  ['how is it going', running, 'results'],
  ['is it still running?', running, 'results'],
  ['where do I start?', fresh, 'setup'],
  ['where do I start?', measured, 'program'],
  ['where do I start?', ready, 'run'],
  ['hello there', fresh, 'setup'],
  ['hello there', stopped, 'results'],
  ['run it', { ...ready, accelerator: 'none' }, 'run'],
  ['make it faster on my Mac', { ...fresh, accelerator: 'mlx', platform: 'macos' }, 'out fork'],
  ['run it tonight', { ...fresh, accelerator: 'none' }, 'out fork'],
  ['set this up', { ...fresh, accelerator: 'none', platform: 'windows' }, 'out fork'],
  ['show the results', { ...fresh, accelerator: 'none' }, 'results'],
  ['which settings for an RTX 3060 with 12 GB', { ...fresh, accelerator: 'none' }, 'adapt'],
  ['clone karpathy/autoresearch and set it up', nothing, 'setup'],
  ['start autoresearch here', nothing, 'setup'],
  ['clone karpathy/autoresearch and set it up', { ...nothing, accelerator: 'none' }, 'out fork'],
  ['run experiments tonight', nothing, 'out no-repository'],
  ['show the results', nothing, 'out no-repository'],
])('the state decides first: "%s"', (request, state, expected) => {
  expect(route(request, state)).toBe(expected);
});

test.each<[string, RatchetState, string]>([
  ['walk me through all of it', fresh, 'all setup'],
  ['walk me through all of it', measured, 'all program'],
  ['I want the full workflow, end to end', ready, 'all run'],
  ['the whole walkthrough please', stopped, 'all results'],
  ['führ mich durch den ganzen Ablauf', fresh, 'all setup'],
  ['walk me through all five modes', nothing, 'all setup'],
  ['walk me through the results', stopped, 'results'],
  ['walk me through setting it up', fresh, 'setup'],
])('the whole walkthrough is one only where it is asked for: "%s"', (request, state, expected) => {
  expect(route(request, state)).toBe(expected);
});

test.each<[string, string]>([
  ['optimise my system prompt', 'skill-autoresearch'],
  ['improve this SKILL.md overnight', 'skill-autoresearch'],
  ['run autoresearch on my SKILL.md', 'skill-autoresearch'],
  ['trace the calls of my langchain app', 'llm-evals'],
  ['set up evals for our support chatbot', 'llm-evals'],
  ['set up promptfoo', 'llm-evals'],
  ['find papers on linear attention', 'literature'],
  ['write a literature review about optimizers', 'literature'],
  ['survey of muon variants', 'literature'],
  ['is there an MLX fork?', 'fork'],
  ['does this run on windows?', 'fork'],
])('"%s" is another task, whatever the state', (request, to) => {
  for (const state of [fresh, ready, running]) expect(route(request, state)).toBe(`out ${to}`);
});

test.each<[string, string]>([
  ['improve program.md, the prompt of the agent', 'program'],
  ['run it and try ideas from these papers', 'run'],
  ['evaluate the last night', 'results'],
  ['what is the val_bpb of the best run', 'results'],
  ['survey the results', 'results'],
])('words of another task that mean one of ours do not lead out: "%s"', (request, expected) => {
  expect(route(request, stopped)).toBe(expected);
});

test.each<[string, string]>([
  ['show the results of the experiment "set up a longer warmup and run it"', 'results'],
  ['the README says `uv run prepare.py and train` but I only want the results', 'results'],
  ['continue\n> set up the repository first, then write program.md', 'run'],
  ['it says "CUDA out of memory"', 'adapt'],
  ['"run it overnight"', 'run'],
])('words quoted from elsewhere count only where there are no others: %s', (request, expected) => {
  expect(route(request, stopped)).toBe(expected);
});

test('what is quoted whole is read', () => {
  expect(route('"set this up"', fresh)).toBe('setup');
});

test('any text in any state leads to exactly one mode or one way out, with a reason', () => {
  const states = fc.record<RatchetState>({
    hasRepository: fc.boolean(),
    isLab: fc.boolean(),
    isSetUp: fc.boolean(),
    hasBaseline: fc.boolean(),
    program: fc.constantFrom('missing', 'incomplete', 'whole'),
    session: fc.constantFrom('none', 'running', 'stopped'),
    accelerator: fc.constantFrom('cuda', 'rocm', 'mlx', 'none'),
    platform: fc.constantFrom('linux', 'macos', 'windows'),
  });
  const words = fc.array(
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(
        'run',
        'set',
        'up',
        'show',
        'results',
        'program.md',
        'not',
        ',',
        'before',
        '"',
        "'",
        '`',
        'fit',
        'all',
      ),
    ),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(words, states, (parts, state) => {
      const { route, reason, elsewhere } = routeRequest(parts.join(' '), state);
      expect(reason).not.toBe('');
      expect(elsewhere === null).toBe(route.kind !== 'out');
      if (!state.hasRepository && route.kind === 'mode') expect(route.mode).toBe('setup');
      if (route.kind === 'mode' && route.mode === 'run' && state.session !== 'running')
        expect([state.isLab, state.isSetUp, state.hasBaseline, state.program]).toEqual([true, true, true, 'whole']);
    }),
    { numRuns: 500 },
  );
});

test('a long request is read in linear time', () => {
  const request = 'show me the results of what we tried, not the run, and then '.repeat(3000);
  expect(route(request, stopped)).toBe('results');
});
