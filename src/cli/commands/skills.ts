/** `lab skills`: the skills for coding agents that come with the lab; puts them where each agent looks, and takes them away. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { checkSkill, formatSkillProblem } from '../../agents/skills/check-skill.ts';
import { writeExcluded } from '../../agents/skills/exclude-lines.ts';
import {
  installSkills,
  planInstallation,
  planRemoval,
  removeSkills,
  type SkillStep,
  type SkillsTarget,
} from '../../agents/skills/install-skills.ts';
import { readInstalledSkill } from '../../agents/skills/installed-skill.ts';
import { chooseSkills, readPackedSkills } from '../../agents/skills/packed-skills.ts';
import { placesOf, type SkillAgent, skillAgents, skillPlaces } from '../../agents/skills/skill-places.ts';
import { buildId } from '../../config/package-root.ts';
import { findCheckoutRoot } from '../../config/repository-root.ts';
import { LabError } from '../../errors/lab-error.ts';
import type { CommandInput, CommandSpec, OptionSpec } from '../define.ts';
import { cut, renderTable, terminalWidth } from '../render.ts';
import { mergeOptions, parseChoice, runVerb, type Verb } from '../verbs.ts';

const forOption: OptionSpec = {
  name: 'for',
  value: 'agent',
  description: `Where this agent looks: ${skillAgents.join(', ')} (default: all)`,
};
const userOption: OptionSpec = { name: 'user', description: 'In your home, for every repository, not in this one' };
const jsonOption: OptionSpec = { name: 'json', description: 'Print as JSON' };
const dryOption: OptionSpec = { name: 'dry-run', description: 'Only say what would be done' };

/** Where a call works: the checkout around the current folder, or the home. Null outside both. */
function findBase(input: CommandInput): { base: string; staysBelow: boolean } | null {
  if (input.flag('user')) return { base: homedir(), staysBelow: false };
  const base = findCheckoutRoot(process.cwd());
  return base === null ? null : { base, staysBelow: true };
}

function readTarget(input: CommandInput): SkillsTarget {
  const found = findBase(input);
  if (found === null)
    throw new LabError('user', `${process.cwd()} lies in no git repository, expected one to put skills into`, {
      hints: ['`--user` takes your home instead, for every repository', '`git init` or `lab init` makes one here'],
    });
  const agent: SkillAgent = parseChoice('for', input.text('for'), skillAgents) ?? 'all';
  return { ...found, places: placesOf(agent), isForced: input.flag('force') };
}

const list: Verb = {
  name: 'list',
  usage: '',
  summary: 'List the skills with their state in each place (the default)',
  options: [userOption, jsonOption],
  async run(input) {
    const found = findBase(input);
    const rows = readPackedSkills().map((skill) => ({
      name: skill.name,
      description: skill.description,
      folder: skill.folder,
      places: Object.fromEntries(
        skillPlaces.map((place) => {
          if (found === null) return [place, { state: 'absent', version: null, changed: [] }];
          const { state, version, changed } = readInstalledSkill(skill, join(found.base, place, skill.name));
          return [place, { state, version, changed }];
        }),
      ),
    }));
    if (input.flag('json')) {
      process.stdout.write(`${JSON.stringify({ base: found?.base ?? null, skills: rows }, null, 2)}\n`);
      return 0;
    }
    const width = Math.max(20, terminalWidth() - 54);
    process.stdout.write(
      renderTable(
        ['skill', ...skillPlaces, 'for'],
        rows.map((row) => [
          row.name,
          ...skillPlaces.map((place) =>
            row.places[place]?.state === 'absent' ? '-' : (row.places[place]?.state ?? ''),
          ),
          process.stdout.isTTY ? cut(row.description, width) : row.description,
        ]),
      ),
    );
    if (found === null)
      process.stderr.write('no git repository here: states are those of nowhere (`--user`: your home)\n');
    else if (rows.every((row) => skillPlaces.every((place) => row.places[place]?.state === 'absent')))
      process.stderr.write(
        `none is installed in ${found.base}: \`lab skills install${input.flag('user') ? ' --user' : ''}\`\n`,
      );
    return 0;
  },
};

/** Words of a step in a listing. */
function renderStep({ action, target, files, changed }: SkillStep, isDry: boolean): string {
  const count = `${files.length} file${files.length === 1 ? '' : 's'}`;
  const would = isDry ? 'would ' : '';
  if (action === 'none') return `${target}: nothing to do`;
  if (action === 'kept') return `${target}: left as it is, changed by hand: ${changed.join(', ')}`;
  return `${target}: ${would}${action} ${count}${isDry ? ` (${files.join(', ')})` : ''}`;
}

/** Prints the plan; the exit code says whether something was left. */
function report(input: CommandInput, base: string, steps: SkillStep[]): number {
  const isDry = input.flag('dry-run');
  if (input.flag('json')) process.stdout.write(`${JSON.stringify({ base, isDryRun: isDry, steps }, null, 2)}\n`);
  else process.stdout.write(steps.map((step) => `${renderStep(step, isDry)}\n`).join(''));
  const kept = steps.filter(({ action }) => action === 'kept');
  if (kept.length === 0) return 0;
  throw new LabError(
    'refused',
    `${kept.length} of ${steps.length} were left: files that the lab did not write, or that were changed since, stay`,
    { hints: ['`--force` takes the place of your version; look at it first'] },
  );
}

const install: Verb = {
  name: 'install',
  usage: '[name…]',
  summary: 'Put skills where agents look; what you changed stays',
  options: [
    forOption,
    userOption,
    dryOption,
    { name: 'force', description: 'Replace or remove files that were changed by hand too' },
    { name: 'share', description: 'Leave them in the sight of git, to commit them; else .git/info/exclude hides them' },
    jsonOption,
  ],
  async run(input) {
    const target = readTarget(input);
    const skills = chooseSkills(readPackedSkills(), input.words);
    const steps = planInstallation(skills, target);
    if (!input.flag('dry-run')) {
      await installSkills(skills, steps, buildId());
      if (!input.flag('user')) {
        const folders = steps.filter(({ action }) => action !== 'kept').map((step) => `${step.place}/${step.skill}`);
        const isShared = input.flag('share');
        const change = { hidden: isShared ? [] : folders, shown: isShared ? folders : [] };
        if ((await writeExcluded(target.base, change)) && !isShared)
          process.stderr.write('git does not see them (.git/info/exclude); `--share` is for committing them\n');
      }
    }
    return report(input, target.base, steps);
  },
};

const remove: Verb = {
  name: 'remove',
  usage: '[name…]',
  summary: 'Take installed skills away again; what you changed stays',
  options: [
    forOption,
    userOption,
    dryOption,
    { name: 'force', description: 'Replace or remove files that were changed by hand too' },
    jsonOption,
  ],
  async run(input) {
    const target = readTarget(input);
    const steps = planRemoval(chooseSkills(readPackedSkills(), input.words), target);
    if (!input.flag('dry-run')) {
      removeSkills(steps, target.base);
      const gone = steps.filter(({ action }) => action !== 'kept').map((step) => `${step.place}/${step.skill}`);
      if (!input.flag('user')) await writeExcluded(target.base, { hidden: [], shown: gone });
    }
    return report(input, target.base, steps);
  },
};

const path: Verb = {
  name: 'path',
  usage: '<name>',
  summary: 'Print the folder of a skill: the installed one, else that of the package',
  options: [userOption],
  async run(input) {
    if (input.words.length !== 1) throw new LabError('usage', 'lab skills path needs the name of one skill');
    const [skill] = chooseSkills(readPackedSkills(), input.words);
    if (skill === undefined) return 1;
    const found = findBase(input);
    const installed = skillPlaces
      .map((place) => join(found?.base ?? '', place, skill.name))
      .find((folder) => found !== null && existsSync(join(folder, 'SKILL.md')));
    process.stdout.write(`${installed ?? skill.folder}\n`);
    return 0;
  },
};

const check: Verb = {
  name: 'check',
  usage: '[folder…]',
  summary: 'Check skills by the Agent Skills format; without a folder those of the package',
  options: [jsonOption],
  async run(input) {
    const folders = input.words.length > 0 ? input.words : readPackedSkills().map(({ folder }) => folder);
    const found = folders.map((folder) => {
      // The file itself may be named too.
      const own = basename(folder) === 'SKILL.md' ? dirname(resolve(folder)) : resolve(folder);
      return { folder: own, problems: checkSkill(own) };
    });
    const lines = found.flatMap(({ folder, problems }) =>
      problems.map((problem) => formatSkillProblem(basename(folder), problem)),
    );
    if (input.flag('json')) process.stdout.write(`${JSON.stringify({ skills: found }, null, 2)}\n`);
    else if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
    else process.stdout.write(`${found.length} skill${found.length === 1 ? '' : 's'}: valid\n`);
    return lines.length > 0 ? 1 : 0;
  },
};

const verbs: readonly Verb[] = [list, install, remove, path, check];

/** Skills for coding agents. */
export const skills: CommandSpec = {
  name: 'skills',
  summary: 'Put skills where coding agents look, list, check or remove them',
  usage: 'list | install [name…] | remove [name…] | path <name> | check [folder…]',
  options: mergeOptions(verbs),
  examples: [
    'lab skills',
    'lab skills install --dry-run',
    'lab skills install autoresearch lab-queue --for claude',
    'lab skills install --user',
  ],
  run: (input) => runVerb('skills', verbs, input, 'list'),
};
