/** Which command answers a request once its mode is picked, with what the words say of it: a tag, a number of experiments, an address. Pure. */
import { dirname, join } from 'node:path';
import type { RatchetMode } from '../../domain/ratchet.ts';
import type { Intake } from '../intake/intake.ts';
import { folderOfAddress } from '../setup-mode/find-repository.ts';
import { foldRequest } from './request-text.ts';
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
}

/** What a plan rests on besides the words and the packet. */
export interface PlanFacts {
  /** Where autoresearch is cloned from. */
  usualAddress: string;
  /** Names a session that the words do not name. */
  today: string;
  /** Address that the repository here was cloned from; null where it has none. */
  origin: string | null;
}

/** The command for a mode. Throws LabError (usage) for an address of another repository that names no folder. */
export function planCommand(
  mode: RatchetMode,
  request: string,
  intake: Pick<Intake, 'state' | 'session' | 'repository'>,
  facts: PlanFacts,
): PlannedCommand {
  switch (mode) {
    case 'setup':
      return planSetup(request, intake, facts);
    case 'program':
      return { verb: 'program', args: [], goArgs: ['--write'], waits: null };
    case 'run':
      return planRun(request, intake.session.sessions, facts.today);
    case 'results':
    case 'adapt':
      return { verb: mode, args: planReading(mode, request, intake.session.sessions), goArgs: [], waits: null };
  }
}

function planSetup(
  request: string,
  { state, repository }: Pick<Intake, 'state' | 'repository'>,
  { usualAddress, origin }: PlanFacts,
): PlannedCommand {
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

function planRun(request: string, sessions: Intake['session']['sessions'], today: string): PlannedCommand {
  const folded = foldRequest(request);
  const named = findNamed(folded, sessions);
  const count = readCount(folded);
  const last = named ?? sessions.at(-1);
  const waits = 'it starts a loop that ends only when you end it';
  if (last !== undefined && !last.isRunning && (named !== undefined || goingOn.test(folded))) {
    // --max counts the whole session, whose first row is the baseline.
    const max = count === null ? [] : ['--max', String(Math.max(0, last.rows - 1) + count)];
    return { verb: 'resume', args: ['--tag', last.tag, ...max], goArgs: [], waits };
  }
  const max = count === null ? [] : ['--max', String(count)];
  const taken = new Set(sessions.map(({ tag }) => tag));
  return { verb: 'run', args: ['--tag', freeTag(readTag(folded) ?? today, taken), ...max], goArgs: [], waits };
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

/** How many experiments the words ask for; null where they do not say. */
function readCount(folded: string): number | null {
  const match =
    /\b(?:max(?:imum)?(?: of)?|at most|up to|hochstens|maximal)[ =]*(\d{1,5})\b|\b(\d{1,5}) (?:more |new |neue |weitere )?(?:experiments?|iterations?|runs?|experimente|iterationen|laufe|experiences|experimentos)\b/.exec(
      folded,
    );
  const count = Number(match?.[1] ?? match?.[2]);
  return Number.isInteger(count) && count >= 1 ? count : null;
}

/** The name that the words give a session; null where they give none. */
function readTag(folded: string): string | null {
  const asked = /(?:--tag[ =]|\btag(?:ged)?(?: it| is|:)?(?: as)? )["'`]?([a-z0-9][a-z0-9._-]{0,39})/.exec(folded)?.[1];
  const called = /\b(?:call(?:ed)?|named?)(?: it)? ["'`]?([a-z0-9._-]*\d[a-z0-9._-]*)/.exec(folded)?.[1];
  const tag = (asked ?? called)?.replace(/[._-]+$/, '') ?? '';
  const isWord = /^(?:it|the|a|an|and|with|of|for|as|is|to|on|in|this|that)$/.test(tag);
  return tag === '' || isWord || tag.length > 40 ? null : tag;
}

function freeTag(wanted: string, taken: ReadonlySet<string>): string {
  for (let place = 1; ; place++) {
    const tag = place === 1 ? wanted : `${wanted}-${place}`;
    if (!taken.has(tag)) return tag;
  }
}
