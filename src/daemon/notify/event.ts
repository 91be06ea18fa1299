/** What a person is told of: the events, and their texts for people, commands and webhooks. Pure; sending is in deliver.ts. */
import { basename } from 'node:path';
import type { JobKind } from '../../domain/job.ts';
import type { Run } from '../../domain/run.ts';
import { nameDecision } from '../../lab/decision-words.ts';

/** What can be told; the same words as in `notify.on`. */
export type EventName = 'done' | 'failed' | 'queue-empty' | 'device-idle';

/** What an event says of the job that ended. */
export interface EndedJob {
  number: number;
  kind: JobKind;
  /** Text of its label; null where it has none. */
  label: string | null;
  run: Run;
  /** What the lab decided; null where nothing was to decide. */
  status: 'keep' | 'discard' | 'crash' | null;
}

/** One thing that happened. */
export interface LabEvent {
  name: EventName;
  /** The job that ended; null for an event of the queue or a device. */
  job: EndedJob | null;
  /** Id of the idle device; null for any other event. */
  device: string | null;
  /** Jobs that wait, without those that are held or stashed. */
  queued: number;
  /** Jobs that run. */
  running: number;
  /** True where `lab notify test` made it. */
  isTest: boolean;
}

/** The values of an event by name; an absent name has no value. */
export type EventValues = Record<string, string>;

/** Every name that renderValues can give, so that a sender can take stale ones out of an environment. */
export const valueNames: readonly string[] = [
  'LAB_EVENT',
  'LAB_ROOT',
  'LAB_TITLE',
  'LAB_TEXT',
  'LAB_QUEUED',
  'LAB_RUNNING',
  'LAB_JOB',
  'LAB_KIND',
  'LAB_LABEL',
  'LAB_FATE',
  'LAB_STATUS',
  'LAB_METRIC',
  'LAB_METRIC_NAME',
  'LAB_EXIT',
  'LAB_SIGNAL',
  'LAB_SECONDS',
  'LAB_DEVICE',
  'LAB_TEST',
];

/** The headline, one line: "job 3 failed: out-of-memory". */
export function renderTitle({ name, job, device, isTest }: LabEvent): string {
  const mark = isTest ? 'test: ' : '';
  if (job !== null) return `${mark}job ${job.number} ${renderFate(job.run)}`;
  return name === 'device-idle' ? `${mark}${device} is idle` : `${mark}the queue is empty`;
}

/** The lines below the headline. */
export function renderText(event: LabEvent, root: string): string {
  const { job, queued, running } = event;
  const lines = [`lab ${basename(root)}: ${running} running, ${queued} waiting`];
  if (job !== null) {
    const { run } = job;
    if (job.label !== null) lines.push(job.label);
    if (run.metric !== null)
      lines.push(
        `${run.measuredBy?.name ?? 'metric'} ${run.metric}${job.status === null ? '' : ` (${nameDecision(job.status, job.status === 'keep' ? 'provisional' : '')})`}`,
      );
    if (run.fate.kind === 'failed') lines.push(run.fate.detail);
  }
  return lines.join('\n');
}

/** The values as environment variables of a command. */
export function renderValues(event: LabEvent, root: string): EventValues {
  const { job } = event;
  const last = job?.run.steps.at(-1);
  const values: Record<string, string | number | null | undefined> = {
    LAB_EVENT: event.name,
    LAB_ROOT: root,
    LAB_TITLE: renderTitle(event),
    LAB_TEXT: renderText(event, root),
    LAB_QUEUED: event.queued,
    LAB_RUNNING: event.running,
    LAB_JOB: job?.number,
    LAB_KIND: job?.kind,
    LAB_LABEL: job?.label,
    LAB_FATE: job === null ? null : nameFate(job.run),
    LAB_STATUS: job?.status,
    LAB_METRIC: job?.run.metric,
    LAB_METRIC_NAME: job?.run.metric === null ? null : job?.run.measuredBy?.name,
    LAB_EXIT: last?.exitCode,
    LAB_SIGNAL: last?.signal,
    LAB_SECONDS: job?.run.trainSeconds,
    LAB_DEVICE: event.device ?? job?.run.device.id,
    LAB_TEST: event.isTest ? 'yes' : null,
  };
  const given: EventValues = {};
  for (const [name, value] of Object.entries(values)) {
    // A zero byte ends an environment variable; no program could be started with it.
    if (value !== null && value !== undefined) given[name] = String(value).replaceAll('\0', '');
  }
  return given;
}

/** The values as a JSON document; missing values are null. The lab is named by its folder alone, the path stays here. */
export function renderDocument(event: LabEvent, root: string): Record<string, unknown> {
  const { job } = event;
  const last = job?.run.steps.at(-1);
  return {
    event: event.name,
    test: event.isTest,
    lab: basename(root),
    title: renderTitle(event),
    text: renderText(event, root),
    queued: event.queued,
    running: event.running,
    device: event.device ?? job?.run.device.id ?? null,
    job: job?.number ?? null,
    kind: job?.kind ?? null,
    label: job?.label ?? null,
    fate: job === null ? null : nameFate(job.run),
    status: job?.status ?? null,
    metric: job?.run.metric ?? null,
    metricName: job?.run.measuredBy?.name ?? null,
    exit: last?.exitCode ?? null,
    signal: last?.signal ?? null,
    seconds: job?.run.trainSeconds ?? null,
  };
}

const nameFate = ({ fate }: Run): string => (fate.kind === 'done' ? 'done' : fate.failure);

const renderFate = ({ fate }: Run): string => (fate.kind === 'done' ? 'is done' : `failed: ${fate.failure}`);
