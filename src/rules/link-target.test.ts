/** Which targets of a symbolic link stay in the repository. */
import { expect, test } from 'vitest';
import { checkLinkTarget } from './link-target.ts';

test.each([
  ['link', 'train.py'],
  ['link', './a/b.py'],
  ['a/link', '../train.py'],
  ['a/b/link', '../../c/d.py'],
  ['a/b/link', '../x..y'],
  ['link', '.'],
])('%s -> %s stays inside', (path, target) => {
  expect(checkLinkTarget(path, target)).toBeNull();
});

test.each([
  ['link', '/etc/passwd', 'is absolute'],
  ['link', '../outside', 'leaves the repository'],
  ['a/link', '../../outside', 'leaves the repository'],
  ['a/link', './.././../outside', 'leaves the repository'],
  ['link', '..', 'leaves the repository'],
  // a/b may be a link upwards: read as text it stays inside, followed on disk it does not.
  ['link', 'a/b/../../outside', "has '..' after a folder"],
  ['link', '.git/config', 'leads into .git'],
  ['a/link', '../.GIT', 'leads into .GIT'],
  ['5/link', '../.lab/score-seed', 'leads into .lab'],
])('%s -> %s is turned away: it %s', (path, target, reason) => {
  expect(checkLinkTarget(path, target)).toBe(reason);
});
