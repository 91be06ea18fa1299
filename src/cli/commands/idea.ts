/** `lab idea`: the verbs of one idea, each in a file of cli/ideas/. */
import type { CommandSpec } from '../define.ts';
import { critiqueIdea } from '../ideas/critique-idea.ts';
import { editIdeaVerb } from '../ideas/edit-idea.ts';
import { newIdea } from '../ideas/new-idea.ts';
import { rejectIdea } from '../ideas/reject-idea.ts';
import { retryIdeaVerb } from '../ideas/retry-idea.ts';
import { showIdea } from '../ideas/show-idea.ts';
import { mergeOptions, renderVerbs, runVerb, type Verb } from '../verbs.ts';

/** The verbs in the order of the help. One more is one line here. */
const verbs: readonly Verb[] = [newIdea, showIdea, editIdeaVerb, critiqueIdea, rejectIdea, retryIdeaVerb];

/** Writes, shows and changes one idea. */
export const idea: CommandSpec = {
  name: 'idea',
  summary: 'Write, show, edit, critique, reject or retry one idea',
  usage: renderVerbs(verbs),
  options: mergeOptions(verbs),
  examples: [
    'lab idea new "Longer contexts for the counts" --category architecture --expected "-0.2 val_bpb"',
    'lab idea show longer-contexts',
    'lab idea edit longer-contexts --set rating=7 --set category=data',
    'lab idea reject longer-contexts --reason "says the same as longest-contexts"',
  ],
  run: (input) => runVerb('idea', verbs, input),
};
