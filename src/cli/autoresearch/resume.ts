/** `lab autoresearch resume`: goes on with a session that was stopped or killed. */
import type { LabPaths } from '../../config/lab-paths.ts';
import type { RatchetSession } from '../../domain/ratchet.ts';
import { LabError } from '../../errors/lab-error.ts';
import { resolveMainBranch } from '../../git/repository.ts';
import { lockSession, readSession, readSessions } from '../../ratchet/session.ts';
import { ensureNoWords } from '../define.ts';
import { openConfig } from '../open-config.ts';
import type { Verb } from '../verbs.ts';
import { printIntake } from './intake.ts';
import { driveSession } from './open-ratchet.ts';
import { findSessionLab } from './run.ts';

/** Goes on. */
export const resume: Verb = {
  name: 'resume',
  usage: '[--tag <tag>]',
  summary: 'Go on with a session that was stopped or killed, the newest by default',
  options: [
    { name: 'tag', value: 'tag', description: 'Which one' },
    { name: 'max', value: 'n', description: 'End after so many experiments of the session in all' },
    { name: 'agent', value: 'name', description: 'Agent in place of the one that it began with' },
    { name: 'json', description: 'Print as JSON' },
  ],
  async run(input) {
    ensureNoWords('autoresearch resume', input);
    const paths = findSessionLab(process.cwd());
    const found = findSession(paths, input.text('tag'));
    const session: RatchetSession = {
      ...found,
      max: input.wholeNumber('max', 1) ?? found.max,
      agent: input.text('agent') ?? found.agent,
    };
    const config = openConfig(paths, input.config);
    const main = await resolveMainBranch(paths.root, config.main);
    const lock = await lockSession(paths, session.tag);
    try {
      await printIntake('run', paths);
      return await driveSession({ paths, config, main, session, isJson: input.flag('json') });
    } finally {
      lock.release();
    }
  },
};

/** The session of a tag, or the newest. Throws LabError (user) where there is none. */
export function findSession(paths: LabPaths, tag: string | null): RatchetSession {
  const known = readSessions(paths);
  const found = tag === null ? known.at(-1) : readSession(paths, tag);
  if (found != null) return found;
  const tags = known.map((session) => session.tag).join(', ');
  throw new LabError(
    'user',
    tag === null ? 'there is no session yet' : `there is no session "${tag}", expected one of: ${tags || 'none yet'}`,
    { hints: ['`lab autoresearch run --tag <tag>` begins one'] },
  );
}
