/**
 * Who the user is to git, for the few commits that are the user's own and not the lab's. Read under the user's own variables and settings,
 * which every other git process of the lab is kept from.
 */
import { execa } from 'execa';
import { LabError } from '../errors/lab-error.ts';
import { cleanGitEnvironment, fixedGitSettings } from './git-environment.ts';

/** A name with its address. */
export interface Person {
  name: string;
  email: string;
}

/** Whom a commit of the user's names. */
export interface UserIdentity {
  author: Person;
  committer: Person;
}

/** The variables that make git commit under an identity. */
export function formatIdentity({ author, committer }: UserIdentity): Record<string, string> {
  return {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_COMMITTER_NAME: committer.name,
    GIT_COMMITTER_EMAIL: committer.email,
  };
}

async function readPerson(root: string, variable: 'GIT_AUTHOR_IDENT' | 'GIT_COMMITTER_IDENT'): Promise<Person> {
  const own = Object.entries(process.env).filter(([name]) => /^GIT_(AUTHOR|COMMITTER)_(NAME|EMAIL)$/.test(name));
  const lab = /^GIT_(AUTHOR|COMMITTER)_/;
  const clean = Object.entries(cleanGitEnvironment({})).filter(([name]) => !lab.test(name));
  const settings = { cwd: root, env: Object.fromEntries([...clean, ...own]), extendEnv: false, reject: false } as const;
  const { exitCode, stdout, stderr } = await execa('git', [...fixedGitSettings, 'var', variable], settings);
  const [, name, email] = /^(.+?) <(.*)> \d+ [-+]\d{4}$/.exec(stdout) ?? [];
  if (exitCode === 0 && name !== undefined && email !== undefined) return { name, email };
  throw new LabError('user', `git knows no name and address of yours in ${root}, expected both: the commit is yours`, {
    hints: ['git config user.name "…"', 'git config user.email "…"'],
    cause: new Error(stderr.trim() || `git var ${variable} gave "${stdout}"`),
  });
}

/** Author and committer as `git commit` in the folder would have them. Throws LabError (user) where git has none, with the way to set it. */
export async function readUserIdentity(root: string): Promise<UserIdentity> {
  return {
    author: await readPerson(root, 'GIT_AUTHOR_IDENT'),
    committer: await readPerson(root, 'GIT_COMMITTER_IDENT'),
  };
}
