/** The person's settings and the lab's in one file: who wins where, and what is no settings file. */
import { expect, test } from 'vitest';
import { formatHomeSettings } from './home-settings.ts';

const settings = {
  defaults: { auth: { type: 'key' }, telemetry: { enabled: false } },
  fixed: { files: { respectGitIgnore: false } },
};
const format = (own: string | null): unknown => JSON.parse(formatHomeSettings('.gemini/settings.json', own, settings));

test('without a file of the person there is what the lab needs', () => {
  expect(format(null)).toEqual({ ...settings.defaults, ...settings.fixed });
});

test("the person's file goes before the defaults, not before what is fixed, and keeps everything else", () => {
  const own = { auth: { type: 'login', more: 1 }, files: { respectGitIgnore: true, depth: 3 }, servers: ['a'] };
  expect(format(JSON.stringify(own))).toEqual({
    auth: { type: 'login', more: 1 },
    telemetry: { enabled: false },
    files: { respectGitIgnore: false, depth: 3 },
    servers: ['a'],
  });
});

test('comments are passed over, and addresses are no comments', () => {
  const own = `{ // mine
    "url": "http://x/*y*/", /* two
    lines */ "quote": "a \\" // b" }`;
  expect(format(own)).toMatchObject({ url: 'http://x/*y*/', quote: 'a " // b' });
});

test.each(['{', '[]', 'null', '7'])('%s is no settings file, and the error names it', (own) => {
  const expected = expect.objectContaining({ kind: 'config', message: expect.stringContaining('~/.gemini/settings') });
  expect(() => format(own)).toThrow(expected);
});
