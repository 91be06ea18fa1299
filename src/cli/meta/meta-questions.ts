/** What `lab meta off` asks a human: from flags, else on the terminal. Nothing is guessed, and an end of input ends it. */
import { LabError } from '../../errors/lab-error.ts';
import { type Asker, createAsker } from '../asker.ts';
import type { CommandInput } from '../define.ts';

/** What a human says of the change, a line each. */
export interface Answers {
  worked: string;
  failed: string;
  change: string;
}

/** The questions of one call. */
export interface Questions {
  /** Throws LabError (usage) where there is no terminal and a flag is missing: before anything is shown. `hasAnswers`: nothing but the yes is asked. */
  ensureReady(hasAnswers: boolean): void;
  askAnswers(): Promise<Answers>;
  /** Throws LabError (user) where the answer is not yes. */
  confirm(question: string): Promise<void>;
  close(): void;
}

const prompts: readonly [keyof Answers, string][] = [
  ['worked', 'What worked? '],
  ['failed', 'What did not? '],
  ['change', 'What to change next time? '],
];

function createStop(): LabError {
  return new LabError('user', 'nothing was changed; META_MODE stays open', {
    hints: ['`lab meta off` again when you are ready'],
  });
}

/** Creates the questions of a call; the terminal is read only once something has to be asked. */
export function createQuestions(input: CommandInput): Questions {
  let asker: Asker | null = null;
  const isTerminal = process.stdin.isTTY === true;
  const given = (name: keyof Answers): string => (input.text(name) ?? '').trim();
  const missing = (isAnswered: boolean): string[] => [
    ...(isAnswered ? [] : prompts.filter(([name]) => given(name) === '').map(([name]) => `--${name} "…"`)),
    ...(input.flag('yes') ? [] : ['--yes']),
  ];
  const ensureTerminal = (flags: string[]): void => {
    if (isTerminal || flags.length === 0) return;
    throw new LabError('usage', `there is no terminal to ask on, expected ${flags.join(' ')}`, {
      hints: ['META_MODE stays open, and nothing was changed'],
    });
  };
  const ask = async (question: string): Promise<string> => {
    asker ??= createAsker();
    const answer = await asker.ask(question);
    if (answer === null) throw createStop();
    return answer;
  };
  return {
    ensureReady: (hasAnswers) => ensureTerminal(missing(hasAnswers)),
    async askAnswers() {
      ensureTerminal(missing(false));
      const answers: Answers = { worked: '', failed: '', change: '' };
      for (const [name, prompt] of prompts) {
        answers[name] = given(name);
        while (answers[name] === '') answers[name] = await ask(prompt);
      }
      return answers;
    },
    async confirm(question) {
      if (input.flag('yes')) return;
      ensureTerminal(missing(true));
      const answer = (await ask(`${question} [yes/no] `)).toLowerCase();
      if (answer !== 'yes' && answer !== 'y') throw createStop();
    },
    close: () => asker?.close(),
  };
}
