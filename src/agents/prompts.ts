/**
 * The task of each role as markdown: a file per role, prompts/<role>.md in the package, or the lab's own of the same name, with
 * `{{name}}` where the pipeline puts something in. It does not gather what is put in, and it does not fence it (fence.ts does).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../config/package-root.ts';
import type { AgentRole } from '../domain/experiment.ts';
import { errnoOf, LabError } from '../errors/lab-error.ts';

/**
 * The placeholders that each role is given, all of them always. In all: `labRoot`, `inbox`, `outbox` (absolute paths). `wanted`: how many
 * ideas; `slugs`: the ideas to judge, with commas; `directory`: the worktree; `frozen`: paths with commas; `back`, `problem`: one or
 * more sentences on what was wrong the time before, or ""; `request`: what the human asked for; `config`: lab.yaml as data. All else lies in the inbox: ideas.md, surprises.md and champion.md for the ideator, an idea per file for
 * the critic, idea.md for the rest, diff.patch for reviewer and reporter, record.json for the reporter.
 */
export const promptPlaceholders: Readonly<Record<AgentRole, readonly string[]>> = {
  ideator: ['labRoot', 'inbox', 'outbox', 'wanted'],
  critic: ['labRoot', 'inbox', 'outbox', 'slugs'],
  implementer: ['labRoot', 'inbox', 'outbox', 'directory', 'slug', 'title', 'frozen', 'back'],
  reviewer: ['labRoot', 'inbox', 'outbox', 'directory', 'slug', 'problem'],
  reporter: ['labRoot', 'inbox', 'outbox', 'slug', 'problem'],
  meta: ['labRoot', 'inbox', 'outbox', 'directory', 'request', 'frozen', 'config'],
  ratchet: [
    'labRoot',
    'inbox',
    'outbox',
    'directory',
    'tag',
    'number',
    'edits',
    'metric',
    'goal',
    'budget',
    'standing',
    'exploration',
    'back',
  ],
};

interface PromptFile {
  /** Absolute path. */
  path: string;
  text: string;
  /** False where the lab has its own. */
  isShipped: boolean;
}

function readPromptFile(role: AgentRole, labRoot: string): PromptFile {
  const own = join(labRoot, 'prompts', `${role}.md`);
  try {
    return { path: own, text: readFileSync(own, 'utf8'), isShipped: false };
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') {
      throw new LabError('config', `${own} cannot be read`, { cause: error });
    }
  }
  const path = join(packageRoot(), 'prompts', `${role}.md`);
  try {
    return { path, text: readFileSync(path, 'utf8'), isShipped: true };
  } catch (error) {
    throw new LabError('internal', `${path} cannot be read; it is part of nightlab`, { cause: error });
  }
}

function ensureValues(role: AgentRole, values: Record<string, string>): void {
  const known = promptPlaceholders[role];
  const missing = known.filter((name) => values[name] === undefined);
  const unknown = Object.keys(values).filter((name) => !known.includes(name));
  if (missing.length === 0 && unknown.length === 0) return;
  const said = [
    missing.length === 0 ? '' : `nothing for ${missing.join(', ')}`,
    unknown.length === 0 ? '' : `a value for ${unknown.join(', ')}, which it does not know`,
  ];
  throw new LabError(
    'internal',
    `the prompt of the ${role} was given ${said.filter((part) => part !== '').join(' and ')}`,
  );
}

/**
 * The prompt of a role. `values` has one text for each of the role's placeholders (promptPlaceholders); what stands in a value is put in as
 * it is, `{{…}}` included. The lab's own `prompts/<role>.md` below `labRoot` counts where there is one; it has to use `{{outbox}}` and may
 * leave out the others. Throws LabError: internal for a missing or unknown value, config for what is wrong in the lab's own file.
 */
export function renderPrompt(role: AgentRole, labRoot: string, values: Record<string, string>): string {
  ensureValues(role, values);
  const file = readPromptFile(role, labRoot);
  // A project may have a folder of this name for something else: better told than sent to an agent.
  if (!/\{\{\s*outbox\s*\}\}/.test(file.text)) {
    throw new LabError(
      file.isShipped ? 'internal' : 'config',
      `${file.path} has no {{outbox}}, expected in the prompt of the ${role}: the agent would not learn where to hand in`,
      { hints: [`is it no prompt of this lab's? give it another name, and nightlab's own prompt counts`] },
    );
  }
  return file.text.replace(/\{\{\s*([^{}\s]*)\s*\}\}/g, (whole, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value !== undefined) return value;
    const line = file.text.slice(0, file.text.indexOf(whole)).split('\n').length;
    const known = promptPlaceholders[role].join(', ');
    throw new LabError(
      file.isShipped ? 'internal' : 'config',
      `${file.path}:${line} has the placeholder ${whole}, expected one of ${known}`,
      { hints: ["take the file away, and nightlab's own prompt counts again"] },
    );
  });
}
