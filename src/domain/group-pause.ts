/** How a person is told that a group of the queue is paused. Pure. */
import type { Group } from './job.ts';

/** "the group sweep is paused", and because of which failure where one did it; the start of a sentence. */
export function formatPause({ name, failedJob }: Pick<Group, 'name' | 'failedJob'>): string {
  return `the group ${name} is paused${failedJob === undefined ? '' : `, because job ${failedJob} failed`}`;
}
