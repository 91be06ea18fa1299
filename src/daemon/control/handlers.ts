/** The routes that change the queue, one function each, on top of the daemon's book, groups and feed. What they do is in the files beside this one. */
import type { LabPaths } from '../../config/lab-paths.ts';
import type { RouteHandlers } from '../api.ts';
import type { Daemon } from '../daemon.ts';
import { cleanJobs, resetQueue } from './clean.ts';
import { editJob } from './edit.ts';
import { changeGroup } from './groups.ts';
import { enqueueJobs, stashJobs } from './hold.ts';
import { killJobs, removeJobs } from './kill.ts';
import { moveJobs } from './move.ts';
import { pauseJobs, startJobs } from './pause.ts';
import { restartJobs } from './restart.ts';
import { sendText } from './send.ts';

/** Routes that change the queue. */
export type ControlRoute =
  | 'kill'
  | 'enqueue'
  | 'stash'
  | 'start'
  | 'pause'
  | 'restart'
  | 'remove'
  | 'edit'
  | 'move'
  | 'send'
  | 'group'
  | 'clean'
  | 'reset';

/** Their handlers. */
export function createControlHandlers(paths: LabPaths, daemon: Daemon): Pick<RouteHandlers, ControlRoute> {
  return {
    kill: (request) => killJobs(paths, daemon, request),
    enqueue: (request) => enqueueJobs(paths, daemon, request),
    stash: (request) => stashJobs(daemon, request),
    start: (request) => startJobs(paths, daemon, request),
    pause: (request) => pauseJobs(paths, daemon, request),
    restart: (request) => restartJobs(paths, daemon, request),
    remove: (request) => removeJobs(daemon, request),
    edit: (request) => editJob(daemon, request),
    move: (request) => moveJobs(daemon, request),
    send: async (request) => sendText(paths, daemon, request),
    group: (request) => changeGroup(daemon, request),
    clean: (request) => cleanJobs(paths, daemon, request),
    reset: (request) => resetQueue(paths, daemon, request),
  };
}
