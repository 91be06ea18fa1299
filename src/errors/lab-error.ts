/**
 * The one error class of the lab: a kind, a message, hints and the cause. Entry points turn the kind into an exit code.
 * Expected failures (a crashed run, a broken rule) are values, not errors; this class is for user mistakes and bugs.
 */

/** Who has to act on an error; decides the exit code. `refused`: a rule of the lab says no, and trying again changes nothing. */
export type ErrorKind = 'user' | 'refused' | 'config' | 'usage' | 'job-failed' | 'agent' | 'worker' | 'internal';

/** Exit code of each kind (DESIGN.md section 5): 1 user or config, 2 wrong usage, 3 the awaited job failed, 4 agent or worker, 70 internal. */
export const exitCodes: Record<ErrorKind, number> = {
  user: 1,
  refused: 1,
  config: 1,
  usage: 2,
  'job-failed': 3,
  agent: 4,
  worker: 4,
  internal: 70,
};

/** What a LabError can carry besides its message. */
export interface LabErrorOptions {
  /** One line each, naming the command or edit that helps. */
  hints?: string[];
  cause?: unknown;
}

/** An error a person reads: what is wrong, the value, what was expected; hints name the command that helps. */
export class LabError extends Error {
  /** By name and not by identity: the client is two files, each with this class in it (build.mjs), and an error may cross. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'LabError';
  }

  override readonly name = 'LabError';
  readonly kind: ErrorKind;
  readonly hints: string[];

  constructor(kind: ErrorKind, message: string, options: LabErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.hints = options.hints ?? [];
  }
}

/** The message of anything thrown, for logs and causes. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The errno code ("ENOENT", "ENOSPC", …) of anything thrown; null where it has none. */
export function errnoOf(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : null;
}

/** Renders an error for a terminal: `error:` line, causes, then `hint:` lines. Unexpected errors carry their stack. */
export function formatError(error: unknown): string {
  if (!(error instanceof LabError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `internal error: ${stack}\n`;
  }
  const lines = [`error: ${error.message}`];
  let cause: unknown = error.cause;
  while (cause !== undefined && cause !== null) {
    lines.push(`  caused by: ${messageOf(cause)}`);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  for (const hint of error.hints) lines.push(`hint: ${hint}`);
  return `${lines.join('\n')}\n`;
}
