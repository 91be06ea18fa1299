/** An experiment's life: its stages, what it came to, and what is kept of it on this machine between two stages. Types and word lists only. */
import type { Status } from './result.ts';

/** What an agent is asked to be; no stage of an experiment asks for the last two: `meta` changes frozen files for `lab meta run`, `ratchet` makes the next change of a ratchet session. */
export const agentRoles = ['ideator', 'critic', 'implementer', 'reviewer', 'reporter', 'meta', 'ratchet'] as const;
/** One of agentRoles. */
export type AgentRole = (typeof agentRoles)[number];

/** The stages of an experiment in their order; ideate and critique come before there is one. */
export const experimentStages = ['implement', 'review', 'smoke', 'evaluate', 'decide', 'report', 'journal'] as const;
/** One of experimentStages. */
export type ExperimentStage = (typeof experimentStages)[number];

/** What an experiment came to. Only a decided one was measured; the others say at which stage they ended and why. */
export type ExperimentOutcome =
  | { kind: 'decided'; job: number; status: Status; reason: string }
  /** The lab turned the change away: a frozen file, too large, a secret, a binary. */
  | { kind: 'refused'; stage: ExperimentStage; reason: string }
  /** It could not be built: the agent failed or changed nothing, the reviewer stayed against it, the smoke run crashed twice. */
  | { kind: 'failed'; stage: ExperimentStage; reason: string };

/** One word for an outcome, as reports name it under `decision`. */
export type OutcomeWord = Status | 'refused' | 'failed';

/** One agent run on behalf of an experiment. */
export interface AgentUse {
  role: AgentRole;
  agent: string;
  /** Model that it was asked to use; null where that was left to it. Absent in what was kept before 2026-11-21. */
  model?: string | null;
  status: string;
  seconds: number;
  /** Input and output together; null where the agent does not tell. */
  tokens: number | null;
  /** Null where unknown. */
  costUsd: number | null;
  /** Run folder below .lab/agents/. */
  run: string;
  /** What a reader of the result must know: "unsandboxed". */
  flags: string[];
}

/** What is kept of an experiment between two stages: the content of .lab/experiments/<slug>/experiment.json. */
export interface Experiment {
  schema: 1;
  slug: string;
  title: string;
  /** 1 for the first; a retry counts up. */
  attempt: number;
  /** Place in the order in which experiments were chosen in this lab, from 1; they run in it. */
  place: number;
  /** Path of the idea's file, relative to the root. */
  ideaPath: string;
  /** The stage that comes next; `done` after the last. */
  next: ExperimentStage | 'done';
  /** Two lines: why this idea and why now. */
  choice: string[];
  /** As the idea stated it when it was chosen: "-0.010 val_bpb"; "" where it states none. */
  expected: string;
  /** What would refute the idea, as it stated then. */
  refutedBy: string;
  /** Whether branch and worktree are the lab's: written before they are made, so that nobody else's are ever taken for them. */
  isOwn: boolean;
  /** Why it cannot go on before somebody does something; null where nothing is in the way. */
  waits: string | null;
  /** Full hash of the champion that it is measured against; null before the branch is made. */
  base: string | null;
  /** Full hash that the branch starts from and its change is told against: the base, with main's frozen files where those are newer; null before it is made. */
  start: string | null;
  /** `Q: … H: …` of the evaluation. */
  label: string;
  /** Full hash of the change on exp/<slug>; null before it is committed. */
  commit: string | null;
  /** Job numbers of the smoke runs, oldest first; empty before, and where the lab has no smoke command. */
  smokeJobs: number[];
  /** Job number of the evaluation; null before it is queued. */
  job: number | null;
  /** Whether the evaluation runs the experiment's own commit, because other changes that were mixed in by lot crashed with it. Absent: false. */
  asBuilt?: boolean;
  /** Runs of the implementer so far: 2 after the work came back once. */
  rounds: number;
  /** Why the change went back to the implementer; at most one per stage. */
  returns: { stage: 'review' | 'smoke'; reason: string }[];
  /** What the implementer said of the change; "" where nothing. */
  notes: string;
  /** What the reviewer said that does not block; "" where nothing. */
  reviewNotes: string;
  /** Null while it is under way. */
  outcome: ExperimentOutcome | null;
  /** Path of the report relative to the root; null before it is written. */
  report: string | null;
  agents: AgentUse[];
  /** One line per finished stage with its moment (ISO 8601 with offset). */
  history: { at: string; stage: ExperimentStage | 'select'; note: string }[];
}
