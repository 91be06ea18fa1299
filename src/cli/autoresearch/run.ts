/** `lab autoresearch run`: begins a session and drives it. */
import { listAgents } from '../../agents/choose-agent.ts';
import { programOf } from '../../agents/command-line.ts';
import { findProgram } from '../../agents/run-sandbox.ts';
import { findLabAround, type LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { LabError } from '../../errors/lab-error.ts';
import { resolveMainBranch } from '../../git/repository.ts';
import { runGit } from '../../git/run-git.ts';
import { beginSession, ensureReady } from '../../ratchet/begin-session.ts';
import { ensureTag, lockSession } from '../../ratchet/session.ts';
import { probeSandbox } from '../../sandbox/bubblewrap.ts';
import { ensureNoWords } from '../define.ts';
import { createLabGate } from '../lab-gate.ts';
import { openConfig } from '../open-config.ts';
import type { Verb } from '../verbs.ts';
import { printIntake } from './intake.ts';
import { chooseSessionAgent, driveSession } from './open-ratchet.ts';

/** The lab around a folder. Throws LabError (user) that names what makes one of a training repository. */
export function findSessionLab(folder: string): LabPaths {
  const found = findLabAround(folder);
  if (found !== null) return found;
  throw new LabError('user', `${folder} is in no lab, and a session needs one`, {
    hints: [
      '`lab autoresearch setup` in your training repository makes it one and measures a baseline',
      '`lab init --adopt --dry-run` shows what that writes',
    ],
  });
}

/** Throws LabError (config) where the agent's program is not installed: it would be asked all night in vain. */
function ensureAgentProgram(config: LabConfig, name: string): void {
  const command = listAgents(config).find((choice) => choice.name === name)?.template?.command;
  const program = command === undefined ? null : programOf(command);
  if (program === null || findProgram(program, process.env.PATH ?? '') !== null) return;
  throw new LabError('config', `the agent ${name} starts "${program}", which is not on PATH`, {
    hints: ['install it, or name another one: `--agent`, or `agents: {use: …}` in lab.local.yaml'],
  });
}

/** A session goes by what is committed on main: an edit that is not would be missed without a word. */
async function tellUncommitted({ root }: LabPaths, main: string): Promise<void> {
  const words = ['status', '--porcelain', '-z', '--untracked-files=no'];
  const changed = (await runGit(root, words)).split('\0').filter((entry) => entry !== '');
  if (changed.length === 0) return;
  const names = changed.map((entry) => entry.slice(3)).join(', ');
  process.stderr.write(`note: not committed, and so no part of the session, which goes by ${main}: ${names}\n`);
}

/** Begins a session. */
export const run: Verb = {
  name: 'run',
  usage: '--tag <tag> [--max <n>]',
  summary: 'Begin a session: edit, run, keep or reset, until Ctrl-C',
  options: [
    { name: 'tag', value: 'tag', description: 'Name of the session, for example mar5' },
    { name: 'max', value: 'n', description: 'End after so many experiments' },
    { name: 'desc', value: 'text', description: 'What the session is about, for the summary' },
    { name: 'agent', value: 'name', description: 'Agent in place of the configured one' },
    { name: 'device', value: 'id', description: 'The one device that it runs on, for example gpu1' },
    { name: 'confirm', description: 'Keep by what all runs say, not by one lower number' },
    { name: 'json', description: 'Print as JSON' },
  ],
  async run(input) {
    ensureNoWords('autoresearch run', input);
    const tag = input.text('tag');
    if (tag === null)
      throw new LabError('usage', '--tag is missing: the session needs a name', {
        hints: [
          `lab autoresearch run --tag ${new Date().toLocaleString('en-US', { month: 'short' }).toLowerCase()}${new Date().getDate()}`,
        ],
      });
    const paths = findSessionLab(process.cwd());
    const config = openConfig(paths, input.config);
    const main = await resolveMainBranch(paths.root, config.main);
    const isJson = input.flag('json');
    const agent = input.text('agent');
    const deviceId = input.text('device');
    const max = input.wholeNumber('max', 1);
    // It becomes a part of paths.
    ensureTag(tag);
    await printIntake('run', paths);
    const device = await ensureReady(paths, config, main, {
      ...{ tag, deviceId },
      async ensureAgent() {
        // A name that is no agent must not use the tag up.
        ensureAgentProgram(config, chooseSessionAgent(config, agent, await probeSandbox()).name);
      },
    });
    await tellUncommitted(paths, main);
    const lock = await lockSession(paths, tag);
    try {
      const session = await beginSession(paths, config, main, {
        tag,
        desc: input.text('desc') ?? '',
        max,
        agent,
        deviceId,
        device,
        rule: input.flag('confirm') ? 'posterior' : 'strict',
        readTrack: async () => (await createLabGate(paths, config).look()).track,
      });
      return await driveSession({ paths, config, main, session, isJson });
    } finally {
      lock.release();
    }
  },
};
