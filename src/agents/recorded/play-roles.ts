/**
 * The five roles as the recording plays them: what each reads, and what it hands in. Events, limits and the transcript are the business of
 * recorded-agent.ts; the texts are in recording.ts and implementations.ts.
 */
import { join } from 'node:path';
import type { AgentRole } from '../../domain/experiment.ts';
import { parseIdea, parseIdeaFileName } from '../../lab/idea-text.ts';
import { ideasFolder, rejectedFolder } from '../../lab/ideas.ts';
import { preparePath, trainPath } from './implementation.ts';
import { findImplementation } from './implementations.ts';
import { formatOpinion, formatProposal, formatProse, formatReview } from './outbox-texts.ts';
import { composeProse } from './prose.ts';
import { parseFacts } from './read-facts.ts';
import { recordedIdeas } from './recording.ts';
import type { Stage } from './stage.ts';

/** How a role ended: its last words, or why it could not do its task. */
export type Ending = { status: 'done'; text: string } | { status: 'failed'; reason: string };

/** What the recorded agent says of a lab that it was not recorded in. */
export const wrongLab = 'the recording only fits the starter problem (lab tour, lab init --starter)';

const done = (text: string): Ending => ({ status: 'done', text });
const failed = (reason: string): Ending => ({ status: 'failed', reason });
const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** Plays the role of the stage's request. */
export async function playRole(stage: Stage): Promise<Ending> {
  const { labRoot } = stage.request;
  const model = await stage.read(join(labRoot, trainPath), trainPath);
  if (!model?.includes('def features(past)')) return failed(wrongLab);
  return roles[stage.request.role](stage);
}

async function ideate(stage: Stage): Promise<Ending> {
  const { labRoot, wanted } = stage.request;
  await stage.read(join(labRoot, 'program.md'), 'program.md');
  await stage.read(join(labRoot, '0_docs/problem.md'), '0_docs/problem.md');
  const files = [
    ...(await stage.list(join(labRoot, ideasFolder), ideasFolder)),
    ...(await stage.list(join(labRoot, rejectedFolder), rejectedFolder)),
  ];
  const present = new Set(files.map((name) => parseIdeaFileName(name).slug));
  const next = recordedIdeas.filter((idea) => !present.has(idea.slug)).slice(0, wanted ?? recordedIdeas.length);
  if (next.length === 0) return done('The recording has no idea that this lab does not have yet.');
  for (const [place, idea] of next.entries()) {
    await stage.say(`${idea.title}: ${idea.hypothesis}`);
    await stage.handIn(`${String(place + 1).padStart(2, '0')}-${idea.slug}.md`, formatProposal(idea));
  }
  const missing = (wanted ?? next.length) - next.length;
  const rest = missing > 0 ? ` ${count(missing, 'more')} wanted, but the recording has no further one.` : '';
  return done(`Handed in ${count(next.length, 'idea')}.${rest}`);
}

async function criticise(stage: Stage): Promise<Ending> {
  const { inbox, labRoot } = stage.request;
  await stage.read(join(labRoot, 'program.md'), 'program.md');
  const unknown: string[] = [];
  let judged = 0;
  for (const name of await stage.list(inbox, 'inbox')) {
    const text = name.endsWith('.md') ? await stage.read(join(inbox, name), `inbox/${name}`) : null;
    if (text === null) continue;
    const { slug } = parseIdea(text, name).idea;
    const recorded = recordedIdeas.find((idea) => idea.slug === slug);
    if (recorded === undefined) {
      unknown.push(slug);
      continue;
    }
    await stage.say(`${slug}: ${recorded.critique.text}`);
    await stage.handIn(`${slug}.md`, formatOpinion(recorded));
    judged++;
  }
  const silence = `the recording holds no opinion on ${unknown.join(', ')}`;
  if (judged === 0) return failed(unknown.length === 0 ? 'there is no idea in the inbox' : silence);
  return done(`Judged ${count(judged, 'idea')}${unknown.length === 0 ? '' : `; ${silence}`}.`);
}

async function implement(stage: Stage): Promise<Ending> {
  const { directory, inbox, slug, round, mayEdit } = stage.request;
  if (!mayEdit) return failed('an implementer has to be allowed to edit its directory');
  await stage.read(join(inbox, 'idea.md'), 'inbox/idea.md');
  const implementation = findImplementation(slug ?? '');
  if (implementation === null) {
    await stage.handIn('cannot.md', 'the recording holds no code for this idea\n');
    return done('The recording holds no code for this idea.');
  }
  const files: Record<string, string> = {};
  for (const path of [trainPath, preparePath]) {
    const text = await stage.read(join(directory, path), path);
    if (text !== null) files[path] = text;
  }
  const application = implementation.apply(files, round);
  if (application.kind === 'cannot') {
    await stage.handIn('cannot.md', `${application.reason}\n`);
    return done(`It cannot be done: ${application.reason}.`);
  }
  for (const [path, text] of Object.entries(application.files)) await stage.edit(path, text);
  await stage.handIn('notes.md', `${application.note}\n`);
  return done(application.note);
}

async function review(stage: Stage): Promise<Ending> {
  const { inbox, slug, round } = stage.request;
  await stage.read(join(inbox, 'idea.md'), 'inbox/idea.md');
  await stage.read(join(inbox, 'diff.patch'), 'inbox/diff.patch');
  const implementation = findImplementation(slug ?? '');
  if (implementation === null) return failed('the recording holds no review of this idea');
  const opinion = implementation.review(round);
  await stage.handIn('review.md', formatReview(opinion));
  return done(opinion.text);
}

async function report(stage: Stage): Promise<Ending> {
  const { inbox, slug } = stage.request;
  // A person's question about a report: nobody wrote an answer beforehand, and none is made up.
  if ((await stage.read(join(inbox, 'question.md'), 'inbox/question.md')) !== null) {
    const answer =
      'A recording cannot answer questions. With a real agent configured, the same command gets an answer.';
    await stage.handIn('answer.md', `${answer}\n`);
    return done(answer);
  }
  const text = await stage.read(join(inbox, 'record.json'), 'inbox/record.json');
  if (text === null) return failed('there is no record.json in the inbox');
  const parsed = parseFacts(text);
  if (parsed.kind === 'wrong') return failed(parsed.problem);
  const prose = findImplementation(slug ?? '')?.prose(parsed.facts) ?? composeProse(null, parsed.facts);
  await stage.handIn('report.md', formatProse(prose));
  return done(prose.summary);
}

const roles: Record<AgentRole, (stage: Stage) => Promise<Ending>> = {
  ideator: ideate,
  critic: criticise,
  implementer: implement,
  reviewer: review,
  reporter: report,
  meta: async () => failed('a recording cannot serve a request of yours'),
  ratchet: async () => failed('there is no recording of a ratchet session'),
};
