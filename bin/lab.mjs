#!/usr/bin/env node
// The same as lab.cjs, which starts sooner: for whoever calls it by this name.
import { createRequire } from 'node:module';

createRequire(import.meta.url)('./lab.cjs');
