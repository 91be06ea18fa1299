/**
 * What the recorded agent may do in a run: say something, read a file, write a file. Each act is told as an event, as a real agent's would be,
 * and none happens once the run was stopped. Which acts a role consists of is in play-roles.ts.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { errnoOf } from '../../errors/lab-error.ts';
import type { AgentEvent, AgentRequest } from '../agent.ts';

/** The acts of one run. All of them throw the signal's reason once it is aborted, and the system's error where the disk refuses. */
export interface Stage {
  request: AgentRequest;
  /** Tells the reader something. */
  say(text: string): Promise<void>;
  /** The text of a file; null where there is none. `path` is absolute, `shown` is what the reader sees. */
  read(path: string, shown: string): Promise<string | null>;
  /** Names in a folder, sorted; none where it is missing. */
  list(path: string, shown: string): Promise<string[]>;
  /** Puts a file into the outbox. */
  handIn(name: string, text: string): Promise<void>;
  /** Writes a file of the directory; `path` is relative to it. */
  edit(path: string, text: string): Promise<void>;
}

/** A stage for a run; `changed` gets the paths that are edited. */
export function createStage(
  request: AgentRequest,
  signal: AbortSignal,
  emit: (event: AgentEvent) => void,
  changed: Set<string>,
): Stage {
  // Gives an abort a chance to be seen between two acts.
  const pause = async (): Promise<void> => {
    await setImmediate();
    signal.throwIfAborted();
  };
  const act = async <T>(tool: string, detail: string, work: () => Promise<T>): Promise<T> => {
    await pause();
    emit({ kind: 'tool-start', tool, detail });
    try {
      const result = await work();
      emit({ kind: 'tool-end', tool, ok: true });
      return result;
    } catch (error) {
      emit({ kind: 'tool-end', tool, ok: false });
      throw error;
    }
  };
  return {
    request,
    say: async (text) => {
      await pause();
      emit({ kind: 'text', text });
    },
    read: (path, shown) => act('read', shown, () => orNull(readFile(path, 'utf8'))),
    list: (path, shown) => act('list', shown, async () => ((await orNull(readdir(path))) ?? []).sort()),
    handIn: (name, text) => act('write', `outbox/${name}`, () => writeFile(join(request.outbox, name), text)),
    edit: (path, text) =>
      act('edit', path, async () => {
        const target = join(request.directory, path);
        await mkdir(dirname(target), { recursive: true });
        await writeFile(target, text);
        changed.add(path);
      }),
  };
}

/** What the work gives; null where the file or folder is missing. */
async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}
