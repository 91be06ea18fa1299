/**
 * The code of the recorded session: all implementations, in one list. Ideas of the session that are not in it were never built; whoever is
 * asked to build one of them says so. The ideas are in recording.ts.
 */
import { contextImplementations } from './context-implementations.ts';
import type { RecordedImplementation } from './implementation.ts';
import { learningImplementations } from './learning-implementations.ts';
import { modelImplementations } from './model-implementations.ts';
import { pastImplementations } from './past-implementations.ts';
import { scheduleImplementations } from './schedule-implementations.ts';

/** All recorded implementations, by theme. */
export const recordedImplementations: readonly RecordedImplementation[] = [
  ...contextImplementations,
  ...pastImplementations,
  ...scheduleImplementations,
  ...learningImplementations,
  ...modelImplementations,
];

/** The implementation of an idea; null where the recording holds no code for it. */
export function findImplementation(slug: string): RecordedImplementation | null {
  return recordedImplementations.find((implementation) => implementation.slug === slug) ?? null;
}
