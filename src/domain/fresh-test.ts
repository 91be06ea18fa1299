/**
 * A test with fresh seeds: runs that the lab makes to learn one thing, laid down before the first of them. Types only; where they are kept is
 * src/lab/fresh-tests.ts's matter, what the next run is stats' and the daemon's.
 */
import type { ChampionState } from './change.ts';
import type { DeviceClass } from './run.ts';

/** One code that a test runs. */
export interface TestArm {
  /** "baseline", "champion", "without lower-lr", "first 3 changes". */
  name: string;
  /** Full hash of what runs. */
  commit: string;
  /** Commits of the changes (src/domain/change.ts) that are in it. */
  changes: string[];
}

/**
 * What a test asks. `claim`: is the champion better than the baseline; `bisect`: which of the changes of a refuted champion are guilty (arm
 * i is the code with the first i of them); `ablation`: what the champion loses without each of its changes (arm 0 is the champion).
 */
export type TestQuestion =
  | {
      kind: 'claim';
      /** Which try of the last 24 hours on this track and device model, from 1. */
      attempt: number;
      /** One-sided chance of a false claim that this try may spend. */
      alpha: number;
      /** Runs of both codes together at most. */
      runs: number;
      /** Two-sided, of the stated interval. */
      confidence: number;
      isPaired: boolean;
      /** The gain that exploring expects, oriented so that higher is better. */
      expected: number;
    }
  | {
      kind: 'bisect';
      /** The claim that was refuted. */
      claim: number;
      /** Most runs that it may take. */
      runs: number;
    }
  | {
      kind: 'ablation';
      /** Runs of each arm. */
      each: number;
    };

/** The content of `.lab/tests/<number>.json`, written before the test's first run and never changed. */
export interface FreshTest {
  schema: 1;
  number: number;
  question: TestQuestion;
  /** 8 hex digits. */
  track: string;
  deviceClass: DeviceClass;
  deviceModel: string;
  /** The champion under test, as it stood. */
  champion: ChampionState;
  arms: TestArm[];
  /** Seeds by place of the run within its arm, used by no run before; empty where the train step takes none. All arms have the same. */
  seeds: number[];
  /** ISO 8601 with offset. */
  beganAt: string;
}

/** What came of a test; kept with the record of its last run. */
export interface TestVerdict {
  test: number;
  /** `refuted` and `provisional` only of claims; bisections and ablations end in `done`. */
  state: 'confirmed' | 'refuted' | 'provisional' | 'done';
  /** Changes that left the champion for it, by their commits; one whose code does not come apart stays. */
  revert: string[];
}
