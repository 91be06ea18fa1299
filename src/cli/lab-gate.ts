/** The pipeline's door to the daemon over the socket: starts the daemon where none runs, survives one that is killed and started again. */
import { setTimeout as delay } from 'node:timers/promises';
import type { LabPaths } from '../config/lab-paths.ts';
import type { LabConfig } from '../config/schema.ts';
import { requestDefaults } from '../daemon/routes.ts';
import { LabError } from '../errors/lab-error.ts';
import type { LabGate } from '../pipeline/lab-gate.ts';
import { captureEnvironment } from './capture-environment.ts';
import { call } from './client.ts';
import { isFinal } from './render.ts';
import { beginTest } from './tests/follow-test.ts';
import { renderClaim } from './tests/render-test.ts';

/** Creates the door of a lab; jobs take along the caller's environment as `lab add` does. */
export function createLabGate(paths: LabPaths, config: LabConfig): LabGate {
  const listClaims = async () => {
    const { track } = await call(paths, 'status', { numbers: [] });
    const { tests } = await call(paths, 'tests', { numbers: [], wait: false });
    return tests.filter(({ test }) => test.question.kind === 'claim' && test.track === track);
  };
  const { env, secrets } = captureEnvironment(process.env, config.env.pass, config.env.secret);
  return {
    async look() {
      const { jobs, track, champion } = await call(paths, 'status', { numbers: [] });
      return { jobs, track, champion };
    },
    async addJob({ device = null, deviceId = null, ...job }) {
      const { number, commit } = await call(paths, 'add', {
        ...requestDefaults,
        ...job,
        needs: { ...requestDefaults.needs, deviceId },
        fromTrack: null,
        checkout: paths.root,
        directory: '',
        here: false,
        device,
        env,
        secrets,
      });
      return { number, commit };
    },
    async replayJob(key, number) {
      return { number: (await call(paths, 'replay', { key, number, secrets })).number };
    },
    async waitForJob(number, signal, onChange) {
      for (;;) {
        const { jobs } = await call(paths, 'status', { numbers: [number] }, signal);
        const [view] = jobs;
        if (view === undefined) throw new LabError('internal', `the daemon knows nothing of job ${number}`);
        onChange(view);
        if (isFinal(view.state) || view.state.kind === 'held') return view;
        // Asked again and again and not awaited: a progress line of the log is no change of the job's state.
        await delay(250, undefined, { signal });
      }
    },
    async listClaims() {
      return (await listClaims()).map(({ test: { champion, deviceModel, beganAt }, state }) => ({
        ...{ champion, deviceModel, beganAt },
        isOpen: state === 'open',
      }));
    },
    async confirmChampion(signal, runs) {
      const open = (await listClaims()).findLast(({ state }) => state === 'open');
      const { test } = open ?? (await beginTest(paths, config, { kind: 'claim', runs }));
      for (;;) {
        // Answered when one of its runs ends, and every 20 seconds besides.
        const { tests } = await call(paths, 'tests', { numbers: [test.number], wait: true }, signal);
        const [view] = tests;
        if (view === undefined) throw new LabError('internal', `the daemon does not know test ${test.number} any more`);
        if (view.state !== 'open')
          return { text: renderClaim(view, config.metric, null).trimEnd().replaceAll('\n', '\n  ') };
      }
    },
    record: (request) => call(paths, 'record', request),
  };
}
