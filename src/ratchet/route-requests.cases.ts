/**
 * Requests as researchers type them, each with the route that it should get, thought through from the issue alone: the five modes
 * and the walkthrough here, the ways out and what the state overrules from route-out.cases.ts. Knows nothing of the router.
 */
import type { Route } from '../domain/ratchet.ts';
import {
  cloned,
  cpuLab,
  measured,
  nowhere,
  type RouteCase,
  ready,
  routeOutCases,
  running,
  stopped,
  synced,
} from './route-out.cases.ts';

/** One request in words, and where it should lead. */
export type { RouteCase } from './route-out.cases.ts';

const setup: Route = { kind: 'mode', mode: 'setup' };
const program: Route = { kind: 'mode', mode: 'program' };
const run: Route = { kind: 'mode', mode: 'run' };
const results: Route = { kind: 'mode', mode: 'results' };
const adapt: Route = { kind: 'mode', mode: 'adapt' };

const setupCases: readonly RouteCase[] = [
  {
    request: 'clone https://github.com/karpathy/autoresearch and get me to the first val_bpb',
    state: nowhere,
    expected: setup,
    why: 'no repository, but one is asked for',
  },
  {
    request: 'Richte mir autoresearch hier in diesem leeren Ordner ein',
    state: nowhere,
    expected: setup,
    why: 'German: no repository, but one is asked for',
  },
  { request: 'uv sync, prepare.py, one baseline. thx', state: cloned, expected: setup, why: 'steps of setup by name' },
  {
    request: 'I want to see the results of setting up: does the baseline print both of its numbers on this machine?',
    state: cloned,
    expected: setup,
    why: '"results" of setting up are the baseline, not results.tsv',
  },
  { request: 'just the baseline, no loop yet', state: synced, expected: setup, why: 'the baseline ends setup' },
  {
    request: 'the data shards are missing, prepare.py was never run here',
    state: { ...cloned, isLab: true },
    expected: setup,
    why: 'preparing the data is part of setup',
  },
  {
    request: 'pyton upgraded itself and now the venv is broken, uv sync dies. fix the enviroment',
    state: { ...stopped, isSetUp: false },
    expected: setup,
    why: 'the environment is gone, whatever ran before',
  },
  {
    request: 'No tuning, no report, no night run: I only want this thing installed and checked on my H100',
    state: cloned,
    expected: setup,
    why: 'everything but setup is ruled out',
  },
  {
    request: 'install everything first, then tonight the loop',
    state: cloned,
    expected: setup,
    why: 'of two wishes the first, and the state says so too',
  },
  {
    request: "installe les dépendances, télécharge les données et vérifie la carte, s'il te plaît",
    state: cloned,
    expected: setup,
    why: 'French: sync, prepare, hardware check',
  },
  {
    request: 'instala todo y haz una primera medición sin cambiar el código',
    state: cloned,
    expected: setup,
    why: 'Spanish: sync and one baseline',
  },
];

const programCases: readonly RouteCase[] = [
  {
    request: 'write a program.md: goal, where we stand, what to try first',
    state: { ...measured, program: 'missing' },
    expected: program,
    why: 'sections of program.md by name',
  },
  {
    request: 'program.md has no constraints section. Add one: 20 GB ceiling, no new packages',
    state: measured,
    expected: program,
    why: 'a section is to be written',
  },
  {
    request: 'set up the directions for tonight in program.md: optimizer first, then attention',
    state: ready,
    expected: program,
    why: '"set up" is said of directions in program.md, and setup is done',
  },
  {
    request: "don't run anything yet!! rewrite the priorities in program.md",
    state: ready,
    expected: program,
    why: 'running is ruled out, program.md is to change',
  },
  {
    request: 'Write the goal down in program.md first, then start',
    state: { ...measured, program: 'missing' },
    expected: program,
    why: 'of two wishes the first, and run would refuse',
  },
  {
    request: 'adapt program.md to what failed last night, depth is a dead end, say so',
    state: stopped,
    expected: program,
    why: 'a change of program.md between sessions, whatever verb is used for it',
  },
  {
    request: 'before the next run: put the memory ceiling in program.md down to 16 GB',
    state: stopped,
    expected: program,
    why: 'a constraint of program.md; the run comes after it',
  },
  {
    request: 'progam.md neads a section on what was allready tried, take it from results.tsv',
    state: { ...stopped, program: 'incomplete' },
    expected: program,
    why: 'written from results.tsv, but it is program.md that is written',
  },
  {
    request: 'Schreib mir die program.md neu, Ziel: unter 0,97 bpb, keine neuen Pakete',
    state: measured,
    expected: program,
    why: 'German: goal and constraints of program.md',
  },
  {
    request: 'complète program.md : objectif, contraintes, pistes par ordre de priorité',
    state: measured,
    expected: program,
    why: 'French: sections of program.md',
  },
  {
    request: 'actualiza program.md con lo que ya se probó anoche',
    state: stopped,
    expected: program,
    why: 'Spanish: program.md is to be brought up to date',
  },
];

const runCases: readonly RouteCase[] = [
  { request: 'go', state: ready, expected: run, why: 'all is ready, and "go" asks for nothing else' },
  { request: 'start the loop, tag mar5, 20 experiments max', state: ready, expected: run, why: 'a tag and a limit' },
  {
    request: "program my night: 40 experiments on train.py, go, I'm off to bed",
    state: ready,
    expected: run,
    why: 'to program a night is to run through it, not to write program.md',
  },
  { request: 'kick of the ovrnight run plz', state: ready, expected: run, why: 'typos and all, a night run' },
  {
    request: "no need for setup, that's done. let the agent try ideas until I am back",
    state: ready,
    expected: run,
    why: 'setup is ruled out and done',
  },
  {
    request: 'No walkthrough, I know the drill. Start, and show me the results tomorrow morning.',
    state: ready,
    expected: run,
    why: 'the walkthrough is ruled out, results come after the start',
  },
  {
    request: "leave program.md alone, it's fine, just get the experiments going",
    state: ready,
    expected: run,
    why: 'program.md is named only to be left alone',
  },
  {
    request: 'I do not want another report, I want it to keep trying changes to train.py till morning',
    state: stopped,
    expected: run,
    why: 'results are ruled out, the loop is wanted',
  },
  {
    request: 'My ssh dropped at 3am and all I see is the shell prompt. Pick up mar5 where it stopped.',
    state: stopped,
    expected: run,
    why: 'an interrupted session is to go on; a shell prompt is no prompt to optimise',
  },
  {
    request: 'start a second session mar6-gpu1 on the other GPU',
    state: running,
    expected: run,
    why: 'several tags on several GPUs at once',
  },
  {
    request: 'Lass es heute Nacht laufen bis ich um 7 wieder da bin, danke!',
    state: ready,
    expected: run,
    why: 'German: a night run',
  },
  {
    request: 'lance la boucle avec le tag juin3, 40 essais au plus',
    state: ready,
    expected: run,
    why: 'French: a session with its tag and limit',
  },
  {
    request: 'pon el bucle a correr toda la noche, por favor',
    state: { ...ready, accelerator: 'rocm' },
    expected: run,
    why: 'Spanish: a night run; ROCm has shown here that it can',
  },
];

const resultsCases: readonly RouteCase[] = [
  { request: 'run the numbers from last night', state: stopped, expected: results, why: 'numbers are read' },
  {
    request: 'Run me through what mar5 found, best gains first.',
    state: stopped,
    expected: results,
    why: 'to be run through something is to be told',
  },
  { request: 'best val_bpb so far?', state: running, expected: results, why: 'a look that disturbs no session' },
  { request: 'which changes crashed over and over', state: running, expected: results, why: 'repeated crashes' },
  { request: 'that 0.0004 gain, real or seed noise', state: stopped, expected: results, why: 'gain told from noise' },
  {
    request: "Don't start anything new and don't touch program.md, I only want to know how the session went",
    state: { ...stopped, program: 'incomplete' },
    expected: results,
    why: 'run and program are ruled out; reading needs no whole program.md',
  },
  {
    request: 'first show me what last night brought, then we fix program.md, then go again',
    state: stopped,
    expected: results,
    why: 'of three wishes the first',
  },
  {
    request: 'survey of everything we tried in results.tsv, by category',
    state: stopped,
    expected: results,
    why: 'a survey of own rows, not of literature',
  },
  {
    request: 'for the paper: which of the keeps in mar5 are genuine gains and which are anomalies?',
    state: stopped,
    expected: results,
    why: 'a paper to write is no paper to look for',
  },
  {
    request: 'did the sliding window pattern it tried at 3am help?',
    state: stopped,
    expected: results,
    why: 'a window of attention is not Windows, and the question is about a row',
  },
  {
    request: 'top ten keeps of last nigth pls, with comits',
    state: { ...stopped, isSetUp: false },
    expected: results,
    why: 'reading rows needs no environment',
  },
  {
    request: 'draw the progress picture',
    state: { ...cpuLab, session: 'stopped' },
    expected: results,
    why: 'the picture belongs to results, on any machine',
  },
  { request: 'Was ist heute Nacht rausgekommen?', state: stopped, expected: results, why: 'German: a night told' },
  {
    request: 'résume-moi la nuit : les meilleurs gains et les échecs qui se répètent',
    state: stopped,
    expected: results,
    why: 'French: gains and repeated failures; "résume" is no resume',
  },
  { request: '¿qué mejoró anoche?', state: stopped, expected: results, why: 'Spanish: what got better' },
];

const adaptCases: readonly RouteCase[] = [
  {
    request: '12gb card. which MAX_SEQ_LEN and batch size fit?',
    state: synced,
    expected: adapt,
    why: 'memory by card, before the session',
  },
  {
    request: "I'm moving from an H100 to a 3090: lower MAX_SEQ_LEN and EVAL_TOKENS before the first session",
    state: ready,
    expected: adapt,
    why: 'both constants, and no session has begun',
  },
  {
    request: 'EVAL_TOKENS is way too much for my 8 GB card, can we bring it down?',
    state: ready,
    expected: adapt,
    why: 'EVAL_TOKENS is no evaluation of an LLM product',
  },
  { request: 'vram is to smal (6gb), seqlen 512 pls', state: measured, expected: adapt, why: 'to fit the card' },
  {
    request: "don't start the session yet, first make it fit in 16 GB",
    state: ready,
    expected: adapt,
    why: 'starting is ruled out, memory comes first',
  },
  {
    request: 'adapt the search strategy to this card, it peaked at 79 of 80 GB all night',
    state: stopped,
    expected: adapt,
    why: 'after a session adapt is about the search strategy',
  },
  {
    request: 'Passt das auf meine 8 GB? Welche MAX_SEQ_LEN soll ich nehmen?',
    state: synced,
    expected: adapt,
    why: 'German: memory by card',
  },
  {
    request: "j'ai une RTX 4060 8 Go, réduis MAX_SEQ_LEN avant la session",
    state: ready,
    expected: adapt,
    why: 'French: a shorter sequence before the session',
  },
  { request: '¿qué MAX_SEQ_LEN cabe en 10 GB?', state: synced, expected: adapt, why: 'Spanish: memory by card' },
];

const all = (mode: 'setup' | 'program' | 'run' | 'results'): Route => ({ kind: 'walkthrough', mode });

const walkthroughCases: readonly RouteCase[] = [
  {
    request: 'the whole walkthrough please, from cloning the repo to adapting it',
    state: nowhere,
    expected: all('setup'),
    why: 'nothing is done, and a clone is asked for',
  },
  {
    request: 'Take me through all five modes, one by one, I am new to this',
    state: cloned,
    expected: all('setup'),
    why: 'nothing is set up',
  },
  { request: 'full walkthrough', state: synced, expected: all('setup'), why: 'setup ends with a baseline' },
  {
    request: 'Führe mich bitte Schritt für Schritt durch alle fünf Modi',
    state: measured,
    expected: all('program'),
    why: 'German: setup is done, program.md lacks sections',
  },
  {
    request: 'walk me thru the whole thing, setup program run results adapt',
    state: { ...measured, program: 'missing' },
    expected: all('program'),
    why: 'all five by name; setup is done',
  },
  {
    request: 'montre-moi tout le parcours, les cinq modes dans leur ordre',
    state: ready,
    expected: all('run'),
    why: 'French: setup and program are done, no session has begun',
  },
  {
    request: 'quiero el recorrido completo por los cinco modos',
    state: cpuLab,
    expected: all('run'),
    why: 'Spanish: the same on a processor that has shown that it can',
  },
  {
    request: 'all five modes in order, where were we?',
    state: stopped,
    expected: all('results'),
    why: 'a session has been; what it found is the next to look at',
  },
];

/** Every request of the table: the five modes, the walkthrough, the ways out, and what the state overrules. */
export const routeCases: readonly RouteCase[] = [
  ...setupCases,
  ...programCases,
  ...runCases,
  ...resultsCases,
  ...adaptCases,
  ...walkthroughCases,
  ...routeOutCases,
];
