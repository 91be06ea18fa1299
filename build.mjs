// Bundles the entry points into dist/. Types are checked by `npm run types`, not here, so that a build takes well under a second.
// Packages stay external: only our own files are joined, which keeps the thin client's start to a handful of small reads.
// A file is replaced only where it changed, and by rename, so that a build never pulls the code from under a running daemon.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

const root = import.meta.dirname;
const dist = join(root, 'dist');

function replaceFile(path, contents) {
  if (existsSync(path) && readFileSync(path).equals(contents)) return;
  writeFileSync(`${path}.${process.pid}`, contents);
  renameSync(`${path}.${process.pid}`, path);
}

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: Object.fromEntries(
    Object.entries({
      cli: 'src/cli/main.ts',
      daemon: 'src/daemon/main.ts',
      supervisor: 'workers/supervisor/main.ts',
      'redis-stand-in': 'queue/redis-stand-in.ts',
      'check-environment': 'workers/check-environment.ts',
    }).filter(([, file]) => existsSync(join(root, file))),
  ),
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  legalComments: 'none',
  logLevel: 'warning',
  write: false,
});

mkdirSync(dist, { recursive: true });
// Client and daemon compare this identity, so a rebuilt client replaces a daemon of older code even where the version stayed.
const hash = createHash('sha256');
for (const file of [...outputFiles].sort((a, b) => (a.path < b.path ? -1 : 1))) {
  hash.update(basename(file.path)).update(file.contents);
  replaceFile(file.path, Buffer.from(file.contents));
}
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
replaceFile(join(dist, 'build-id'), Buffer.from(`${version}+${hash.digest('hex').slice(0, 8)}\n`));
const kept = new Set(['build-id', ...outputFiles.map((file) => basename(file.path))]);
for (const name of readdirSync(dist))
  if (!kept.has(name) && !/\.\d+$/.test(name)) rmSync(join(dist, name), { recursive: true });
