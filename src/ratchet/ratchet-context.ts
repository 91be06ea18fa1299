/** What every step of a session is given. Types only. */
import type { RatchetSession } from '../domain/ratchet.ts';
import type { PipelineContext } from '../pipeline/context.ts';

/** A session at work. */
export interface RatchetContext extends PipelineContext {
  session: RatchetSession;
  /** A finished experiment's line, for standard output. */
  print(line: string): void;
}
