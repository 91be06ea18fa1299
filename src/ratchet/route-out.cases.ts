/**
 * Requests that the ratchet cannot answer or whose words the state overrules, each with the route that it should get, thought
 * through from the issue alone. Holds the states that route-requests.cases.ts uses too. Knows nothing of the router.
 */
import type { RatchetState, Route } from '../domain/ratchet.ts';

/** One request in words, and where it should lead. */
export interface RouteCase {
  /** As typed, with its typos. */
  request: string;
  /** What the machine and the folder look like when it is typed. */
  state: RatchetState;
  expected: Route;
  /** The reason in one line, shown when the case fails. */
  why: string;
}

/** A folder on a Linux machine with CUDA in which no training code lies. */
export const nowhere: RatchetState = {
  hasRepository: false,
  isLab: false,
  isSetUp: false,
  hasBaseline: false,
  program: 'missing',
  session: 'none',
  accelerator: 'cuda',
  platform: 'linux',
};

/** A clone fresh from its authors, whose program.md lacks the five sections. */
export const cloned: RatchetState = { ...nowhere, hasRepository: true, program: 'incomplete' };

/** A lab with environment and data, in which nothing has run yet. */
export const synced: RatchetState = { ...cloned, isLab: true, isSetUp: true };

/** The unmodified code printed both numbers; program.md is as it was cloned. */
export const measured: RatchetState = { ...synced, hasBaseline: true };

/** All that a session needs. */
export const ready: RatchetState = { ...measured, program: 'whole' };

/** A session is at work. */
export const running: RatchetState = { ...ready, session: 'running' };

/** A session ended or was interrupted. */
export const stopped: RatchetState = { ...ready, session: 'stopped' };

/** A lab that trains on the processor and has shown that it can. */
export const cpuLab: RatchetState = { ...ready, accelerator: 'none' };

const clonedOnMac: RatchetState = { ...cloned, accelerator: 'mlx', platform: 'macos' };
const clonedOnWindows: RatchetState = { ...cloned, accelerator: 'none', platform: 'windows' };
const clonedOnCpu: RatchetState = { ...cloned, accelerator: 'none' };

const skill: Route = { kind: 'out', to: 'skill-autoresearch' };
const evals: Route = { kind: 'out', to: 'llm-evals' };
const literature: Route = { kind: 'out', to: 'literature' };
const fork: Route = { kind: 'out', to: 'fork' };
const noRepository: Route = { kind: 'out', to: 'no-repository' };
const setup: Route = { kind: 'mode', mode: 'setup' };
const program: Route = { kind: 'mode', mode: 'program' };
const run: Route = { kind: 'mode', mode: 'run' };

const skillCases: readonly RouteCase[] = [
  {
    request: 'my SKILL.md only triggers half the time, optimise its description over night',
    state: ready,
    expected: skill,
    why: 'a SKILL.md is to get better, not a model; "over night" makes it no session',
  },
  {
    request: 'Program a better system prompt for our support bot',
    state: measured,
    expected: skill,
    why: 'to program a prompt is to optimise a prompt, not to write program.md',
  },
  {
    request: 'imrpove my skil.md, the agent keeps ignoring step 3',
    state: { ...ready, program: 'missing' },
    expected: skill,
    why: 'a skill file with a typo is a skill file',
  },
  {
    request:
      'Not the model this time: run the keep-or-reset loop on the prompt that summarises my mails, until it stops rambling',
    state: stopped,
    expected: skill,
    why: 'the loop is wanted for a prompt, and the model is ruled out in so many words',
  },
  {
    request: 'Verbessere bitte den System-Prompt von unserem Mail-Assistenten, der ist viel zu geschwätzig',
    state: ready,
    expected: skill,
    why: 'German: a prompt is to be improved',
  },
  {
    request: "améliore mon SKILL.md pour que l'agent l'utilise au bon moment",
    state: measured,
    expected: skill,
    why: 'French: a skill file is to be improved',
  },
  {
    request: 'optimiza el prompt de mi clasificador de correos',
    state: nowhere,
    expected: skill,
    why: 'Spanish: a prompt; it needs no training repository, so that none lies here does not matter',
  },
];

const evalCases: readonly RouteCase[] = [
  {
    request: 'set up LangSmith tracing for our RAG app',
    state: ready,
    expected: evals,
    why: 'tracing of an application; "set up" is not of the training repository',
  },
  {
    request:
      'run the evals of our customer support agent and show me the results, which answers regressed since friday?',
    state: stopped,
    expected: evals,
    why: 'evaluations of an LLM product, although "run" and "results" are in it',
  },
  {
    request: 'promptfoo regression tests for the chatbot in CI, how?',
    state: measured,
    expected: evals,
    why: 'Promptfoo by name, for a product',
  },
  {
    request: 'braintrust or weave for tracing the llm calls of our web app??',
    state: nowhere,
    expected: evals,
    why: 'application tracing; it needs no training repository',
  },
  {
    request: 'Wir wollen die Antworten unseres Chatbots automatisch bewerten lassen, am liebsten mit Promptfoo',
    state: ready,
    expected: evals,
    why: 'German: evaluations of an LLM product',
  },
  {
    request: 'je veux tracer les appels LLM de notre appli en production, avec LangSmith si possible',
    state: synced,
    expected: evals,
    why: 'French: application tracing; that no baseline ran does not matter to it',
  },
  {
    request: 'necesito trazas de mi agente en producción con Weave',
    state: ready,
    expected: evals,
    why: 'Spanish: application tracing',
  },
];

const literatureCases: readonly RouteCase[] = [
  {
    request: 'literature survey on Muon vs AdamW for small LMs, 2024 onwards',
    state: ready,
    expected: literature,
    why: 'a survey by its name',
  },
  {
    request: 'run a lit review on rotary embeddings for me pls',
    state: measured,
    expected: literature,
    why: '"run" a review is no session',
  },
  {
    request: 'What results have others published on weight tying? I need a reading list with citations.',
    state: stopped,
    expected: literature,
    why: 'the results of others, in papers, not those of results.tsv',
  },
  {
    request:
      'No experiments, please. Just find the twenty most cited papers about byte-level language models and summarise them.',
    state: running,
    expected: literature,
    why: 'papers are to be found, experiments are ruled out',
  },
  {
    request: 'Ich brauche eine Literaturübersicht zu Lernraten-Schedules',
    state: nowhere,
    expected: literature,
    why: 'German: a survey; it needs no training repository',
  },
  {
    request: "fais-moi un état de l'art sur l'attention linéaire, avec les articles récents",
    state: clonedOnMac,
    expected: literature,
    why: 'French: a survey; it needs no CUDA',
  },
  {
    request: 'revisión bibliográfica sobre mezcla de expertos en modelos pequeños',
    state: ready,
    expected: literature,
    why: 'Spanish: a survey',
  },
];

const forkCases: readonly RouteCase[] = [
  {
    request: 'make it faster on my Mac',
    state: clonedOnMac,
    expected: fork,
    why: 'the words sound like adapt, but here is no CUDA and nothing has run',
  },
  {
    request: 'install autoresearch on my macbook (M2, 16gb)',
    state: { ...nowhere, accelerator: 'mlx', platform: 'macos' },
    expected: fork,
    why: 'what is to be set up needs CUDA; the thing to clone is a fork',
  },
  {
    request: 'does train.py work with torch mps? set it up for me then',
    state: clonedOnMac,
    expected: fork,
    why: 'MPS has a fork of its own',
  },
  {
    request: 'How do I get this going on Windows without an nvidia card?',
    state: clonedOnWindows,
    expected: fork,
    why: 'Windows and no CUDA',
  },
  {
    request: 'uv sync and then one baseline please',
    state: clonedOnWindows,
    expected: fork,
    why: 'no word of the machine, but the state says it: no CUDA, nothing has run',
  },
  {
    request: 'theres no gpu in this box, can i let it run overnight anyways?',
    state: clonedOnCpu,
    expected: fork,
    why: 'the processor alone, and nothing has run: the CPU fork',
  },
  {
    request: 'Geht das auch auf der CPU? Hab hier nur einen Laptop ohne Grafikkarte',
    state: clonedOnCpu,
    expected: fork,
    why: 'German: the processor alone',
  },
  {
    request: 'installe tout sur mon Mac mini M4 et lance la baseline',
    state: clonedOnMac,
    expected: fork,
    why: 'French: setup on a machine without CUDA',
  },
  {
    request: 'start the loop and let it go till morning',
    state: { ...clonedOnCpu, platform: 'macos' },
    expected: fork,
    why: 'an old Mac: no CUDA, nothing has run, whatever the words say',
  },
];

const noRepositoryCases: readonly RouteCase[] = [
  {
    request: 'show me the best val_bpb so far',
    state: nowhere,
    expected: noRepository,
    why: 'results are wanted where no training repository is, and none is asked for',
  },
  {
    request: 'start the overnight loop, tag mar5',
    state: nowhere,
    expected: noRepository,
    why: 'nothing here can run, and nobody asked to clone anything',
  },
  {
    request: "I don't want to clone or install anything, just continue last night's session",
    state: nowhere,
    expected: noRepository,
    why: 'cloning is ruled out in so many words; probably the wrong folder',
  },
  {
    request: 'Was ist heute Nacht rausgekommen?',
    state: nowhere,
    expected: noRepository,
    why: 'German: results, where there is no repository',
  },
  {
    request: 'lance la boucle cette nuit, 30 essais max',
    state: nowhere,
    expected: noRepository,
    why: 'French: run, where there is no repository',
  },
  {
    request: 'refine program.md, depth is a dead end',
    state: nowhere,
    expected: noRepository,
    why: 'a program.md to refine belongs to a training repository, and here is none',
  },
];

const overruledCases: readonly RouteCase[] = [
  {
    request: 'start experimenting on train.py, 50 runs, I am off to bed',
    state: cloned,
    expected: setup,
    why: 'wants to run, but nothing is set up',
  },
  { request: 'Lass das heute Nacht durchlaufen', state: cloned, expected: setup, why: 'German: nothing is set up' },
  {
    request: 'go, same as yesterday, until 7am',
    state: { ...ready, isSetUp: false },
    expected: setup,
    why: 'it ran once, but environment or data are gone',
  },
  {
    request: 'kick off the loop',
    state: synced,
    expected: setup,
    why: 'run refuses this program.md, program is refused before a baseline, and the baseline is the end of setup',
  },
  {
    request: 'write me a good program.md for attention ideas',
    state: cloned,
    expected: setup,
    why: 'program is refused before a baseline printed both numbers, and nothing is set up',
  },
  {
    request: 'add the goal and the priorities to program.md',
    state: synced,
    expected: setup,
    why: 'program is refused before a baseline, and the baseline is the end of setup',
  },
  {
    request: 'ok lets gooo, run it all night',
    state: measured,
    expected: program,
    why: 'run refuses a program.md that lacks sections',
  },
  {
    request: 'Fang an zu experimentieren, ich bin um acht wieder da',
    state: { ...measured, program: 'missing' },
    expected: program,
    why: 'German: wants to run, but there is no program.md',
  },
  {
    request: 'start a fresh session, tag mar7',
    state: { ...stopped, program: 'incomplete' },
    expected: program,
    why: 'a new session needs the five sections as the first one did',
  },
  {
    request: 'let it run overnight on the cpu',
    state: { ...cpuLab, program: 'incomplete' },
    expected: program,
    why: 'the processor is no obstacle to this lab, its program.md is',
  },
  {
    request: 'no gpu here i know, run it overnight anyway',
    state: cpuLab,
    expected: run,
    why: 'the processor alone, but set up and with a baseline: it has shown that it can',
  },
  {
    request: 'I am on my Mac, ssh-ed into the box with the H100: start the loop here',
    state: ready,
    expected: run,
    why: 'the Mac is where it is typed; the machine here has CUDA',
  },
];

/** The five ways out, and the requests whose words the state overrules. */
export const routeOutCases: readonly RouteCase[] = [
  ...skillCases,
  ...evalCases,
  ...literatureCases,
  ...forkCases,
  ...noRepositoryCases,
  ...overruledCases,
];
