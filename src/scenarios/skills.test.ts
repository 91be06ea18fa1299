/** The skills at work: every command in them is run in a lab; what stands outside of the lab is a stand-in of the test. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packedSkillsFolder, readPackedSkills } from '../agents/skills/packed-skills.ts';
import { createScriptedLab } from './scripted-agent.ts';
import { listShellBlocks, putStandIns, serveWeb, type WebStandIn } from './skill-stand-ins.ts';
import type { TemporaryLab } from './temporary-lab.ts';

const skills = readPackedSkills();
const labSkills = skills.filter(({ name }) => name !== 'autoresearch').map(({ name }) => name);
// The recipes of the starter lab, for a lab whose train.py lies in its root.
const recipes = readFileSync(join(packedSkillsFolder(), '..', 'justfile'), 'utf8')
  .replaceAll('python3 problem/train.py --smoke', 'python3 -m py_compile train.py')
  .replaceAll('problem/train.py', 'train.py')
  .replaceAll(/^ {4}python3 problem\/prepare\.py.*\n/gm, '');

let lab: TemporaryLab;
let web: WebStandIn;
let env: Record<string, string>;

beforeAll(async () => {
  web = await serveWeb();
  lab = await createScriptedLab(['better']);
  const bin = join(lab.around, 'bin');
  putStandIns(bin);
  env = { ...lab.env, ...web.env, PATH: `${bin}:${lab.env.PATH}`, HOME: join(lab.around, 'home') };
  await lab.write('justfile', recipes);
  await lab.git('add', 'justfile');
  await lab.git('commit', '--quiet', '--no-verify', '--message=recipes');
  const ideated = await lab.lab('ideate', '--until', '1');
  expect(ideated, ideated.stderr).toMatchObject({ code: 0 });
  const built = await lab.lab('implement', 'better');
  expect(built, built.stderr).toMatchObject({ code: 0 });
  const installed = await lab.lab('skills', 'install');
  expect(installed, installed.stderr).toMatchObject({ code: 0 });
  // A job then runs the commit, not a snapshot with the skills in it.
  expect(await lab.git('status', '--porcelain')).toBe('');
}, 400_000);
afterAll(async () => {
  await lab.remove();
  await web.close();
});

/** Runs a few lines as an agent's shell would; stops at the first that fails. */
async function runShell(text: string, cwd: string, environment: Record<string, string>) {
  const settings = { cwd, env: environment, extendEnv: false, reject: false, all: true, stdin: 'ignore' } as const;
  const { exitCode, stdout, all } = await execa('sh', ['-eu', '-c', text], settings);
  return { code: exitCode ?? null, stdout, output: all };
}

test.each(labSkills)(
  'every command of %s runs in a lab',
  async (name) => {
    const page = readFileSync(join(packedSkillsFolder(), name, 'SKILL.md'), 'utf8');
    const blocks = listShellBlocks(page);
    expect(blocks.length).toBeGreaterThan(1);
    for (const { line, text } of blocks) {
      const ended = await runShell(text, lab.root, env);
      expect(ended.code, `${name}/SKILL.md:${line}\n${text}\n${ended.output}`).toBe(0);
    }
  },
  400_000,
);

test('searches went to the services that the environment names, with what was asked', () => {
  const asked = web.requests.join('\n');
  expect(asked).toMatch(/GET \/arxiv\?search_query=all%3A%28residual/);
  expect(asked).toMatch(/GET \/arxiv\?id_list=2401\.00001/);
  expect(asked).toMatch(/POST \/exa\/search .*"category": "research paper"/);
  expect(asked).toMatch(/POST \/v1\/embeddings .*"input"/);
});
