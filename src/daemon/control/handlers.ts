/** The routes that change the queue: one function each, on top of the daemon's book, groups and feed. */

import type { LabPaths } from '../../config/lab-paths.ts';
import { LabError } from '../../errors/lab-error.ts';
import type { RouteHandlers } from '../api.ts';
import type { Daemon } from '../daemon.ts';

/** Routes that change the queue. */
export type ControlRoute =
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
export function createControlHandlers(_paths: LabPaths, _daemon: Daemon): Pick<RouteHandlers, ControlRoute> {
  const missing = async () => {
    throw new LabError('internal', 'not there yet');
  };
  return {
    stash: missing,
    start: missing,
    pause: missing,
    restart: missing,
    remove: missing,
    edit: missing,
    move: missing,
    send: missing,
    group: missing,
    clean: missing,
    reset: missing,
  };
}
