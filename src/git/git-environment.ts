/**
 * What every git process of the lab is started with: an environment and settings under which the user's hooks, signing, editor, pager,
 * language and a surrounding git process change nothing. Imports nothing, because the light client loads it.
 */

/** Who commits for the lab: the user's identity is never used, and need not be set. */
export const labIdentity = { name: 'nightlab', email: 'nightlab@localhost' } as const;

/** The same as git's variables: they go before every setting, of which there are more than "user.name" ("author.name", "committer.name"). */
export const labIdentityVariables = {
  GIT_AUTHOR_NAME: labIdentity.name,
  GIT_AUTHOR_EMAIL: labIdentity.email,
  GIT_COMMITTER_NAME: labIdentity.name,
  GIT_COMMITTER_EMAIL: labIdentity.email,
} as const;

// Inherited from a surrounding git process these would point every call at another repository, index or date.
const droppedEnvironment =
  /^GIT_(DIR|WORK_TREE|IMPLICIT_WORK_TREE|INDEX_FILE|INDEX_VERSION|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|NAMESPACE|PREFIX|SHALLOW_FILE|GRAFT_FILE|NO_REPLACE_OBJECTS|REPLACE_REF_BASE|CONFIG|CONFIG_PARAMETERS|CONFIG_COUNT|AUTHOR_.*|COMMITTER_.*|EXTERNAL_DIFF|DIFF_OPTS|QUARANTINE_PATH|ATTR_SOURCE|REFLOG_ACTION|LITERAL_PATHSPECS|GLOB_PATHSPECS|NOGLOB_PATHSPECS|ICASE_PATHSPECS|DEFAULT_HASH|TRACE.*)$/;

/**
 * Settings under which git does and tells the same for every user, as "name=value" for `git -c`. What no setting switches off is said where git is
 * called: `git diff` that gives a text needs --no-ext-diff and --no-textconv.
 */
export const neutralGitSettings: readonly string[] = [
  // reference-transaction, post-index-change and post-checkout hooks would run for plumbing too, and fsmonitor is a program of the user's.
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'commit.gpgSign=false',
  'gc.auto=0',
  'maintenance.auto=false',
  // With autocrlf git could refuse to add what the lab or an agent wrote, because of its line ends.
  'core.safecrlf=false',
  // Lines of a message that begin with # are no comments.
  'commit.cleanup=whitespace',
  'core.quotePath=false',
  'i18n.commitEncoding=UTF-8',
  'i18n.logOutputEncoding=UTF-8',
  'color.ui=false',
  // Where it is set it goes before color.ui.
  'color.diff=false',
  'advice.detachedHead=false',
  // It would start gpg for each signed commit, and its words would stand before the fields that are asked for.
  'log.showSignature=false',
  // A log of one path would go on with the path that it was renamed from.
  'log.follow=false',
  // The files of a first commit would be left out, those of a merge told in another form.
  'log.showRoot=true',
  'log.diffMerges=separate',
  'diff.noprefix=false',
  'diff.mnemonicPrefix=false',
  'diff.relative=false',
  'submodule.recurse=false',
  // The remote whose head and address are asked for.
  'clone.defaultRemoteName=origin',
];

/** The words for the front of every git command line of plumbing. */
export const fixedGitSettings: readonly string[] = [
  ...neutralGitSettings,
  'core.splitIndex=false',
  // Entries are compared by their absolute paths.
  'worktree.useRelativePaths=false',
  'core.fsync=committed,loose-object,reference',
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
    ...labIdentityVariables,
    ...extra,
  };
}
