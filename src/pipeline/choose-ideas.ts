/** Makes experiments of ideas: the best ones by select.ts, or those that a person names. Their state is on disk before anything is built. */
import type { Experiment } from '../domain/experiment.ts';
import type { Idea } from '../domain/idea.ts';
import { formatLocalTime } from '../domain/time.ts';
import { LabError } from '../errors/lab-error.ts';
import { countArchivedAttempts, readExperiment, readExperiments, writeExperiment } from '../lab/experiments.ts';
import { checkIdea } from '../lab/idea-text.ts';
import { findIdea, findIdeaBySlug, readIdeas, type StoredIdea } from '../lab/ideas.ts';
import { reachPoint } from '../lab/named-point.ts';
import type { PipelineContext } from './context.ts';
import { ensureMetric } from './ensure-metric.ts';
import { oneLine } from './experiment-steps.ts';
import { changeIdeas } from './record-idea.ts';
import { type RankedIdea, rankIdeas } from './select.ts';

/**
 * Chooses up to `count` ideas that have a critique and no experiment yet, best first; before the first of a track the metric
 * is measured and checked. Throws LabError where that gives no number, or where it did not pass.
 */
export async function chooseBest(context: PipelineContext, count: number): Promise<Experiment[]> {
  const ideas = await readIdeas(context.paths.root, context.main);
  const open = ideas.filter((stored) => isOpen(context, stored) && stored.idea.state === 'critiqued');
  // Before the baseline no expected gain can be weighed; what is built starts from it anyway.
  if (open.length > 0) await ensureMetric(context);
  return await begin(context, (await rank(context, ideas, open)).slice(0, count), ideas);
}

/** Chooses the ideas that a person names. Throws LabError (user) that says what keeps one from being built; then none is begun. */
export async function chooseNamed(context: PipelineContext, words: string[]): Promise<Experiment[]> {
  const ideas = await readIdeas(context.paths.root, context.main);
  const named = words.map((word) => findNamed(ideas, word));
  const begun: Experiment[] = [];
  const fresh: StoredIdea[] = [];
  for (const stored of new Set(named)) {
    const { slug } = stored.idea;
    const present = readExperiment(context.paths, slug);
    if (present?.next === 'done')
      throw new LabError(
        'user',
        `${slug} was built before (${present.outcome?.kind === 'decided' ? present.outcome.status : (present.outcome?.kind ?? 'done')})`,
        {
          hints: [`\`lab report ${slug}\` shows what came of it`, `\`lab idea retry ${slug}\` lets it be built anew`],
        },
      );
    if (present !== null) begun.push(present);
    else ensureBuildable(stored);
    if (present === null) fresh.push(stored);
  }
  const ranked = await rank(context, ideas, fresh);
  // In the order in which the person named them.
  ranked.sort(
    (a, b) => fresh.findIndex(({ idea }) => idea === a.idea) - fresh.findIndex(({ idea }) => idea === b.idea),
  );
  return [...begun, ...(await begin(context, ranked, ideas))];
}

/** The idea of exactly that slug, path or file name: a beginning that fits by chance must not cost an agent and the device. */
function findNamed(ideas: StoredIdea[], word: string): StoredIdea {
  const stored = findIdea(ideas, word);
  if (stored.idea.slug === word || /\.md$/.test(word)) return stored;
  throw new LabError('user', `no idea is called "${word}", expected a whole slug`, {
    hints: [`did you mean \`lab implement ${stored.idea.slug}\`?`],
  });
}

function isOpen({ paths }: PipelineContext, { idea, isRejected, isUsable }: StoredIdea): boolean {
  return isUsable && !isRejected && readExperiment(paths, idea.slug) === null && checkIdea(idea).length === 0;
}

function ensureBuildable({ idea, isRejected, isUsable, path, problems }: StoredIdea): void {
  if (!isUsable)
    throw new LabError('user', `${path} cannot be used: ${problems.at(0) ?? 'it cannot be read'}`, {
      hints: ['`lab ideas` lists what is wrong with each file'],
    });
  if (isRejected)
    throw new LabError(
      'user',
      `${idea.slug} was turned away: ${(idea.sections.outcome.split('\n').at(-1) ?? '').replace(/^Rejected: /, '')}`,
      {
        hints: [`\`lab idea show ${idea.slug}\` shows why; \`lab idea new\` writes it anew`],
      },
    );
  const [problem] = checkIdea(idea);
  if (problem !== undefined)
    throw new LabError('user', `${path} ${problem}`, { hints: [`\`lab idea edit ${idea.slug}\` opens it`] });
}

async function rank(context: PipelineContext, ideas: StoredIdea[], open: StoredIdea[]): Promise<RankedIdea[]> {
  const { config, gate, paths } = context;
  const { champion } = await gate.look();
  return rankIdeas({
    candidates: open.map((stored) => stored.idea),
    tried: ideas.filter(({ idea }) => readExperiment(paths, idea.slug) !== null).map(({ idea }) => idea),
    direction: config.metric.direction,
    unit: config.metric.unit,
    metricName: config.metric.name,
    champion: champion?.metric ?? null,
    budgetMinutes: config.run.wallSeconds / 60,
  });
}

/** Longest list of slugs in the subject of a record's commit, characters. */
const maxSubject = 150;

async function begin(context: PipelineContext, chosen: RankedIdea[], ideas: StoredIdea[]): Promise<Experiment[]> {
  const { paths, tell } = context;
  const experiments: Experiment[] = [];
  const last = Math.max(0, ...readExperiments(paths).map((experiment) => experiment.place));
  for (const [index, { idea, choice }] of chosen.entries()) {
    const experiment: Experiment = {
      schema: 1,
      slug: idea.slug,
      title: idea.title,
      attempt: countArchivedAttempts(paths, idea.slug) + 1,
      place: last + index + 1,
      ideaPath: findIdeaBySlug(ideas, idea.slug).path,
      next: 'implement',
      choice,
      expected: idea.expected,
      refutedBy: idea.refutedBy,
      isOwn: false,
      waits: null,
      base: null,
      start: null,
      label: formatLabel(idea),
      commit: null,
      smokeJobs: [],
      job: null,
      rounds: 0,
      returns: [],
      notes: '',
      reviewNotes: '',
      outcome: null,
      report: null,
      agents: [],
      history: [{ at: formatLocalTime(new Date()), stage: 'select', note: choice.join(' | ') }],
    };
    tell(`chosen: ${idea.slug}: ${idea.title}\n    ${choice.join('\n    ')}`);
    await writeExperiment(paths, experiment);
    reachPoint('experiment-chosen');
    experiments.push(experiment);
  }
  const selected = new Map(experiments.map(({ slug }) => [slug, { state: 'selected' as const }]));
  if (selected.size > 0)
    await changeIdeas(context, selected, `${oneLine([...selected.keys()].join(', '), maxSubject)}: selected`);
  return experiments;
}

/** The label of the evaluation. The expected change comes first, so that no other figure of the hypothesis is taken for it. */
export function formatLabel(idea: Idea): string {
  const title = idea.title.trim().replace(/[.?!]+$/, '');
  const question = `does "${title}" help?`;
  const [first = ''] = idea.sections.hypothesis
    .replace(/\s+/g, ' ')
    .trim()
    .split(/(?<=[.!?]) /);
  // A word that a label gives a meaning would cut it in two.
  const plain = (text: string) => text.replace(/\b(Q|H|why|resolve):/gi, '$1 -');
  return `Q: ${plain(question)} H: ${plain(`${idea.expected}: ${first}`)}`;
}
