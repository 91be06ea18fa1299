/**
 * The agent that is a command: any program that reads a prompt file and works. It runs in the sandbox where there is one, under the limits of
 * its request, in an environment of its own, and nothing of it outlives the run. What it handed in and changed is for the caller to judge.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { LabConfig } from '../config/schema.ts';
import { errnoOf, messageOf } from '../errors/lab-error.ts';
import type { SandboxProbe } from '../sandbox/sandbox.ts';
import type { Agent, AgentEvent, AgentRequest, AgentResult } from './agent.ts';
import { cancelReason, type Stop, watchLimits } from './agent-limits.ts';
import { createAgentOutput } from './agent-output.ts';
import { startAgentProcess } from './agent-process.ts';
import { formatCommand, programOf } from './command-line.ts';
import { describeFailure } from './failure-reason.ts';
import { listLockedPaths } from './locked-paths.ts';
import { agentEnvironment } from './run-environment.ts';
import { createRunPlace, type RunPlace, removePrivateFolders } from './run-place.ts';
import { agentSandboxArgv, ensureAgentSandbox, findProgram } from './run-sandbox.ts';
import { createSecretMask } from './secret-mask.ts';
import type { AgentTemplate } from './templates.ts';
import { createTranscript } from './transcript.ts';
import { listTreeChanges, readTreeState } from './tree-changes.ts';

/** What a command agent is made from. */
export interface CommandAgentOptions {
  /** "claude", or the name under agents.commands. */
  name: string;
  template: AgentTemplate;
  config: Pick<LabConfig, 'agents' | 'checkout' | 'rules' | 'sandbox' | 'sandboxRead'>;
  /** What this machine offers. */
  sandbox: SandboxProbe;
  /** The environment to choose from; absent: the lab's own. */
  environment?: Readonly<Record<string, string | undefined>>;
  /** The user's home; absent: the one of this process. */
  home?: string;
}

/**
 * An agent that runs a command. Throws LabError (config) where the command uses an unknown placeholder or one without a value.
 * Its runs throw LabError (config) where a sandbox is required and missing or a configured home file is not there.
 */
export function createCommandAgent(options: CommandAgentOptions): Agent {
  // Told at once, not after the first prompt is written.
  fillTemplate(options, { promptFile: '', outbox: '', directory: '' }, null);
  const { name, template, config } = options;
  const takesModel = template.modelOption !== null || template.command.includes('{model}');
  const model = takesModel ? config.agents.model : null;
  return { name, model, notice: null, run: (request, onEvent) => runCommand(options, request, onEvent) };
}

async function runCommand(
  options: CommandAgentOptions,
  request: AgentRequest,
  onEvent: (event: AgentEvent) => void,
): Promise<AgentResult> {
  const { config, template } = options;
  const beganMs = performance.now();
  const isSandboxed = ensureAgentSandbox(config, options.sandbox);
  const home = options.home ?? homedir();
  const before = request.mayEdit ? await readTreeState(request.directory) : null;
  const place = await createRunPlace(request, { template, configured: config.agents.homeFiles, home });
  try {
    const command = fillTemplate(options, place, request.limits.usd);
    const env = agentEnvironment({
      from: options.environment ?? process.env,
      configured: config.agents.env,
      ...{ template, isSandboxed, place, request },
    });
    const searchPath = env.PATH ?? '';
    const program = programOf(template.command);
    const { directory, mayEdit, mayEditFrozen = false } = request;
    const locked = isSandboxed && mayEdit ? await listLockedPaths(directory, config.rules, mayEditFrozen) : [];
    const sandbox = isSandboxed
      ? agentSandboxArgv({ config, place, mayEdit: request.mayEdit, locked, home, searchPath, program })
      : [];
    const ran = await runUnderLimits(
      { request, place, env, argv: [...sandbox, '/bin/sh', '-c', command] },
      template,
      onEvent,
    );

    const { output, exit, flags } = ran;
    let stop = ran.stop;
    let filesChanged: string[] = [];
    try {
      if (before !== null) filesChanged = await listTreeChanges(place.directory, before);
    } catch (error) {
      stop ??= { status: 'failed', reason: `its worktree cannot be read by git any more: ${messageOf(error)}` };
    }
    const programPath = program === null ? null : findProgram(program, searchPath);
    const failure =
      exit === null
        ? null
        : describeFailure({ exit, output, isSandboxed, program, install: template.install, programPath });
    stop ??= failure === null ? null : { status: 'failed', reason: failure };
    return {
      status: stop?.status ?? 'done',
      reason: createSecretMask(env).mask(stop?.reason ?? ''),
      text: output.parsed.text,
      filesChanged,
      tokens: output.tokens,
      costUsd: output.costUsd,
      wallSeconds: (performance.now() - beganMs) / 1000,
      transcriptPath: transcriptPathOf(request),
      flags: [...(isSandboxed ? [] : ['unsandboxed']), ...flags],
    };
  } finally {
    await removePrivateFolders(place);
  }
}

interface Prepared {
  request: AgentRequest;
  place: RunPlace;
  env: Record<string, string>;
  argv: string[];
}

/** Starts the command, hands its output on and waits until nothing of it lives. `exit` is null where it was called off before the start. */
async function runUnderLimits(
  { request, place, env, argv }: Prepared,
  template: AgentTemplate,
  onEvent: (event: AgentEvent) => void,
) {
  const transcript = createTranscript(transcriptPathOf(request));
  let stop: Stop | null = null;
  let thrown: { error: unknown } | null = null;
  try {
    const mask = createSecretMask(env);
    let watch: ReturnType<typeof watchLimits> | null = null;
    const output = createAgentOutput({
      ...{ format: template.format, mask, transcript },
      onEvent: (event) => {
        if (event.kind === 'usage') watch?.noteUsage(event.tokens, event.costUsd);
        onEvent(event);
      },
    });
    if (request.signal.aborted) {
      stop = { status: 'cancelled', reason: cancelReason(request.signal) };
      return { output: output.end(), exit: null, stop, flags: [] };
    }
    const take = (handle: (chunk: Buffer) => void) => (chunk: Buffer) => {
      watch?.noteOutput();
      if (thrown !== null) return;
      try {
        handle(chunk);
      } catch (error) {
        thrown = { error };
        agent.stop();
      }
    };
    const agent = startAgentProcess({
      ...{ argv, env, cwd: place.directory, run: place.folder },
      onStdout: take(output.stdout),
      onStderr: take(output.stderr),
    });
    watch = watchLimits(request.limits, place.outbox, request.signal, (met) => {
      stop = met;
      agent.stop();
    });
    try {
      const exit = await agent.ended;
      // The last line may come without a line end, and hold usage that goes over a limit.
      const end = output.end();
      if (thrown !== null) stop = describeThrown((thrown as { error: unknown }).error);
      return { output: end, exit, stop: stop as Stop | null, flags: exit.left.length === 0 ? [] : ['processes left'] };
    } finally {
      watch.close();
    }
  } finally {
    transcript.close();
  }
}

/** A full disk ends the run with a reason; what the caller's own `onEvent` threw is thrown on. */
function describeThrown(error: unknown): Stop {
  if (errnoOf(error) === null) throw error;
  return { status: 'failed', reason: `what it printed could not be kept: ${messageOf(error)}` };
}

function transcriptPathOf(request: AgentRequest): string {
  return join(request.folder, 'transcript.jsonl');
}

function fillTemplate(
  { name, template, config }: CommandAgentOptions,
  place: Pick<RunPlace, 'promptFile' | 'outbox' | 'directory'>,
  usd: number | null,
): string {
  const { promptFile, outbox, directory } = place;
  const { model } = config.agents;
  const budget = usd === null ? null : template.budgetOption;
  const options = [
    model === null ? null : template.modelOption,
    budget === null ? null : formatCommand(name, budget, { usd: String(usd) }),
  ];
  const given = options.filter((option) => option !== null).join(' ');
  const command = template.command.replaceAll('{options}', () => given);
  return formatCommand(name, command, { promptFile, outbox, directory, model });
}
