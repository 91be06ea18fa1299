/**
 * The provenance of an attempt: machine, device, locks, commits and lab when its checkout is made; Python's facts beside its train step,
 * so that no run starts later for them. Nothing here decides anything, and what cannot be found out is null.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { LabPaths } from '../src/config/lab-paths.ts';
import { buildId } from '../src/config/package-root.ts';
import type { LabConfig } from '../src/config/schema.ts';
import type { Job } from '../src/domain/job.ts';
import type { Provenance } from '../src/domain/provenance.ts';
import { resolveCommit } from '../src/git/repository.ts';
import { listTree } from '../src/git/tree-listing.ts';
import { readJson, writeFileSynced } from '../src/lab/atomic-write.ts';
import { packagesName, readProvenance, writeProvenance } from '../src/lab/provenance-file.ts';
import { dataDigest } from '../src/rules/data-fingerprint.ts';
import { rulesOf } from '../src/rules/taxonomy.ts';
import { checkoutFolder } from './checkout.ts';
import { cleanCpuModel } from './device-parse.ts';
import type { Device } from './device-probe.ts';
import { type PythonAnswer, probePython } from './python-probe.ts';
import type { SupervisorPlan } from './supervisor/plan.ts';

/** What the facts of an attempt are gathered from. */
export interface ProvenanceContext {
  paths: LabPaths;
  config: LabConfig;
  main: string;
  device: Device;
}

let machine: Provenance['machine'] | null = null;

function describeMachine(): Provenance['machine'] {
  machine ??= {
    system: `${platform()} ${release()} ${process.arch}`,
    processor: cleanCpuModel(cpus()[0]?.model ?? '', process.arch),
    cores: cpus().length,
    memoryGb: Number((totalmem() / 2 ** 30).toFixed(1)),
  };
  return machine;
}

/** Everything that is known before the run starts; what Python says is null still. Throws LabError where git cannot tell a commit. */
export async function gatherProvenance(context: ProvenanceContext, job: Job): Promise<Provenance> {
  const { paths, config, device } = context;
  const main = await resolveCommit(paths.root, context.main);
  return {
    schema: 1,
    machine: describeMachine(),
    device: { id: device.id, model: device.model, driver: device.driver, uuid: device.uuid },
    python: { version: null, executable: null, packages: null, packagesDigest: null },
    locks: await listLocks(paths.root, config, main, job.commit),
    data: await dataDigest(paths, config),
    git: { commit: job.commit, isSnapshot: job.snapshot, main },
    lab: { version: buildId(), node: process.versions.node },
    track: job.track,
  };
}

const lockName =
  /^(?:(?:uv|poetry|pdm|pixi|conda|Cargo|Gemfile|mix)\.lock|Pipfile\.lock|conda-lock\.ya?ml|environment\.ya?ml|requirements.*\.(?:txt|lock)|(?:package-lock|npm-shrinkwrap)\.json|yarn\.lock|pnpm-lock\.yaml|go\.sum|flake\.lock|Manifest\.toml|renv\.lock)$/i;

// By commit: the seeds of a baseline share one, and main moves only when something is recorded.
const knownLocks = new Map<string, Provenance['locks']>();
const mostKnownLocks = 64;
/** Most locks that are kept of one commit; a repository full of vendored projects has hundreds, which nobody reads. */
const mostLocks = 50;

/** The dependency locks of the checkout: the commit's own, but main's where a lock is FROZEN, because the worker lays it over. */
async function listLocks(root: string, config: LabConfig, main: string, commit: string): Promise<Provenance['locks']> {
  const isFrozen = (path: string) => rulesOf(path, config.rules).includes('FROZEN');
  const [own, mains] = await Promise.all([readLocks(root, commit), readLocks(root, main)]);
  const locks = [...own.filter(({ path }) => !isFrozen(path)), ...mains.filter(({ path }) => isFrozen(path))];
  return locks.sort((a, b) => (a.path < b.path ? -1 : 1)).slice(0, mostLocks);
}

async function readLocks(root: string, commit: string): Promise<Provenance['locks']> {
  const known = knownLocks.get(commit);
  if (known !== undefined) return known;
  const locks = (await listTree(root, commit))
    .filter(({ path, mode }) => mode.startsWith('100') && lockName.test(path.slice(path.lastIndexOf('/') + 1)))
    .map(({ path, hash }) => ({ path, blob: hash.slice(0, 12) }));
  const [oldest] = knownLocks.keys();
  if (knownLocks.size >= mostKnownLocks && oldest !== undefined) knownLocks.delete(oldest);
  knownLocks.set(commit, locks);
  return locks;
}

/** Asks Python once for an attempt, beside its run. */
export interface PythonFacts {
  /** Starts asking, where that has not happened; returns at once. */
  ask(): void;
  /** Waits until what was asked for is on disk; asks now where nobody has. Throws LabError where it cannot be written. */
  join(): Promise<void>;
  /** Ends the asking; what is not on disk by then stays null. */
  drop(): void;
}

/** The facts of an attempt that is planned. Those that an earlier worker has found stay as they are. */
export function createPythonFacts(paths: LabPaths, job: Job, attempt: number, folder: string): PythonFacts {
  const dropped = new AbortController();
  let asked: Promise<void> | null = null;
  const ask = (): Promise<void> => {
    if (asked === null) {
      asked = fillPython(paths, job, attempt, folder, dropped.signal);
      // Nobody may wait for it any more when it fails; who joins is told.
      asked.catch(() => undefined);
    }
    return asked;
  };
  return {
    ask: () => void ask(),
    join: () => ask(),
    drop: () => dropped.abort(),
  };
}

async function fillPython(
  paths: LabPaths,
  job: Job,
  attempt: number,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const known = readProvenance(folder);
  if (known === null || known.python.version !== null) return;
  const top = job.here ?? checkoutFolder(paths, job.number, attempt);
  const plan = readJson(join(folder, 'plan.json')) as SupervisorPlan | null;
  const step = plan?.steps.find(({ name }) => name === 'train');
  // Without its checkout the interpreter on PATH would be asked, where the run may have had one of its own.
  if (step === undefined || !existsSync(top)) return;
  const answer = await probePython({ step, top, signal });
  if (answer === null || signal.aborted) return;
  const python = await writeAnswer(folder, answer);
  await writeProvenance(folder, { ...known, python });
}

async function writeAnswer(folder: string, answer: PythonAnswer): Promise<Provenance['python']> {
  const { version, executable, packages } = answer;
  if (packages === null) return { version, executable, packages: null, packagesDigest: null };
  const text = packages.map((line) => `${line}\n`).join('');
  await writeFileSynced(join(folder, packagesName), text);
  const packagesDigest = createHash('sha256').update(text).digest('hex').slice(0, 12);
  return { version, executable, packages: packages.length, packagesDigest };
}
