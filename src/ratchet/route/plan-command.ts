/**
 * Which command answers a request once its mode is picked, with what the words say of it: a tag, a number of experiments, a device, an agent, an
 * address; and what it does not carry. Pure.
 */
import { dirname, join } from 'node:path';
import type { RatchetMode } from '../../domain/ratchet.ts';
import type { Intake } from '../intake/intake.ts';
import { folderOfAddress } from '../setup-mode/find-repository.ts';
import { readWishes } from './read-wishes.ts';
import { foldRequest } from './request-text.ts';
import { type RunWords, readRunWords } from './run-words.ts';
import { isSameAddress } from './same-address.ts';

/** A verb of `lab autoresearch` with its words and options. */
export interface PlannedCommand {
  verb: RatchetMode | 'resume';
  /** As typed after the verb. */
  args: string[];
  /** What is added with --go, because it changes something that the words did not name one by one; [] where nothing. */
  goArgs: string[];
  /** Why it waits for --go; null where it is done at once. */
  waits: string | null;
  /** What the words name and the command does not carry, one entry each; [] where it carries all. */
  notes: string[];
}

/** What a plan rests on besides the words and the packet. */
export interface PlanFacts {
  /** Where autoresearch is cloned from. */
  usualAddress: string;
  /** Names a session that the words do not name. */
  today: string;
  /** Address that the repository here was cloned from; null where it has none. */
  origin: string | null;
  /** Names of the agents that can be chosen. */
  agents: readonly string[];
}

/** The command for a mode. Throws LabError (usage) for an address of another repository that names no folder. */
export function planCommand(
  mode: RatchetMode,
  request: string,
  intake: Pick<Intake, 'state' | 'session' | 'repository'>,
  facts: PlanFacts,
): PlannedCommand {
  const { sessions } = intake.session;
  switch (mode) {
    case 'setup':
      return { ...planSetup(request, intake, facts), notes: noteForLater(mode, request, sessions, facts) };
    case 'program':
      return {
        ...{ verb: 'program', args: [], goArgs: ['--write'], waits: null },
        notes: noteForLater(mode, request, sessions, facts),
      };
    case 'run':
      return planRun(request, sessions, facts);
    case 'results':
    case 'adapt':
      return { verb: mode, args: planReading(mode, request, sessions), goArgs: [], waits: null, notes: [] };
  }
}

/** What is said of a session in a request for one, where another mode comes first. */
function noteForLater(
  mode: RatchetMode,
  request: string,
  sessions: Intake['session']['sessions'],
  { agents }: PlanFacts,
): string[] {
  if (!readWishes(request).found.some(({ wish }) => wish === 'run')) return [];
  const words = readRunWords(request, tagsOf(sessions), agents);
  const options = [
    ...(words.tag === null ? [] : ['--tag', words.tag]),
    ...countOption(words.count),
    ...formatRest(words),
  ];
  if (options.length === 0) return [];
  return [`${options.join(' ')} is of the session, and ${mode} comes before it: say it again then`];
}

const tagsOf = (sessions: Intake['session']['sessions']): string[] => sessions.map(({ tag }) => tag);

const countOption = (count: number | null): string[] => (count === null ? [] : ['--max', String(count)]);

function formatRest({ device, agent, desc, isConfirmed }: RunWords): string[] {
  return [
    ...(device === null ? [] : ['--device', device]),
    ...(agent === null ? [] : ['--agent', agent]),
    ...(isConfirmed ? ['--confirm'] : []),
    ...(desc === null ? [] : ['--desc', desc]),
  ];
}

function planSetup(
  request: string,
  { state, repository }: Pick<Intake, 'state' | 'repository'>,
  { usualAddress, origin }: PlanFacts,
): Omit<PlannedCommand, 'notes'> {
  const goArgs = repository.data === 'ready' ? [] : ['--prepare'];
  const address = /(?:https?:\/\/|ssh:\/\/|git@)[^\s"'`<>]+/.exec(request)?.[0].replace(/[.,;:!?)]+$/, '');
  if (state.hasRepository && address !== undefined && (origin === null || !isSameAddress(address, origin))) {
    // Beside the one here, whose data says nothing of the other's.
    const folder = join(dirname(repository.root), folderOfAddress(address));
    const waits = `it fetches another repository than ${repository.root}, which \`lab autoresearch setup\` takes`;
    return { verb: 'setup', args: ['--clone', address, folder], goArgs: ['--prepare'], waits };
  }
  if (state.hasRepository) return { verb: 'setup', args: [], goArgs, waits: null };
  if (address !== undefined) return { verb: 'setup', args: ['--clone', address], goArgs, waits: null };
  return {
    verb: 'setup',
    args: ['--clone', usualAddress],
    goArgs,
    waits: 'it fetches a repository whose address you did not name',
  };
}

const goingOn =
  /\b(?:resum|continu|carry on|keep going|go on|pick (?:it |this )?up|restart|left off|weiter|fortsetz|setz\w* .*fort|repren|sigue|seguir|reanud)/;

function planRun(request: string, sessions: Intake['session']['sessions'], facts: PlanFacts): PlannedCommand {
  const folded = foldRequest(request);
  const named = findNamed(folded, sessions);
  const words = readRunWords(request, tagsOf(sessions), facts.agents);
  const { count } = words;
  // Where no words name a mode, the reason says so already.
  const isRead = readWishes(request).found.length > 0;
  const unread = (isRead ? words.unread : []).map((part) => `"${part}" is not understood`);
  const last = named ?? sessions.at(-1);
  const waits = 'it starts a loop that ends only when you end it';
  if (last !== undefined && !last.isRunning && (named !== undefined || goingOn.test(folded))) {
    // --max counts the whole session, whose first row is the baseline.
    const max = countOption(count === null ? null : Math.max(0, last.rows - 1) + count);
    const agent = words.agent === null ? [] : ['--agent', words.agent];
    const stays = formatRest({ ...words, agent: null });
    const begun =
      stays.length === 0
        ? []
        : [`${stays.join(' ')} is not carried (a session goes on as it began; another one takes it)`];
    const notes = [...begun, ...words.uncarried, ...unread];
    return { verb: 'resume', args: ['--tag', last.tag, ...max, ...agent], goArgs: [], waits, notes };
  }
  const taken = new Set(tagsOf(sessions));
  const tag = freeTag(words.tag ?? facts.today, taken);
  const renamed = words.tag !== null && words.tag !== tag ? [`the tag ${words.tag} is taken, so it is ${tag}`] : [];
  const args = ['--tag', tag, ...countOption(count), ...formatRest(words)];
  return { verb: 'run', args, goArgs: [], waits, notes: [...renamed, ...words.uncarried, ...unread] };
}

/** The session that the words name, or for results a table that is not the session's own. */
function planReading(mode: 'results' | 'adapt', request: string, sessions: Intake['session']['sessions']): string[] {
  const table = /(?:^|[\s"'`(])((?:[\w.~-]*\/)*[\w.-]+\.tsv)(?=$|[\s"'`),;:!?]|\.(?:\s|$))/.exec(request)?.[1];
  if (mode === 'results' && table !== undefined && table !== 'results.tsv') return ['--file', table];
  const named = findNamed(foldRequest(request), sessions);
  return named === undefined ? [] : ['--tag', named.tag];
}

function findNamed(folded: string, sessions: Intake['session']['sessions']) {
  const words = new Set(folded.split(/[^\w.-]+/).map((word) => word.replace(/\.+$/, '')));
  return sessions.find(({ tag }) => words.has(tag.toLowerCase()));
}

function freeTag(wanted: string, taken: ReadonlySet<string>): string {
  for (let place = 1; ; place++) {
    const tag = place === 1 ? wanted : `${wanted}-${place}`;
    if (!taken.has(tag)) return tag;
  }
}
