/**
 * Jobs of one submission that come after each other, told by the keys of their requests because none has a number yet. Pure; the numbers
 * are add-many.ts's.
 */
import { LabError } from '../errors/lab-error.ts';
import type { AddRequest } from './routes.ts';

/** A request's jobs that come before it: `place` in the submission, or the number of a job that is queued already. */
export type Before = { any: boolean } & ({ place: number } | { number: number });

/** What of a request counts here. */
export type OrderedRequest = Pick<AddRequest, 'key' | 'afterKeys'>;

/**
 * For each request what it comes after. `findNumber` knows the jobs of earlier submissions. Throws LabError (usage) on a key that is
 * nowhere, and where requests would wait for each other.
 */
export function orderRequests(
  requests: readonly OrderedRequest[],
  findNumber: (key: string) => number | null,
): Before[][] {
  const places = new Map(requests.map(({ key }, place) => [key, place]));
  const before = requests.map(({ key, afterKeys = [] }) =>
    afterKeys.map(({ key: other, any }): Before => {
      const place = places.get(other);
      if (place !== undefined) return { place, any };
      const number = findNumber(other);
      if (number !== null) return { number, any };
      throw new LabError('usage', `the request ${key} comes after "${other}", which is no key of a job`);
    }),
  );
  ensureNoCircle(requests, before);
  return before;
}

/** Takes away what waits for nothing that is left, until nothing changes; what stays waits for itself. */
function ensureNoCircle(requests: readonly OrderedRequest[], before: readonly Before[][]): void {
  const followers = requests.map((): number[] => []);
  const open = before.map((list, place) => {
    const places = list.flatMap((one) => ('place' in one ? [one.place] : []));
    for (const other of places) followers[other]?.push(place);
    return places.length;
  });
  const free = [...open.keys()].filter((place) => open[place] === 0);
  for (const place of free) {
    for (const follower of followers[place] ?? []) {
      open[follower] = (open[follower] ?? 0) - 1;
      if (open[follower] === 0) free.push(follower);
    }
  }
  if (free.length === requests.length) return;
  const left = requests.filter((_, place) => (open[place] ?? 0) > 0).map(({ key }) => key);
  throw new LabError('usage', `these jobs of the submission wait for each other: ${left.slice(0, 8).join(', ')}`);
}
