/**
 * Whether the journal of META_MODE tells of a granted change of a frozen file. The hook asks for META_MODE; a commit past it (`--no-verify`)
 * on a day of a grant breaks no rule by its content, and shows only here.
 */

import { readBlobs } from '../../git/blob-content.ts';
import { isAncestor } from '../../git/diff-facts.ts';
import type { TreeChange } from '../../git/tree-diff.ts';
import { checkCommit } from '../../rules/commit-check.ts';
import { permitCommit } from '../../rules/frozen-permission.ts';
import { readMetaState } from '../../rules/meta-state.ts';
import { rulesOf } from '../../rules/taxonomy.ts';
import type { AuditSources } from './audit-sources.ts';
import { listEntries } from './journal-entries.ts';
import type { MainCommit } from './main-history.ts';

const metaJournal = 'meta_journal.md';

/** Asks whether a frozen file's change was told of. */
export interface MetaTelling {
  /** Paths of frozen files that the commit changed by right, after the set-up phase, and that no entry tells of. */
  listUntold(commit: MainCommit, broken: ReadonlySet<string>): Promise<string[]>;
  /** Whether META_MODE is open now and was opened before the commit, so that `lab meta off` will tell of it. */
  isStillOpen(commit: MainCommit): Promise<boolean>;
}

/** How `lab meta off` writes a path. */
function formatPath(path: string): string {
  const folded = path.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  return `\`${folded.replaceAll('`', "'")}\``;
}

/** Texts of the entries that a commit adds to meta_journal.md. */
async function readAddedEntries(root: string, commit: MainCommit): Promise<string[]> {
  const change = commit.changes.find(({ path }) => path === metaJournal);
  if (change === undefined || change.newBlob === null || change.newMode?.startsWith('100') !== true) return [];
  const blobs = await readBlobs(root, [change.newBlob, ...(change.oldBlob === null ? [] : [change.oldBlob])]);
  const textsOf = (blob: string | null) =>
    listEntries(blob === null ? '' : (blobs.get(blob)?.toString('utf8') ?? '')).map(({ text }) => text);
  const old = new Set(textsOf(change.oldBlob));
  return textsOf(change.newBlob).filter((text) => !old.has(text));
}

/** A charter with holes may be filled at any time. */
async function isCharterFilled(root: string, change: TreeChange): Promise<boolean> {
  const { path, oldBlob, newBlob } = change;
  if (path !== 'program.md' || oldBlob === null || newBlob === null) return false;
  const blobs = await readBlobs(root, [oldBlob, newBlob]);
  const [before = null, after = null] = [oldBlob, newBlob].map((blob) => blobs.get(blob)?.toString('latin1'));
  const file = { path, change: 'modified', isPlain: true, isMerged: false, isMains: false, before, after } as const;
  return checkCommit({ files: [{ ...file, rules: ['FROZEN'] }], isOnMain: true }).length === 0;
}

/** Makes it. Throws LabError that names `.lab/meta.json` where that is broken. */
export function createMetaTelling({ paths, config, history }: AuditSources): MetaTelling {
  const { root } = paths;
  const open = readMetaState(paths);
  const added = new Map<MainCommit, Promise<string[]>>();
  const entriesOf = (commit: MainCommit): Promise<string[]> => {
    const known = added.get(commit) ?? readAddedEntries(root, commit);
    added.set(commit, known);
    return known;
  };
  const isTold = async (commit: MainCommit, path: string): Promise<boolean> => {
    const name = formatPath(path);
    for (const later of history.slice(history.indexOf(commit))) {
      const entries = await entriesOf(later);
      if (entries.some((text) => text.includes(name))) return true;
      // The next entry tells of everything since META_MODE was opened; a merge may bring somebody else's in between.
      if (entries.length > 0 && later !== commit && later.parents.length === 1) return false;
    }
    return false;
  };
  return {
    async listUntold(commit, broken) {
      const frozen = commit.changes.filter(
        ({ path }) => path !== metaJournal && !broken.has(path) && rulesOf(path, config.rules).includes('FROZEN'),
      );
      const [parent] = commit.parents;
      if (parent === undefined || frozen.length === 0) return [];
      if ((await permitCommit(root, parent, commit.hash)).kind === 'setup') return [];
      const untold: string[] = [];
      for (const change of frozen)
        if (!(await isCharterFilled(root, change)) && !(await isTold(commit, change.path))) untold.push(change.path);
      return untold;
    },
    isStillOpen: async (commit) =>
      open !== null && open.start !== commit.hash && (await isAncestor(root, open.start, commit.hash)),
  };
}
