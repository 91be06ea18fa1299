/**
 * `lab autoresearch "<request in words>"`: picks one mode from the words and from what is here, says why and which rules it keeps, and does it.
 * What starts a loop is printed, and done only with --go; so is a clone from an address that nobody named, or of another repository than the
 * one here. What the words name and the command does not carry is told first. To stop and to undo is no mode: how it is done is told.
 */
import { listAgents, recordedAgentName } from '../../agents/choose-agent.ts';
import { agentTemplates } from '../../agents/templates.ts';
import { findLabAround } from '../../config/lab-paths.ts';
import type { RatchetMode } from '../../domain/ratchet.ts';
import { ratchetModes } from '../../domain/ratchet.ts';
import { LabError } from '../../errors/lab-error.ts';
import { loadLabConfig } from '../../git/committed-config.ts';
import { runGitResult } from '../../git/run-git.ts';
import { type Intake, readIntake } from '../../ratchet/intake/intake.ts';
import { renderIntake } from '../../ratchet/intake/render-intake.ts';
import { modeRules } from '../../ratchet/mode-rules.ts';
import { type Advice, adviseOn } from '../../ratchet/route/advice.ts';
import { type PlannedCommand, planCommand } from '../../ratchet/route/plan-command.ts';
import { type RoutedRequest, routeRequest } from '../../ratchet/route-request.ts';
import { usualAddress } from '../../ratchet/setup-mode/find-repository.ts';
import { parseCommand, quoteWords } from '../define.ts';
import { disarmLine } from '../page.ts';
import type { Verb } from '../verbs.ts';
import { showIntake } from './intake.ts';

/** Makes the verb; `verbs` are those that a request can lead to. */
export function createRequestVerb(verbs: readonly Verb[]): Verb {
  return {
    name: 'request',
    usage: '"<words>"',
    summary: 'Pick the mode that answers a request in words, and do it',
    options: [
      {
        name: 'go',
        description: 'Do what is only printed else: start the loop, write program.md, fetch code and data',
      },
      { name: 'json', description: 'Print the choice as JSON and do nothing' },
    ],
    async run(input) {
      const request = input.words.join(' ').trim();
      if (request === '')
        throw new LabError('usage', 'a request in words is expected', {
          hints: ['lab autoresearch "show me what worked last night"'],
        });
      const intake = await readIntake(process.cwd(), null);
      const advice = adviseOn(request, intake);
      if (advice !== null) return tellAdvice(request, advice, intake, input.flag('json'));
      const routed = routeRequest(request, intake.state);
      const mode = routed.route.kind === 'out' ? null : routed.route.mode;
      const facts = {
        ...{ usualAddress, today: nameToday(new Date()), origin: await readOrigin(intake.repository) },
        agents: listAgentNames(),
      };
      const plan = mode === null ? null : planCommand(mode, request, intake, facts);
      const packet: Intake = { ...intake, mode };
      if (input.flag('json')) {
        process.stdout.write(`${JSON.stringify(describeChoice(request, routed, plan, packet), null, 2)}\n`);
        return 0;
      }
      if (mode === null || plan === null) {
        process.stderr.write(`${renderIntake(packet)}\n${routed.reason}\n`);
        process.stdout.write(`${routed.elsewhere ?? ''}\n`);
        return 0;
      }
      showIntake(packet, mode);
      if (routed.route.kind === 'walkthrough') process.stderr.write(renderWalkthrough(mode));
      process.stderr.write(`${mode}: ${routed.reason}\n`);
      if (plan.notes.length > 0) process.stderr.write(renderNotes(plan.notes));
      return await followPlan(plan, verbs, input.flag('go'));
    },
  };
}

/** A text that was pasted can name a lot. */
const mostNotes = 8;

function renderNotes(notes: readonly string[]): string {
  const left = notes.length - mostNotes;
  const more = left > 0 ? `; and ${left} more (--json lists them)` : '';
  return `note: ${notes.slice(0, mostNotes).map(disarmLine).join('; ')}${more}\n`;
}

/** What the words cannot get here is told, and nothing is done. Gives the exit code. */
function tellAdvice(request: string, { about, reason, lines }: Advice, intake: Intake, isJson: boolean): number {
  if (isJson) {
    const choice = { request, route: { kind: 'advice', about }, reason, elsewhere: lines.join('\n') };
    const rest = { command: null, waitsForGo: null, notCarried: [], rules: [], intake };
    process.stdout.write(`${JSON.stringify({ ...choice, ...rest }, null, 2)}\n`);
    return 0;
  }
  process.stderr.write(`${renderIntake(intake)}\n${reason}\n`);
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  return 0;
}

/** The agents of the lab here; the ready-made ones outside of a lab, and where its configuration cannot be read, as the packet says. */
function listAgentNames(): string[] {
  try {
    const paths = findLabAround(process.cwd());
    if (paths !== null)
      return listAgents(loadLabConfig(paths.root, { environment: process.env })).map(({ name }) => name);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
  }
  return [...Object.keys(agentTemplates), recordedAgentName];
}

/** Address that the repository here was cloned from; null where it has none, and outside git. */
async function readOrigin({ isGit, root }: Intake['repository']): Promise<string | null> {
  if (!isGit) return null;
  const { exitCode, stdout } = await runGitResult(root, ['config', '--get', 'remote.origin.url']);
  return exitCode === 0 ? stdout.toString('utf8').trim() || null : null;
}

/** "nov21", as sessions are commonly named. */
function nameToday(now: Date): string {
  return `${now.toLocaleString('en-US', { month: 'short' }).toLowerCase()}${now.getDate()}`;
}

const commandLine = ({ verb, args }: Pick<PlannedCommand, 'verb' | 'args'>): string =>
  `lab autoresearch ${quoteWords([verb, ...args])}`;

function describeChoice(request: string, routed: RoutedRequest, plan: PlannedCommand | null, intake: Intake) {
  const { mode } = intake;
  return {
    request,
    ...routed,
    command: plan === null ? null : commandLine(plan),
    waitsForGo: plan === null ? null : plan.waits !== null,
    notCarried: plan?.notes ?? [],
    rules: mode === null ? [] : modeRules[mode],
    intake,
  };
}

function renderWalkthrough(next: RatchetMode): string {
  const what: Record<RatchetMode, string> = {
    setup: 'make a clone ready and measure the unmodified code once',
    program: 'write what is to be researched into program.md',
    run: 'edit, run, keep or reset, for as long as you let it',
    results: 'see what was gained, what failed, and what to try next',
    adapt: 'fit it to the card before a session, change the search after one',
  };
  const lines = ratchetModes.map((mode, index) => {
    const isDone = index < ratchetModes.indexOf(next);
    return `${mode === next ? '>' : ' '} ${index + 1}. ${mode.padEnd(8)} ${what[mode]}${isDone ? ' (done)' : ''}\n`;
  });
  return `the whole of it; the marked one is next:\n${lines.join('')}`;
}

/** Does the command, or prints it where it waits for --go. Gives the exit code. */
async function followPlan(plan: PlannedCommand, verbs: readonly Verb[], isGo: boolean): Promise<number> {
  const verb = verbs.find(({ name }) => name === plan.verb);
  const args = isGo ? [...plan.args, ...plan.goArgs] : plan.args;
  const line = commandLine({ verb: plan.verb, args });
  if (verb === undefined || (plan.waits !== null && !isGo)) {
    process.stderr.write(
      `${plan.waits ?? 'this build has no such verb'}, so it is not done by itself: type it, or add --go\n`,
    );
    process.stdout.write(`${line}\n`);
    return 0;
  }
  process.stderr.write(`$ ${line}\n\n`);
  const spec = { ...verb, name: `autoresearch ${verb.name}`, examples: [] };
  return await verb.run(parseCommand(spec, args));
}
