/** Runs the body of a command that works with agents: notices first, Ctrl-C with a word about what is kept, and no live line left behind. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findLab, type LabPaths } from '../config/lab-paths.ts';
import type { AgentRole } from '../domain/experiment.ts';
import type { PipelineContext } from '../pipeline/context.ts';
import type { CommandInput } from './define.ts';
import { listCharterHoles } from './doctor/lab-checks.ts';
import { openConfig } from './open-config.ts';
import { listNotices, openPipeline } from './open-pipeline.ts';
import { createPipelineView } from './pipeline-view.ts';

/** What a shell returns for a program that Ctrl-C ended. */
const interruptedCode = 130;

/** Which agent and configuration a command asks for. */
export interface PipelineChoice {
  /** A name that goes over the configured ones; null: as configured. */
  agent: string | null;
  /** Configuration keys given as flags. */
  flags: Record<string, string>;
}

/** Runs `body` with the pipeline of the lab in the current folder. Throws the reason of `signal` where that ended it. */
export async function usePipeline<Result>(
  { agent, flags }: PipelineChoice,
  roles: AgentRole[],
  signal: AbortSignal,
  body: (context: PipelineContext, paths: LabPaths) => Promise<Result>,
): Promise<Result> {
  const paths = findLab(process.cwd());
  const config = openConfig(paths, flags);
  const view = createPipelineView();
  try {
    const pipeline = await openPipeline(paths, config, agent, view, signal);
    try {
      const notices = listNotices(pipeline.context, roles);
      for (const notice of notices) view.tell(notice);
      // A recording reads no charter; a real agent would take the holes for the task.
      const charter = join(paths.root, 'program.md');
      const holes = notices.length > 0 || !existsSync(charter) ? [] : listCharterHoles(readFileSync(charter, 'utf8'));
      if (holes.length > 0)
        view.tell(
          `note: program.md still has ${holes.length} {FILL_IN} ${holes.length === 1 ? 'hole' : 'holes'} (first in line ${holes[0]?.line}); agents read it before anything else`,
        );
      return await body(pipeline.context, paths);
    } finally {
      pipeline.close();
    }
  } finally {
    view.close();
  }
}

/** The same for a whole command: gives the body's exit code; 130 where Ctrl-C ended it, with a word about what is kept. */
export async function withPipeline(
  input: CommandInput,
  roles: AgentRole[],
  body: (context: PipelineContext, paths: LabPaths) => Promise<number>,
): Promise<number> {
  const stop = new AbortController();
  const onSignal = () => stop.abort(new Error('stopped'));
  // Not once(): a listener that has gone lets execa's own pass the signal on and end the process, where a git happens to run.
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    return await usePipeline({ agent: input.text('agent'), flags: input.config }, roles, stop.signal, body);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    process.stderr.write(
      '\nstopped; what was done is kept, a job that runs goes on, and the same command goes on from here\n',
    );
    return interruptedCode;
  } finally {
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
  }
}
