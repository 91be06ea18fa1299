/**
 * Covers what the script of `lab shim pueue` makes of each verb, alias and option of pueue 4, in long, short and joined form. The `lab`
 * that it calls writes down its words, which must be such as the real one takes; scenarios/from-pueue.test.ts lets the real one do them.
 */
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { packageRoot } from '../../config/package-root.ts';
import { commandGroups } from '../commands.ts';
import { parseCommand } from '../define.ts';

let folder: string;
let record: string;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'nl-shim-')));
  record = join(folder, 'calls');
  const shim = await readFile(join(packageRoot(), 'templates', 'pueue-shim.sh'), 'utf8');
  await writeFile(join(folder, 'pueue'), shim, { mode: 0o755 });
  // Each call is a line of words between bars; "add" answers with a number.
  const lab = ['#!/bin/sh', "IFS='|'", `printf '%s\\n' "$*" >> '${record}'`, `pwd > '${record}.place'`];
  lab.push(`echo "$FORCE_COLOR-$NO_COLOR" > '${record}.color'`);
  await writeFile(join(folder, 'lab'), [...lab, '[ "$1" != add ] || echo 7', ''].join('\n'), { mode: 0o755 });
});

beforeEach(() => writeFile(record, ''));

afterAll(() => rm(folder, { recursive: true, force: true }));

async function callShim(words: string[]): Promise<{ code: number | undefined; stderr: string; calls: string[] }> {
  const env = { PATH: `${folder}${delimiter}${process.env.PATH ?? ''}` };
  const { exitCode, stderr } = await execa('pueue', words, { cwd: folder, env, extendEnv: false, reject: false });
  const calls = (await readFile(record, 'utf8')).split('\n').filter((line) => line !== '');
  return { code: exitCode, stderr, calls };
}

/** Throws where a call names a command or an option that lab does not have. */
async function ensureKnown(call: string): Promise<void> {
  const [name = '', ...words] = call.split('|');
  if (name.startsWith('--') || words.includes('--help')) return;
  const entry = commandGroups.flatMap(({ commands }) => commands).find((one) => one.name === name);
  if (entry === undefined) throw new Error(`lab has no command ${name}`);
  parseCommand(await entry.load(), words);
}

test.each([
  ['', 'status'],
  ['status', 'status'],
  ['status -g side', 'status|--group=side'],
  ['status --group=side', 'status|--group=side'],
  ['-v --color never status', 'status'],
  ['-vv --verbose --color=always', 'status'],
  ['--help', '--help'],
  ['-V', '--version'],
  ['help', '--help'],
  ['help re', 'restart|--help'],
  ['add --help', 'add|--help'],
  ['kill -h', 'kill|--help'],
  ['add ls -la', 'add|--stdin|--|ls -la'],
  ['add -- ls -la', 'add|--stdin|--|ls -la'],
  ['add -ip ls', 'add|--stdin|--immediate|--print-number|--|ls'],
  ['add --immediate --print-task-id ls', 'add|--stdin|--immediate|--print-number|--|ls'],
  ['add -s -d 2h -g side ls', 'add|--stdin|--stashed|--delay=2h|--group=side|--|ls'],
  ['add --stashed --delay 2h --group=side ls', 'add|--stdin|--stashed|--delay=2h|--group=side|--|ls'],
  ['add -d2h -gside -o=5 ls', 'add|--stdin|--delay=2h|--group=side|--priority=5|--|ls'],
  ['add --priority 5 --label=it ls', 'add|--stdin|--priority=5|--label=it|--|ls'],
  ['add -a 3 4 ls', 'add|--stdin|--after=3|--after=4|--|ls'],
  ['add --after 3 4 -- ls', 'add|--stdin|--after=3|--after=4|--|ls'],
  ['add -a3 --after=4 ls', 'add|--stdin|--after=3|--after=4|--|ls'],
  ['add -i --follow ls', 'add|--stdin|--print-number|--immediate|--|ls then follow|7'],
  ['add --escape ls a', "add|--stdin|--|'ls' 'a'"],
  ['remove 3 4', 'remove|3|4'],
  ['rm 3', 'remove|3'],
  ['switch 3 4', 'switch|3|4'],
  ['stash', 'stash|--group=default'],
  ['stash 3 -d 2h', 'stash|3|--delay=2h'],
  ['stash -a', 'stash|--all'],
  ['stash --group side', 'stash|--group=side'],
  ['enqueue', 'enqueue|--group=default'],
  ['enqueue --delay 18:00 --all', 'enqueue|--delay=18:00|--all'],
  ['enqueue -- 3', 'enqueue|3'],
  ['start', 'start'],
  ['start -a', 'start|--all'],
  ['start 3', 'start|3'],
  ['restart 3', 'restart|3'],
  ['re -a', 'restart|--failed'],
  ['restart --all-failed', 'restart|--failed'],
  ['restart -g side', 'restart|--group=side'],
  ['restart --failed-in-group=side', 'restart|--group=side'],
  ['restart -ik 3', 'restart|--in-place|--start|3'],
  ['restart --in-place --start-immediately --edit 3', 'restart|--in-place|--start|--edit|3'],
  ['restart -se --not-in-place 3', 'restart|--stashed|--edit|3'],
  ['pause', 'pause'],
  ['pause -wa', 'pause|--wait|--all'],
  ['pause --wait --group side', 'pause|--wait|--group=side'],
  ['kill', 'kill|--now|--group=default'],
  ['kill 3', 'kill|--now|3'],
  ['kill -s INT 3', 'kill|--signal=INT|3'],
  ['kill --signal=9 -a', 'kill|--signal=9|--all'],
  ['kill -sint', 'kill|--signal=int|--group=default'],
  ['send 3 y', 'send|--raw|3|y'],
  ['send 3 -- -y', 'send|--raw|3|--|-y'],
  ['edit 3', 'edit|3'],
  ['edit 3 4', 'edit|3 then edit|4'],
  ['env set 3 KEY value', 'env|set|3|KEY|value'],
  ['env set 3 KEY -- -1', 'env|set|3|KEY|--|-1'],
  ['env unset 3 KEY', 'env|unset|3|KEY'],
  ['group', 'group'],
  ['group add side -p 3', 'group|add|side|--slots=3'],
  ['group add side -p3', 'group|add|side|--slots=3'],
  ['group add side --parallel=3', 'group|add|side|--slots=3'],
  ['group remove side', 'group|remove|side'],
  ['parallel', 'parallel'],
  ['parallel 2 -g side', 'parallel|2|--group=side'],
  ['log', 'log|--group=default'],
  ['log 3 -l 5', 'log|3|--lines=5'],
  ['log --lines=5 --all', 'log|--lines=5|--all'],
  ['log -fg side', 'log|--full|--group=side'],
  ['follow', 'follow'],
  ['fo 3', 'follow|3'],
  ['wait', 'wait|--group=default|--status=ended'],
  ['wait -aq', 'wait|--all|--status=ended'],
  ['wait --quiet 3 --status success', 'wait|3'],
  ['wait -s Running 3', 'wait|3|--status=running'],
  ['wait -g side --status=queued', 'wait|--group=side|--status=queued'],
  ['clean', 'clean'],
  ['cleanup -s', 'clean|--successful'],
  ['clear --successful-only -g side', 'clean|--successful|--group=side'],
  ['reset -f', 'reset|--now|--force'],
  ['reset --force -g a --groups=b', 'reset|--now|--force|--group=a then reset|--now|--force|--group=b'],
])('pueue %s becomes lab %s', async (line, expected) => {
  const { code, stderr, calls } = await callShim(line.split(' ').filter((word) => word !== ''));
  expect({ code, stderr, calls: calls.join(' then ') }).toEqual({ code: 0, stderr: '', calls: expected });
  for (const call of calls) await ensureKnown(call);
});

test('the folder is changed to, and with -e each word stays one', async () => {
  const place = join(folder, '-odd place');
  await mkdir(place);
  const { code, calls } = await callShim(['add', '-w', '-odd place', '-l', "it's", '-e', 'printf', '%s', 'a b', "c'd"]);
  expect({ code, calls }).toEqual({ code: 0, calls: [`add|--stdin|--label=it's|--|'printf' '%s' 'a b' 'c'\\''d'`] });
  expect(await readFile(`${record}.place`, 'utf8')).toBe(`${place}\n`);
  expect(await callShim(['add', '--working-directory=nowhere', 'ls'])).toMatchObject({ code: 1, calls });
});

test('colours are asked for by --color', async () => {
  const colors: string[] = [];
  for (const word of ['always', 'never', 'auto']) {
    await callShim(['--color', word]);
    colors.push((await readFile(`${record}.color`, 'utf8')).trim());
  }
  expect(colors).toEqual(['1-', '-1', '-']);
});

test.each([
  ['shutdown', "'lab down' ends the daemon"],
  ['completions bash', "use 'lab completions'"],
  ['format-status', "there is no 'format-status' in lab"],
  ['-c pueue.yml status', 'a lab is a folder'],
  ['--profile=other status', 'a lab is a folder'],
  ['-x', 'there is no -x before the verb'],
  ['--color=blue status', "got 'blue', expected auto, always or never"],
  ['status -j', "'lab status --json' prints it"],
  ['log --json 3', "'lab log --json' prints it"],
  ['group -j', "'lab group --json' prints it"],
  ['status status=running', 'no query language'],
  ['status -- 3', 'no query language'],
  ['follow 3 -l 5', "'lab log <number> -n 20'"],
  ['add', "'add' needs a command"],
  ['add -s --', "'add' needs a command"],
  ['add --frob ls', "'add' knows no --frob here"],
  ['add -iz ls', "'add' knows no -z here"],
  ['stash --follow 3', "'stash' knows no --follow here"],
  ['kill 3 -s', "'kill -s' needs a value"],
  ['pause --all=yes', "'pause --all' takes no value"],
  ['wait -s paused 3', "got 'paused', expected done, success, queued or running"],
  ['edit', 'needs the number of a task'],
  ['reset -f -g a/b', "'a/b' is no group's name"],
])('pueue %s is refused in a sentence: %s', async (line, expected) => {
  const { code, stderr, calls } = await callShim(line.split(' '));
  expect({ code, calls }).toEqual({ code: 2, calls: [] });
  expect(stderr).toContain(expected);
  expect(stderr.split('\n')).toHaveLength(1);
});
