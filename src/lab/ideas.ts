/** The store of ideas: which there are in 1_ideas, and which one a word means. Reads only; ideas are written by the recorder and by people. */
import { editDistance } from '../config/check-config.ts';
import type { Idea } from '../domain/idea.ts';
import { LabError } from '../errors/lab-error.ts';
import { parseIdea } from './idea-text.ts';
import { readRecordFiles } from './record-files.ts';

/** The folder of ideas, relative to the root. */
export const ideasFolder = '1_ideas';
/** Where rejected ideas lie, relative to the root. */
export const rejectedFolder = '1_ideas/rejected';

/** One idea with its place. */
export interface StoredIdea {
  /** Relative to the root: "1_ideas/2026-11-21_slug.md". */
  path: string;
  /** "" where it could not be read. */
  text: string;
  /** Of an unreadable file what its name tells. In the folder of rejected ideas its state is `rejected`, whatever the file says. */
  idea: Idea;
  /** Why it could not be read or written, else what is missing or wrong in it, and a slug that an earlier file has. */
  problems: string[];
  /**
   * False where no stage may count, rate or build it, because nothing could be written into it: its file cannot be read, the recorder
   * would refuse its name, or its slug means another file. A problem says which.
   */
  isUsable: boolean;
  /** Lies in 1_ideas/rejected/. */
  isRejected: boolean;
}

/**
 * All ideas, rejected ones included, sorted by path: from the disk where the root checkout has `main` checked out (also files that nobody
 * has committed), else from main's last commit. A bad file has problems. Throws LabError where a folder or the branch cannot be read.
 */
export async function readIdeas(root: string, main: string): Promise<StoredIdea[]> {
  const files = await readRecordFiles(root, main, ideasFolder);
  const rejected = await readRecordFiles(root, main, rejectedFolder);
  const pathOf = new Map<string, string>();
  const usableSlugs = new Set<string>();
  return [...files, ...rejected]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, text, problem }) => {
      const isRejected = path.startsWith(`${rejectedFolder}/`);
      const { idea, problems: found } = parseIdea(text, path);
      const problems = problem === null ? found : [problem];
      const oddName = checkName(path);
      if (oddName !== null) problems.unshift(oddName);
      const first = pathOf.get(idea.slug);
      if (first === undefined) pathOf.set(idea.slug, path);
      else problems.push(`slug: "${idea.slug}" is the slug of ${first} too; give one of them another`);
      // A rejected file never stands in the way of an open one of its slug.
      const isUsable = problem === null && oddName === null && (isRejected || !usableSlugs.has(idea.slug));
      if (isUsable && !isRejected) usableSlugs.add(idea.slug);
      return { path, text, idea: isRejected ? { ...idea, state: 'rejected' } : idea, problems, isUsable, isRejected };
    });
}

/** Why the recorder would not write under this name, with the way out; null where it would. */
function checkName(path: string): string | null {
  const odd = /[\p{Cc}\\]/gu;
  if (!odd.test(path)) return null;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const what = name.includes('\\') ? 'a backslash' : 'a control character';
  return `${JSON.stringify(name)} has ${what} in its name: rename it, for example to ${JSON.stringify(name.replace(odd, '-'))}`;
}

/** How many ideas there are, whatever their state; those in the folder of rejected ones and those that cannot be used do not count. */
export function countIdeas(ideas: readonly StoredIdea[]): number {
  return ideas.filter(({ isRejected, isUsable }) => isUsable && !isRejected).length;
}

/**
 * The idea of exactly this slug, for whoever is about to change it: never another one whose slug only begins so. Where several files have
 * it, the one that can be used, and rather one that is not rejected. Throws LabError (user) where there is none any more.
 */
export function findIdeaBySlug(ideas: readonly StoredIdea[], slug: string): StoredIdea {
  const fitting = ideas.filter(({ idea }) => idea.slug === slug);
  const open = fitting.filter(({ isRejected }) => !isRejected);
  const found =
    open.find(({ isUsable }) => isUsable) ?? open[0] ?? fitting.find(({ isUsable }) => isUsable) ?? fitting[0];
  if (found !== undefined) return found;
  throw new LabError('user', `the file of idea ${slug} is gone from ${ideasFolder}`, {
    hints: [
      `\`git log --stat -- ${ideasFolder}\` shows where it went; put it back, then give the command again`,
      '`lab ideas` lists those that are there',
    ],
  });
}

function stemOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.md$/, '');
}

/**
 * The idea that a word means: a slug, a path or a file name (with or without `.md`), or the beginning of one slug. Where two files share
 * a slug, the first that is not rejected. Throws LabError (user) where there is none, naming the nearest, or where it fits several.
 */
export function findIdea(ideas: readonly StoredIdea[], word: string): StoredIdea {
  const asked = word.trim().replace(/^(?:\.\/)+/, '');
  const prefer = (fitting: StoredIdea[]) => fitting.find(({ isRejected }) => !isRejected) ?? fitting[0];
  const plain = asked.replace(/\.md$/, '');
  const exact =
    prefer(ideas.filter(({ idea }) => idea.slug === asked)) ??
    ideas.find(({ path }) => path === asked || path.replace(/\.md$/, '') === plain || asked.endsWith(`/${path}`)) ??
    prefer(ideas.filter(({ path }) => stemOf(path) === plain));
  if (exact !== undefined) return exact;
  const slugs = [...new Set(ideas.map(({ idea }) => idea.slug))];
  const fitting = asked === '' ? [] : slugs.filter((slug) => slug.startsWith(asked.toLowerCase()));
  const only = fitting.length === 1 ? prefer(ideas.filter(({ idea }) => idea.slug === fitting[0])) : undefined;
  if (only !== undefined) return only;
  const near = nearestSlug(asked.toLowerCase(), slugs);
  const expected =
    fitting.length > 1
      ? `it fits ${fitting.slice(0, 8).join(', ')}${fitting.length > 8 ? ' and more' : ''}`
      : slugs.length === 0
        ? 'there are no ideas yet'
        : near === null
          ? `expected the slug of one of ${slugs.length} ideas`
          : `did you mean ${near}?`;
  throw new LabError('user', `no idea is called "${word}": ${expected}`, { hints: ['lab ideas    lists them'] });
}

/** The slug that differs least from the word, by single letters or as a part of it; null where none is near. */
function nearestSlug(word: string, slugs: string[]): string | null {
  if (word === '' || word.length > 100) return null;
  const ranked = slugs
    .map((slug) => ({ slug, distance: editDistance(word, slug) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  if (best !== undefined && best.distance <= Math.max(2, Math.floor(word.length / 3))) return best.slug;
  return slugs.find((slug) => slug.includes(word)) ?? null;
}
