/**
 * Picks exactly one mode for a request in words, or a way out. Pure; the words are read in route/.
 *
 * The state decides first, the words second. From top to bottom, the first line that fits:
 *
 *   words                                     state                                            route
 *   another task: a prompt or SKILL.md,       any                                              out: skill-autoresearch,
 *   evals or tracing of an LLM product,                                                        llm-evals, literature, fork
 *   literature; a fork is asked for
 *   the whole walkthrough                     no CUDA, and nothing has trained here            out: fork
 *   the whole walkthrough                     else                                             walkthrough, the first mode not yet done
 *   set up, clone; or start autoresearch      no training repository                           setup; without CUDA out: fork
 *   anything else                             no training repository                           out: no-repository
 *   results                                   any repository                                   results
 *   set up, program, run, nothing said;       no CUDA, and nothing has trained here            out: fork
 *   adapt where no CUDA card is named
 *   run                                       a session runs                                   run (it says what to do beside it)
 *   run                                       not set up, or no baseline                       setup
 *   run                                       program.md not whole                             program
 *   run                                       else                                             run
 *   program                                   no baseline                                      setup
 *   program                                   else                                             program (which refuses while a session runs)
 *   adapt                                     any repository                                   adapt
 *   set up, and then another wish             set up with a baseline already                   the next wish
 *   set up                                    else                                             setup
 *   nothing that names a mode                 any repository                                   the first mode not yet done
 *
 * "Something has trained here": a baseline exists, or the lab stands ready for one. A repository that trains on the processor is as good as any
 * other once it is adopted and set up; before that nobody can know, and a clone of autoresearch without CUDA is sent to its forks.
 */
import type { RatchetMode, RatchetState, Route, RouteOut } from '../domain/ratchet.ts';
import { describeElsewhere } from './route/elsewhere.ts';
import { type FoundWish, readWishes, type Wishes } from './route/read-wishes.ts';

/** Where a request leads. */
export interface RoutedRequest {
  route: Route;
  /** Why, in one sentence without a full stop. */
  reason: string;
  /** What to use instead, in words; null where a mode answers. */
  elsewhere: string | null;
}

const outs: readonly RouteOut[] = ['skill-autoresearch', 'llm-evals', 'literature', 'fork'];
const modes: readonly RatchetMode[] = ['setup', 'program', 'run', 'results', 'adapt'];

/** Picks a mode or a way out. */
export function routeRequest(request: string, state: RatchetState): RoutedRequest {
  const wishes = readWishes(request);
  const top = Math.max(0, ...wishes.found.map(({ weight }) => weight));
  const wanted = wishes.found.filter(({ weight }) => weight === top);
  const out = findOut(wanted);
  if (out !== null) return routeOut(out.wish as RouteOut, `"${out.words}" asks for something else`, state);
  const whole = wanted.find(({ wish }) => wish === 'walkthrough');
  if (whole !== undefined) return routeWalkthrough(whole, state);
  const asked = wanted.filter((found): found is FoundWish & { wish: RatchetMode } => isMode(found.wish));
  if (!state.hasRepository) return routeWithoutRepository(asked, wishes, state);
  const chosen = chooseWish(asked, state);
  if (chosen === null && wishes.namesCard) return routeMode('adapt', 'a card is named', wishes, state);
  if (chosen === null) return routeNext(wishes, state);
  return routeMode(chosen.wish, `"${chosen.words}" asks for ${chosen.wish}`, wishes, state);
}

const isMode = (wish: string): wish is RatchetMode => modes.some((mode) => mode === wish);

/** Another task, where it is the first thing that is asked for, or what that is done to ("run evals on my chatbot"). */
function findOut(wanted: readonly FoundWish[]): FoundWish | null {
  const [first] = wanted;
  if (first === undefined) return null;
  return wanted.find(({ clause, wish }) => clause === first.clause && outs.some((out) => out === wish)) ?? null;
}

/** The first wish; a set-up that is done makes room for what is wanted after it. */
function chooseWish<Found extends { wish: RatchetMode }>(asked: readonly Found[], state: RatchetState): Found | null {
  const [first] = asked;
  if (first === undefined) return null;
  if (first.wish !== 'setup' || !isSetUpDone(state)) return first;
  return asked.find(({ wish }) => wish !== 'setup') ?? first;
}

/** Setup has succeeded: both numbers were printed, and nothing of what they need has gone since. */
function isSetUpDone({ isLab, isSetUp, hasBaseline }: RatchetState): boolean {
  return isLab && isSetUp && hasBaseline;
}

function hasTrained({ isLab, isSetUp, hasBaseline }: RatchetState): boolean {
  return hasBaseline || (isLab && isSetUp);
}

/** Autoresearch as it is cloned wants CUDA, on a system that its kernels are built for. */
function canTrain(state: RatchetState): boolean {
  return hasTrained(state) || (state.accelerator === 'cuda' && state.platform !== 'windows');
}

function findFirstUndone(state: RatchetState): RatchetMode {
  if (!isSetUpDone(state)) return 'setup';
  if (state.program !== 'whole') return 'program';
  return state.session === 'none' ? 'run' : 'results';
}

function routeWalkthrough({ words }: FoundWish, state: RatchetState): RoutedRequest {
  if (!canTrain(state)) return routeOut('fork', 'its first step is to set up', state);
  const mode = findFirstUndone(state);
  const route: Route = { kind: 'walkthrough', mode };
  return { route, reason: `"${words}" asks for all of it; ${mode} is the first mode not yet done`, elsewhere: null };
}

function routeWithoutRepository(
  asked: readonly { wish: RatchetMode; words: string }[],
  wishes: Wishes,
  state: RatchetState,
): RoutedRequest {
  const setup = asked.find(({ wish }) => wish === 'setup');
  const isStart = wishes.namesAutoresearch && !wishes.refused.has('setup') && asked.every(({ wish }) => wish === 'run');
  if (setup === undefined && !isStart)
    return routeOut('no-repository', 'here is no train.py with a prepare.py beside it', state);
  const reason = `"${setup?.words ?? 'autoresearch'}" asks for a training repository, and here is none`;
  return canTrain(state)
    ? { route: { kind: 'mode', mode: 'setup' }, reason, elsewhere: null }
    : routeOut('fork', reason, state);
}

/** The words name no mode: the state does, unless they refuse it. */
function routeNext(wishes: Wishes, state: RatchetState): RoutedRequest {
  const next = findFirstUndone(state);
  const mode = wishes.refused.has(next) ? 'results' : next;
  const reason = mode === next ? `the words name no mode; ${next} is the first not yet done` : `${next} is refused`;
  return routeMode(mode, reason, wishes, state);
}

function routeMode(wish: RatchetMode, reason: string, wishes: Wishes, state: RatchetState): RoutedRequest {
  const to = (mode: RatchetMode, why: string): RoutedRequest => ({
    route: { kind: 'mode', mode },
    reason: why,
    elsewhere: null,
  });
  if (wish === 'results') return to('results', reason);
  if (!canTrain(state) && !(wish === 'adapt' && wishes.namesCard)) return routeOut('fork', reason, state);
  if (wish === 'adapt' || wish === 'setup') return to(wish, reason);
  if (state.session === 'running') return to(wish, `${reason}; a session is running`);
  if (wish === 'program')
    return state.hasBaseline
      ? to('program', reason)
      : to('setup', `${reason}, which needs a baseline that printed both numbers; there is none yet`);
  if (!isSetUpDone(state)) return to('setup', `${reason}, but ${describeLack(state)}`);
  if (state.program !== 'whole')
    return to('program', `${reason}, but program.md is ${state.program}, and a session begins with all five sections`);
  return to('run', reason);
}

function describeLack({ isLab, isSetUp }: RatchetState): string {
  if (!isLab) return 'the repository is no lab yet';
  return isSetUp ? 'no run of the unmodified code has printed both numbers' : 'environment or data are missing';
}

function routeOut(to: RouteOut, reason: string, state: RatchetState): RoutedRequest {
  const isAway = to === 'fork' && !canTrain(state);
  const lack = state.accelerator === 'cuda' ? 'this is Windows' : 'no CUDA was found here';
  const why = isAway ? `${reason}; ${lack}, and nothing has trained yet` : reason;
  return { route: { kind: 'out', to }, reason: why, elsewhere: describeElsewhere(to, state) };
}
