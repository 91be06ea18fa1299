/**
 * What an ideator is told of what the lab has learned: results that nobody expected, and what the champion is made of, with the near misses. As
 * files for its inbox; titles and slugs are others' words and stand there as data.
 */
import { readStoredJobs } from '../../queue/job-store.ts';
import { fenceData } from '../agents/fence.ts';
import { gatherCases, type LabCase } from '../analysis/calibration-cases.ts';
import { describeEvidence, type EvidenceBook, studyEvidence } from '../analysis/change-evidence.ts';
import { explainSurprise } from '../analysis/surprise-words.ts';
import type { LabConfig } from '../config/schema.ts';
import type { ChampionState, Change } from '../domain/change.ts';
import { formatLine } from '../lab/front-matter-values.ts';
import type { StoredIdea } from '../lab/ideas.ts';
import { findSurprises, type Surprise } from '../stats/surprises.ts';
import type { PipelineContext } from './context.ts';

/** Most surprises that are told. */
const mostSurprises = 10;
/** Most characters of a file. */
const mostCharacters = 20_000;
/** Most characters of a title. */
const mostTitle = 120;

/** The files by name: `surprises.md` and `champion.md`, always both. */
export async function readLearned(
  context: Pick<PipelineContext, 'paths' | 'config' | 'main' | 'gate' | 'tell'>,
  ideas: readonly StoredIdea[],
): Promise<Record<string, string>> {
  const { paths, config, main, gate, tell } = context;
  const { track, champion } = await gate.look();
  const cases = await gatherCases(paths, config, main, (job) =>
    tell(`  job ${job} cannot be read and tells no surprise`),
  );
  const surprises = findSurprises(cases.filter((one) => one.track === track));
  const titles = new Map(ideas.map(({ idea }) => [idea.slug, idea.title]));
  const evidence = studyEvidence(readStoredJobs(paths.runs, () => {}));
  return {
    'surprises.md': formatSurprises(surprises, config.metric),
    'champion.md': formatChampion(champion?.state ?? null, { evidence, titles }),
  };
}

/** The strongest surprises, each with the reason why it is one. */
export function formatSurprises(surprises: readonly Surprise<LabCase>[], metric: LabConfig['metric']): string {
  const better = `${metric.name}, ${metric.direction} is better`;
  if (surprises.length === 0)
    return `# Surprises\n\nNone so far: no result is far from what was expected (${better}).\n`;
  const lines = surprises.slice(0, mostSurprises).map((surprise) => {
    const { name, job, title, author } = surprise.of;
    const by = author === null ? '' : `; stated by ${formatLine(author)}`;
    return `- ${name} (job ${job}): ${explainSurprise(surprise)}${by}. ${formatTitle(title)}`;
  });
  const left = surprises.length > lines.length ? `, the strongest ${lines.length} of ${surprises.length}` : '';
  return `# Surprises

Measured changes of ${better}, further from what was expected than luck explains${left}. Each rests on a single run.

${fenceData('results that nobody expected', lines.join('\n'), mostCharacters)}
`;
}

/** The kept changes with their evidence, and the near misses. */
export function formatChampion(
  state: ChampionState | null,
  { evidence, titles }: { evidence: EvidenceBook; titles: ReadonlyMap<string, string> },
): string {
  const name = ({ slug }: Change) => `- ${slug}: ${formatTitle(titles.get(slug) ?? 'no such idea any more')}`;
  const kept = (state?.changes ?? []).map((change) => {
    const known = evidence.ofChange.get(change.commit.slice(0, 7));
    return `${name(change)} [${known === undefined ? 'provisional' : describeEvidence(known)}]`;
  });
  const near = (state?.near ?? []).map(name);
  return `# What the champion is made of

Provisional: it rests on the run that chose it, and part of its gain may be luck. Confirmed: fresh seeds bore out the champion that it is in.

${kept.length === 0 ? 'Nothing was kept yet: it is the unchanged code.' : fenceData('kept changes, the oldest first', kept.join('\n'), mostCharacters)}

# Near misses

Discarded, but one run could not tell them from the champion. The lab tries them again by itself; an idea that only repeats one is none.

${near.length === 0 ? 'None.' : fenceData('near misses, the best first', near.join('\n'), mostCharacters)}
`;
}

function formatTitle(title: string): string {
  const letters = [...formatLine(title)];
  return letters.length <= mostTitle ? letters.join('') : `${letters.slice(0, mostTitle - 1).join('')}…`;
}
