/**
 * What every git process of the lab is started with: an environment and settings under which the user's hooks, signing, editor, pager,
 * language and a surrounding git process change nothing. Imports nothing, because the light client loads it.
 */

/** Who commits for the lab: the user's identity is never used, and need not be set. */
export const labIdentity = { name: 'nightlab', email: 'nightlab@localhost' } as const;

// Inherited from a surrounding git process these would point every call at another repository, index or date.
const droppedEnvironment =
  /^GIT_(DIR|WORK_TREE|IMPLICIT_WORK_TREE|INDEX_FILE|INDEX_VERSION|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|NAMESPACE|PREFIX|SHALLOW_FILE|GRAFT_FILE|NO_REPLACE_OBJECTS|REPLACE_REF_BASE|CONFIG|CONFIG_PARAMETERS|CONFIG_COUNT|AUTHOR_.*|COMMITTER_.*|EXTERNAL_DIFF|DIFF_OPTS|QUARANTINE_PATH|REFLOG_ACTION|LITERAL_PATHSPECS|GLOB_PATHSPECS|NOGLOB_PATHSPECS|ICASE_PATHSPECS|DEFAULT_HASH|TRACE.*)$/;

/**
 * Settings for the front of every git command line: reference-transaction, post-index-change and post-checkout hooks would run for plumbing
 * too, and fsmonitor is a program of the user's.
 */
export const fixedGitSettings = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.splitIndex=false',
  // Entries are compared by their absolute paths.
  'worktree.useRelativePaths=false',
  'core.quotePath=false',
  'core.fsync=committed,loose-object,reference',
  'commit.gpgSign=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'i18n.commitEncoding=UTF-8',
  'color.ui=false',
  'advice.detachedHead=false',
].flatMap((setting) => ['-c', setting]);

/** The environment of this process without what a surrounding git process put there, with `extra` on top. */
export function cleanGitEnvironment(extra: Record<string, string>): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !droppedEnvironment.test(name)) env[name] = value;
  }
  return {
    ...env,
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_LITERAL_PATHSPECS: '1',
    // A replacement (`git replace`) would show another content under a hash than the one that was committed.
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_EDITOR: 'true',
    LC_ALL: 'C',
    GIT_AUTHOR_NAME: labIdentity.name,
    GIT_AUTHOR_EMAIL: labIdentity.email,
    GIT_COMMITTER_NAME: labIdentity.name,
    GIT_COMMITTER_EMAIL: labIdentity.email,
    ...extra,
  };
}
