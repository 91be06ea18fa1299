/** Changing a job that has not begun: `lab edit`, `lab env`, and what a restart changes. job.json stays; state.json holds the changes. */
import { applyEdits } from '../../../queue/edited-job.ts';
import type { BookedJob } from '../../../queue/job-book.ts';
import type { QueueEntry } from '../../../queue/job-schema.ts';
import { parseLabel } from '../../../queue/label.ts';
import { isAsAsked } from '../../../queue/readiness.ts';
import type { Dependency, Job, JobEdits } from '../../domain/job.ts';
import type { Label } from '../../domain/label.ts';
import { LabError } from '../../errors/lab-error.ts';
import { ensureNeeds } from '../add-job.ts';
import type { Daemon } from '../daemon.ts';
import type { Outcomes, Routes } from '../routes.ts';
import { changeWaiting } from './change.ts';
import { ensureDependencies } from './dependencies.ts';
import { phaseOf, type QueueParts } from './select.ts';

/** What editing needs. */
export type EditParts = QueueParts & Pick<Daemon, 'config' | 'devices'>;

/**
 * Changes one job. Throws LabError where a value cannot be: an unknown group or dependency, a dependency on itself, a device that this
 * machine lacks, a label without Q and H, or a job whose content is fixed.
 */
export async function editJob(parts: EditParts, request: Routes['edit']['request']): Promise<Outcomes> {
  const { number, after, priority, group } = request;
  const { job } = parts.book.get(number);
  const edits: JobEdits = {
    ...request.edits,
    ...(request.label === undefined ? {} : { label: readLabel(parts, job, request.label) }),
  };
  ensureEdits(parts, job, edits);
  if (group !== undefined) parts.groups.get(group);
  if (after !== undefined) {
    ensureDependencies(parts.book, number, after);
    ensureComesAfter(parts.book.get(number), after);
  }
  const changed = [
    ...Object.keys(edits),
    ...Object.entries({ after, priority, group }).flatMap(([name, value]) => (value === undefined ? [] : [name])),
  ];
  const result = await changeWaiting(parts, number, {
    verb: 'edited',
    change: (entry): QueueEntry => ({
      ...entry,
      edits: mergeEdits(entry.edits, edits),
      after: after ?? entry.after,
      priority: priority ?? entry.priority,
      group: group ?? entry.group,
    }),
    outcome: () =>
      changed.length === 0 ? `job ${number}: nothing to change` : `job ${number}: changed ${changed.join(', ')}`,
  });
  parts.feed.feed();
  return { results: [result], notes: [] };
}

/** Throws LabError (user) where the job is tried again by itself, and nothing would wait for what it is to come after now. */
export function ensureComesAfter(booked: BookedJob, after: readonly Dependency[]): void {
  if (phaseOf(booked) !== 'waiting' || !isAsAsked(booked)) return;
  const { entry, job } = booked;
  if (after.every((one) => entry.after.some((known) => known.job === one.job && known.any === one.any))) return;
  const text = `job ${job.number} ran before and is tried again: a retry comes after no other job any more`;
  throw new LabError('user', text, {
    hints: [`\`lab stash ${job.number}\` keeps it until \`lab enqueue ${job.number}\``],
  });
}

/** Edits on top of earlier ones. Pure. */
export function mergeEdits(earlier: JobEdits, edits: JobEdits): JobEdits {
  const env = { ...earlier.env, ...edits.env };
  return { ...earlier, ...edits, ...(Object.keys(env).length === 0 ? {} : { env }) };
}

/** Throws LabError (user) where the job's content is fixed by its kind, or no device of this machine could ever serve it. */
export function ensureEdits({ devices }: Pick<EditParts, 'devices'>, job: Job, edits: JobEdits): void {
  const fixed =
    job.kind === 'replay' || job.kind === 'bridge' || job.kind === 'ratchet' || job.test !== null
      ? ['command', 'env', 'seed', 'stdin']
      : job.kind === 'baseline'
        ? ['command']
        : [];
  const refused = Object.keys(edits).filter((name) => fixed.includes(name));
  if (refused.length > 0) {
    throw new LabError(
      'user',
      `job ${job.number} is a ${job.kind}: its ${refused.join(', ')} cannot be changed, for its number would not compare`,
      {
        hints: ['`lab add` queues another command'],
      },
    );
  }
  const classes = [...new Set(devices.map((device) => device.class))];
  if (edits.device !== undefined && !classes.includes(edits.device)) {
    throw new LabError('user', `this machine has no ${edits.device} device, expected one of: ${classes.join(', ')}`, {
      hints: ['`lab doctor` shows the devices that were found'],
    });
  }
  if (edits.device === undefined && edits.needs === undefined) return;
  const wanted = applyEdits(job, edits);
  ensureNeeds(devices, wanted.device, wanted.needs);
}

function readLabel({ config }: EditParts, job: Job, text: string): Label {
  if (job.kind !== 'plain' && job.kind !== 'experiment' && job.kind !== 'task')
    throw new LabError('user', `job ${job.number} is a ${job.kind}, which has no label`);
  // Nothing is scored of a task, so its label may be any words.
  if (job.kind === 'task' && !/(?:^|\s)(?:Q|H|why|resolve):/i.test(text)) {
    const line = text.replace(/\s+/g, ' ').trim();
    return { text: line, question: line, hypothesis: '', expected: { kind: 'none' } };
  }
  return parseLabel(text, config.metric.direction);
}
