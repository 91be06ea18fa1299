import { expect, test } from 'vitest';
import { findShadow, listImportedModules, listScriptFolders, type WatchedImport } from './shadow.ts';

const frozen = ['problem/prepare.py', 'lab.yaml', 'uv.lock', 'judge/__init__.py'];
const imports: WatchedImport[] = [
  { module: 'json', folder: 'problem', importer: 'problem/prepare.py' },
  { module: 'json', folder: '', importer: 'problem/prepare.py' },
];

for (const [path, reason] of [
  ['problem/prepare/__init__.py', /in a package .* the frozen problem\/prepare\.py$/],
  ['prepare/core.py', /in a package/],
  ['deep/down/prepare/__init__.py', /in a package/],
  ['PROBLEM/Prepare/__init__.py', /in a package/],
  ['problem/prepare.cpython-311-x86_64-linux-gnu.so', /in place of the frozen problem\/prepare\.py$/],
  ['problem/prepare.abi3.so', /in place of the frozen/],
  ['problem/PREPARE.pyd', /in place of the frozen/],
  ['prepare.pyc', /in place of the frozen/],
  ['other/judge/__init__.py', /in a package .* the frozen judge\/__init__\.py$/],
  ['problem/__pycache__/prepare.cpython-311.pyc', /is bytecode/],
  ['__PYCACHE__/notes.txt', /is bytecode/],
  ['sitecustomize.py', /before any code/],
  ['lib/UserCustomize.py', /before any code/],
  ['sitecustomize/__init__.py', /before any code/],
  ['lib/usercustomize.cpython-312-darwin.so', /before any code/],
  ['lib/cheat.pth', /path file/],
  ['problem/pyvenv.cfg', /environment of its own/],
  ['problem/json.py', /the module json, which the frozen problem\/prepare\.py imports$/],
  ['json.py', /the module json/],
  ['JSON/__init__.py', /the module json/],
  ['problem/json.abi3.so', /the module json/],
] as const) {
  test(`${path} would be loaded`, () => expect(findShadow(path, frozen, imports)).toMatch(reason));
}

for (const path of [
  'problem/train.py',
  'problem/prepare.py',
  'problem/prepared.py',
  'problem/prepare_data.py',
  'prepare/notes.md',
  'other/json.py',
  'problem/data/json.py',
  'problem/json.txt',
  'conftest.py',
  'docs/sitecustomize.md',
  'uv/__init__.py',
  'lab.py',
  'judge/extra.py',
]) {
  test(`${path} is nobody's shadow`, () => expect(findShadow(path, frozen, imports)).toBeNull());
}

test('imported modules are the first parts of names; relative imports and words in comments are none', () => {
  const text = [
    'import os, sys as system',
    'import numpy.linalg',
    'from collections.abc import (',
    '    Mapping,',
    ')',
    'from . import mine',
    'from .other import thing',
    '    import lazy  # import comment',
    'if True: import inline',
    'a = 1; import after',
    '# import never',
    'importlib = 1',
  ].join('\n');
  expect(listImportedModules(text)).toEqual(['os', 'sys', 'numpy', 'collections', 'lazy', 'inline', 'after']);
});

test('a command names the folders in which Python looks first', () => {
  expect(listScriptFolders('python3 problem/train.py --steps 5')).toEqual(['problem']);
  expect(listScriptFolders('cd x && PYTHONPATH=./src:lib/a/ uv run train.py')).toEqual(['src', 'lib/a', '']);
  expect(listScriptFolders('python3 -m problem.train')).toEqual(['']);
  expect(listScriptFolders('python3 ../other/train.py; sh -c "./run.sh /opt/x.py"')).toEqual([]);
});
