/** The steps of the mode `setup`, in their order, and how each came out; they are asked one by one and the first that fails ends it. */
import type { BaselineRun } from './baseline-numbers.ts';

/** The steps, from nothing to both numbers. */
export const setupSteps = ['repository', 'uv', 'lab', 'environment', 'hardware', 'data', 'baseline'] as const;
/** One of setupSteps. */
export type SetupStep = (typeof setupSteps)[number];

/** How a step came out. `already`: it was so before; `skipped`: not needed here. */
export type StepOutcome =
  | { state: 'done' | 'already' | 'skipped'; text: string }
  | {
      state: 'failed';
      text: string;
      /** Last lines of what it printed; [] where it printed nothing. */
      log: string[];
      /** What helps, one line each. */
      hints: string[];
    };

/** A step with its outcome. */
export type SetupStepReport = { step: SetupStep } & StepOutcome;

/** What came of a set-up. */
export interface SetupReport {
  /** Top of the repository; null where there is none. */
  root: string | null;
  /** Those that were reached, in their order. */
  steps: SetupStepReport[];
  /** Both numbers; null where a step failed. */
  baseline: BaselineRun | null;
}

/** Creates a failure. */
export function failStep(text: string, hints: string[], log: string[] = []): Extract<StepOutcome, { state: 'failed' }> {
  return { state: 'failed', text, log, hints };
}

/** The step that failed; null where none did. */
export function findFailure({ steps }: SetupReport): Extract<SetupStepReport, { state: 'failed' }> | null {
  return steps.find((step) => step.state === 'failed') ?? null;
}

/** One step as a line. */
export function formatStep({ step, state, text }: SetupStepReport): string {
  const width = Math.max(...setupSteps.map((name) => name.length));
  return `${step.padEnd(width)}  ${state.padEnd(7)}  ${text}`;
}
