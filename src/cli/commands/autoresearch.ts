/** `lab autoresearch`: the ratchet and its five modes; words that are no verb are a request, which picks one of them. */
import { findAdvice } from '../../ratchet/route/advice.ts';
import { adapt } from '../autoresearch/adapt.ts';
import { intake } from '../autoresearch/intake.ts';
import { program } from '../autoresearch/program.ts';
import { createRequestVerb } from '../autoresearch/request.ts';
import { results } from '../autoresearch/results.ts';
import { resume } from '../autoresearch/resume.ts';
import { run } from '../autoresearch/run.ts';
import { setup } from '../autoresearch/setup.ts';
import type { CommandInput, CommandSpec } from '../define.ts';
import { mergeOptions, nearestWord, runVerb, type Verb } from '../verbs.ts';

const modes: readonly Verb[] = [run, resume, setup, program, results, adapt, intake];
const verbs: readonly Verb[] = [...modes, createRequestVerb(modes)];

/** The classic loop: edit train.py, run, keep or reset, all night. */
export const autoresearch: CommandSpec = {
  name: 'autoresearch',
  summary: 'Run the ratchet: edit train.py, run, keep or reset, all night',
  usage: 'run | resume | setup | program | results | adapt | intake | "<request in words>"',
  options: mergeOptions(verbs),
  examples: [
    'lab autoresearch run --tag mar5',
    'lab autoresearch results',
    'lab autoresearch "is my GPU fast enough?"',
  ],
  run: (input) =>
    runVerb('autoresearch', verbs, isRequest(input) ? { ...input, words: ['request', ...input.words] } : input),
};

/** Words that begin with no verb are a request; a single word that is nearly one is a slip, which runVerb names; "stop" is none of "setup". */
function isRequest({ words }: Pick<CommandInput, 'words'>): boolean {
  const [first, ...others] = words;
  const names = verbs.map(({ name }) => name);
  if (first === undefined || names.includes(first)) return false;
  return (
    others.length > 0 || /\s/.test(first.trim()) || findAdvice(first, []) !== null || nearestWord(first, names) === null
  );
}
