/** Covers that what the daemon tells of the configuration is what a client would read itself at that moment, or nothing. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { factsOf } from '../config/client-facts.ts';
import { labPaths } from '../config/lab-paths.ts';
import { loadLabConfig } from '../git/committed-config.ts';
import { createTemporaryRepository, type TemporaryRepository } from '../scenarios/temporary-repository.ts';
import { createFactsReader, type FactsReader } from './client-facts.ts';

let repository: TemporaryRepository;
let read: FactsReader;

beforeEach(async () => {
  repository = await createTemporaryRepository({ 'lab.yaml': 'env:\n  pass: [A_*]\n', 'a.txt': 'a\n' });
  read = createFactsReader(labPaths(repository.root), 0);
});
afterEach(() => repository.remove());

const expectOwn = (environment: Record<string, string> = {}) =>
  expect(read(environment)).toEqual(factsOf(loadLabConfig(repository.root, { environment })));

test('every change of a file, of main and of the environment is in the very next answer', async () => {
  expectOwn();
  expect(read({})).toMatchObject({ pass: ['A_*'], labels: 'required', retrySeconds: 30 });
  await repository.write('lab.yaml', 'env:\n  pass: [B_*]\n  secret: [KEY_B]\n');
  await repository.git('commit', '--quiet', '--all', '--message=other names');
  expect(read({})).toMatchObject({ pass: ['B_*'], secret: ['KEY_B'] });
  await repository.write('lab.local.yaml', 'queue:\n  labels: optional\n');
  expect(read({})).toMatchObject({ pass: ['B_*'], labels: 'optional' });
  expect(read({ LAB_RUN_RETRY_SECONDS: '7', LAB_JOB: '3' })).toMatchObject({ retrySeconds: 7, labels: 'optional' });
  expectOwn({ LAB_ENV_PASS: 'C,D' });
  expectOwn();
  rmSync(join(repository.root, 'lab.local.yaml'));
  expect(read({})).toMatchObject({ labels: 'required', retrySeconds: 30 });
});

test('where the configuration is wrong or a person has to be told something, the client is left to read it itself', async () => {
  await repository.write('lab.local.yaml', 'queue:\n  labels: sometimes\n');
  expect(read({})).toBeNull();
  rmSync(join(repository.root, 'lab.local.yaml'));
  expectOwn();
  expect(read({ LAB_RUN_RETRY_SECONDS: 'soon' })).toBeNull();
  expect(read({ LAB_RULES: '{}', LAB_MAIN: 'x' })).toBeNull();
  // Broken after it was whole: the daemon goes on with the one from before, a client must not.
  await repository.write('lab.local.yaml', 'queue: [\n');
  expect(read({})).toBeNull();
  rmSync(join(repository.root, 'lab.local.yaml'));
  // Edited, not committed: `lab add` says so.
  await repository.write('lab.yaml', 'env:\n  pass: [Z]\n');
  expect(read({})).toBeNull();
  await repository.git('checkout', '--quiet', 'lab.yaml');
  expectOwn();
});

test('a file that changed a moment ago is left to the client: a second change may have the same time', async () => {
  const cautious = createFactsReader(labPaths(repository.root), 3_600_000);
  expect(cautious({})).toBeNull();
});
