/**
 * What the door of the queue asks of one job before a number is promised, and what it writes of it: group, dependencies, device, commits,
 * the bridge's champion, the content of job.json. The order of a whole submission, of one job or many, is add-many.ts's.
 */
import { join } from 'node:path';
import type { GroupStore } from '../../queue/group-store.ts';
import type { JobBook } from '../../queue/job-book.ts';
import { checkPriority, normalPriority, type QueueEntry } from '../../queue/job-schema.ts';
import { parseJobLabel } from '../../queue/task-label.ts';
import type { Device } from '../../workers/device-probe.ts';
import { unknownBaseFlag } from '../../workers/recorder/judge-experiment.ts';
import type { LabPaths } from '../config/lab-paths.ts';
import { findRepositoryRoot } from '../config/repository-root.ts';
import type { LabConfig } from '../config/schema.ts';
import { describeSilentGpu, resolveDevice } from '../domain/device-choice.ts';
import type { DeviceNeeds, Job, JobKind } from '../domain/job.ts';
import type { Label } from '../domain/label.ts';
import type { DeviceClass } from '../domain/run.ts';
import { formatLocalTime } from '../domain/time.ts';
import { LabError } from '../errors/lab-error.ts';
import { readTracks } from '../rules/track-store.ts';
import { judgingOf } from '../stats/against-baseline.ts';
import { type ScoredRun, viewTrack } from '../stats/track-view.ts';
import { ensureDependencies } from './control/dependencies.ts';
import type { BuiltOn } from './experiment-base.ts';
import type { JobSource } from './job-source.ts';
import type { AddRequest } from './routes.ts';

/** What the door needs of the daemon. */
export interface AddContext {
  paths: LabPaths;
  config: LabConfig;
  main: string;
  book: JobBook;
  /** Device classes that have a worker, each with the models of its devices. */
  devices: ReadonlyMap<DeviceClass, readonly string[]>;
  /** Every device of the machine. */
  machine: readonly Device[];
  /** What could not be asked when the devices were looked for, one line each; absent: nothing was wrong. */
  deviceProblems?: readonly string[];
  groups: GroupStore;
  /** Checks of frozen files that passed before, as add-many.ts names them; it adds to them. */
  passed: Set<string>;
}

/** What a request says by itself, with the lab's defaults filled in. */
export interface AskedJob {
  request: AddRequest;
  label: Label | null;
  command: string;
  device: DeviceClass;
  /** What a person should know of the choices that were made for them. */
  notes: string[];
}

/** Reads one request. Throws LabError with what is wrong in it; no git process is started. */
export function parseAsked(context: AddContext, request: AddRequest): AskedJob {
  const { paths, config, book } = context;
  const { labels, place } = config.queue;
  const { direction } = config.metric;
  const label = request.label === null ? null : parseJobLabel(request.label, { kind: request.kind, labels, direction });
  if (label === null && request.kind === 'plain') {
    throw new LabError('usage', 'the job has no label', {
      hints: ['write --label "Q: does order 5 help? H: saves 0.2 bpb"'],
    });
  }
  context.groups.get(request.group);
  ensureDependencies(book, null, request.after);
  const { gpus, vramMib } = request.needs;
  const isForGpus = gpus !== 1 || vramMib !== null;
  const choice = request.device ?? config.run.device;
  // Who asks for GPU memory or several cards is not content with the processor.
  const device = choice === 'auto' && isForGpus ? 'gpu' : resolveDevice(choice, context.devices);
  const other = `--device ${[...context.devices.keys()][0] ?? 'cpu'}`;
  ensureDevice(context.devices, device, [
    isForGpus ? `${other} without --gpus and --vram runs it here` : `${other} takes another`,
  ]);
  ensureNeeds(context.machine, device, request.needs);
  // Where jobs run in place by the lab's own word, a task may run in any folder.
  const isAnywhere = place === 'here' && request.here && request.kind === 'task';
  if (!isAnywhere && findRepositoryRoot(request.checkout) !== paths.root) {
    throw new LabError('user', `${request.checkout} is not a checkout of the lab ${paths.root}`, {
      hints: ['run `lab add` inside the lab or one of its worktrees'],
    });
  }
  const silence = describeSilentGpu(choice, device, context.deviceProblems ?? [], 'it runs');
  const notes = silence === null ? [] : [silence];
  return { request, label, command: request.command ?? config.commands.train, device, notes };
}

/** What the lab knows and a request does not say. */
export interface JobFacts {
  number: number;
  source: JobSource;
  /** 8 hex digits. */
  track: string;
  /** Slug by the checkout's branch; null elsewhere. */
  experiment: string | null;
  /** Full hash of the champion; null while the track has none. */
  champion: string | null;
  /** What an experiment by hand was built on; null where its history does not say, and for any other job. */
  builtOn: BuiltOn | null;
}

/** The content of job.json. */
export function describeJob(
  { config }: AddContext,
  { request, label, command, device }: AskedJob,
  facts: JobFacts,
): Job {
  const isCheck = request.kind === 'check';
  const experiment = request.kind === 'plain' || isCheck ? (request.experiment ?? facts.experiment) : null;
  const kind: JobKind = experiment === null || isCheck ? request.kind : 'experiment';
  const isByHand = kind === 'experiment' && request.base === null && !request.here;
  // It was built on something, and the champion is what it is not known to be built on.
  const isBaseUnknown = isByHand && facts.builtOn === null && facts.champion !== null;
  return {
    schema: 1,
    number: facts.number,
    key: request.key,
    kind,
    experiment,
    replays: null,
    fromTrack: request.fromTrack,
    start: kind === 'experiment' ? (request.start ?? facts.builtOn?.start ?? null) : null,
    variant: kind === 'experiment' ? request.variant : null,
    test: null,
    label,
    command,
    commit: facts.source.commit,
    snapshot: facts.source.isSnapshot,
    base: request.base ?? facts.builtOn?.base ?? (isBaseUnknown ? null : facts.champion),
    directory: request.directory,
    here: request.here ? join(request.checkout, request.directory) : null,
    device,
    seed: request.seed,
    env: request.env,
    secretNames: Object.keys(request.secrets),
    track: facts.track,
    wallSeconds: request.wallSeconds ?? config.run.wallSeconds,
    needs: request.needs,
    retry: request.retry ?? { times: 0, on: [], delaySeconds: config.run.retrySeconds },
    limits: request.limits ?? { idleSeconds: config.run.idleSeconds, logMb: config.run.logMb },
    stdin: request.stdin,
    flags: isBaseUnknown ? [...request.flags, unknownBaseFlag] : request.flags,
    queuedAt: formatLocalTime(new Date()),
  };
}

/** What the queue's entry of a new job says besides its number. */
export function describeEntry(request: AddRequest): Partial<QueueEntry> {
  return {
    priority: request.priority ?? (request.kind === 'check' ? checkPriority : normalPriority),
    group: request.group,
    after: [...request.after],
    notBefore: request.notBefore,
    stashed: request.stashed,
    forced: request.forced,
  };
}

/** Throws LabError (user) where no device of the machine could ever give what the job asks for. */
export function ensureNeeds(machine: readonly Device[], device: DeviceClass, needs: DeviceNeeds): void {
  const hints = ['`lab doctor` shows the devices that were found'];
  const ofClass = machine.filter((one) => one.class === device);
  const { deviceId, gpus, vramMib } = needs;
  if (deviceId !== null && !ofClass.some(({ id }) => id === deviceId)) {
    const known = ofClass.map(({ id }) => id).join(', ');
    throw new LabError('user', `this machine has no ${device} device "${deviceId}", expected one of: ${known}`, {
      hints,
    });
  }
  if (device === 'cpu' && (gpus !== 1 || vramMib !== null))
    throw new LabError('user', '--gpus and --vram are about GPUs, and the job asks for the processor', {
      hints: machine.some((one) => one.class === 'gpu')
        ? ['`--device gpu` asks for a GPU']
        : ['this machine has no GPU: leave them out'],
    });
  if (gpus > ofClass.length || (deviceId !== null && gpus > 1)) {
    const most = deviceId === null ? `at most ${ofClass.length}` : `1, because ${deviceId} is named`;
    throw new LabError('user', `the job asks for ${gpus} GPUs, expected ${most}`, { hints });
  }
  if (vramMib === null) return;
  const cards = ofClass.filter(({ id }) => deviceId === null || id === deviceId);
  // A card that does not tell its size may be large enough.
  if (cards.filter((card) => (card.memoryTotalMib ?? Number.POSITIVE_INFINITY) >= vramMib).length >= gpus) return;
  const sizes = cards.map((card) => `${card.id} has ${card.memoryTotalMib} MiB`).join(', ');
  throw new LabError('user', `the job asks for ${vramMib} MiB of GPU memory, expected what a card has: ${sizes}`, {
    hints,
  });
}

/** Throws LabError (user) where no worker serves that class of device; `hints` follow the general one. */
export function ensureDevice(devices: AddContext['devices'], device: DeviceClass, hints: string[]): void {
  if (devices.has(device)) return;
  throw new LabError(
    'user',
    `this machine has no ${device} device, expected one of: ${[...devices.keys()].join(', ')}`,
    {
      hints: ['`lab doctor` shows the devices that were found', ...hints],
    },
  );
}

/**
 * Throws LabError where a bridge would carry something else over than the champion of another track: what may become champion here without
 * having been an experiment of this track must have been one there.
 */
export function ensureBridge(
  { paths, config }: AddContext,
  request: AddRequest,
  track: string,
  runs: ScoredRun[],
  models: readonly string[],
): void {
  const { fromTrack, commit } = request;
  if (fromTrack === null || commit === null)
    throw new LabError('usage', 'a bridge names a track and the commit that is its champion');
  if (fromTrack === track)
    throw new LabError('user', `${track} is the present track, expected another one to bring a champion over from`);
  const direction = readTracks(paths).find(({ id }) => id === fromTrack)?.parts.metric.direction;
  const judging = { ...judgingOf(config), ...(direction ? { direction } : {}) };
  const champions = models.flatMap((model) => viewTrack(runs, fromTrack, model, judging).champion ?? []);
  if (champions.some((champion) => champion.commit === commit)) return;
  const known = champions.map((champion) => champion.commit.slice(0, 7)).join(', ') || 'none';
  throw new LabError(
    'user',
    `${commit.slice(0, 7)} is not the champion of track ${fromTrack} on ${models.join(', ')}, expected: ${known}`,
    { hints: ['`lab tracks` shows the champion of each track'] },
  );
}
