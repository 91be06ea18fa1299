#!/usr/bin/env node
// The `lab` command. The code is in dist/, made by `npm run build` (and by `npm ci`, where install scripts are allowed).
// CommonJS, because node starts that some 7 ms sooner than a module; bench/README.md has the figures.
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const entry = join(__dirname, '..', 'dist', 'cli.cjs');
if (existsSync(entry)) {
  require(entry);
} else {
  process.stderr.write(
    'error: nightlab is not built yet (dist/cli.cjs is missing)\nhint: run `npm run build` in the nightlab folder\n',
  );
  process.exitCode = 1;
}
