/** Waiting for a change in a folder: woken by the system where it can, by a timer otherwise. It does not say what has changed. */
import { type FSWatcher, watch } from 'node:fs';

/** Waits for changes of one folder, one wait at a time. */
export interface FolderWatch {
  /** Ends at a change in the folder, after `limitMs`, or when the signal aborts. A change between two waits ends the next one at once. */
  wait(limitMs: number, signal?: AbortSignal): Promise<'looked'>;
  close(): void;
}

/** Begins to watch; a folder that is missing or cannot be watched is looked at by the timer alone. */
export function createFolderWatch(folder: string): FolderWatch {
  let hasChanged = false;
  let wake: () => void = () => undefined;
  let watcher: FSWatcher | null = null;
  try {
    watcher = watch(folder, () => {
      hasChanged = true;
      wake();
    });
    // Watching is only for speed; some file systems and full inotify tables do without, and the timer goes on.
    watcher.on('error', () => watcher?.close());
  } catch {
    watcher = null;
  }
  return {
    wait(limitMs, signal) {
      return new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', end);
          // One that was given up for another event must not take the next one's wake.
          if (wake === end) {
            wake = () => undefined;
            hasChanged = false;
          }
          resolve('looked');
        };
        const timer = setTimeout(end, hasChanged ? 0 : limitMs);
        wake = end;
        signal?.addEventListener('abort', end, { once: true });
      });
    },
    close() {
      watcher?.close();
      wake();
    },
  };
}
