/**
 * The intake packet: what is here before a mode acts. Repository, hardware, sessions, constraints, and the state that a mode is chosen by.
 * It looks only: no daemon is started, no lock is kept, no file is written. How it is printed is render-intake.ts.
 */
import { resolve } from 'node:path';
import { findLabAround, type LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import type { RatchetMode, RatchetState } from '../../domain/ratchet.ts';
import { messageOf } from '../../errors/lab-error.ts';
import { loadLabConfig } from '../../git/committed-config.ts';
import { resolveMainBranch } from '../../git/repository.ts';
import { computeTrack } from '../../rules/tracks.ts';
import { type BaselineRun, readBaselineRuns } from '../setup-mode/baseline-numbers.ts';
import { type ConstraintState, readConstraints } from './constraints.ts';
import { type HardwareOptions, type HardwareState, readHardware } from './hardware.ts';
import { type RepositoryState, readRepository } from './repository.ts';
import { readSessionState, type SessionState } from './sessions.ts';

/** The packet. */
export interface Intake {
  schema: 1;
  /** The mode that is about to act; null where none is, as for `lab autoresearch intake`. */
  mode: RatchetMode | null;
  /** Absolute path that was asked about. */
  folder: string;
  repository: RepositoryState;
  hardware: HardwareState;
  session: SessionState;
  constraints: ConstraintState;
  /** What the choice of a mode rests on. */
  state: RatchetState;
  /** What could not be read, one line each. */
  notes: string[];
}

/** What a reading may be given in place of this machine's own. */
export interface IntakeOptions extends HardwareOptions {
  env?: Readonly<Record<string, string | undefined>>;
  home?: string;
}

/**
 * Reads the packet for a folder or a lab. Never throws over what it finds: a broken configuration, a hanging driver, an unreadable file become
 * notes.
 */
export async function readIntake(
  place: string | LabPaths,
  mode: RatchetMode | null,
  options: IntakeOptions = {},
): Promise<Intake> {
  const notes: string[] = [];
  const folder = resolve(typeof place === 'string' ? place : place.root);
  const paths = typeof place === 'string' ? findLab(folder, notes) : place;
  // The slowest first: drivers are asked while files are read.
  const asked = readHardware(options);
  const config = paths === null ? null : readConfig(paths, notes);
  const { env, home } = options;
  const repository = await readRepository(
    paths?.root ?? folder,
    { config, isLab: paths !== null, ...(env === undefined ? {} : { env }), ...(home === undefined ? {} : { home }) },
    notes,
  );
  const session: SessionState = paths === null ? { state: 'none', sessions: [] } : await readSessionState(paths, notes);
  const baseline = paths === null || config === null ? null : await readBaseline(paths, config, notes);
  const constraints = readConstraints(repository.root, config, baseline);
  const hardware = await asked;
  notes.push(...hardware.problems);
  const state: RatchetState = {
    hasRepository: repository.isTraining,
    isLab: repository.isLab,
    isSetUp: repository.isTraining && repository.environment === 'ready' && repository.data !== 'missing',
    hasBaseline: baseline !== null,
    program: repository.program,
    session: session.state,
    accelerator: hardware.accelerator,
    platform: hardware.platform,
  };
  return { schema: 1, mode, folder, repository, hardware, session, constraints, state, notes };
}

function findLab(folder: string, notes: string[]): LabPaths | null {
  try {
    return findLabAround(folder);
  } catch (error) {
    notes.push(messageOf(error));
    return null;
  }
}

function readConfig(paths: LabPaths, notes: string[]): LabConfig | null {
  try {
    return loadLabConfig(paths.root, { environment: process.env });
  } catch (error) {
    notes.push(messageOf(error));
    return null;
  }
}

/** The newest baseline of the present track. Where that cannot be told there is none: its numbers would be comparable to nothing. */
async function readBaseline(paths: LabPaths, config: LabConfig, notes: string[]): Promise<BaselineRun | null> {
  try {
    const track = await computeTrack(paths, config, await resolveMainBranch(paths.root, config.main));
    return readBaselineRuns(paths, track).at(-1) ?? null;
  } catch (error) {
    notes.push(`the baseline cannot be told: ${messageOf(error)}`);
    return null;
  }
}
