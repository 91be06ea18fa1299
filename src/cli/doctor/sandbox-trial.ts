/**
 * Tries the sandbox for real, in this lab's own folders: what a run and an agent can write and see there. The trial makes one folder in
 * `.lab` and takes it away again. It shows what the lab's own command lines reach, not that the kernel has no hole.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { agentSandboxArgv } from '../../agents/run-sandbox.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { messageOf } from '../../errors/lab-error.ts';
import { sandboxArgv } from '../../sandbox/bubblewrap.ts';
import { visibleHomePaths } from '../../sandbox/home-paths.ts';
import { isInside, resolveSandboxSpec } from '../../sandbox/sandbox.ts';

/** What came of a trial. */
export interface SandboxTrial {
  who: 'runs' | 'agents';
  /** What holds, in the words of a list: "write only their checkout". */
  holds: string[];
  /** What does not hold though it should; empty where all is well. */
  fails: string[];
}

// One line of output for each thing that can be done inside. `$W` is the writable folder, `$F` a frozen file in it, `$R` the lab, `$S` a secret.
const script = `
(echo x > "$W/made") 2>/dev/null && echo own
(echo x > "$F") 2>/dev/null && echo frozen
(mv "$F" "$F.away") 2>/dev/null && echo frozen
(echo x > "$R/$N") 2>/dev/null && echo root
(echo x > "$R/.git/$N") 2>/dev/null && echo git
(echo x > "$HOME/$N") 2>/dev/null && echo home
[ -e "$S" ] && echo state
ls -A "$HOME" 2>/dev/null | sed 's/^/home:/'
sed -n 's/^ *\\([^ :]*\\):.*/net:\\1/p' /proc/net/dev
ls -d /dev/nvidia[0-9]* /dev/kfd /dev/dri 2>/dev/null | sed 's/^/gpu:/'
`;

function runInside(argv: string[], env: Record<string, string>): Promise<{ lines: string[]; problem: string | null }> {
  const [program = '', ...args] = [...argv, '/bin/sh', '-c', script];
  return new Promise((resolve) => {
    execFile(program, args, { env, timeout: 20_000 }, (_error, stdout, stderr) => {
      const lines = stdout.split('\n').filter((line) => line !== '');
      // The script's own exit code says nothing; no line at all means that it never ran.
      resolve({ lines, problem: lines.length === 0 ? stderr.trim().split('\n')[0] || 'nothing was printed' : null });
    });
  });
}

function listGpuFiles(): string[] {
  if (!existsSync('/dev')) return [];
  return readdirSync('/dev')
    .filter((name) => /^(nvidia\d+|kfd|dri)$/.test(name))
    .map((name) => `/dev/${name}`);
}

/** Tries what runs and agents of the lab at `paths` are held to. Throws where the trial's folder cannot be made. */
export async function trySandbox(paths: LabPaths, config: LabConfig): Promise<SandboxTrial[]> {
  mkdirSync(paths.state, { recursive: true });
  const folder = realpathSync(mkdtempSync(join(paths.state, 'doctor-')));
  try {
    return [await tryRun(paths, config, folder), await tryAgent(paths, config, folder)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function makePlace(folder: string, name: string): { work: string; frozen: string; secret: string } {
  const work = join(folder, name);
  mkdirSync(work);
  const [frozen, secret] = [join(work, 'frozen.py'), join(folder, 'secret')];
  for (const file of [frozen, secret]) writeFileSync(file, 'x\n');
  return { work, frozen, secret };
}

async function tryRun(paths: LabPaths, config: LabConfig, folder: string): Promise<SandboxTrial> {
  const place = makePlace(folder, 'run');
  const home = homedir();
  const search = process.env.PATH ?? '';
  const gpus = listGpuFiles();
  return await judge(
    'runs',
    'their checkout and LAB_OUT',
    place,
    paths,
    { home, hasNetwork: config.network === 'on', gpus },
    () =>
      sandboxArgv(
        resolveSandboxSpec({
          ...{
            labRoot: paths.root,
            labState: paths.state,
            checkout: place.work,
            writable: [place.work],
            cwd: place.work,
          },
          ...{ readOnly: [place.frozen], home, homeVisible: visibleHomePaths(search, home), hidden: [paths.runtime] },
          ...{ caches: [], gpu: true, network: config.network === 'on' },
        }),
      ),
  );
}

async function tryAgent(paths: LabPaths, config: LabConfig, folder: string): Promise<SandboxTrial> {
  const place = makePlace(folder, 'agent');
  const own = (name: string): string => {
    mkdirSync(join(place.work, name));
    return join(place.work, name);
  };
  const { work } = place;
  writeFileSync(join(work, 'prompt.md'), '');
  const folders = { inbox: own('inbox'), outbox: own('outbox'), home: own('home'), temporary: own('tmp') };
  const run = { ...folders, folder: work, promptFile: join(work, 'prompt.md'), directory: work, labRoot: paths.root };
  // The user's own home is what must be hidden; the agent is given another one.
  return await judge(
    'agents',
    'their worktree and outbox',
    place,
    paths,
    { home: homedir(), hasNetwork: true, gpus: null },
    () =>
      agentSandboxArgv({
        ...{ config, place: run, mayEdit: true, locked: [place.frozen], home: homedir() },
        ...{ searchPath: process.env.PATH ?? '', program: null },
      }),
  );
}

/** What must be there inside; `gpus` null: there must be none. */
interface Wanted {
  home: string;
  hasNetwork: boolean;
  gpus: string[] | null;
}

async function judge(
  who: SandboxTrial['who'],
  own: string,
  place: { work: string; frozen: string; secret: string },
  paths: LabPaths,
  wanted: Wanted,
  createArgv: () => string[],
): Promise<SandboxTrial> {
  const name = `doctor-${process.pid}`;
  const variables = { W: place.work, F: place.frozen, S: place.secret, R: paths.root, N: name };
  let inside: Awaited<ReturnType<typeof runInside>>;
  try {
    inside = await runInside(createArgv(), { PATH: process.env.PATH ?? '', HOME: wanted.home, ...variables });
  } catch (error) {
    return { who, holds: [], fails: [messageOf(error)] };
  }
  if (inside.problem !== null) return { who, holds: [], fails: [`it does not start here: ${inside.problem}`] };
  const can = new Set(inside.lines);
  const listed = (kind: string): string[] =>
    inside.lines.filter((line) => line.startsWith(`${kind}:`)).map((line) => line.slice(kind.length + 1));
  const holds: string[] = [];
  const fails: string[] = [];
  const judgeOne = (isHeld: boolean, held: string, failed: string) =>
    void (isHeld ? holds.push(held) : fails.push(failed));
  for (const file of [join(paths.root, name), join(paths.root, '.git', name), join(wanted.home, name)])
    if (existsSync(file)) rmSync(file);
  judgeOne(can.has('own'), `write ${own}`, 'cannot write their own folder');
  judgeOne(
    !['frozen', 'root', 'git', 'home'].some((word) => can.has(word)),
    'not frozen files, the root, .git or the home',
    `can write ${['frozen', 'root', 'git', 'home'].filter((word) => can.has(word)).join(', ')}`,
  );
  const shown = listed('home').filter((entry) => !isExpected(entry, wanted.home, paths.root));
  judgeOne(
    shown.length === 0 && !can.has('state'),
    'see neither home nor .lab',
    `see ${[...shown.slice(0, 3), ...(can.has('state') ? ['.lab'] : [])].join(', ')}`,
  );
  const nets = listed('net').filter((net) => net !== 'lo');
  judgeOne(
    wanted.hasNetwork || nets.length === 0,
    wanted.hasNetwork ? 'network as this machine has it' : 'no network',
    `have a network (${nets.join(', ')})`,
  );
  const gpus = listed('gpu');
  const lost = (wanted.gpus ?? []).filter((gpu) => !gpus.includes(gpu));
  if (wanted.gpus === null) judgeOne(gpus.length === 0, 'no GPU', `reach ${gpus.join(', ')}`);
  else if (wanted.gpus.length === 0) holds.push('no GPU here to pass through');
  else judgeOne(lost.length === 0, `the GPU passed through (${wanted.gpus.join(', ')})`, `lack ${lost.join(', ')}`);
  return { who, holds, fails };
}

/** Entries of the home that stay visible on purpose: programs on PATH, caches that are forgotten, the way to the lab itself. */
function isExpected(entry: string, home: string, root: string): boolean {
  if (['.cache', '.triton'].includes(entry)) return true;
  const path = join(existsSync(home) ? realpathSync(home) : home, entry);
  const onPath = [...visibleHomePaths(process.env.PATH ?? '', home), process.execPath, root];
  return onPath.some((visible) => isInside(visible, path));
}
