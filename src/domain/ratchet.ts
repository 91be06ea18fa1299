/** The ratchet's words: modes, routes, the state that they are chosen by, a session and its rows. Types and word lists only. */

/** The five modes of `lab autoresearch`, in the order in which a newcomer meets them. */
export const ratchetModes = ['setup', 'program', 'run', 'results', 'adapt'] as const;
/** One of ratchetModes. */
export type RatchetMode = (typeof ratchetModes)[number];

/** Where a request belongs that the ratchet cannot answer. */
export const routeOuts = [
  /** Optimising a prompt or a SKILL.md. */
  'skill-autoresearch',
  /** Tracing of an application, evaluations of an LLM product. */
  'llm-evals',
  /** A survey of literature. */
  'literature',
  /** No CUDA here: a fork for MLX, MPS, Windows or CPU. */
  'fork',
  /** Here is no training repository, and nothing asks for one to be set up. */
  'no-repository',
] as const;
/** One of routeOuts. */
export type RouteOut = (typeof routeOuts)[number];

/** What a request in words leads to. `walkthrough`: all five were asked for; `mode` is the first one not yet done. */
export type Route =
  | { kind: 'mode'; mode: RatchetMode }
  | { kind: 'walkthrough'; mode: RatchetMode }
  | { kind: 'out'; to: RouteOut };

/** What the choice of a mode rests on besides the words. */
export interface RatchetState {
  /** train.py and prepare.py lie here. */
  hasRepository: boolean;
  /** A lab.yaml makes it a lab. */
  isLab: boolean;
  /** Python environment and data stand ready for a run. */
  isSetUp: boolean;
  /** A run of the unmodified code printed metric and memory. */
  hasBaseline: boolean;
  /** program.md: not there, without one of the five sections, or whole. */
  program: 'missing' | 'incomplete' | 'whole';
  session: 'none' | 'running' | 'stopped';
  /** What trains here. `none`: the processor alone. */
  accelerator: 'cuda' | 'rocm' | 'mlx' | 'none';
  platform: 'linux' | 'macos' | 'windows';
}

/** Status of a row, as autoresearch writes it. */
export type RatchetStatus = 'keep' | 'discard' | 'crash';

/** One row of a session's results.tsv. */
export interface RatchetRow {
  /** 7 hex digits. */
  commit: string;
  /** In the metric's own unit; null for a crash, written as 0.000000. */
  metric: number | null;
  /** GiB; null for a crash, written as 0.0. */
  memoryGb: number | null;
  status: RatchetStatus;
  description: string;
}

/** What a session's numbers are comparable by. A change of any of it begins a new comparison track. */
export interface RatchetBudget {
  /** Seconds of training that the code allows itself (TIME_BUDGET); null where it names none. */
  trainingSeconds: number | null;
  /** Hard limit of the lab, seconds of wall time. */
  wallSeconds: number;
  /** Constants that the evaluation depends on, by name (MAX_SEQ_LEN, EVAL_TOKENS). */
  constants: Record<string, number>;
  command: string;
  /** Git's blob hash by path of everything frozen that the numbers rest on. */
  frozen: Record<string, string>;
}

/** What is fixed for a session: the content of .lab/ratchet/<tag>/session.json, written once. */
export interface RatchetSession {
  schema: 1;
  /** "mar5" */
  tag: string;
  /** "autoresearch/mar5" */
  branch: string;
  /** What the user called it; "" where they did not. */
  desc: string;
  /** Absolute path of its worktree. */
  worktree: string;
  /** Full hash of main's commit that it began at: the unmodified code. */
  start: string;
  metric: { name: string; direction: 'lower' | 'higher' };
  /** Paths that an experiment may change. */
  edits: string[];
  device: 'cpu' | 'gpu';
  /** The one device that it runs on ("gpu1"); null: any of its class. */
  deviceId: string | null;
  /** "strict": lower wins. "posterior": the lab's rule for noise. */
  rule: 'strict' | 'posterior';
  budget: RatchetBudget;
  /** Track of the lab when it began, 8 hex digits. */
  track: string;
  /** Absolute path of its results.tsv: in the worktree, or in the session's folder where main has a file of that name in git. */
  table: string;
  /** Experiments after which it ends, the baseline not counted; null: never. */
  max: number | null;
  /** The agent that was asked for; null: the configured one. */
  agent: string | null;
  /** ISO 8601 with offset. */
  beganAt: string;
}
