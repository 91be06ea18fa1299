/** `lab implement`: builds ideas in worktrees, has them reviewed, runs, decides and reports them. */
import type { Experiment, ExperimentOutcome } from '../../domain/experiment.ts';
import { exitCodes, LabError } from '../../errors/lab-error.ts';
import { nameDecision } from '../../lab/decision-words.ts';
import { readExperiments } from '../../lab/experiments.ts';
import { chooseBest, chooseNamed } from '../../pipeline/choose-ideas.ts';
import { wordOf } from '../../pipeline/experiment-steps.ts';
import { type ExperimentEnd, runExperiments } from '../../pipeline/run-experiments.ts';
import { beginNight } from '../../pipeline/spend-night.ts';
import type { CommandInput, CommandSpec } from '../define.ts';
import { disarmLine } from '../page.ts';
import { cut, renderTable, terminalWidth } from '../render.ts';
import { parseWhen } from '../when.ts';
import { withPipeline } from '../with-pipeline.ts';

/** Makes experiments of ideas. */
export const implement: CommandSpec = {
  name: 'implement',
  summary: 'Build ideas, review, run, decide and report them',
  usage: '[slug…] [--best] [--n <number>]',
  options: [
    { name: 'best', description: 'The best idea that was not built yet (the default without a slug)' },
    { name: 'n', short: 'n', value: 'number', description: 'So many of the best ideas' },
    {
      name: 'agent',
      value: 'name',
      description: 'Agent in place of the configured one, for example claude or recorded',
    },
    {
      name: 'until',
      value: 'when',
      description: 'Begin no experiment after "07:00", "8h", …; the last tenth confirms',
    },
    { name: 'confirm', description: 'Measure the champion again with fresh seeds at the end' },
    { name: 'json', description: 'Print as JSON' },
  ],
  examples: ['lab implement --n 6', 'lab implement --n 100 --until 07:00', 'lab implement word-pairs'],
  takesConfig: true,
  run(input) {
    const count = parseCount(input);
    const until = input.text('until');
    const plan = {
      untilMs: until === null ? null : parseWhen(until, new Date()).getTime(),
      confirmsAtEnd: input.flag('confirm'),
    };
    return withPipeline(input, ['implementer'], async (context, paths) => {
      const open = readExperiments(paths).filter((experiment) => experiment.next !== 'done');
      const named = input.words.length > 0;
      if (!named && open.length > 0)
        context.tell(`goes on with ${open.map(({ slug }) => slug).join(', ')}, begun before`);
      const chosen = named
        ? await chooseNamed(context, input.words)
        : await chooseBest(context, Math.max(0, count - open.length));
      const ends = await runExperiments(
        context,
        named ? chosen.map(({ slug }) => slug) : null,
        beginNight(context, plan),
      );
      if (ends.length === 0 && chosen.length + open.length === 0)
        throw new LabError('user', 'there is no idea to build: none has a critique and no experiment yet', {
          hints: ['`lab ideate` has agents think some up', '`lab ideas` shows what there is'],
        });
      if (!named && chosen.length + open.length < count)
        context.tell(`only ${chosen.length + open.length} of ${count} wanted: no more ideas have a critique`);
      process.stdout.write(input.flag('json') ? `${JSON.stringify(ends.map(viewEnd))}\n` : renderEnds(ends));
      return exitCodeOf(ends);
    });
  },
};

function parseCount(input: CommandInput): number {
  const count = input.wholeNumber('n', 1);
  if (input.words.length > 0 && (count !== null || input.flag('best')))
    throw new LabError(
      'usage',
      `--${count !== null ? 'n' : 'best'} chooses by itself, but "${input.words[0]}" names an idea; expected one of both`,
    );
  return count ?? 1;
}

/** Agents that could not do their part are a failure of the command; a discard, a crash and a refusal are results. */
function exitCodeOf(ends: ExperimentEnd[]): number {
  return ends.some(({ waits, experiment }) => waits !== null || experiment.outcome?.kind === 'failed')
    ? exitCodes.agent
    : 0;
}

function viewEnd({ experiment, waits }: ExperimentEnd): Experiment & { waits: string | null } {
  return { ...experiment, waits };
}

/** What came of each: outcome, reason, report. */
export function renderEnds(ends: ExperimentEnd[]): string {
  const names = ends.map(({ experiment: { outcome } }) => (outcome === null ? 'waits' : nameOutcome(outcome)));
  const room = Math.max(30, terminalWidth() - 53 - Math.max(7, ...names.map((name) => name.length)));
  const rows = ends.map(({ experiment, waits }, index) => {
    const { outcome, slug, report } = experiment;
    return [slug, names[index] ?? '', cut(disarmLine(waits ?? outcome?.reason ?? ''), room), report ?? ''];
  });
  return renderTable(['idea', 'outcome', 'why', 'report'], rows);
}

/** What was just decided rests on one run: a keep is provisional. */
function nameOutcome(outcome: ExperimentOutcome): string {
  const word = wordOf(outcome);
  return nameDecision(word, word === 'keep' ? 'provisional' : '');
}
