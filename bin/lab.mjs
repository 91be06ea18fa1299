#!/usr/bin/env node
// The `lab` command. The code is in dist/, made by `npm run build` (and by `npm ci`, where install scripts are allowed).
import { existsSync } from 'node:fs';

const entry = new URL('../dist/cli.js', import.meta.url);
if (existsSync(entry)) {
  await import(entry.href);
} else {
  process.stderr.write(
    'error: nightlab is not built yet (dist/cli.js is missing)\nhint: run `npm run build` in the nightlab folder\n',
  );
  process.exitCode = 1;
}
