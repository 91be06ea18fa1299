/**
 * The agent port: one role, run once. Adapters implement `Agent`; the port imports none of them.
 *
 * Contract. The caller owns the folders of a request and makes them; the agent reads the directory, the lab and the inbox, writes only
 * in the outbox (and, where `mayEdit`, in the directory). The adapter owns its processes: none of them is alive once `run` has resolved,
 * also after a limit or an abort. `run` never throws for what the agent does; it throws LabError only where the agent cannot be
 * started for a reason that a person has to mend. What the agent says of itself is no evidence: callers look at the outbox and the diff.
 */
import type { AgentRole } from '../domain/experiment.ts';

/** Limits of one run. */
export interface AgentLimits {
  wallSeconds: number;
  /** Longest time without any output. */
  idleSeconds: number;
  /** Input and output tokens together; null: no limit. Held to where the agent reports usage. */
  tokens: number | null;
  /** US dollars; null: no limit. Held to where the agent reports cost. */
  usd: number | null;
}

/** One run of a role. All paths are absolute. */
export interface AgentRequest {
  role: AgentRole;
  /** The idea that it is about; null for the ideator, the critic and META_MODE's agent. */
  slug: string | null;
  /** 1 for the first, 2 where the work came back. */
  round: number;
  /** How many ideas are wanted; null in other roles. */
  wanted: number | null;
  /** The whole task, markdown. */
  prompt: string;
  /** Where it works: the experiment's worktree, or the lab's root. */
  directory: string;
  /** Whether the directory may be changed. */
  mayEdit: boolean;
  /** True in META_MODE only: frozen files of the directory may be changed too. Absent: they may not. */
  mayEditFrozen?: boolean;
  /** Root of the lab; readable. */
  labRoot: string;
  /** Folder of this run; holds prompt.md, transcript.jsonl, inbox/, outbox/ and home/. */
  folder: string;
  /** Files that belong to the task (record.json, diff.patch, log.txt, …); read-only. */
  inbox: string;
  /** Where results are handed in as files; empty at the start. */
  outbox: string;
  limits: AgentLimits;
  signal: AbortSignal;
}

/** Tokens as an agent reports them. */
export interface TokenCount {
  /** All input, cached included. */
  input: number;
  cachedInput: number;
  output: number;
}

/** What happens while an agent works. */
export type AgentEvent =
  | { kind: 'text'; text: string }
  | { kind: 'tool-start'; tool: string; detail: string }
  | { kind: 'tool-end'; tool: string; ok: boolean }
  /** Totals so far. */
  | { kind: 'usage'; tokens: TokenCount; costUsd: number | null }
  | { kind: 'error'; message: string };

/** How a run ended. */
export type AgentStatus = 'done' | 'failed' | 'cancelled' | 'timeout' | 'idle' | 'budget';

/** The end of a run. */
export interface AgentResult {
  status: AgentStatus;
  /** One sentence for a person; "" where it is done. */
  reason: string;
  /** The agent's last words. */
  text: string;
  /** Paths below the directory that the run changed, sorted; empty where it may not edit. */
  filesChanged: string[];
  /** Null where the agent does not tell. */
  tokens: TokenCount | null;
  /** Null where unknown. */
  costUsd: number | null;
  wallSeconds: number;
  /** transcript.jsonl: one JSON object per line, `{at, …event}`. */
  transcriptPath: string;
  /** What a reader of the result must know: "unsandboxed". */
  flags: string[];
}

/** A program that thinks, writes text or edits code, in a role. */
export interface Agent {
  /** "recorded", "claude", "codex", or the name of an own command. */
  readonly name: string;
  /** Model that it asks for by configuration; null or absent where that is left to the program. */
  readonly model?: string | null;
  /** What every screen has to say about it ("a recording: …"); null for a real agent. */
  readonly notice: string | null;
  run(request: AgentRequest, onEvent: (event: AgentEvent) => void): Promise<AgentResult>;
}
