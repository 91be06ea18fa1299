/** `lab rules`: which rules a path has and why, the check of commits, the git hooks. Starts no daemon; a hook loads little. */
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { findLab } from '../../config/lab-paths.ts';
import { isLockOpen } from '../../config/open-locks.ts';
import { findCheckoutRoot, findRepositoryRoot } from '../../config/repository-root.ts';
import { LabError } from '../../errors/lab-error.ts';
import { readMainRules } from '../../git/committed-config.ts';
import { findCommit, resolveMainBranch } from '../../git/repository.ts';
import type { CommitProblems, RuleSource } from '../../rules/commit-facts.ts';
import { type HookState, installHooks, uninstallHooks } from '../../rules/hooks.ts';
import { explainRules, listRules, type RuleReason } from '../../rules/taxonomy.ts';
import { type CommandInput, type CommandSpec, ensureNoWords } from '../define.ts';
import { openConfig } from '../open-config.ts';
import { disarmLine } from '../page.ts';
import { renderTable } from '../render.ts';
import { checkPushed, checkWords, renderFound } from '../rules/check-commits.ts';
import { mergeOptions, runVerb, type Verb } from '../verbs.ts';

const show: Verb = {
  name: 'show',
  usage: '[path…]',
  summary: 'Show the rules of paths and the globs that give them, or the whole table (the default)',
  options: [{ name: 'json', description: 'Print as JSON' }],
  async run(input) {
    const configured = openConfig(findLab(process.cwd())).rules;
    const isJson = input.flag('json');
    if (input.words.length === 0) {
      const table = listRules(configured);
      const rows = table.map(({ glob, rule, origin }) => [disarmLine(glob), rule, origin]);
      process.stdout.write(isJson ? `${JSON.stringify({ table })}\n` : renderTable(['glob', 'rule', 'from'], rows));
      return 0;
    }
    const paths = input.words.map((word) => {
      const path = resolveInside(word);
      return { path, reasons: explainRules(path, configured) };
    });
    if (isJson) {
      const shown = paths.map(({ path, reasons }) => ({
        path,
        rules: [...new Set(reasons.map(({ rule }) => rule))],
        reasons,
      }));
      process.stdout.write(`${JSON.stringify({ paths: shown })}\n`);
    } else {
      const rows = paths.flatMap(({ path, reasons }) => renderReasons(disarmLine(path), reasons));
      process.stdout.write(renderTable(['path', 'rule', 'glob', 'from'], rows));
    }
    return 0;
  },
};

const check: Verb = {
  name: 'check',
  usage: '[REV..REV]',
  summary: 'Check what is staged, or each commit of a range',
  options: [
    { name: 'staged', description: 'What is staged, against HEAD (the default)' },
    { name: 'push', value: 'remote', description: 'What is pushed there, as git tells it on standard input' },
    { name: 'hook', description: 'As a git hook: silent where nothing is wrong' },
    { name: 'json', description: 'Print as JSON' },
  ],
  async run(input) {
    const remote = input.text('push');
    if (input.words.length > 0 && (input.flag('staged') || remote !== null))
      throw new LabError('usage', `a range goes with neither --staged nor --push, got "${input.words.join(' ')}"`);
    if (input.flag('hook') && isLockOpen('hooks')) return 0;
    const source = await openRules(input.flag('hook'));
    if (source === null) return 0;
    const { subject, found } =
      remote === null ? await checkWords(source, input.words) : await checkPushed(source, remote, await readInput());
    if (input.flag('json')) process.stdout.write(`${JSON.stringify({ subject, found })}\n`);
    else if (input.flag('hook'))
      process.stderr.write(found.length === 0 ? '' : renderRefusal(found, remote, await isMerging(source.cwd)));
    else process.stdout.write(found.length === 0 ? `${subject}: no rule is broken\n` : renderFound(found));
    return found.length === 0 ? 0 : 1;
  },
};

const install: Verb = {
  name: 'install',
  usage: '',
  summary: 'Install the git hooks for the lab and its worktrees, after your own',
  options: [],
  async run(input) {
    ensureNoWords('rules install', input);
    const states = await installHooks(findLab(process.cwd()).root);
    process.stdout.write(states.map(describeHook).join(''));
    return 0;
  },
};

const uninstall: Verb = {
  name: 'uninstall',
  usage: '',
  summary: 'Take the git hooks away, and put your own back as they were',
  options: [],
  async run(input) {
    ensureNoWords('rules uninstall', input);
    const gone = await uninstallHooks(findLab(process.cwd()).root);
    process.stdout.write(gone.length === 0 ? 'no hook of the lab is installed\n' : `took away ${gone.join(', ')}\n`);
    return 0;
  },
};

const verbs: readonly Verb[] = [show, check, install, uninstall];

/** Shows the file rules, checks commits by them, installs the hooks that do. */
export const rules: CommandSpec = {
  name: 'rules',
  summary: 'Show file rules, check commits by them, install the git hooks',
  usage: '[path… | check [REV..REV] | install | uninstall]',
  options: mergeOptions(verbs),
  examples: [
    'lab rules',
    'lab rules results.tsv problem/prepare.py',
    'lab rules check main..HEAD',
    'lab rules install',
  ],
  run(input) {
    const isVerb = verbs.some(({ name }) => name === input.words[0]);
    const whole: CommandInput = isVerb ? input : { ...input, words: ['show', ...input.words] };
    return runVerb('rules', verbs, whole);
  },
};

/** A path as the rules know it: relative to the checkout around the present folder. Throws LabError (usage) where it lies outside. */
function resolveInside(word: string): string {
  const folder = process.cwd();
  const checkout = findCheckoutRoot(folder) ?? folder;
  const path = relative(checkout, resolve(folder, word));
  if (path === '' || path.startsWith('..') || isAbsolute(path))
    throw new LabError('usage', `"${word}" is no file of the lab, expected a path inside ${checkout}`);
  return path.split(sep).join('/');
}

function renderReasons(path: string, reasons: readonly RuleReason[]): string[][] {
  if (reasons.length === 0) return [[path, 'REGULAR', '', '']];
  return reasons.map(({ rule, glob, origin }) => [path, rule, disarmLine(glob), origin]);
}

/** The rules to check by; null for a hook in a repository that is no lab (any more) and has no main branch to speak of. */
async function openRules(isHook: boolean): Promise<RuleSource | null> {
  const cwd = process.cwd();
  const root = isHook ? findRepositoryRoot(cwd) : findLab(cwd).root;
  if (root === null) return null;
  // A hook must not be got round by what lies in the folder: main's rules count.
  const { main, rules, problem } = readMainRules(root);
  if (problem !== null) process.stderr.write(`note: the built-in rules alone are checked: ${problem}\n`);
  return { cwd, main: await resolveMainBranch(root, main), rules };
}

async function readInput(): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString('utf8');
}

/** Whether git is in the middle of a merge in this checkout, or will be once the hook has refused. */
async function isMerging(cwd: string): Promise<boolean> {
  // `git merge` writes MERGE_HEAD only after pre-merge-commit; until then the environment names what it merges.
  if (Object.keys(process.env).some((name) => /^GITHEAD_[0-9a-f]{40,64}$/.test(name))) return true;
  return (await findCommit(cwd, 'MERGE_HEAD')) !== null;
}

function renderRefusal(found: readonly CommitProblems[], remote: string | null, inMerge: boolean): string {
  const act = remote === null ? 'commit' : 'push';
  const isFrozen = found.some(({ problems }) => problems.some(({ rule }) => rule === 'FROZEN'));
  // Nothing that costs the only copy of an edit.
  const leave = inMerge
    ? '`git merge --abort` takes the merge back'
    : '`git restore --staged -- FILE` leaves a file out of the commit and keeps the edit';
  return `nightlab: the file rules of this lab refuse the ${act}
${renderFound(found).replaceAll(/^/gm, '  ').trimEnd()}
hint: ${remote === null ? leave : '`lab rules check REV..REV` checks again'}; \`lab rules FILE\` says why it is protected
${isFrozen ? 'hint: frozen files change on main, in META_MODE: `lab meta on` says what it takes (0_docs/guide/meta-mode.md)\n' : ''}`;
}

function describeHook({ name, kind, isChained }: HookState): string {
  const chain = isChained ? ', after your own, which is now called `before-nightlab`' : '';
  return kind === 'lab' ? `${name}: installed${chain}\n` : `${name}: not installed\n`;
}
