/** When a night confirms, and with how many runs: real run folders, and a door to the lab that writes down what it was asked. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createPlainJob, createPlainRun } from '../../queue/job-for-tests.ts';
import { createQueueEntry } from '../../queue/job-schema.ts';
import { writeJob, writeRecorded, writeRun } from '../../queue/job-store.ts';
import { labPaths } from '../config/lab-paths.ts';
import { configSchema } from '../config/schema.ts';
import type { ChampionState, Change } from '../domain/change.ts';
import type { LabClaim, LabGate } from './lab-gate.ts';
import { beginNight, type NightContext } from './spend-night.ts';

const folders: string[] = [];

afterEach(() => {
  for (const one of folders.splice(0)) rmSync(one, { recursive: true, force: true });
});

const track = 'aaaaaaaa';
const root = 'a'.repeat(40);
const own: Change = { slug: 'own', commit: 'b'.repeat(40), start: root };
const other: Change = { slug: 'other', commit: 'c'.repeat(40), start: root };
const state: ChampionState = {
  ...{ commit: own.commit, root, changes: [own], near: [], value: 0.9, sd: 0.01, chosenBy: 0.9 },
};

const refuse = () => Promise.reject(new Error('nobody asks for this'));

/** A lab whose runs take 100 seconds each, and whose champion gained `gain` over a baseline of four seeds. */
async function createNight(gain: number, claims: LabClaim[], nightRuns: number | null) {
  const folder = mkdtempSync(join(tmpdir(), 'nightlab-night-'));
  folders.push(folder);
  const paths = labPaths(folder);
  const champion: ChampionState = { ...state, value: 1 - gain };
  const record = async (number: number, metric: number, isKept: boolean) => {
    const what = isKept
      ? { kind: 'experiment' as const, experiment: own.slug, commit: own.commit, base: root, start: root }
      : { kind: 'baseline' as const, commit: root };
    mkdirSync(join(paths.runs, String(number), '1'), { recursive: true });
    await writeJob(paths.runs, createPlainJob(number, { ...what, track, seed: number }), createQueueEntry(number));
    const times = { startedAt: '2026-01-01T00:00:00+00:00', endedAt: '2026-01-01T00:01:40+00:00', trainSeconds: 100 };
    await writeRun(paths.runs, createPlainRun(number, { metric, track, ...times }));
    const decision = { status: 'keep', reason: '', evidence: '', observed: null, noiseWidths: null } as const;
    await writeRecorded(paths.runs, {
      ...{ schema: 1, job: number, attempt: 1, metric: 'val_bpb', row: null, entry: null, commit: null, isDone: true },
      ...(isKept ? { decision, champion } : { decision: null, champion: null }),
    });
  };
  for (const [place, metric] of [1, 1.01, 0.99, 1.004].entries()) await record(place + 1, metric, false);
  await record(5, 1 - gain, true);
  const confirmed: number[] = [];
  const gate: LabGate = {
    look: async () => ({
      ...{ jobs: [], track },
      champion: { commit: own.commit, metric: null, source: 'experiment', state: champion },
    }),
    listClaims: async () => claims,
    async confirmChampion(_, runs) {
      confirmed.push(runs);
      return { text: 'confirmed' };
    },
    ...{ addJob: refuse, replayJob: refuse, waitForJob: refuse, record: refuse },
  };
  const config = configSchema.parse({ metric: { name: 'val_bpb', direction: 'lower' } });
  const context: NightContext = {
    ...{ config, gate, paths, tell: () => undefined, signal: new AbortController().signal },
  };
  const untilMs = nightRuns === null ? null : Date.now() + (nightRuns * 100 + 50) * 1000;
  return { night: beginNight(context, { untilMs, confirmsAtEnd: true }), confirmed };
}

const device = createPlainRun(1, {}).device.model;
const hourMs = 3_600_000;
const claimOf = (change: Change, agoMs: number, more: Partial<LabClaim> = {}): LabClaim => ({
  ...{ champion: { ...state, changes: [change] }, isOpen: false, deviceModel: device },
  beganAt: new Date(Date.now() - agoMs).toISOString(),
  ...more,
});

test('a claim is laid down with the share of the night that it was sized for, and with 12 runs where nobody said how long the night is', async () => {
  for (const [nightRuns, runs] of [
    [60, 6],
    [200, 20],
    [null, 12],
  ] as const) {
    const { night, confirmed } = await createNight(0.3, [], nightRuns);
    await night.finish();
    expect(confirmed).toEqual([runs]);
  }
});

test('a share of fewer than two runs of each code begins no claim; an open one is gone on with', async () => {
  const short = await createNight(0.3, [], 30);
  await short.night.finish();
  expect(short.confirmed).toEqual([]);
  const open = await createNight(0.3, [claimOf(own, hourMs, { isOpen: true })], 30);
  await open.night.finish();
  expect(open.confirmed).toEqual([4]);
});

test('every try of 24 hours on the device model makes the next one dearer, until it cannot be shown any more', async () => {
  const asked = async (claims: LabClaim[]) => {
    const { night, confirmed } = await createNight(0.03, claims, 120);
    await night.finish();
    return confirmed.length;
  };
  const tries = Array.from({ length: 5 }, (_, place) => claimOf(other, (place + 1) * hourMs));
  expect(await asked([])).toBe(1);
  expect(await asked(tries)).toBe(0);
  expect(await asked(tries.map((one) => ({ ...one, deviceModel: 'another' })))).toBe(1);
  expect(await asked(tries.map((_, place) => claimOf(other, (25 + place) * hourMs)))).toBe(1);
});
