/**
 * What a person sees while agents and experiments are at work: lines that stay, and on a terminal one live line of what goes on right now.
 * Everything goes to stderr.
 */
import pc from 'picocolors';
import type { AgentEvent } from '../agents/agent.ts';
import type { AgentRole } from '../domain/experiment.ts';
import type { JobView } from '../domain/job.ts';
import { disarm, disarmLine } from './page.ts';
import { cut, formatReason, isFinal, terminalWidth } from './render.ts';

/** The view. */
export interface PipelineView {
  /** A line that stays. */
  tell(line: string): void;
  onAgentEvent(role: AgentRole, slug: string | null, event: AgentEvent): void;
  onJob(view: JobView): void;
  /** Clears the live line. */
  close(): void;
}

/** Creates the view; live where stderr is a terminal. `note` says what stands at the end of each live line. */
export function createPipelineView(note: () => string = () => ''): PipelineView {
  const isLive = process.stderr.isTTY === true;
  let shown = '';
  let told = '';
  const clear = () => {
    if (shown !== '') process.stderr.write(`\r${' '.repeat(shown.length)}\r`);
    shown = '';
  };
  const live = (line: string) => {
    if (!isLive) return;
    const end = note();
    const next = cut(disarmLine(end === '' ? line : `${line} | ${end}`), terminalWidth() - 1);
    if (next === shown) return;
    clear();
    process.stderr.write(next);
    shown = next;
  };
  return {
    tell(line) {
      clear();
      process.stderr.write(`${colour(disarm(line))}\n`);
    },
    onAgentEvent(role, slug, event) {
      const text = describeEvent(event);
      if (text !== null) live(`${role}${slug === null ? '' : ` ${slug}`}: ${text}`);
    },
    onJob(view) {
      const { job, state } = view;
      if (isFinal(state)) return;
      const step = state.kind === 'running' ? state.step : state.kind;
      const reason = formatReason(view);
      live(`job ${job.number} ${job.experiment ?? job.kind} ${step}${reason === '' ? '' : `: ${reason}`}`);
      // Without a terminal, and for whoever waits on somebody else's run, why nothing moves is worth one line.
      const problem = state.kind === 'queued' ? state.waits : state.kind === 'recording' ? state.problem : null;
      if (problem === null || problem === told) return;
      told = problem;
      clear();
      process.stderr.write(`  job ${job.number} waits: ${problem}\n`);
    },
    close: clear,
  };
}

function describeEvent(event: AgentEvent): string | null {
  switch (event.kind) {
    case 'text':
      return event.text.trim().split('\n').at(-1) ?? null;
    case 'tool-start':
      return `${event.tool} ${event.detail}`;
    case 'error':
      return event.message;
    default:
      return null;
  }
}

/** Outcomes in colour, where they stand at the beginning of a stage's note. */
function colour(line: string): string {
  return line
    .replace(/^( {2}decide: )keep\b/, (_, start: string) => `${start}${pc.green('keep')}`)
    .replace(/^( {2}\w+: )(crash|refused|failed)\b/, (_, start: string, word: string) => `${start}${pc.red(word)}`)
    .replace(/^\[\d+ of \d+\] \S+:/, (head) => pc.bold(head));
}
