/**
 * The daemon of a lab: Redis as its child, the worker, the recorder, the jobs in memory, and what the API can ask of them.
 * It owns no run: started again after a kill -9, it rebuilds the queues from the run folders and attaches to what is still going.
 */
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { createConnection } from '../../queue/connection.ts';
import { type GroupStore, openGroups } from '../../queue/group-store.ts';
import { type BookedJob, type JobBook, openJobBook } from '../../queue/job-book.ts';
import { raiseJobNumber } from '../../queue/job-store.ts';
import type { QueueContext } from '../../queue/readiness.ts';
import { createReadyQueue, queueName, type ReadyQueue } from '../../queue/ready-queue.ts';
import { chooseRedis } from '../../queue/redis-install.ts';
import { startRedis } from '../../queue/redis-server.ts';
import { type Device, probeDevices } from '../../workers/device-probe.ts';
import { recordFiles } from '../../workers/recorder/record-files.ts';
import { findHighestRecordedJob } from '../../workers/recorder/recorded-numbers.ts';
import { createRecorder, recordJob, restoreLostRecords } from '../../workers/recorder/recorder.ts';
import { createTurns } from '../../workers/recorder/turns.ts';
import { createRunWorker } from '../../workers/run-worker.ts';
import { dropSpare, keepSpare } from '../../workers/supervisor/spare.ts';
import type { ConfigSource } from '../config/config-source.ts';
import { type LabPaths, redisCacheFolder } from '../config/lab-paths.ts';
import type { LabConfig } from '../config/schema.ts';
import { describeSilentGpu, resolveDevice } from '../domain/device-choice.ts';
import type { Job } from '../domain/job.ts';
import type { RecordOutcome, RecordRequest } from '../domain/record.ts';
import { LabError, messageOf } from '../errors/lab-error.ts';
import { findCommit, resolveCommit, resolveMainBranch } from '../git/repository.ts';
import { reachPoint } from '../lab/named-point.ts';
import { describeMetaMode } from '../rules/meta-state.ts';
import { probeSandbox } from '../sandbox/bubblewrap.ts';
import type { AddContext } from './add-job.ts';
import { addJobs } from './add-many.ts';
import { createDeviceWatch, type DeviceWatch } from './device-watch.ts';
import { createFreshTestKeeper, type FreshTestKeeper } from './fresh-test-keeper.ts';
import { findDiskProblem, withDiskHint } from './full-disk.ts';
import { createHandoutBook } from './handout-book.ts';
import { startNotifier } from './notify/notifier.ts';
import { createQueueFeed, type QueueFeed } from './queue-feed.ts';
import { createRedisKeeper } from './redis-keeper.ts';
import { type ReplayRequest, replayJob } from './replay-job.ts';
import type { AddRequest, Routes } from './routes.ts';
import { dropUnbegun, sweepTraces } from './sweep-traces.ts';
import { createTakenAttempts } from './taken-attempts.ts';

/** A running daemon. */
export interface Daemon {
  readonly book: JobBook;
  /** As found at the start: one processor and the GPUs. */
  readonly devices: Device[];
  readonly watch: DeviceWatch;
  readonly config: LabConfig;
  readonly main: string;
  readonly groups: GroupStore;
  readonly feed: QueueFeed;
  /** What readiness is judged by, now. */
  queueContext(): QueueContext;
  redisDescription(): string;
  /** What is wrong right now, one line each. */
  problems(): string[];
  add(request: AddRequest): Promise<Routes['add']['response']>;
  /** Queues several jobs of one checkout, all or none. */
  addMany(requests: AddRequest[]): Promise<Routes['addMany']['response']>;
  /** Queues an ended, scored job again as it was. */
  replay(request: ReplayRequest): Promise<Routes['replay']['response']>;
  /** Queues what `create` makes of an earlier job under a new key, in turn with all that is added; the earlier job's secrets go with it. */
  queueCopy(original: BookedJob, key: string, create: () => Promise<BookedJob>): Promise<BookedJob>;
  /** Takes values of a job's secret names, in memory only, and gives the names whose value is still unknown. */
  giveSecrets(job: Job, values: Readonly<Record<string, string>>): string[];
  /** Tests with fresh seeds. */
  readonly tests: FreshTestKeeper;
  /** Commits changes of record files on main. */
  record(request: RecordRequest): Promise<RecordOutcome>;
  /** Ends workers, recorder and Redis; runs go on. */
  stop(): Promise<void>;
}

/** Starts everything; `announce` gets what takes the waiting user's time (fetching Redis). Throws LabError where Redis or the repository cannot serve. */
export async function startDaemon(
  paths: LabPaths,
  source: ConfigSource,
  log: Logger,
  announce: (line: string) => void,
): Promise<Daemon> {
  const config = source.current();
  const say = (line: string, details: Record<string, unknown> = {}) => log.info(details, line);
  const main = await resolveMainBranch(paths.root, config.main);
  // A main without a commit has no records.
  if ((await findCommit(paths.root, `refs/heads/${main}`)) !== null)
    raiseJobNumber(paths.runs, await findHighestRecordedJob(paths.root, main));
  const book = openJobBook(paths.runs);
  const sandbox = await probeSandbox();
  const probe = await probeDevices();
  for (const problem of probe.problems) log.warn({ problem }, 'device');
  const choice = await chooseRedis({
    url: config.redis.url,
    cacheDir: redisCacheFolder(),
    install: config.redis.install,
    say: (line) => {
      say(line);
      announce(line);
    },
  });
  const startServer = () => startRedis({ dataDir: paths.redisData, socketPath: paths.redisSocket, choice, say });
  const keeper = createRedisKeeper({ first: await startServer(), startServer, refill: () => refill(), log });
  const onRedisError = keeper.onError;
  say('redis', { description: keeper.current().description, adopted: keeper.current().isAdopted });
  let restoreProblem: string | null = null;

  const connections: Redis[] = [];
  const connect = () => {
    const connection = createConnection(keeper.current().connection, 'worker', onRedisError);
    connections.push(connection);
    return connection;
  };
  const queueConnection = connect();
  const classes = new Set(probe.devices.map((device) => device.class));
  const models = new Map(
    [...classes].map((part) => [
      part,
      probe.devices.filter((device) => device.class === part).map((device) => device.model),
    ]),
  );
  const ready = new Map<string, ReadyQueue>();
  for (const part of ['run', 'record'])
    ready.set(part, createReadyQueue(queueName(paths.id, part), queueConnection, onRedisError));

  const groups = openGroups(paths.state);
  const queueContext = (): QueueContext => ({
    find: (number) => book.find(number),
    groups: groups.groups,
    nowMs: Date.now(),
  });
  const watch = createDeviceWatch({
    found: probe.devices,
    groups: groups.groups,
    labId: paths.id,
    onAnswer: () => feed.feed(),
  });
  // What an earlier daemon had made ready and nobody began is made ready anew, in today's order.
  await dropUnbegun(paths, book, say);
  const handouts = createHandoutBook(paths.runs, book, say);
  const feed = createQueueFeed({
    paths,
    book,
    handouts,
    watch,
    config: () => source.current(),
    ready,
    context: queueContext,
    onError: onRedisError,
  });
  const refill = () => feed.resend();
  // With the daemon's lock held, nobody else can be at work on these queues: what Redis remembers of them is only ever out of date.
  for (const queue of ready.values()) await queue.clear();
  reachPoint('queues-cleared');
  await refill();

  let adding: Promise<unknown> = Promise.resolve();
  await sweepTraces(paths, book, say);
  const secrets = new Map<string, Record<string, string>>();
  /** Adds to what is known for the job of that key; most jobs have none. */
  const keepSecrets = (key: string, given: Record<string, string>): void => {
    if (Object.keys(given).length > 0) secrets.set(key, { ...secrets.get(key), ...given });
  };
  const secretsOf = (job: Job): Record<string, string> => {
    const known = secrets.get(job.key) ?? {};
    const found: Record<string, string> = {};
    for (const name of job.secretNames) {
      const value = known[name] ?? process.env[name];
      if (value !== undefined) found[name] = value;
    }
    return found;
  };
  const recorderContext = {
    paths,
    get config() {
      return source.current();
    },
    main,
    book,
    inTurn: createTurns(),
    say,
  };
  // An end may be what others waited for, ask for another attempt, or for its record.
  const onOutcome = () => feed.settle();
  const worker = createRunWorker({
    context: {
      paths,
      get config() {
        return source.current();
      },
      main,
      sandbox,
      secretsOf,
    },
    book,
    groups,
    queueName: queueName(paths.id, 'run'),
    connection: connect(),
    take: createTakenAttempts({ book, handouts, watch, feed }),
    onOutcome,
    onError: onRedisError,
    say,
  });
  keepSpare();
  const recorder = createRecorder(recorderContext, queueName(paths.id, 'record'), connect(), onRedisError);
  // An editor may save an old buffer at any time; what it drops is put back within half a minute, and at every start. As long as
  // main has not moved there is nothing to look for.
  let checkedTip: string | null = null;
  const restore = async () => {
    try {
      const tip = await resolveCommit(paths.root, main);
      if (tip === checkedTip) return;
      if ((await restoreLostRecords(recorderContext)) !== null) return;
      checkedTip = tip;
      restoreProblem = null;
    } catch (error) {
      restoreProblem = `records: ${messageOf(error)}`;
    }
  };
  void restore();
  const timers = [setInterval(() => void restore(), 30_000), setInterval(() => feed.settle(), 10_000)];

  const queueJob = async <Response>(
    request: Pick<AddRequest, 'key' | 'secrets'>,
    create: () => Promise<{ booked: BookedJob; response: Response }>,
  ): Promise<Response> => {
    // Known by the submission's key before the job exists, so that no sweep can meet the job without its secrets.
    keepSecrets(request.key, request.secrets);
    // One after the other: the order of the numbers is the order in the queue.
    const work = adding.then(() => withDiskHint(paths.root, create()));
    adding = work.catch(() => undefined);
    const { booked, response } = await work;
    reachPoint('enqueued');
    // The job is safe in its folder; if Redis is away just now, the refill after its return brings it in.
    feed.feed();
    say('queued', { job: booked.job.number, label: booked.job.label?.text, command: booked.job.command });
    return response;
  };

  const notifier = startNotifier({
    paths,
    book,
    deviceIds: probe.devices.map((device) => device.id),
    queueContext,
    notify: () => source.current().notify,
    log,
  });

  const findSilentGpu = (): string | null => {
    const { device } = source.current().run;
    const silence = describeSilentGpu(device, resolveDevice(device, models), probe.problems, 'jobs run');
    return silence && `${silence}; \`lab down\` and then \`lab up\` look for it again`;
  };

  const passed = new Set<string>();
  const door = (): AddContext => ({
    paths,
    config: source.current(),
    main,
    book,
    devices: models,
    machine: watch.list(),
    deviceProblems: probe.problems,
    groups,
    passed,
  });
  const tests = createFreshTestKeeper({
    door,
    feed,
    queueJob: (request, create) =>
      queueJob(request, async () => {
        const booked = await create();
        return { booked, response: booked };
      }),
    recordVerdict: (job) => recorderContext.inTurn(() => recordJob(recorderContext, job)),
    say,
  });
  const addMany = async (requests: AddRequest[]): Promise<Routes['add']['response'][]> => {
    const work = adding.then(() => {
      // Before a worker can meet them. What a key stands for already is given nothing before it is known to be what is asked for.
      for (const { key, secrets: given } of requests) if (book.findKey(key) === null) keepSecrets(key, given);
      return withDiskHint(paths.root, addJobs(door(), requests));
    });
    adding = work.catch(() => undefined);
    const added = await work;
    for (const [place, { booked }] of added.entries()) keepSecrets(booked.job.key, requests[place]?.secrets ?? {});
    reachPoint('enqueued');
    feed.feed();
    for (const { booked } of added)
      say('queued', { job: booked.job.number, label: booked.job.label?.text, command: booked.job.command });
    return added.map(({ response }) => response);
  };

  return {
    book,
    devices: probe.devices,
    watch,
    get config() {
      return source.current();
    },
    main,
    groups,
    feed,
    queueContext,
    tests,
    redisDescription: () => keeper.current().description,
    problems: () => [
      ...[
        keeper.problem(),
        feed.problem(),
        ...book.broken,
        restoreProblem,
        tests.problem(),
        source.problem(),
        findDiskProblem(paths.root),
        findSilentGpu(),
        describeMetaMode(paths, new Date()),
      ].filter((problem) => problem !== null),
      ...notifier.problems(),
      ...(keeper.current().durable
        ? []
        : [
            `Redis is the stand-in in memory (${keeper.current().description}); runs and rows are safe, the queue is rebuilt from run folders; \`lab doctor\` says how to get a real one`,
          ]),
      ...(source.current().sandbox === 'preferred' && sandbox.kind === 'none'
        ? [`no sandbox (${sandbox.reason}): rows are flagged unsandboxed`]
        : []),
    ],
    async add(request) {
      const [added] = await addMany([request]);
      if (added === undefined) throw new LabError('internal', `the request ${request.key} made no job`);
      return added;
    },
    addMany: async (requests) => ({ jobs: await addMany(requests) }),
    replay: (request) => queueJob(request, () => replayJob(door(), request)),
    async queueCopy(original, key, create) {
      const known = secrets.get(original.job.key) ?? {};
      return queueJob({ key, secrets: known }, async () => {
        const booked = await create();
        return { booked, response: booked };
      });
    },
    giveSecrets(job, values) {
      const own = Object.fromEntries(Object.entries(values).filter(([name]) => job.secretNames.includes(name)));
      keepSecrets(job.key, own);
      const known = secretsOf(job);
      return job.secretNames.filter((name) => known[name] === undefined);
    },
    record: (request) =>
      withDiskHint(
        paths.root,
        recorderContext.inTurn(() => recordFiles(recorderContext, request)),
        'nothing was recorded',
      ),
    async stop() {
      await notifier.stop();
      await tests.stop();
      keeper.stop();
      await feed.stop();
      dropSpare();
      for (const timer of timers) clearInterval(timer);
      await Promise.all([worker, recorder].map((part) => part.close()));
      await Promise.all([...ready.values()].map((queue) => queue.close().catch(() => undefined)));
      for (const connection of connections) connection.disconnect();
      await keeper.current().stop();
    },
  };
}
