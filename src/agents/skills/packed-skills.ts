/** The skills that come with the lab: every folder below skills/ of the package, read whole. They are texts and small scripts. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../config/package-root.ts';
import { LabError } from '../../errors/lab-error.ts';
import { parseSkillText } from './check-skill.ts';

/** One file of a skill. */
export interface SkillFile {
  /** Relative to the skill's folder, with "/". */
  path: string;
  bytes: Buffer;
  /** SHA-256, hex. */
  sha256: string;
}

/** A skill of the package. */
export interface PackedSkill {
  /** That of its folder: "autoresearch". */
  name: string;
  description: string;
  /** Absolute. */
  folder: string;
  /** In the order of their paths. */
  files: SkillFile[];
}

/** SHA-256 of a file's bytes, hex. */
export function hashBytes(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Where the package keeps them. */
export function packedSkillsFolder(): string {
  return join(packageRoot(), 'skills');
}

/** All skills of the package by name; `autoresearch`, the front door, first. */
export function readPackedSkills(): PackedSkill[] {
  const folder = packedSkillsFolder();
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort((one, other) => Number(other === 'autoresearch') - Number(one === 'autoresearch') || (one < other ? -1 : 1));
  return names.map((name) => {
    const files = readFiles(join(folder, name), '');
    const text = files.find(({ path }) => path === 'SKILL.md')?.bytes.toString('utf8') ?? '';
    const description = parseSkillText(text).frontMatter?.description;
    return {
      name,
      description: typeof description === 'string' ? description.replaceAll(/\s+/g, ' ').trim() : '',
      folder: join(folder, name),
      files,
    };
  });
}

/** The named ones, all without a name. Throws LabError (usage) that lists the valid names. */
export function chooseSkills(skills: readonly PackedSkill[], names: readonly string[]): PackedSkill[] {
  const unknown = names.filter((name) => !skills.some((skill) => skill.name === name));
  if (unknown.length > 0)
    throw new LabError(
      'usage',
      `no skill is called ${unknown.map((name) => `"${name}"`).join(', ')}, expected of: ${skills.map(({ name }) => name).join(', ')}`,
      { hints: ['`lab skills` lists them'] },
    );
  return names.length === 0 ? [...skills] : skills.filter(({ name }) => names.includes(name));
}

// Left behind by a python that ran a script from the package.
const strayNames = new Set(['__pycache__', '.DS_Store']);

function readFiles(root: string, below: string): SkillFile[] {
  return readdirSync(join(root, below), { withFileTypes: true })
    .filter((entry) => !strayNames.has(entry.name))
    .flatMap((entry) => {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) return readFiles(root, path);
      const bytes = readFileSync(join(root, path));
      return [{ path, bytes, sha256: hashBytes(bytes) }];
    })
    .sort((one, other) => (one.path < other.path ? -1 : 1));
}
