/**
 * Requests that were made before: which job a key stands for, and that it is the job that is asked for. What a person chose a key for may
 * change under their hands (a wider grid, a line more in a file); what the lab names by itself is told by its key alone.
 */
import { join } from 'node:path';
import type { BookedJob, JobBook } from '../../queue/job-book.ts';
import type { Job } from '../domain/job.ts';
import { LabError } from '../errors/lab-error.ts';
import type { AddRequest } from './routes.ts';

/** How many places of an earlier grid are looked at: as many as a submission may have jobs. */
const mostPlaces = 10_000;

/** How much of a value is shown. */
const shownLength = 80;

/**
 * The jobs that these requests made before, by the requests' keys. Throws LabError (user) where a key that a person chose stands for
 * another job than the one that is asked for; the message names the first.
 */
export function findKnownJobs(
  book: Pick<JobBook, 'findKey'>,
  requests: readonly AddRequest[],
): ReadonlyMap<string, BookedJob> {
  const known = new Map<string, BookedJob>();
  const findByPlace = createPlaceFinder(book);
  const differing: { request: AddRequest; number: number; difference: string }[] = [];
  for (const request of requests) {
    const { key, chosenKey } = request;
    const named = book.findKey(key);
    const booked = named ?? findAlone(book, request) ?? findByPlace(request);
    if (booked === null) continue;
    known.set(key, booked);
    if (named === null || chosenKey === undefined) continue;
    const [difference] = listDifferences(request, booked.queued);
    if (difference !== undefined) differing.push({ request, number: booked.job.number, difference });
  }
  const [first] = differing;
  if (first === undefined) return known;
  const more = differing.length === 1 ? '' : `, and so it is with ${differing.length - 1} more of the submission`;
  throw new LabError(
    'user',
    `the key "${first.request.key}" stands for job ${first.number} already: ${first.difference}${more}; expected the same again, and nothing was queued`,
    {
      hints: [
        `\`lab status ${first.number}\` shows that job; another --key queues new ones`,
        ...(requests.length > 1 && first.request.chosenKey?.grid === undefined
          ? ['a line of a jobs file may have a "key" of its own, and keeps it when lines come and go before it']
          : []),
      ],
    },
  );
}

/** The job of a file that had one line when it was queued, where its key was the submission's and no place in it. */
function findAlone(book: Pick<JobBook, 'findKey'>, request: AddRequest): BookedJob | null {
  if (request.chosenKey === undefined || request.chosenKey.grid !== undefined || !request.key.endsWith('/0'))
    return null;
  const booked = book.findKey(request.key.slice(0, -2));
  return booked !== null && listDifferences(request, booked.queued).length === 0 ? booked : null;
}

/** Finds jobs of a grid that was queued when its keys still were places in it: by what they are, because a wider grid has other places. */
function createPlaceFinder(book: Pick<JobBook, 'findKey'>): (request: AddRequest) => BookedJob | null {
  const bySubmission = new Map<string, Map<string, BookedJob[]>>();
  const listPlaces = (grid: string): Map<string, BookedJob[]> => {
    const found = new Map<string, BookedJob[]>();
    // One that was deleted leaves a gap, so that the first missing place is not the end.
    for (let place = 0; place < mostPlaces; place++) {
      const booked = book.findKey(`${grid}/${place}`);
      if (booked !== null) found.set(booked.queued.command, [...(found.get(booked.queued.command) ?? []), booked]);
    }
    return found;
  };
  return (request) => {
    const grid = request.chosenKey?.grid;
    if (grid === undefined || request.command === null) return null;
    const places = bySubmission.get(grid) ?? listPlaces(grid);
    bySubmission.set(grid, places);
    const same = places.get(request.command)?.find(({ queued }) => listDifferences(request, queued).length === 0);
    return same ?? null;
  };
}

/**
 * What a request asks for otherwise than the job was queued with, one clause each. When it runs and how often it is tried do not count, nor
 * does what the request leaves to the lab. Pure.
 */
export function listDifferences(request: AddRequest, job: Job): string[] {
  const { needs, device, wallSeconds, base, chosenKey } = request;
  const line = request.label?.replace(/\s+/g, ' ').trim();
  const asked: [string, unknown, unknown][] = [
    ['command', job.command, request.command ?? job.command],
    ['label', job.label?.text ?? null, line === undefined || line === '' ? null : line],
    ['seed', job.seed, request.seed],
    ['folder', job.here ?? (job.directory || '.'), folderOf(request)],
    ['number of GPUs', job.needs.gpus, needs.gpus],
    ['GPU memory in MiB', job.needs.vramMib, needs.vramMib],
    ['standard input', job.stdin ? 'open' : 'closed', request.stdin ? 'open' : 'closed'],
    ['scoring', isScored(job), isScored(request)],
  ];
  if (device === 'cpu' || device === 'gpu')
    asked.push(['device', job.needs.deviceId ?? job.device, needs.deviceId ?? device]);
  if (wallSeconds !== null) asked.push(['wall limit in seconds', job.wallSeconds, wallSeconds]);
  if (base !== null) asked.push(['base', job.base, base]);
  const differences = asked.flatMap(([name, before, now]) =>
    before === now ? [] : [`its ${name} is ${show(before)}, and not ${show(now)}`],
  );
  // The values stay out of the message: nobody can tell whether one is a secret.
  const names = (chosenKey?.env ?? []).filter((name) => job.env[name] !== request.env[name]);
  return [...differences, ...names.map((name) => `its variable ${name} has another value`)];
}

const folderOf = ({ here, checkout, directory }: AddRequest): string =>
  here ? join(checkout, directory) : directory || '.';

const isScored = ({ kind }: { kind: string }): string => (kind === 'task' ? 'off' : 'on');

function show(value: unknown): string {
  if (value === null) return 'none';
  const text = JSON.stringify(value);
  return text.length > shownLength ? `${text.slice(0, shownLength)}…` : text;
}
