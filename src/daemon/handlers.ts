/** What each route does, on top of the daemon: views of jobs and devices, waiting for changes, adding, killing, ending. */
import { listWaiting } from '../../queue/readiness.ts';
import type { LabPaths } from '../config/lab-paths.ts';
import type { RouteHandlers } from './api.ts';
import { createFactsReader } from './client-facts.ts';
import { createControlHandlers } from './control/handlers.ts';
import type { Daemon } from './daemon.ts';
import { createStatusHandlers } from './status-view.ts';

/** The handlers of a daemon of that build; `end` is called once the answer to `down` is on its way. */
export function createHandlers(paths: LabPaths, daemon: Daemon, build: string, end: () => void): RouteHandlers {
  const { book } = daemon;
  const readFacts = createFactsReader(paths);
  return {
    hello: async () => ({ build, pid: process.pid, root: paths.root }),
    facts: async ({ environment }) => ({ facts: readFacts(environment) }),
    ...createControlHandlers(paths, daemon),
    add: (request) => daemon.add(request),
    addMany: ({ requests }) => daemon.addMany(requests),
    replay: (request) => daemon.replay(request),
    test: (request) => daemon.tests.begin(request),
    tests: async ({ numbers, wait }) => ({ tests: await daemon.tests.list(numbers, wait) }),
    ...createStatusHandlers(paths, daemon),
    record: (request) => daemon.record(request),
    down: async () => {
      const running = book.open().filter((job) => job.live !== null);
      const queued = listWaiting(book.open(), daemon.queueContext());
      setImmediate(end);
      return { running: running.map((job) => job.job.number), queued: queued.map((job) => job.job.number) };
    },
  };
}
