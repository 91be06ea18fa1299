import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { checkEditableInstalls } from './editable-install.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A checkout with a virtual environment whose site-packages hold these files. */
function createCheckout(files: Record<string, string>): string {
  const checkout = mkdtempSync(join(tmpdir(), 'nl-editable-'));
  folders.push(checkout);
  const packages = join(checkout, '.venv', 'lib', 'python3.11', 'site-packages');
  mkdirSync(packages, { recursive: true });
  writeFileSync(join(checkout, '.venv', 'pyvenv.cfg'), 'home = /usr/bin\n');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(packages, name, '..'), { recursive: true });
    writeFileSync(join(packages, name), text);
  }
  return checkout;
}

test('a .pth file that leads out of the checkout is named', () => {
  expect(checkEditableInstalls(createCheckout({ 'mine.pth': '/somewhere/else/src\n' }))).toEqual([
    '.venv/lib/python3.11/site-packages/mine.pth points to /somewhere/else/src',
  ]);
});

test('an editable install from elsewhere is named by its package', () => {
  const direct = JSON.stringify({ url: 'file:///other/tree', dir_info: { editable: true } });
  expect(checkEditableInstalls(createCheckout({ 'mine-1.0.dist-info/direct_url.json': direct }))).toEqual([
    'mine-1.0.dist-info is installed editable from /other/tree',
  ]);
});

test('an environment of the checkout itself is fine', () => {
  const checkout = createCheckout({ 'plain.pth': 'import something\n' });
  writeFileSync(join(checkout, '.venv', 'lib', 'python3.11', 'site-packages', 'own.pth'), `${checkout}/src\n`);
  expect(checkEditableInstalls(checkout)).toEqual([]);
});
