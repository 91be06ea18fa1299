/**
 * The table of 0_docs/guide/from-pueue.md: lab takes what its second column says, and each line of its first is tried through the shim of
 * `lab shim pueue`, one after the other in one own lab with real runs. Which words the shim passes on for every alias and option is
 * cli/import/pueue-shim.test.ts's.
 */
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readStoredJob, type StoredJob } from '../../queue/job-store.ts';
import { commandGroups } from '../cli/commands.ts';
import { parseCommand } from '../cli/define.ts';
import { packageRoot } from '../config/package-root.ts';
import { createTemporaryLab, type LabCall, labCommand, type TemporaryLab, waitUntil } from './temporary-lab.ts';

const page = readFileSync(join(packageRoot(), '0_docs', 'guide', 'from-pueue.md'), 'utf8');

/** The first two cells of every row of the table under a heading. */
function readTable(heading: string): [string, string][] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(2).map((row) => {
    const [theirs = '', ours = ''] = row.slice(2).split(' | ');
    return [theirs, ours];
  });
}

const spansOf = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span);

/** The command lines of lab in a cell. */
const labLinesOf = (cell: string): string[] =>
  spansOf(cell)
    .flatMap((span) => span.split(/ (?:&&|>) /))
    .filter((line) => line.startsWith('lab '));

const splitWords = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

const words = readTable('Words');

test('lab takes every command line that the page names for it', async () => {
  const rows = ['Cards', 'Words', 'Settings and variables'].flatMap(readTable);
  const lines = rows.flatMap(([, ours]) => labLinesOf(ours));
  expect(lines.length).toBeGreaterThan(60);
  for (const line of lines) {
    const [, name, ...rest] = splitWords(line);
    const entry = commandGroups.flatMap(({ commands }) => commands).find((one) => one.name === name);
    if (entry === undefined) throw new Error(`${line}: lab has no command ${name}`);
    const spec = await entry.load();
    expect(() => parseCommand(spec, rest), line).not.toThrow();
  }
});

test('each line of the table has what lab says for it, or says that there is nothing', () => {
  for (const [theirs, ours] of words) expect(ours === 'not there' || labLinesOf(ours).length > 0, theirs).toBe(true);
});

let lab: TemporaryLab;
let outside: string;
let env: Record<string, string>;
/** A job that printed two lines and ended well. */
let first: string;
/** One that failed, and the job that it was started again as. */
let failing: string;
let failedAgain: string;
/** Two that wait in the queue, then put aside. */
let waiting: [string, string];
/** One that runs for long. */
let long: string;
/** Put aside by the lines about `add`. */
const stashed: string[] = [];

async function pueue(...args: string[]): Promise<LabCall> {
  const settings = { cwd: outside, env, extendEnv: false, reject: false, stripFinalNewline: false } as const;
  const { exitCode, stdout, stderr } = await execa('pueue', args, settings);
  return { code: exitCode ?? null, stdout, stderr };
}

/** What it printed, without the last line end. Throws where it fails. */
async function insist(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await pueue(...args);
  if (code !== 0) throw new Error(`pueue ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  return stdout.trimEnd();
}

async function refuse(...args: string[]): Promise<void> {
  expect(await pueue(...args)).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/^pueue \(lab's shim\): /),
  });
}

const add = (...args: string[]): Promise<string> => insist('add', '-p', ...args);

/** Adds a job of those that run for long, ahead of a pause, and waits until it runs. */
async function addLong(): Promise<string> {
  const number = await add('-i', 'sleep 1000');
  await insist('wait', '-s', 'running', number);
  return number;
}

function stored(number: string): StoredJob {
  return readStoredJob(join(lab.around, 'home', 'nightlab', 'own', '.lab', 'runs'), Number(number));
}

beforeAll(async () => {
  lab = await createTemporaryLab();
  outside = join(lab.around, 'outside');
  await mkdir(join(outside, 'below'), { recursive: true });
  const tools = join(lab.around, 'tools');
  await lab.labIn(outside, ['shim', 'pueue', '--to', tools]);
  await writeFile(join(tools, 'lab'), `#!/bin/sh\nexec '${labCommand[0]}' '${labCommand[1]}' "$@"\n`, { mode: 0o755 });
  const VISUAL = "sed -i 's/^command: .*/command: exit 4/'";
  env = { ...lab.env, PATH: `${tools}${delimiter}${lab.env.PATH ?? ''}`, VISUAL };
  first = await add('echo one; echo two');
  await insist('wait', first);
  // What is added from here on waits.
  await insist('pause', '-w');
});

afterAll(() => lab.remove());

/** What shows that a line holds, by its first command; they run in the table's order, and each may build on those before it. */
const trials: Record<string, () => Promise<void>> = {
  pueue: async () => expect(await insist()).toMatch(new RegExp(`^ *${first} +done `, 'm')),
  'pueue status -g NAME': async () => expect(await insist('status', '-g', 'default')).toContain('done'),
  'pueue status status=running': () => refuse('status', 'status=running'),
  'pueue status -j': () => refuse('status', '-j'),
  'pueue add CMD': async () => {
    waiting = [await add('echo', 'a', '&&', 'echo', 'b'), await insist('add', '--print-task-id', '--', 'true')];
    expect(stored(waiting[0])).toMatchObject({ job: { command: 'echo a && echo b', stdin: true } });
  },
  'pueue add -w DIR CMD': async () => {
    stashed.push(await add('-s', '-w', 'below', 'true'));
    expect(stored(stashed[0] ?? '').job.here).toBe(join(outside, 'below'));
  },
  'pueue add -e CMD ARG': async () => {
    stashed.push(await add('-se', 'printf', '%s', 'a b'));
    expect(stored(stashed[1] ?? '').job.command).toBe("'printf' '%s' 'a b'");
  },
  'pueue add -i CMD': async () => {
    await insist('wait', '-s', 'success', await add('-i', 'true'));
  },
  'pueue add -i --follow CMD': async () =>
    expect(await insist('add', '-i', '--follow', 'echo ahead')).toContain('ahead'),
  'pueue add -s CMD': async () => {
    stashed.push(await add('-s', 'true'));
    expect(stored(stashed[2] ?? '').entry.stashed).toBe(true);
  },
  'pueue add -d WHEN CMD': async () => {
    stashed.push(await add('-d', '4 months', 'true'));
    expect(Date.parse(stored(stashed[3] ?? '').entry.notBefore ?? '')).toBeGreaterThan(Date.now());
  },
  'pueue add -g NAME -o 5 -l TEXT CMD': async () => {
    const number = await add('-s', '-g', 'default', '-o', '5', '-l', 'some text', 'true');
    const { entry, job } = stored(number);
    expect(entry).toMatchObject({ group: 'default', priority: 5 });
    expect(job.label).toMatchObject({ text: 'some text' });
  },
  'pueue add -a 3 4 -- CMD': async () => {
    const [one = '', other = ''] = stashed;
    stashed.push(await add('-a', one, other, '--', 'true'));
    const after = [one, other].map((number) => ({ job: Number(number), any: false }));
    expect(stored(stashed[4] ?? '').entry.after).toEqual(after);
  },
  'pueue remove 3 4': async () => {
    const last = stashed.splice(3);
    await insist('remove', ...last);
    expect(last.map((number) => stored(number).entry.removedAt)).not.toContain(null);
  },
  'pueue switch 3 4': async () => {
    await insist('switch', ...waiting);
    expect(stored(waiting[0]).entry.rank).toBeGreaterThan(stored(waiting[1]).entry.rank);
  },
  'pueue stash 3': async () => {
    await insist('stash');
    expect(waiting.map((number) => stored(number).entry.stashed)).toEqual([true, true]);
  },
  'pueue enqueue 3': async () => {
    await insist('enqueue', waiting[0]);
    expect(waiting.map((number) => stored(number).entry.stashed)).toEqual([false, true]);
  },
  'pueue start': async () => {
    await insist('start');
    await insist('wait', '-s', 'success', waiting[0]);
  },
  'pueue restart 3': async () => {
    const [, number = ''] = /queued again as job (\d+)/.exec(await insist('re', first)) ?? [];
    await insist('wait', '-s', 'success', number);
  },
  'pueue restart -a': async () => {
    failing = await add('false');
    await insist('wait', failing);
    const told = await insist('restart', '-a');
    [, failedAgain = ''] = new RegExp(`^job ${failing}: queued again as job (\\d+)`, 'm').exec(told) ?? [];
    expect(stored(failedAgain).job.command).toBe('false');
  },
  'pueue restart -g NAME': async () =>
    expect(await insist('restart', '-g', 'default', '-s')).toContain(`job ${failing}: queued again as job`),
  'pueue restart -i 3': async () => {
    expect(await insist('restart', '-i', failing)).toContain(`job ${failing}: attempt 2 queued`);
    // With nothing more to do the group is not paused when its jobs are killed below.
    await insist('wait', failing, failedAgain);
  },
  'pueue restart -s 3': async () => {
    const [, number = ''] = /queued again as job (\d+)/.exec(await insist('restart', '-s', first)) ?? [];
    expect(stored(number).entry.stashed).toBe(true);
  },
  'pueue pause 3': async () => {
    long = await addLong();
    expect(await insist('pause', long)).toContain(`job ${long}: paused`);
    expect(await insist('start', long)).toBe(`job ${long}: goes on`);
  },
  'pueue kill 3': async () => {
    expect(await insist('kill', long)).toContain('asked to end at once, by SIGKILL');
    await insist('wait', long);
  },
  'pueue kill': async () => {
    const number = await addLong();
    expect(await insist('kill')).toContain(`job ${number}: asked to end at once, by SIGKILL`);
    await insist('wait', number);
  },
  'pueue kill -s INT 3': async () => {
    const number = await addLong();
    // Between the job's start and its program's nothing is there that could be reached.
    await waitUntil('the signal arrives', async () =>
      (await pueue('kill', '-s', '2', number)).stdout.includes(`job ${number}: sent SIGINT to `),
    );
    await insist('wait', number);
  },
  'pueue send 3 TEXT': async () => {
    const number = await add('-i', 'read -r x; echo "got $x"');
    await waitUntil('it reads', async () => (await pueue('send', number, 'yes\n')).code === 0);
    await insist('wait', '-s', 'success', number);
    expect(await insist('log', number)).toBe('got yes');
  },
  'pueue edit 3 4': async () => {
    await insist('edit', ...stashed);
    expect(stashed.map((number) => stored(number).job.command)).toEqual(stashed.map(() => 'exit 4'));
  },
  'pueue env set 3 KEY VALUE': async () => {
    await insist('env', 'set', stashed[0] ?? '', 'FLAVOUR', 'plum');
    expect(stored(stashed[0] ?? '').job.env).toMatchObject({ FLAVOUR: 'plum' });
  },
  'pueue env unset 3 KEY': async () => {
    await insist('env', 'unset', stashed[0] ?? '', 'FLAVOUR');
    expect(stored(stashed[0] ?? '').job.env).not.toHaveProperty('FLAVOUR');
  },
  'pueue group': async () => expect(await insist('group')).toMatch(/^default +1 +runs/m),
  'pueue group add NAME -p 3': async () =>
    expect(await insist('group', 'add', 'side', '-p', '3')).toMatch(/^side +3 /m),
  'pueue parallel 2 -g NAME': async () => expect(await insist('parallel', '2', '-g', 'side')).toMatch(/^side +2 /m),
  'pueue group remove NAME': async () => expect(await insist('group', 'remove', 'side')).not.toContain('side'),
  'pueue log 3': async () => expect(await insist('log', first, '-l', '1')).toBe('two'),
  'pueue log': async () => expect(await insist('log')).toContain(`==> job ${first}, attempt 1, run <==\none\ntwo`),
  'pueue follow 3': async () => expect(await insist('fo', first)).toContain('one\ntwo'),
  'pueue wait 3': async () => expect(await insist('wait', failing)).toContain(`job ${failing}: failed (`),
  'pueue wait -s success 3': async () => expect((await pueue('wait', '-s', 'success', failing)).code).toBe(3),
  'pueue wait': async () => {
    // Of what is put aside a person must say when.
    const { code, stdout } = await pueue('wait');
    expect({ code, stdout }).toMatchObject({ code: 3, stdout: expect.stringContaining(`job ${stashed[0]}: stashed`) });
  },
  'pueue wait -q 3': async () => expect(await insist('wait', '-q', first)).toBe(''),
  'pueue clean -s -g NAME': async () => {
    await insist('clean', '-s', '-g', 'default');
    expect([first, failing].map((number) => stored(number).entry.archivedAt === null)).toEqual([false, true]);
  },
  'pueue clean': async () => {
    await insist('cleanup');
    expect(stored(failing).entry.archivedAt).not.toBeNull();
  },
  'pueue reset -f -g NAME': async () => {
    await insist('reset', '-f', '-g', 'default');
    expect(stashed.map((number) => stored(number).entry.removedAt)).not.toContain(null);
  },
  'pueue reset -f': async () => expect(await insist('reset', '-f')).toBe(''),
  'pueue shutdown': () => refuse('shutdown'),
  'pueue completions bash DIR': () => refuse('completions', 'bash', 'below'),
  'pueue -c FILE': () => refuse('-c', 'pueue.yml', 'status'),
};

test('every line of the table is tried, and nothing that it does not have', () => {
  expect(Object.keys(trials)).toEqual(words.map(([theirs]) => spansOf(theirs)[0]));
});

test.each(Object.keys(trials))('`%s` through the shim does what the table says', async (line) => {
  await trials[line]?.();
});
