/** What `lab doctor` says of the locks around frozen files: sandbox, hooks, META_MODE, data that no track covers, the tests' own switch. */
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPaths } from '../../config/lab-paths.ts';
import { isLockOpen, lockNames } from '../../config/open-locks.ts';
import { packageRoot } from '../../config/package-root.ts';
import type { LabConfig } from '../../config/schema.ts';
import { LabError, messageOf } from '../../errors/lab-error.ts';
import { findCommit, resolveMainBranch } from '../../git/repository.ts';
import { hasResults } from '../../git/set-up-phase.ts';
import { parseGrant } from '../../rules/grant.ts';
import { renderHook } from '../../rules/hook-script.ts';
import { findHooksPlace, readHooks } from '../../rules/hooks.ts';
import { checkMeta, readHumanJournal } from '../../rules/meta-state.ts';
import { probeSandbox } from '../../sandbox/bubblewrap.ts';
import { isInside } from '../../sandbox/sandbox.ts';
import type { Check } from './check.ts';
import { trySandbox } from './sandbox-trial.ts';

const locksPage = '0_docs/guide/locks.md of nightlab says which attacks are then only shown';

/** Checks the locks of the lab at `paths`; `config` is null where its configuration is broken. */
export async function checkLocks(paths: LabPaths, config: LabConfig | null): Promise<Check[]> {
  return [
    ...(await checkSandbox(paths, config)),
    await checkHooks(paths),
    await checkMetaMode(paths, config),
    ...(config === null ? [] : checkData(paths, config)),
    ...checkTestSwitch(),
  ];
}

/** What the sandbox can do, tried for real inside a lab; outside of one (`paths` null) whether there is one. */
export async function checkSandbox(paths: LabPaths | null, config: LabConfig | null): Promise<Check[]> {
  const probe = await probeSandbox();
  const wanted = config?.sandbox ?? 'preferred';
  const name = 'sandbox';
  const flagged = 'rows are flagged unsandboxed and agent-unsandboxed';
  if (probe.kind === 'none') {
    const then =
      wanted === 'required'
        ? 'and `sandbox: required` cannot be met: no run and no agent starts'
        : `${flagged}; ${locksPage}`;
    const state = wanted === 'required' ? 'bad' : 'note';
    return [{ name, state, found: `none (${probe.reason}); ${then}`, mend: wanted === 'off' ? '' : probe.mend }];
  }
  const there = `bubblewrap ${probe.version}`;
  if (wanted === 'off')
    return [
      {
        name,
        state: 'note',
        found: `${there} works, but \`sandbox: off\`: ${flagged}; ${locksPage}`,
        mend: 'sandbox: preferred in lab.local.yaml',
      },
    ];
  if (paths === null || config === null) return [{ name, state: 'ok', found: there, mend: '' }];
  const setting = { name, state: 'ok' as const, found: `${there}; \`sandbox: ${wanted}\` is met`, mend: '' };
  try {
    const trials = await trySandbox(paths, config);
    return [
      setting,
      ...trials.map(({ who, holds, fails }): Check => {
        if (fails.length === 0) return { name, state: 'ok', found: `${who} (tried): ${holds.join('; ')}`, mend: '' };
        return { name, state: 'bad', found: `${who} (tried) ${fails.join('; ')}; expected that they cannot`, mend: '' };
      }),
    ];
  } catch (error) {
    return [
      setting,
      { name, state: 'note', found: `could not be tried in ${paths.state}: ${messageOf(error)}`, mend: '' },
    ];
  }
}

async function checkHooks(paths: LabPaths): Promise<Check> {
  const name = 'hooks';
  const mend = '`lab rules install`';
  try {
    const { folder, objection } = await findHooksPlace(paths.root);
    if (objection !== null)
      return {
        name,
        state: 'note',
        found: `git looks in ${folder}, where the lab writes none (${objection}): commits go unchecked until they are queued`,
        mend: 'call `lab rules check --staged --hook` from your own pre-commit',
      };
    const states = await readHooks(paths.root);
    const told = states.flatMap(({ name: hook, kind }) => {
      if (kind === 'none') return [`${hook} is not installed`];
      if (kind === 'user') return [`${hook} is somebody else's`];
      const file = join(folder, hook);
      if ((lstatSync(file).mode & 0o111) === 0) return [`${hook} is not executable`];
      const isFresh = readFileSync(file, 'utf8') === renderHook(hook, packageRoot(), process.execPath);
      return isFresh ? [] : [`${hook} is of another version or folder of nightlab`];
    });
    if (told.length === 0)
      return {
        name,
        state: 'ok',
        found: `${states.map((state) => state.name).join(', ')} check what is committed`,
        mend: '',
      };
    return { name, state: 'note', found: `${told.join(', ')}: git does not refuse what the file rules forbid`, mend };
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    return { name, state: 'bad', found: error.message, mend };
  }
}

async function checkMetaMode(paths: LabPaths, config: LabConfig | null): Promise<Check> {
  const name = 'META_MODE';
  try {
    const found = await checkMeta(paths, new Date());
    if (found.kind === 'open')
      return {
        name,
        state: 'note',
        found: `open until ${found.state.until}, by ${found.state.by}: ${found.state.reason}`,
        mend: '`lab meta off` commits what was changed and closes it',
      };
    if (found.kind === 'expired')
      return {
        name,
        state: 'note',
        found: `closed just now: ${found.reason}`,
        mend: '`lab meta status` shows what is left',
      };
    if (process.env.META_MODE !== '1') {
      const main = await resolveMainBranch(paths.root, config?.main ?? null);
      const found =
        (await findCommit(paths.root, `refs/heads/${main}`)) === null || !hasResults(paths.root, main)
          ? `closed, and not needed before the first result: \`git commit\` on ${main} takes frozen files until then`
          : 'closed: frozen files stay as they are';
      return { name, state: 'ok', found, mend: '' };
    }
    const grant = parseGrant(readHumanJournal(paths.root) ?? '', new Date());
    return {
      name,
      state: 'note',
      found:
        grant.kind === 'granted'
          ? `closed; the variable is set and "${grant.heading}" grants it until ${grant.until}`
          : `closed; the variable is set without a grant: ${grant.reason}`,
      mend: grant.kind === 'granted' ? '`lab meta on --reason "…"` opens it' : 'unset META_MODE',
    };
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    return { name, state: 'bad', found: error.message, mend: error.hints[0] ?? '' };
  }
}

/** Linked data that no track covers, and data of the scorer that is not there. */
export function checkData(paths: LabPaths, config: LabConfig): Check[] {
  const name = 'data';
  const { links, scoreLinks } = config.checkout;
  const covered = [...config.data, ...scoreLinks].map((path) => join(paths.root, path));
  const unseen = links.filter((link) => !covered.some((path) => isInside(join(paths.root, link), path)));
  const missing = scoreLinks.filter((link) => !existsSync(join(paths.root, link)));
  const checks: Check[] = [];
  if (unseen.length > 0)
    checks.push({
      name,
      state: 'note',
      found: `${unseen.join(', ')} (checkout.links): not part of the track: a change of that data goes unseen`,
      mend: 'name it under `data:` in lab.yaml as well',
    });
  if (missing.length > 0)
    checks.push({
      name,
      state: 'bad',
      found: `${missing.join(', ')} (checkout.scoreLinks) is not in ${paths.root}: the scorer will not find it`,
      mend: 'put it there, or take it out of lab.yaml',
    });
  return checks;
}

function checkTestSwitch(): Check[] {
  const open = lockNames.filter((lock) => isLockOpen(lock));
  if (open.length === 0) return [];
  return [
    {
      name: 'test',
      state: 'bad',
      found: `LAB_TEST_OPEN_LOCKS opens ${open.join(', ')}: a switch of nightlab's own tests`,
      mend: 'unset LAB_TEST_OPEN_LOCKS, then `lab down`',
    },
  ];
}
