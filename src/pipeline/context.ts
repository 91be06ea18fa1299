/** What every stage is given. Types only. */
import type { Agent, AgentEvent } from '../agents/agent.ts';
import type { LabConfig } from '../config/schema.ts';
import type { AgentRole, Experiment } from '../domain/experiment.ts';
import type { JobView } from '../domain/job.ts';
import type { RecordingContext } from './record-idea.ts';

/** A pipeline at work on one lab. `signal` ends it between two steps and ends its agent; a job that runs goes on. */
export interface PipelineContext extends RecordingContext {
  config: LabConfig;
  /** Folder of this command's agent runs; absent: the pipeline's, `.lab/agents`, where one pipeline at a time is at work. */
  agentsFolder?: string;
  /** The agent of a role. Throws LabError (config) where none is configured. */
  agentFor(role: AgentRole): Agent;
  /** Sees what agents do, for a live view. */
  onAgentEvent(role: AgentRole, slug: string | null, event: AgentEvent): void;
  /** Sees how jobs come along, for a live view. */
  onJob(view: JobView): void;
}

/** What a stage makes of an experiment. */
export type StageResult =
  /** Goes on with `experiment.next`. */
  | { kind: 'next'; experiment: Experiment; note: string }
  /** Cannot go on before a person does something; the state stays as it is. */
  | {
      kind: 'waits';
      reason: string;
      /** True where the agent could not work at all, so that it would not for the next experiment either. */
      isAgent?: boolean;
    };

/** One stage. It may be asked again after a crash at any moment and must then come to the same end. */
export type Stage = (context: PipelineContext, experiment: Experiment) => Promise<StageResult>;
