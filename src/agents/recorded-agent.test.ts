import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageRoot } from '../config/package-root.ts';
import { createReportFacts } from '../lab/report-facts-fixture.ts';
import type { AgentEvent, AgentRequest, AgentResult } from './agent.ts';
import { type BatteryPlace, batteryRequest, createBatteryPlace, describeAgent, listDirty } from './agent-battery.ts';
import { readCritiques, readImplementation, readProposedIdeas, readReportProse, readReview } from './outbox.ts';
import { recordedIdeas } from './recorded/recording.ts';
import { createRecordedAgent } from './recorded-agent.ts';

const read = (path: string): string => readFileSync(join(packageRoot(), path), 'utf8');
const files = { 'problem/train.py': read('problem/train.py'), 'problem/prepare.py': read('problem/prepare.py') };

describeAgent(
  'recorded',
  (task) => {
    const agent = createRecordedAgent();
    if (task === 'work-on') return 'the recording is never at work for longer than a moment';
    if (task === 'edit' || task === 'edit-unasked') return { agent, request: { slug: 'longer-contexts' } };
    return { agent, request: { role: 'ideator', slug: null, wanted: task === 'hand-in' ? 1 : 30 } };
  },
  { files },
);

let place: BatteryPlace;

beforeEach(() => {
  place = createBatteryPlace({ files });
});

afterEach(() => rmSync(place.around, { recursive: true, force: true }));

/** Plays one role in an empty outbox. */
async function play(request: Partial<AgentRequest>): Promise<AgentResult & { events: AgentEvent[] }> {
  rmSync(place.outbox, { recursive: true, force: true });
  mkdirSync(place.outbox);
  const events: AgentEvent[] = [];
  const result = await createRecordedAgent().run({ ...batteryRequest(place), ...request }, (event) =>
    events.push(event),
  );
  return { ...result, events };
}

const implement = (slug: string, round = 1) =>
  play({ role: 'implementer', slug, round, directory: place.worktree, mayEdit: true });

function writeIdea(folder: string, slug: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `2026-11-21_${slug}.md`), `---\nslug: ${slug}\n---\n`);
}

test('every screen is told that it is a recording', () => {
  expect(createRecordedAgent()).toMatchObject({ name: 'recorded', notice: expect.stringContaining('recording') });
});

test('the ideator hands in the first ideas of the session, and the lab finds nothing to object to', async () => {
  const result = await play({ role: 'ideator', slug: null, wanted: 8 });
  expect(result).toMatchObject({ status: 'done', tokens: null, costUsd: null, flags: [] });
  const { ideas, problems } = readProposedIdeas(place.outbox);
  expect(problems).toEqual([]);
  expect(ideas.flatMap((idea) => idea.problems)).toEqual([]);
  expect(ideas.map(({ idea }) => idea.slug)).toEqual(recordedIdeas.slice(0, 8).map(({ slug }) => slug));
  const [first, recorded] = [ideas[0]?.idea, recordedIdeas[0]];
  expect(first).toMatchObject({ title: recorded?.title, expected: recorded?.expected, sources: recorded?.sources });
  expect(first?.sections).toMatchObject({ mechanism: recorded?.mechanism, testPlan: recorded?.testPlan });
});

test('all ideas of the session can be read and have no problems', async () => {
  await play({ role: 'ideator', slug: null, wanted: 100 });
  const { ideas, problems } = readProposedIdeas(place.outbox);
  expect(problems).toEqual([]);
  expect(ideas.map(({ idea, problems: own }) => [idea.slug, own])).toEqual(recordedIdeas.map(({ slug }) => [slug, []]));
});

test('the ideator passes over ideas that the lab has, rejected ones too', async () => {
  const [first, second, third] = recordedIdeas.map(({ slug }) => slug);
  writeIdea(join(place.labRoot, '1_ideas'), first ?? '');
  writeIdea(join(place.labRoot, '1_ideas', 'rejected'), second ?? '');
  await play({ role: 'ideator', slug: null, wanted: 1 });
  expect(readProposedIdeas(place.outbox).ideas.map(({ idea }) => idea.slug)).toEqual([third]);
});

test('where the lab has all ideas the ideator hands in none and says so', async () => {
  for (const { slug } of recordedIdeas) writeIdea(join(place.labRoot, '1_ideas'), slug);
  const result = await play({ role: 'ideator', slug: null, wanted: 5 });
  expect(result).toMatchObject({
    status: 'done',
    text: expect.stringContaining('no idea that this lab does not have'),
  });
  expect(readdirSync(place.outbox)).toEqual([]);
});

test('the critic judges every recorded idea in its inbox as the recording has it, and says which one it does not know', async () => {
  await play({ role: 'ideator', slug: null, wanted: 100 });
  for (const name of readdirSync(place.outbox)) {
    writeFileSync(join(place.inbox, name.slice(3)), readFileSync(join(place.outbox, name)));
  }
  writeIdea(place.inbox, 'my-own-idea');
  const result = await play({ role: 'critic', slug: null });
  expect(result).toMatchObject({ status: 'done', text: expect.stringContaining('my-own-idea') });
  const { critiques, problems } = readCritiques(
    place.outbox,
    recordedIdeas.map(({ slug }) => slug),
  );
  expect(problems).toEqual([]);
  expect(critiques).toEqual(recordedIdeas.map(({ slug, critique }) => ({ slug, ...critique })));
});

test('the implementer edits train.py in the worktree and hands in notes', async () => {
  const result = await implement('word-pairs');
  expect(result).toMatchObject({ status: 'done', filesChanged: ['problem/train.py'] });
  expect(listDirty(place.worktree)).toEqual(['problem/train.py']);
  expect(readFileSync(join(place.worktree, 'problem/train.py'), 'utf8')).toContain('"pair|"');
  expect(readImplementation(place.outbox)).toMatchObject({ kind: 'done', notes: expect.stringMatching(/\w/) });
});

test('the implementer mends in round 2 what it wrote in round 1', async () => {
  await implement('subject-memory', 1);
  const first = readFileSync(join(place.worktree, 'problem/train.py'), 'utf8');
  expect(await implement('subject-memory', 2)).toMatchObject({ status: 'done', filesChanged: ['problem/train.py'] });
  expect(readFileSync(join(place.worktree, 'problem/train.py'), 'utf8')).not.toBe(first);
});

test.each([
  ['prune-rare-rows', 'the recording holds no code for this idea'],
  ['of-my-own', 'the recording holds no code for this idea'],
  ['longest-contexts', 'needs orders 4 and 5'],
])('the implementer says of %s that it cannot, and leaves the worktree alone', async (slug, reason) => {
  expect(await implement(slug)).toMatchObject({ status: 'done', filesChanged: [] });
  expect(readImplementation(place.outbox)).toMatchObject({ kind: 'cannot', reason: expect.stringContaining(reason) });
  expect(listDirty(place.worktree)).toEqual([]);
});

test('the reviewer blocks the first version of tail-averaging and approves the second', async () => {
  await play({ role: 'reviewer', slug: 'tail-averaging', round: 1 });
  const blocked = readReview(place.outbox);
  expect(blocked).toMatchObject({ kind: 'ok', verdict: 'changes' });
  expect(blocked.kind === 'ok' && blocked.findings[0]).toMatchObject({
    severity: 'blocking',
    file: 'problem/train.py',
  });
  await play({ role: 'reviewer', slug: 'tail-averaging', round: 2 });
  expect(readReview(place.outbox)).toMatchObject({ kind: 'ok', verdict: 'approve', findings: [] });
});

test('every recorded review can be read as it was written', async () => {
  const { recordedImplementations } = await import('./recorded/implementations.ts');
  for (const { slug, review } of recordedImplementations) {
    await play({ role: 'reviewer', slug, round: 1 });
    expect(readReview(place.outbox)).toEqual({ kind: 'ok', ...review(1) });
  }
});

test('the reporter writes what the record allows to say, also of an idea that was never built', async () => {
  writeFileSync(join(place.inbox, 'record.json'), JSON.stringify(createReportFacts()));
  const result = await play({ role: 'reporter', slug: 'longer-contexts' });
  const read = readReportProse(place.outbox);
  expect(read).toMatchObject({ kind: 'ok', prose: { summary: result.text, claims: '' } });
  expect(read.kind === 'ok' && read.prose.inferences).toContain('syllable');
  await play({ role: 'reporter', slug: 'of-my-own' });
  expect(readReportProse(place.outbox)).toMatchObject({ kind: 'ok' });
});

test.each(['no JSON', '{"decision": "keep"}'])(
  'a record that is broken (%s) is a failure with its reason',
  async (text) => {
    writeFileSync(join(place.inbox, 'record.json'), text);
    const result = await play({ role: 'reporter', slug: 'longer-contexts' });
    expect(result).toMatchObject({ status: 'failed', reason: expect.stringContaining('record.json') });
    expect(result.events.at(-1)).toMatchObject({ kind: 'error' });
  },
);

test('in a lab with another problem every role fails and says where the recording fits', async () => {
  writeFileSync(join(place.labRoot, 'problem/train.py'), 'print("another problem")\n');
  for (const role of ['ideator', 'critic', 'implementer', 'reviewer', 'reporter'] as const) {
    const result = await play({ role, slug: 'longer-contexts', mayEdit: role === 'implementer' });
    expect(result).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('only fits the starter problem'),
    });
    expect(readdirSync(place.outbox)).toEqual([]);
  }
});

test('an outbox that is missing is a failure with its reason, not an exception', async () => {
  const request = {
    ...batteryRequest(place),
    outbox: join(place.around, 'nowhere'),
    role: 'ideator' as const,
    wanted: 1,
  };
  const result = await createRecordedAgent().run(request, () => undefined);
  expect(result).toMatchObject({ status: 'failed', reason: expect.stringContaining('ENOENT') });
});
