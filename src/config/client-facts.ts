/** The part of the configuration that `lab add` needs on the client's side. Types and one pure function: the thin client loads this. */
import type { LabConfig } from './schema.ts';

/** What `lab add` needs of the configuration. */
export interface ClientFacts {
  /** queue.place */
  place: LabConfig['queue']['place'];
  /** queue.labels */
  labels: LabConfig['queue']['labels'];
  /** metric.direction */
  direction: LabConfig['metric']['direction'];
  /** env.pass */
  pass: string[];
  /** env.secret: names, no values. */
  secret: string[];
  /** run.idleSeconds */
  idleSeconds: number | null;
  /** run.logMb */
  logMb: number | null;
  /** run.retrySeconds */
  retrySeconds: number;
}

/** The facts of a configuration. */
export function factsOf({ queue, metric, env, run }: LabConfig): ClientFacts {
  return {
    place: queue.place,
    labels: queue.labels,
    direction: metric.direction,
    pass: env.pass,
    secret: env.secret,
    idleSeconds: run.idleSeconds,
    logMb: run.logMb,
    retrySeconds: run.retrySeconds,
  };
}
