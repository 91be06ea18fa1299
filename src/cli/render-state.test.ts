/** What a job's state is called: a keep never without what it rests on. */
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { createPlainRun } from '../../queue/job-for-tests.ts';
import type { JobView } from '../domain/job.ts';
import type { Decision } from '../domain/result.ts';
import { formatState } from './render.ts';

function nameEnd(status: Decision['status'], evidence: Decision['evidence'], since?: JobView['since']): string {
  const decision = { status, reason: '', evidence, observed: null, noiseWidths: null };
  const state = { kind: 'ended', run: createPlainRun(1, { metric: 1 }), status } as const;
  return stripVTControlCharacters(formatState({ state, decision, ...(since === undefined ? {} : { since }) }));
}

test('a keep says that it is provisional until fresh seeds have said more', () => {
  expect(nameEnd('keep', 'provisional')).toBe('keep, provisional');
  expect(nameEnd('keep', 'provisional', 'confirmed')).toBe('keep, confirmed');
  expect(nameEnd('keep', 'provisional', 'refuted')).toBe('keep, refuted');
  expect(nameEnd('keep', 'provisional', 'taken back')).toBe('keep, taken back');
  // From before there was evidence.
  expect(nameEnd('keep', '')).toBe('keep, provisional');
  expect(nameEnd('discard', '')).toBe('discard');
});
