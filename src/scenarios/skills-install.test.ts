/** `lab skills` in repositories, linked worktrees and a home: what is written, what git sees of it, and what stays the user's. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readPackedSkills } from '../agents/skills/packed-skills.ts';
import { gitSettingsForTests } from '../git/settings-for-tests.ts';
import { labCommand } from './temporary-lab.ts';

const names = readPackedSkills().map(({ name }) => name);
let around: string;
let root: string;
let env: Record<string, string>;

beforeEach(async () => {
  around = await realpath(await mkdtemp(join(tmpdir(), 'nl-skills-')));
  root = join(around, 'repository');
  await mkdir(root);
  env = {
    PATH: process.env.PATH ?? '',
    HOME: join(around, 'home'),
    NO_COLOR: '1',
    ...gitSettingsForTests,
  };
  await mkdir(join(around, 'home'));
  await git('init', '--quiet', '--initial-branch=main');
  await git(
    '-c',
    'user.name=R',
    '-c',
    'user.email=r@example.org',
    'commit',
    '--quiet',
    '--allow-empty',
    '--message=start',
  );
});
afterEach(() => rm(around, { recursive: true, force: true }));

const git = async (...args: string[]): Promise<string> =>
  (await execa('git', args, { cwd: root, env, extendEnv: false })).stdout;

async function lab(args: string[], cwd = root) {
  const [node, script] = labCommand;
  const settings = { cwd, env, extendEnv: false, reject: false, stdin: 'ignore' } as const;
  const { exitCode, stdout, stderr } = await execa(node, [script, 'skills', ...args], settings);
  return { code: exitCode, stdout, stderr };
}
async function states(...args: string[]): Promise<string[]> {
  const { skills } = JSON.parse((await lab(['list', '--json', ...args])).stdout);
  return skills.flatMap(({ places }: { places: Record<string, { state: string }> }) =>
    Object.values(places).map(({ state }) => state),
  );
}

test('a dry run names every file and writes none; the installation puts each skill into both places, out of git’s sight', async () => {
  const dry = await lab(['install', '--dry-run']);
  expect(dry.code).toBe(0);
  expect(dry.stdout).toContain(`${root}/.claude/skills/autoresearch: would install 11 files (SKILL.md, references/`);
  expect(readdirSync(root)).toEqual(['.git']);
  const { code, stdout, stderr } = await lab(['install']);
  expect({ code, lines: stdout.split('\n').length }).toEqual({ code: 0, lines: names.length * 2 });
  expect(stderr).toContain('git does not see them');
  for (const place of ['.agents', '.claude']) {
    expect(readdirSync(join(root, place, 'skills')).sort()).toEqual([...names].sort());
    expect(statSync(join(root, place, 'skills/autoresearch/scripts/setup.sh')).mode & 0o111).toBe(0o111);
  }
  expect(await git('status', '--porcelain')).toBe('');
  expect(new Set(await states())).toEqual(new Set(['current']));
  const again = await lab(['install']);
  expect(again).toMatchObject({ code: 0, stderr: '' });
  expect(again.stdout).not.toMatch(/install|update/);
});

test('a removal leaves the repository as it was, the exclude file too', async () => {
  const before = readFileSync(join(root, '.git/info/exclude'), 'utf8');
  await lab(['install']);
  expect(readFileSync(join(root, '.git/info/exclude'), 'utf8')).not.toBe(before);
  expect((await lab(['remove'])).code).toBe(0);
  expect(readdirSync(root)).toEqual(['.git']);
  expect(readFileSync(join(root, '.git/info/exclude'), 'utf8')).toBe(before);
});

test('--for claude fills one place alone, by name one skill alone, and --share leaves it in git’s sight', async () => {
  expect((await lab(['install', 'lab-queue', '--for', 'claude', '--share'])).code).toBe(0);
  expect(readdirSync(root).sort()).toEqual(['.claude', '.git']);
  expect(readdirSync(join(root, '.claude/skills'))).toEqual(['lab-queue']);
  expect(await git('status', '--porcelain')).toBe('?? .claude/');
  expect((await lab(['install', '--for', 'emacs'])).stderr).toContain('expected one of: all, claude, codex');
  expect((await lab(['install', 'lab-qeue'])).stderr).toContain('no skill is called "lab-qeue"');
});

test('a changed file stays, its skill is named and the exit code tells; the others are brought up; --force takes its place', async () => {
  await lab(['install', '--for', 'codex']);
  const page = join(root, '.agents/skills/lab-just/SKILL.md');
  await writeFile(page, 'my own recipes\n');
  await rm(join(root, '.agents/skills/lab-queue/SKILL.md'));
  const kept = await lab(['install', '--for', 'codex']);
  expect(kept.code).toBe(1);
  expect(kept.stdout).toContain('lab-just: left as it is, changed by hand: SKILL.md');
  expect(kept.stderr).toContain('hint: `--force` takes the place of your version');
  expect(readFileSync(page, 'utf8')).toBe('my own recipes\n');
  expect(existsSync(join(root, '.agents/skills/lab-queue/SKILL.md'))).toBe(true);
  expect((await lab(['list'])).stdout).toMatch(/lab-just +changed +-/);
  expect((await lab(['remove', 'lab-just'])).code).toBe(1);
  expect(readFileSync(page, 'utf8')).toBe('my own recipes\n');
  expect((await lab(['install', '--for', 'codex', '--force'])).code).toBe(0);
  expect(readFileSync(page, 'utf8')).toContain('name: lab-just');
});

test('--user installs into the home, from anywhere; without it a place that is no repository is refused with a way out', async () => {
  const refused = await lab(['install'], around);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/lies in no git repository[\s\S]*`--user` takes your home instead/);
  expect((await lab(['install', '--user', '--for', 'claude'], around)).code).toBe(0);
  expect(existsSync(join(around, 'home/.claude/skills/autoresearch/SKILL.md'))).toBe(true);
  expect(existsSync(join(around, 'home/.agents'))).toBe(false);
  expect((await lab(['remove', '--user'], around)).code).toBe(0);
  expect(readdirSync(join(around, 'home'))).toEqual([]);
});

test('a linked worktree has skills of its own', async () => {
  const tree = join(around, 'tree');
  await git('worktree', 'add', '--quiet', tree);
  expect((await lab(['install', 'autoresearch'], tree)).code).toBe(0);
  expect(existsSync(join(tree, '.claude/skills/autoresearch/SKILL.md'))).toBe(true);
  expect(existsSync(join(root, '.claude'))).toBe(false);
  const seen = async () => (await execa('git', ['status', '--porcelain'], { cwd: tree, env, extendEnv: false })).stdout;
  expect(await seen()).toBe('');
  // They share the exclude file: what goes in one stays hidden in the other.
  await lab(['install', 'autoresearch']);
  expect((await lab(['remove', 'autoresearch'])).code).toBe(0);
  expect(await seen()).toBe('');
  await lab(['remove', 'autoresearch'], tree);
  expect(readFileSync(join(root, '.git/info/exclude'), 'utf8')).not.toContain('skills');
});

test('`path` gives the installed skill, else that of the package, and `check` judges any folder', async () => {
  const packed = (await lab(['path', 'lab-search'])).stdout;
  expect(packed.endsWith('/skills/lab-search')).toBe(true);
  await lab(['install', 'lab-search']);
  expect((await lab(['path', 'lab-search'])).stdout).toBe(join(root, '.agents/skills/lab-search'));
  expect((await lab(['check'])).stdout).toBe(`${names.length} skills: valid`);
  await mkdir(join(root, 'Bad'));
  await writeFile(join(root, 'Bad', 'SKILL.md'), '---\nname: Bad\n---\n');
  const bad = await lab(['check', 'Bad']);
  expect(bad.code).toBe(1);
  expect(bad.stdout).toMatch(/Bad\/SKILL\.md: has the name "Bad"[\s\S]*has no description[\s\S]*has nothing below/);
});
