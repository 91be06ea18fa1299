/**
 * The agent that plays a recording of a research session on the starter problem: no model, no key, no network. It acts through the port as a
 * real agent does: it reads the lab, edits the worktree and hands files in. The lab then runs, measures and decides for itself.
 */
import { join } from 'node:path';
import { messageOf } from '../errors/lab-error.ts';
import type { Agent, AgentEvent, AgentRequest, AgentResult, AgentStatus } from './agent.ts';
import { playRole } from './recorded/play-roles.ts';
import { createStage } from './recorded/stage.ts';
import { recordingNotice } from './recording-notice.ts';
import { createTranscript } from './transcript.ts';

/** Creates the recorded agent. It reports neither tokens nor cost, because none arise. */
export function createRecordedAgent(): Agent {
  return { name: 'recorded', notice: recordingNotice, run };
}

async function run(request: AgentRequest, onEvent: (event: AgentEvent) => void): Promise<AgentResult> {
  const started = performance.now();
  const transcript = createTranscript(join(request.folder, 'transcript.jsonl'));
  const emit = (event: AgentEvent): void => {
    transcript.event(event);
    onEvent(event);
  };
  const changed = new Set<string>();
  const limit = AbortSignal.timeout(Math.ceil(request.limits.wallSeconds * 1000));
  const end = async (): Promise<{ status: AgentStatus; reason: string; text: string }> => {
    try {
      const ending = await playRole(createStage(request, AbortSignal.any([request.signal, limit]), emit, changed));
      if (ending.status === 'failed') {
        emit({ kind: 'error', message: ending.reason });
        return { ...ending, text: '' };
      }
      emit({ kind: 'text', text: ending.text });
      return { ...ending, reason: '' };
    } catch (error) {
      if (request.signal.aborted) return { status: 'cancelled', reason: 'the run was stopped', text: '' };
      if (limit.aborted) {
        const reason = `ran longer than agents.wallSeconds = ${request.limits.wallSeconds} s`;
        return { status: 'timeout', reason, text: '' };
      }
      emit({ kind: 'error', message: messageOf(error) });
      return { status: 'failed', reason: messageOf(error), text: '' };
    }
  };
  try {
    const { status, reason, text } = await end();
    return {
      ...{ status, reason, text, filesChanged: [...changed].sort(), tokens: null, costUsd: null, flags: [] },
      wallSeconds: (performance.now() - started) / 1000,
      transcriptPath: transcript.path,
    };
  } finally {
    transcript.close();
  }
}
