/**
 * What keeps an idea from being researched: a part that is missing, still the template's words, or an expectation without a figure. It
 * looks at the form only; whether the idea is any good is for the critique.
 */
import { parseExpectation } from '../../queue/label.ts';
import type { Idea } from '../domain/idea.ts';

/** Words that stand in `1_ideas/_TEMPLATE.md` where the author's own should come: an idea that still has them lacks that part. */
export const templateWords: ReadonlySet<string> = new Set([
  'One line that says the change',
  'What will happen to the metric, and for which reason.',
  'What in the data, the model or the optimisation makes it so.',
  'What is edited, in a few lines.',
  'Which runs decide, and what each outcome would mean.',
  'Papers, runs, journal entries.',
]);

/** Most characters of a title: it stands in lists, commit subjects and the headings of reports. */
export const maxTitleLength = 200;

// What would break a line, or show as something else in a terminal.
const control = /[\p{Cc}\p{Zl}\p{Zp}]/u;

function isEmpty(text: string): boolean {
  const plain = text.replace(/<!--[\s\S]*?-->/g, '').trim();
  return plain === '' || /^(?:-|n\/a|none|todo|tbd|\?+|…|\.\.\.)$/i.test(plain) || templateWords.has(plain);
}

/**
 * Problems of an idea, each one sentence for the person or agent who wrote it; empty where it can be researched. `expected` needs a
 * figure with a direction, read as labels are: "-0.010 val_bpb", "saves 0.1 bpb", "expect 0.93".
 */
export function checkIdea(idea: Idea): string[] {
  const { hypothesis, mechanism, change, testPlan } = idea.sections;
  const problems: string[] = [];
  const need = (text: string, problem: string) => {
    if (isEmpty(text)) problems.push(problem);
  };
  need(idea.title, 'has no title: write "title: …", one line that says the change');
  const { length } = [...idea.title];
  if (length > maxTitleLength)
    problems.push(
      `title: has ${length} characters, expected at most ${maxTitleLength}: the rest belongs under ## Change`,
    );
  const found = control.exec(idea.title)?.[0]?.codePointAt(0);
  if (found !== undefined)
    problems.push(`title: has the control character ${formatCode(found)}, expected one line of plain text`);
  need(hypothesis, 'has no hypothesis: say under ## Hypothesis what will happen to the metric and why');
  need(
    mechanism,
    'has no mechanism: say under ## Mechanism what in the data, the model or the optimisation makes it so',
  );
  need(change, 'has no change: say under ## Change what is edited, in a few lines');
  need(testPlan, 'has no test plan: say under ## Test plan which runs decide, and what each outcome would mean');
  const kind = parseExpectation(idea.expected, 'lower').kind;
  if (isEmpty(idea.expected)) {
    problems.push('has no expected change: write it with its sign and unit, for example "expected: -0.010 val_bpb"');
  } else if (kind !== 'change' && kind !== 'value') {
    problems.push(
      `expected: got "${idea.expected}", expected a signed change of the metric with its unit, for example "-0.010 val_bpb"`,
    );
  }
  need(idea.refutedBy, 'has no refuted_by: write "refuted_by: …", the result that would show it wrong');
  return problems;
}

function formatCode(point: number): string {
  return `U+${point.toString(16).toUpperCase().padStart(4, '0')}`;
}
