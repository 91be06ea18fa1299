/**
 * An adopted training repository with an agent that plays experiments by their numbers, for tests of ratchet sessions. The agent is a program of
 * its own, started by the lab as any agent command is; it knows nothing of the test but the moves below.
 */
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ExecaError, execa } from 'execa';
import { sendSignal } from '../../workers/process-tree.ts';
import { copyTemplate } from './template-folder.ts';
import { createTemporaryLab, type LabCall, labCommand, type TemporaryLab } from './temporary-lab.ts';
import {
  createTrainingRepository,
  prepareTrainingData,
  putUvOnPath,
  trainingRepositoryFiles,
} from './training-repository-for-tests.ts';

/** What the agent does in one turn, as the body of a JavaScript function with `edit(name, value)`, `append(text)`, `hand(description)` and node's `fs` and `run`. */
export interface Moves {
  /** By number of the experiment. A number without one sets ORDER as it is, with a remark. */
  first: Record<number, string>;
  /** When its work came back, or its run crashed. Absent: as the first time. */
  back?: Record<number, string>;
}

/** An adopted repository. */
export interface RatchetLab {
  /** The user's clone. */
  clone: string;
  lab: TemporaryLab;
  /** Runs `lab …` in the clone. */
  call(args: string[], env?: Record<string, string>): Promise<LabCall>;
  /**
   * Starts `lab …` in the clone and kills it (SIGKILL) after so many milliseconds, or as soon as `isLate` says so; gives null where it was
   * killed, and how it ended where it was faster.
   */
  callAndKill(args: string[], afterMs: number, isLate: () => boolean): Promise<LabCall | null>;
  git(...args: string[]): Promise<string>;
  /** Path of a file in a session's worktree. */
  inTree(tag: string, path: string): string;
}

const agentProgram = (moves: Moves): string => `#!/usr/bin/env node
const fs = require('node:fs');
const { execFileSync } = require('node:child_process');
const [promptFile, outbox] = process.argv.slice(2);
const prompt = fs.readFileSync(promptFile, 'utf8');
const number = Number(/experiment (\\d+) of session/.exec(prompt)[1]);
const isBack = prompt.includes('back.md');
const read = (path) => fs.readFileSync(path, 'utf8');
const edit = (name, value) => {
  const text = read('train.py');
  fs.writeFileSync('train.py', text.replace(new RegExp('^' + name + ' = [^\\\\s#]+', 'm'), name + ' = ' + value));
};
const append = (text) => fs.appendFileSync('train.py', text + '\\n');
const hand = (description) =>
  fs.writeFileSync(outbox + '/experiment.md', '---\\ndescription: ' + description + '\\nhypothesis: experiment ' + number + ' lowers val_bpb\\ncategory: optimizer\\n---\\n## Next\\n- go on with ' + description + '\\n');
const run = (program, ...args) => {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
};
const first = {
${Object.entries(moves.first)
  .map(([number, body]) => `  ${number}: () => { ${body} },`)
  .join('\n')}
};
const back = {
${Object.entries(moves.back ?? {})
  .map(([number, body]) => `  ${number}: () => { ${body} },`)
  .join('\n')}
};
const move = (isBack ? back[number] : undefined) ?? first[number] ?? (() => { append('# ' + number); hand('a remark'); });
move();
`;

// Far more than the steps take: where time ended the training, a machine that stands still for a while would change the numbers.
const budgetSeconds = 60;

/** Makes clone, data, stand-in for uv and agent, and adopts the clone. `local`: more lines of lab.local.yaml. */
export async function createRatchetLab(moves: Moves, local = ''): Promise<RatchetLab> {
  const lab = await createTemporaryLab();
  try {
    const home = join(lab.around, 'home');
    const bin = await putUvOnPath(join(home, 'bin'));
    const agent = join(bin, 'playing-agent');
    await writeFile(agent, agentProgram(moves));
    await chmod(agent, 0o755);
    const clone = join(lab.around, 'clone');
    const env = { HOME: home, PATH: `${bin}:${lab.env.PATH ?? ''}` };
    const call = (args: string[], more: Record<string, string> = {}) => lab.labIn(clone, args, { ...env, ...more });
    const git = async (...args: string[]) =>
      (await execa('git', args, { cwd: clone, env: lab.env, extendEnv: false })).stdout;
    const adopted = join(lab.around, 'adopted');
    await copyTemplate(['adopted', trainingRepositoryFiles(budgetSeconds)], adopted, async (folder) => {
      const there = { clone: join(folder, 'clone'), home: join(folder, 'home') };
      await mkdir(there.home, { recursive: true });
      await createTrainingRepository(there.clone, { budgetSeconds });
      await prepareTrainingData(there.clone, there.home);
      const { code, stderr } = await lab.labIn(there.clone, ['init', '--adopt'], { ...env, HOME: there.home });
      if (code !== 0) throw new Error(`lab init --adopt ended with ${code}: ${stderr}`);
    });
    await rename(join(adopted, 'clone'), clone);
    await rename(join(adopted, 'home', '.cache'), join(home, '.cache'));
    await rm(adopted, { recursive: true });
    // Copied files are new to git until it has looked at them.
    await git('update-index', '-q', '--refresh');
    await writeFile(
      join(clone, 'lab.local.yaml'),
      `agents:\n  use: playing\n  commands:\n    playing: playing-agent {promptFile} {outbox}\nratchet:\n  pauseSeconds: 0\n${local}`,
    );
    const callAndKill: RatchetLab['callAndKill'] = async (args, afterMs, isLate) => {
      const [node, script] = labCommand;
      const child = execa(node, [script, ...args], {
        ...{ cwd: clone, env: { ...lab.env, ...env }, extendEnv: false, reject: false, detached: true },
        stripFinalNewline: false,
      });
      const begunAt = performance.now();
      const timer = setInterval(() => {
        if (performance.now() - begunAt < afterMs && !isLate()) return;
        clearInterval(timer);
        // The whole group: a client that is killed leaves no git behind that still writes. It may have ended by itself in this moment.
        if (child.pid !== undefined) sendSignal(-child.pid, 'SIGKILL');
      }, 10);
      const ended = (await child) as ExecaError<{ stripFinalNewline: false }> | Awaited<typeof child>;
      clearInterval(timer);
      if (ended.signal === 'SIGKILL') return null;
      return { code: ended.exitCode ?? null, stdout: String(ended.stdout), stderr: String(ended.stderr) };
    };
    const inTree = (tag: string, path: string) => join(clone, '5_worktrees', `autoresearch-${tag}`, path);
    return { clone, lab, call, callAndKill, git, inTree };
  } catch (error) {
    await lab.remove();
    throw error;
  }
}

/** The rows of a session's table without its header, as cells. */
export async function readCells({ inTree }: Pick<RatchetLab, 'inTree'>, tag: string): Promise<string[][]> {
  const text = await readFile(inTree(tag, 'results.tsv'), 'utf8');
  if (!text.endsWith('\n')) throw new Error('the table has no line end at its end');
  return text
    .slice(0, -1)
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'));
}
