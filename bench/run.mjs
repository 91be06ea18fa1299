// `npm run bench [cli-start|queue|queue-gap|locks|decisions|nights]`: bundles the measurements into node_modules/.cache and runs them, one after the other.
// What begins with "--" is passed on to them: `npm run bench queue -- --quick`.
// Packages stay external. Figures of an earlier day are in README.md beside this file.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const outdir = join(root, 'node_modules', '.cache', 'nightlab-bench');
const known = ['cli-start', 'queue', 'queue-gap', 'locks', 'decisions', 'nights'];
// Takes an hour and more: only where it is asked for.
const slow = ['nights'];
// Programs that a measurement starts in a process of their own.
const parts = { queue: ['queue/bare-worker'], 'queue-gap': ['queue/bare-worker'] };
const options = process.argv.slice(2).filter((word) => word.startsWith('--'));
const asked = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const unknown = asked.filter((name) => !known.includes(name));

if (unknown.length > 0) {
  process.stderr.write(`error: "${unknown[0]}" is no measurement, expected one of: ${known.join(', ')}\n`);
  process.exitCode = 2;
} else {
  const chosen = asked.length > 0 ? asked : known.filter((name) => !slow.includes(name));
  await build({
    absWorkingDir: root,
    entryPoints: [...new Set(chosen.flatMap((name) => [name, ...(parts[name] ?? [])]))].map(
      (name) => `./bench/${name}.ts`,
    ),
    outbase: './bench',
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
  });
  for (const name of chosen) {
    const { status } = spawnSync(process.execPath, [join(outdir, `${name}.js`), ...options], {
      cwd: root,
      stdio: 'inherit',
    });
    if (status !== 0) process.exitCode = 1;
  }
}
