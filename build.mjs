// Bundles the entry points into dist/. Types are checked by `npm run types`, not here, so that a build takes well under a second.
// Packages are joined, all that can be: node takes most of a start to find, read and look through their hundreds of files. Into the daemon
// whole; for the client each big one is a file of its own, which is read when a command calls for it (bench/README.md has the figures).
// A file is replaced only where it changed, and by rename, so that a build never pulls the code from under a running daemon.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { bundlePackages, collectLicences, leavePackagesOut, requireBeside } from './bundle-packages.mjs';

const root = import.meta.dirname;
const dist = join(root, 'dist');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
// Compiled code, which no bundle can hold: the second one looks for a file of its own beside it.
const external = ['@resvg/resvg-js', 'js-redis-server'];
const lazyPackages = ['zod', 'yaml', 'execa', 'simple-git'];

function replaceFile(path, contents) {
  if (existsSync(path) && readFileSync(path).equals(contents)) return;
  writeFileSync(`${path}.${process.pid}`, contents);
  renameSync(`${path}.${process.pid}`, path);
}

const settings = {
  absWorkingDir: root,
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  external,
  metafile: true,
  legalComments: 'none',
  logLevel: 'warning',
  write: false,
  plugins: [leavePackagesOut],
};
const present = (entries) =>
  Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(join(root, file))));

// Commands that a shell prompt or a script calls all the time stay in the client; all others, with agents, pipeline and recording behind them,
// are a second file that is read when one of them is called.
const light = new Set([
  ...[
    'up',
    'down',
    'logs',
    'add',
    'status',
    'log',
    'follow',
    'wait',
    'enqueue',
    'stash',
    'start',
    'pause',
    'kill',
    'restart',
    'switch',
    'send',
    'group',
    'parallel',
    'remove',
    'clean',
    'reset',
  ],
]);
const heavy = readdirSync(join(root, 'src/cli/commands'))
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !light.has(name.slice(0, -3)))
  .sort();
const heavyFile = './lab-commands.cjs';
const leaveHeavyOut = requireBeside('heavy-commands', /^\.\/commands\//, (path) =>
  heavy.includes(basename(path)) ? heavyFile : null,
);
const packageFile = (name) => `./package-${name}.cjs`;
const leaveLazyPackagesOut = requireBeside('lazy-packages', /^[a-z]/, (path) =>
  lazyPackages.includes(path) ? packageFile(path) : null,
);

// Half the bytes to read and compile; names stay, so that a stack still tells where.
const smaller = { minifyWhitespace: true, minifySyntax: true };
// The client is CommonJS: node reads and starts that sooner than a graph of modules. What a command needs is still evaluated only when it
// is called, packages included.
const commonSettings = { ...settings, ...smaller, format: 'cjs', outExtension: { '.js': '.cjs' } };
const clientSettings = {
  ...commonSettings,
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  define: { 'import.meta.url': 'importMetaUrl' },
};
const client = build({
  ...clientSettings,
  entryPoints: present({ cli: 'src/cli/main.ts' }),
  plugins: [leavePackagesOut, leaveHeavyOut, leaveLazyPackagesOut],
});
const heavyCommands = build({
  ...clientSettings,
  plugins: [leavePackagesOut, leaveLazyPackagesOut],
  entryNames: basename(heavyFile, '.cjs'),
  stdin: {
    contents: heavy.map((name) => `export * from './src/cli/commands/${name}';`).join('\n'),
    resolveDir: root,
    sourcefile: 'lab-commands.ts',
  },
});
const processes = build({
  ...settings,
  entryPoints: present({
    daemon: 'src/daemon/main.ts',
    supervisor: 'workers/supervisor/main.ts',
    'redis-stand-in': 'queue/redis-stand-in.ts',
    'check-environment': 'workers/check-environment.ts',
  }),
  ...smaller,
  format: 'esm',
  splitting: true,
  // Packages that are CommonJS inside.
  banner: {
    js: "import { createRequire as createBundleRequire } from 'node:module'; const require = createBundleRequire(import.meta.url);",
  },
});
const lazy = build({
  ...commonSettings,
  plugins: [],
  entryPoints: Object.fromEntries(lazyPackages.map((name) => [basename(packageFile(name), '.cjs'), name])),
});
const bundled = bundlePackages({ ...settings, plugins: [] }, root, dist);
const joined = await Promise.all([client, heavyCommands, processes, lazy]);
const inputs = joined.flatMap(({ metafile }) => Object.keys(metafile.inputs));
const licences = { path: join(dist, 'packages.licences.txt'), contents: Buffer.from(collectLicences(inputs, root)) };
const outputFiles = [...joined, await bundled].flatMap((result) => result.outputFiles);
outputFiles.push(licences);

mkdirSync(dist, { recursive: true });
// Client and daemon compare this identity, so a rebuilt client replaces a daemon of older code even where the version stayed.
const hash = createHash('sha256');
for (const file of [...outputFiles].sort((a, b) => (a.path < b.path ? -1 : 1))) {
  hash.update(basename(file.path)).update(file.contents);
  replaceFile(file.path, Buffer.from(file.contents));
}
replaceFile(join(dist, 'build-id'), Buffer.from(`${version}+${hash.digest('hex').slice(0, 8)}\n`));
const kept = new Set(['build-id', ...outputFiles.map((file) => basename(file.path))]);
for (const name of readdirSync(dist))
  if (!kept.has(name) && !/\.\d+$/.test(name)) rmSync(join(dist, name), { recursive: true });
