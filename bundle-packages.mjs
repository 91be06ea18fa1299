// Packages that few commands need, each group bundled into one file of dist/ that is read when such a command asks for it. So they are
// needed to build the lab and not to install it: danfojs-node alone would not install at a user's, since npm reads `overrides` only in
// the root project. A bundle is made again only when what is installed or what it takes from there changed.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

const bundles = [
  {
    name: 'analysis-frame',
    entry: 'src/analysis/frame/danfo.ts',
    // Required by danfojs only where it draws.
    external: ['plotly.js-dist-min'],
    files: [],
  },
  {
    name: 'progress-picture',
    entry: 'src/analysis/progress-picture/drawing.ts',
    // linkedom does without where it is missing.
    external: ['canvas'],
    // A machine without fonts would draw a picture without words.
    files: ['dejavu-fonts-ttf/ttf/DejaVuSans.ttf'],
  },
];

/**
 * An esbuild plugin: an import that `choose` gives a file for (a name in dist/, else null) becomes a require() of that file when it is
 * evaluated. Not import(), for which node would look through the whole file for its exports before it compiles it.
 */
export function requireBeside(name, filter, choose) {
  return {
    name,
    setup(other) {
      other.onResolve({ filter: /.*/, namespace: name }, ({ path }) => ({ path, external: true }));
      other.onResolve({ filter }, ({ path, resolveDir }) => {
        const file = choose(path, resolveDir);
        return file === null ? null : { path: file, namespace: name };
      });
      other.onLoad({ filter: /.*/, namespace: name }, ({ path }) => ({
        contents: `module.exports = require(${JSON.stringify(path)});`,
      }));
    },
  };
}

/** Leaves the bundled packages out of every other file: they stay in the bundle beside it. */
export const leavePackagesOut = requireBeside('packages-apart', /\.(ts|cjs)$/, (path, resolveDir) => {
  const found = bundles.find(({ entry }) => join(resolveDir, path).endsWith(join('/', entry)));
  return found === undefined ? null : `./${found.name}.cjs`;
});

/** Every bundle with its licences and its files, as esbuild's output: from dist/ where it is still right, else built. */
export async function bundlePackages(settings, root, dist) {
  const outputFiles = await Promise.all(bundles.map((bundle) => bundleGroup(bundle, settings, root, dist)));
  return { outputFiles: outputFiles.flat() };
}

async function bundleGroup({ name, entry, external, files }, settings, root, dist) {
  const modules = join(root, 'node_modules');
  const ofPackages = files.map((file) => ({
    path: join(dist, basename(file)),
    contents: readFileSync(join(modules, file)),
  }));
  const codePath = join(dist, `${name}.cjs`);
  const licencesPath = join(dist, `${name}.licences.txt`);
  const key = `/* ${fingerprint([
    join(root, entry),
    join(root, 'bundle-packages.mjs'),
    join(modules, '.package-lock.json'),
    join(modules, '@tensorflow/tfjs-node/index.cjs'),
    join(modules, 'xlsx/index.cjs'),
  ])} */`;
  const old = [codePath, licencesPath].map((path) =>
    existsSync(path) ? { path, contents: readFileSync(path) } : null,
  );
  if (old.every((file) => file !== null) && old[0].contents.subarray(0, key.length).equals(Buffer.from(key)))
    return [...old, ...ofPackages];
  const result = await build({
    ...settings,
    external,
    format: 'cjs',
    minify: true,
    metafile: true,
    banner: { js: key },
    entryPoints: { [name]: entry },
    outExtension: { '.js': '.cjs' },
  });
  const inputs = [...Object.keys(result.metafile.inputs), ...files.map((file) => join('node_modules', file))];
  const licences = { path: licencesPath, contents: Buffer.from(collectLicences(inputs, root)) };
  return [...result.outputFiles, licences, ...ofPackages];
}

function fingerprint(paths) {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(existsSync(path) ? readFileSync(path) : '').update('\0');
  return hash.digest('hex').slice(0, 16);
}

/** Name, version and licence text of every package among the inputs of a bundle. */
export function collectLicences(inputs, root) {
  const folders = new Set();
  for (const input of inputs) {
    const [found] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? [];
    if (found !== undefined) folders.add(found.startsWith('/') ? found : join(root, found));
  }
  const texts = [...folders].map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
    const text = file === undefined ? '(no licence file in the package)' : readFileSync(join(folder, file), 'utf8');
    return `${name} ${version} (${license ?? 'see below'})\n\n${text.trim()}\n`;
  });
  return texts.sort().join(`\n${'-'.repeat(78)}\n\n`);
}
