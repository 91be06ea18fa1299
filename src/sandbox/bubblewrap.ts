/**
 * The sandbox on Linux: a bubblewrap command line from a spec, and one real probe of whether bubblewrap works here.
 * It limits what is written and what is seen of the home; it is no jail against kernel exploits, and limits neither CPU nor memory.
 */
import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { errnoOf } from '../errors/lab-error.ts';
import { isFolder, type SandboxProbe, type SandboxSpec } from './sandbox.ts';

// Own pid namespace: the run sees no foreign process, and nothing of it outlives bubblewrap. IPC stays shared for CUDA's helpers.
const isolation = ['--unshare-pid', '--unshare-uts', '--die-with-parent', '--new-session', '--cap-drop', 'ALL'];

// Graphics devices, each passed only where it exists. The whole /dev is never passed: to root it would hand over raw disks.
const gpuDevices = [
  ...Array.from({ length: 16 }, (_, index) => `/dev/nvidia${index}`),
  '/dev/nvidiactl',
  '/dev/nvidia-uvm',
  '/dev/nvidia-uvm-tools',
  '/dev/nvidia-modeset',
  '/dev/nvidia-caps',
  '/dev/kfd',
  '/dev/dri',
  '/dev/dxg',
];

// /run holds sockets that a read-only mount does not close (docker, dbus, the lab's own); these parts of it programs do need.
const runVisible = [
  '/run/systemd/resolve',
  '/run/resolvconf',
  '/run/NetworkManager/resolv.conf',
  '/run/nvidia-persistenced',
  '/run/opengl-driver',
  '/run/current-system',
  '/run/booted-system',
  '/run/wrappers',
];

// Folders of the home that are writable and forgotten at the end, because libraries fail without them.
const forgottenCaches = ['.cache', '.triton'];

/** Runs bubblewrap once for real; never throws. */
export async function probeSandbox(): Promise<SandboxProbe> {
  if (process.platform !== 'linux') {
    return { kind: 'none', reason: `bubblewrap exists for Linux only, this is ${process.platform}`, mend: '' };
  }
  const tried = await runOnce('bwrap', [
    '--ro-bind',
    '/',
    '/',
    '--dev',
    '/dev',
    '--proc',
    '/proc',
    '--tmpfs',
    '/tmp',
    ...isolation,
    'true',
  ]);
  if (tried.kind === 'missing')
    return { kind: 'none', reason: 'bwrap is not installed', mend: 'apt-get install bubblewrap' };
  if (tried.kind === 'failed') {
    const namespaces = /namespace|uid map|Operation not permitted|Permission denied/i.test(tried.message);
    const mend = namespaces
      ? 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (or allow user namespaces in the container)'
      : '';
    return { kind: 'none', reason: `bwrap does not work here: ${tried.message}`, mend };
  }
  const version = await runOnce('bwrap', ['--version']);
  return {
    kind: 'bubblewrap',
    version: version.kind === 'done' ? version.stdout.replace(/^bubblewrap\s+/, '').trim() : 'unknown',
  };
}

/**
 * The command line to put before a step's own, ending in `--`. Takes a spec from `resolveSandboxSpec`. The most specific path
 * wins: a frozen file inside the writable checkout is read-only, a writable folder inside read-only data is writable.
 * Looks at the disk only through `isFolderAt`, to leave out what does not exist and to tell hidden folders from hidden files.
 */
export function sandboxArgv(spec: SandboxSpec, isFolderAt: (path: string) => boolean = isFolder): string[] {
  const argv = ['bwrap', '--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', ...isolation];
  if (!spec.network) argv.push('--unshare-net');
  if (spec.gpu) for (const device of gpuDevices) argv.push('--dev-bind-try', device, device);

  const mounts: Mount[] = [];
  // Closed at the very end, because other mounts need folders made in them. A write there fails aloud instead of vanishing.
  const closed = [spec.labState];
  const empty = (path: string): void => void mounts.push({ path, argv: ['--tmpfs', path] });
  const bind = (option: string, path: string): void => void mounts.push({ path, argv: [option, path, path] });

  for (const path of ['/tmp', '/var/tmp']) if (isFolderAt(path)) empty(path);
  if (isFolderAt('/run')) {
    empty('/run');
    closed.push('/run');
    for (const path of runVisible) bind('--ro-bind-try', path);
  }
  // Some containers give "/" or a folder that does not exist as the home.
  if (spec.home !== '/' && isFolderAt(spec.home)) {
    empty(spec.home);
    closed.push(spec.home);
    for (const name of forgottenCaches) empty(`${spec.home}/${name}`);
  }
  for (const path of spec.homeVisible) bind('--ro-bind', path);
  bind('--ro-bind', spec.labRoot);
  empty(spec.labState);
  for (const path of spec.hidden) {
    if (isFolderAt(path)) {
      empty(path);
      closed.push(path);
    } else mounts.push({ path, argv: ['--ro-bind', '/dev/null', path] });
  }
  for (const path of [...spec.caches, ...spec.writable]) bind('--bind', path);
  // A file that is a mount cannot be renamed, the folder above it can; each folder on the way becomes a mount of its own.
  const mounted = mounts.map((mount) => mount.path);
  for (const path of foldersBetween(spec.writable, spec.readOnly, mounted)) bind('--bind', path);
  for (const path of spec.readOnly) bind('--ro-bind', path);

  // Later mounts lie on top of earlier ones, so outer folders come first; of two for one path the later named one wins.
  mounts.sort((a, b) => depthOf(a.path) - depthOf(b.path));
  for (const mount of mounts) argv.push(...mount.argv);
  for (const path of closed) argv.push('--remount-ro', path);
  argv.push('--chdir', spec.cwd, '--');
  return argv;
}

/**
 * Folders strictly between a writable folder and a read-only path that lies in it with no other mount on the way, each once.
 * `mounted` are the paths of all other mounts, the writable ones among them.
 */
function foldersBetween(
  writable: readonly string[],
  readOnly: readonly string[],
  mounted: readonly string[],
): string[] {
  const tops = new Set(writable);
  const stops = new Set([...mounted, ...readOnly]);
  const found = new Set<string>();
  for (const path of readOnly) {
    const way: string[] = [];
    let folder = dirname(path);
    for (; !stops.has(folder) && folder !== '/'; folder = dirname(folder)) way.push(folder);
    if (tops.has(folder)) for (const between of way) found.add(between);
  }
  return [...found];
}

interface Mount {
  path: string;
  argv: string[];
}

function depthOf(path: string): number {
  return path.split('/').filter((part) => part !== '').length;
}

type Tried = { kind: 'done'; stdout: string } | { kind: 'missing' } | { kind: 'failed'; message: string };

function runOnce(program: string, args: string[]): Promise<Tried> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 10_000 }, (error, stdout, stderr) => {
      if (error === null) resolve({ kind: 'done', stdout });
      else if (errnoOf(error) === 'ENOENT') resolve({ kind: 'missing' });
      else resolve({ kind: 'failed', message: stderr.trim().split('\n')[0] || error.message });
    });
  });
}
