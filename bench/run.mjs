// `npm run bench [cli-start|queue-gap|locks]`: bundles the measurements into node_modules/.cache and runs them, one after the other.
// Packages stay external, as in the product itself. Figures of an earlier day are in README.md beside this file.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const outdir = join(root, 'node_modules', '.cache', 'nightlab-bench');
const known = ['cli-start', 'queue-gap', 'locks'];
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !known.includes(name));

if (unknown.length > 0) {
  process.stderr.write(`error: "${unknown[0]}" is no measurement, expected one of: ${known.join(', ')}\n`);
  process.exitCode = 2;
} else {
  const chosen = asked.length > 0 ? asked : known;
  await build({
    absWorkingDir: root,
    entryPoints: chosen.map((name) => `./bench/${name}.ts`),
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
    const { status } = spawnSync(process.execPath, [join(outdir, `${name}.js`)], { cwd: root, stdio: 'inherit' });
    if (status !== 0) process.exitCode = 1;
  }
}
