/**
 * Requests that no mode answers and that a person does by hand: to stop a session, to undo what one did. Only where the whole request asks for
 * that: "do five experiments and stop" begins a session. Pure; what is told rests on the packet.
 */
import type { Intake } from '../intake/intake.ts';
import { foldRequest, removeQuotations } from './request-text.ts';

/** What is told instead of a mode. */
export interface Advice {
  about: 'stop' | 'undo';
  /** Why, in one sentence without a full stop. */
  reason: string;
  /** The real way, one line each. */
  lines: string[];
}

/** What it rests on. */
export interface AdviceFacts {
  session: Pick<Intake['session'], 'sessions'>;
  repository: Pick<Intake['repository'], 'isLab' | 'branch'>;
}

const before =
  "(?:(?:please|ok|okay|hey|hi|no|now|just|bitte|por favor|s'il te plait|(?:can|could|would) (?:you|we)|i (?:want|need|would like) (?:you )?to|i'd like to|how (?:do|can|to)(?: i| we)?|let'?s|lab|autoresearch)[ ,]+)*";
const session =
  '(?:loop|sessions?|runs?|experiments?|agents?|night|ratchet|training|autoresearch|search|job|process|thing|sitzung|lauf|nacht|schleife|boucle|sesion|bucle)';
const change =
  '(?:changes?|edits?|commits?|experiments?|keeps?|rows?|steps?|night|sessions?|runs?|work|things?|anderung(?:en)?|experimente?|changements?|cambios?)';
const det =
  "(?:(?:the|this|that|these|those|my|our|your|its|all|any|whole|current|running|present|last|latest|previous|recent|newest|kept|bad|of|last night's|die|das|den|der|letzten?|le|la|les|el|los|las|toda|tout|ultimo|dernier) )*";
const end =
  "(?:[ ,]+(?:please|now|again|immediately|at once|right (?:now|away)|for now|for today|asap|completely|today|bitte|sofort|jetzt|mal|ahora|maintenant|por favor|s'il te plait|thanks|thank you|danke))*[ .!?]*";

const stopping = new RegExp(
  `^${before}(?:stop|end|halt|abort|cancel|kill|quit|exit|pause|interrupt|terminate|suspend|shut down|stopp\\w*|anhalten|abbrechen|beenden?|halte? an|brich ab|aufhoren|arrete[rz]?|para|parar|deten|detener)(?: (?:it|that|this|everything|all|all of it|here|es|alles|tout|todo|${det}(?:\\S+ )?${session})(?: (?:it|down|up|ab|an|auf|running|from running|on \\S+|of \\S+|\\S+))?)?${end}$`,
);
const undoing = new RegExp(
  `^${before}(?:undo|revert|roll(?:ing)? ?back|take back|reset|restore|put back|put (?:it|everything|all|that) back|take (?:it|that|everything) back|go back|throw away|discard|back out|rewind|ruckgangig|mach\\w* .{0,40}ruckgangig|annule[rz]?|deshaz|deshacer|revertir)(?: (?:it|that|this|everything|all|all of it|alles|tout|todo|what (?:it|the agent|you|that|we) did|${det}(?:\\S+ )?${change}|to .{1,40}))?(?: (?:back|made|done|you (?:made|did)|it (?:made|did)|the agent (?:made|did)|of .{1,40}|from .{1,40}|in .{1,40}|to .{1,40}))?${end}$`,
);

/** What a whole request asks a person to do; null where it asks for something else, or for more. `tags`: those of the sessions here. */
export function findAdvice(request: string, tags: readonly string[]): Advice['about'] | null {
  const folded = foldRequest(request.slice(0, 400));
  const own = removeQuotations(folded).replaceAll(/\s+/g, ' ').trim();
  const known = new Set(tags.map((tag) => tag.toLowerCase()));
  const text = (own === '' ? folded.replaceAll(/["'`]/g, '').trim() : own)
    .split(' ')
    .map((word) => (known.has(word.replace(/[.!?,]+$/, '')) ? 'session' : word))
    .join(' ');
  if (stopping.test(text)) return 'stop';
  return undoing.test(text) ? 'undo' : null;
}

/** The way by hand, where the request asks for nothing but that; null else. */
export function adviseOn(
  request: string,
  { session: { sessions }, repository: { isLab, branch } }: AdviceFacts,
): Advice | null {
  const tags = sessions.map(({ tag }) => tag);
  const about = findAdvice(request, tags);
  if (about === null) return null;
  return { about, ...(about === 'stop' ? adviseStop(sessions) : adviseUndo(sessions, isLab, branch)) };
}

type Sessions = Intake['session']['sessions'];

function adviseStop(sessions: Sessions): Pick<Advice, 'reason' | 'lines'> {
  const running = sessions.filter(({ isRunning }) => isRunning);
  const job = 'a run that is under way goes on in the queue: `lab status` names it, `lab kill <number>` ends it';
  if (running.length > 0)
    return {
      reason: 'no mode stops a session: whoever started it does',
      lines: [
        ...running.map(
          ({ tag }) =>
            `session ${tag}: Ctrl-C in its terminal, or \`kill -INT\` to the process that .lab/ratchet/${tag}/lock names; \`lab autoresearch resume --tag ${tag}\` goes on with it`,
        ),
        job,
      ],
    };
  const last = sessions.at(-1);
  const resume =
    last === undefined ? '' : `; \`lab autoresearch resume --tag ${last.tag}\` would go on with ${last.tag}`;
  return { reason: 'no session runs here, so there is none to stop', lines: [`no session runs here${resume}`, job] };
}

function adviseUndo(sessions: Sessions, isLab: boolean, main: string | null): Pick<Advice, 'reason' | 'lines'> {
  const reason = 'no mode undoes anything: a session changes only a branch of its own';
  const last = sessions.at(-1);
  if (last === undefined)
    return {
      reason,
      lines: [
        `no session was ever here, so there is nothing of one to undo${isLab ? '; `lab deinit` says what it would take away of the lab itself' : ''}`,
      ],
    };
  const { tag, branch } = last;
  return {
    reason,
    lines: [
      `your checkout${main === null ? '' : ` (${main})`} was not touched: session ${tag} commits on ${branch} alone, and what it threw away is off that branch already`,
      `to take an earlier state: \`git log ${branch}\` lists the keeps, \`git branch <name> <commit>\` takes one; every try, kept or not, is \`git show refs/nightlab/ratchet/${tag}/<n>.<try>\``,
      `a keep cannot be taken out of its session: \`lab autoresearch run --tag <another>\` begins anew from the main branch`,
    ],
  };
}
