import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listExcluded, replaceExcluded } from './exclude-lines.ts';
import { installSkills, planInstallation, planRemoval, removeSkills, type SkillStep } from './install-skills.ts';
import { readInstalledSkill } from './installed-skill.ts';
import { hashBytes, type PackedSkill } from './packed-skills.ts';
import { placesOf, type SkillPlace, skillPlaces } from './skill-places.ts';

let base: string;
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'skills-')));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const createSkill = (files: Record<string, string>): PackedSkill => ({
  name: 'demo',
  description: 'x',
  folder: '/nowhere',
  files: Object.entries(files).map(([path, text]) => ({
    path,
    bytes: Buffer.from(text),
    sha256: hashBytes(Buffer.from(text)),
  })),
});
const old = createSkill({ 'SKILL.md': 'one\n', 'scripts/run.sh': '#!/bin/sh\n', 'gone.md': 'old\n' });
const fresh = createSkill({ 'SKILL.md': 'two\n', 'scripts/run.sh': '#!/bin/sh\n', 'references/more.md': 'more\n' });
const place: SkillPlace = '.agents/skills';
const target = { base: '', places: [place], isForced: false, staysBelow: true };
const at = (path: string) => join(base, place, 'demo', path);

async function install(skill: PackedSkill, isForced = false): Promise<SkillStep[]> {
  const steps = planInstallation([skill], { ...target, base, isForced });
  await installSkills([skill], steps, '1');
  return steps;
}
function remove(skill: PackedSkill, isForced = false): SkillStep[] {
  const steps = planRemoval([skill], { ...target, base, isForced });
  removeSkills(steps, base);
  return steps;
}
function write(path: string, text: string): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), text);
}
const actions = (steps: SkillStep[]) => steps.map(({ action }) => action);

test('an installation writes every file, scripts executable, and done again does nothing', async () => {
  expect(actions(await install(old))).toEqual(['install']);
  expect(readFileSync(at('SKILL.md'), 'utf8')).toBe('one\n');
  expect(statSync(at('scripts/run.sh')).mode & 0o777).toBe(0o755);
  expect(statSync(at('SKILL.md')).mode & 0o777).toBe(0o644);
  const before = statSync(at('.nightlab.json')).mtimeMs;
  expect(actions(await install(old))).toEqual(['none']);
  expect(statSync(at('.nightlab.json')).mtimeMs).toBe(before);
});

test('an unchanged older version is replaced, and what the new one lacks goes', async () => {
  await install(old);
  write('notes.md', 'mine\n');
  expect(readInstalledSkill(fresh, at(''))).toMatchObject({ state: 'outdated', toRemove: ['gone.md'] });
  expect(actions(await install(fresh))).toEqual(['update']);
  expect(readFileSync(at('SKILL.md'), 'utf8')).toBe('two\n');
  expect(existsSync(at('gone.md'))).toBe(false);
  expect(readFileSync(at('notes.md'), 'utf8')).toBe('mine\n');
  expect(readInstalledSkill(fresh, at('')).state).toBe('current');
});

test('a skill with a changed file stays whole, byte for byte, until it is forced', async () => {
  await install(old);
  write('SKILL.md', 'my own words\n');
  const [step] = await install(fresh);
  expect(step).toMatchObject({ action: 'kept', changed: ['SKILL.md'], files: [] });
  expect(readFileSync(at('SKILL.md'), 'utf8')).toBe('my own words\n');
  expect(existsSync(at('references/more.md'))).toBe(false);
  expect(actions(await install(fresh, true))).toEqual(['overwrite']);
  expect(readFileSync(at('SKILL.md'), 'utf8')).toBe('two\n');
});

test('a changed file that the new version lacks stays too, and goes where it is forced', async () => {
  await install(old);
  write('gone.md', 'mine now\n');
  expect(actions(await install(fresh))).toEqual(['kept']);
  expect(actions(await install(fresh, true))).toEqual(['overwrite']);
  expect(existsSync(at('gone.md'))).toBe(false);
  expect(readInstalledSkill(fresh, at('')).state).toBe('current');
});

test("somebody else's skill of the same name is left; the same files without a record are taken as installed", async () => {
  write('SKILL.md', 'another demo\n');
  expect(readInstalledSkill(old, at('')).state).toBe('foreign');
  expect(actions(await install(old))).toEqual(['kept']);
  expect(actions(remove(old))).toEqual(['kept']);
  expect(readFileSync(at('SKILL.md'), 'utf8')).toBe('another demo\n');
  rmSync(at(''), { recursive: true });
  for (const file of old.files) write(file.path, file.bytes.toString());
  expect(readInstalledSkill(old, at('')).state).toBe('current');
});

test('an installation that was cut off in the middle is finished by the next one', async () => {
  await install(old);
  // Killed after the first file, before the record.
  write('SKILL.md', 'two\n');
  expect(readInstalledSkill(fresh, at('')).state).toBe('outdated');
  expect(actions(await install(fresh))).toEqual(['update']);
  rmSync(at('references/more.md'));
  expect(actions(await install(fresh))).toEqual(['update']);
});

test("a first installation that was cut off is finished by the next one, and is nobody else's skill", async () => {
  // Killed after the first file: no record yet.
  write('SKILL.md', 'one\n');
  expect(readInstalledSkill(old, at('')).state).toBe('outdated');
  expect(actions(await install(old))).toEqual(['update']);
  expect(readInstalledSkill(old, at('')).state).toBe('current');
  expect(existsSync(at('.nightlab.json'))).toBe(true);
});

test.each(['{', '{"schema":2}', '{"schema":1,"version":"1","files":{"../../../victim":"x"}}'])(
  'a broken or hostile record (%s) lets nothing of somebody else be touched',
  async (record) => {
    writeFileSync(join(base, 'victim'), 'x');
    write('SKILL.md', 'mine\n');
    write('.nightlab.json', record);
    expect(actions(await install(fresh))).toEqual(['kept']);
    remove(fresh, true);
    expect(readFileSync(join(base, 'victim'), 'utf8')).toBe('x');
  },
);

test('a removal takes all that was installed, folders too, and leaves what is not ours', async () => {
  await install(old);
  expect(actions(remove(old))).toEqual(['remove']);
  expect(readdirSync(base)).toEqual([]);
  await install(old);
  write('notes.md', 'mine\n');
  remove(old);
  expect(readdirSync(at(''))).toEqual(['notes.md']);
  expect(actions(remove(old))).toEqual(['none']);
});

test('a removal leaves a skill with a changed file, unless it is forced', async () => {
  await install(old);
  write('SKILL.md', 'my own words\n');
  expect(actions(remove(old))).toEqual(['kept']);
  expect(readFileSync(at('SKILL.md'), 'utf8')).toBe('my own words\n');
  expect(existsSync(at('scripts/run.sh'))).toBe(true);
  expect(actions(remove(old, true))).toEqual(['remove']);
  expect(readdirSync(base)).toEqual([]);
});

test('a removal of another version takes the files that were installed then', async () => {
  await install(old);
  expect(actions(remove(fresh))).toEqual(['remove']);
  expect(readdirSync(base)).toEqual([]);
});

test('a link that leads out of the repository is refused before anything is written', async () => {
  const outside = mkdtempSync(join(tmpdir(), 'outside-'));
  try {
    symlinkSync(outside, join(base, '.agents'));
    expect(() => planInstallation([old], { ...target, base })).toThrow(/leads to .*expected a place below/);
    expect(readdirSync(outside)).toEqual([]);
    rmSync(join(base, '.agents'));
    symlinkSync(join(base, 'nowhere'), join(base, '.agents'));
    expect(() => planInstallation([old], { ...target, base })).toThrow('is a link that leads to nothing');
  } finally {
    rmSync(outside, { recursive: true });
  }
});

test('a link inside a skill that leads out is refused before anything outside is written or removed', async () => {
  const outside = mkdtempSync(join(tmpdir(), 'outside-'));
  try {
    mkdirSync(at(''), { recursive: true });
    symlinkSync(outside, at('scripts'));
    const refusal = /scripts leads to .*expected a place below/;
    for (const isForced of [false, true]) {
      expect(() => planInstallation([old], { ...target, base, isForced })).toThrow(refusal);
      expect(() => planRemoval([old], { ...target, base, isForced })).toThrow(refusal);
    }
    expect(readdirSync(outside)).toEqual([]);
    // A record that was cloned with the repository names a file out there as one of an older version.
    rmSync(at('scripts'));
    symlinkSync(outside, at('older'));
    writeFileSync(join(outside, 'victim'), 'x');
    const files = { 'older/victim': hashBytes(Buffer.from('x')), 'SKILL.md/x/y': '' };
    write('.nightlab.json', JSON.stringify({ schema: 1, version: '0', files }));
    expect(() => planInstallation([old], { ...target, base })).toThrow(/older leads to .*expected a place below/);
    expect(() => planRemoval([old], { ...target, base })).toThrow(/older leads to .*expected a place below/);
    expect(readdirSync(outside)).toEqual(['victim']);
  } finally {
    rmSync(outside, { recursive: true });
  }
});

test('one folder that serves all agents through a link is installed and removed as one', async () => {
  mkdirSync(join(base, '.agents', 'skills'), { recursive: true });
  mkdirSync(join(base, '.claude'));
  symlinkSync(join('..', '.agents', 'skills'), join(base, '.claude', 'skills'));
  const both = { ...target, base, places: skillPlaces };
  const steps = planInstallation([old], both);
  await installSkills([old], steps, '1');
  expect(actions(planInstallation([old], both))).toEqual(['none', 'none']);
  removeSkills(planRemoval([old], both), base);
  expect(existsSync(at(''))).toBe(false);
});

test('a folder that cannot be written is named', async () => {
  if (process.getuid?.() === 0) writeFileSync(join(base, '.agents'), 'a file in the way');
  else chmodSync(base, 0o555);
  await expect(install(old)).rejects.toThrow(join(base, '.agents'));
  if (process.getuid?.() !== 0) chmodSync(base, 0o755);
});

test('claude reads its own folder alone, the others the shared one', () => {
  expect(placesOf('claude')).toEqual(['.claude/skills']);
  expect(placesOf('codex')).toEqual(['.agents/skills']);
  expect(placesOf('all')).toEqual(skillPlaces);
});

test.each(['', '*.log\n', '*.log', 'a\r\nb\n'])(
  'our lines in an exclude file that held %j come and go, the rest stays',
  (text) => {
    const hidden = replaceExcluded(text, ['.agents/skills/demo', '.claude/skills/demo']);
    expect(hidden).toContain('\n/.agents/skills/demo/\n/.claude/skills/demo/\n');
    expect(hidden.startsWith(text)).toBe(true);
    expect(listExcluded(hidden)).toEqual(['.agents/skills/demo', '.claude/skills/demo']);
    expect(replaceExcluded(hidden, ['.agents/skills/demo', '.claude/skills/demo'])).toBe(hidden);
    expect(replaceExcluded(`${hidden}later\n`, []).trimEnd()).toBe(
      `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}later`,
    );
  },
);
