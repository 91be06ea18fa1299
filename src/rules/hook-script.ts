/** The text of the lab's git hooks: a few lines of sh that call the user's own hook and then the check. Pure; hooks.ts installs them. */
import { builtInRules } from './taxonomy.ts';

/** Hooks that the lab installs. */
export const hookNames = ['pre-commit', 'pre-merge-commit', 'pre-push'] as const;

/** One of the lab's hooks. */
export type HookName = (typeof hookNames)[number];

/** What the user's own hook is called beside the lab's. */
export function nameUserHook(name: HookName): string {
  return `${name}.before-nightlab`;
}

const mark = '# nightlab hook: ';

/** Whether a hook's text is the lab's own, of whatever version. */
export function isLabHook(text: string): boolean {
  return text.split('\n', 2)[1]?.startsWith(mark) === true;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

// The check's exit code 1 alone means a broken rule. Anything else is a broken installation, and no reason to keep anybody from his work.
const verdict = `case $? in
  0) exit 0 ;;
  1) exit 1 ;;
esac
echo 'nightlab: the check of the file rules failed, so this passes unchecked' >&2
exit 0
`;

/** A glob of the built-in table as git's own pattern, which matches the same paths without starting node. */
function formatPathspec(glob: string): string {
  return `:(top,icase,glob)${glob.startsWith('/') ? glob.slice(1) : glob.includes('/') ? glob : `**/${glob}`}`;
}

// Most commits touch nothing protected. Git can tell that by itself, unless lab.yaml has rules of its own, or cannot be found.
const quickWay = `yaml="$(git rev-parse --git-common-dir)/../lab.yaml"
if [ -f "$yaml" ] && ! { cat "$yaml"; git show HEAD:lab.yaml; } 2>/dev/null | grep -q '^[^#]*rules' &&
  GIT_LITERAL_PATHSPECS=0 git diff-index --cached --quiet --ignore-submodules=none HEAD -- \\
${Object.keys(builtInRules)
  .map((glob) => `    ${quote(formatPathspec(glob))}`)
  .join(' \\\n')} 2>/dev/null; then
  exit 0
fi
`;

const staged = {
  before: `if [ -x "$before" ]; then
  "$before" "$@" || exit $?
fi
${quickWay}`,
  check: '"$node" "$package/bin/lab.cjs" rules check --staged --hook',
};

const own: Record<HookName, { before: string; check: string }> = {
  'pre-commit': staged,
  // `git merge` that meets no conflict makes its commit without pre-commit.
  'pre-merge-commit': staged,
  // Git tells on standard input what is pushed: both read it.
  'pre-push': {
    before: `pushed=$(cat)
say() { [ -z "$pushed" ] || printf '%s\\n' "$pushed"; }
if [ -x "$before" ]; then
  say | "$before" "$@" || exit $?
fi
`,
    check: 'say | "$node" "$package/bin/lab.cjs" rules check --push "$1" --hook',
  },
};

/** The text of a hook. `packageFolder` and `node` are absolute paths; where either is gone the hook says so and lets git go on. */
export function renderHook(name: HookName, packageFolder: string, node: string): string {
  const { before, check } = own[name];
  return `#!/bin/sh
${mark}checks the lab's file rules, after your own ${name}. \`lab rules uninstall\` takes it away
before="\${0%/*}/${nameUserHook(name)}"
${before}package=${quote(packageFolder)}
node=${quote(node)}
[ -x "$node" ] || node=node
if [ ! -f "$package/dist/cli.cjs" ] || ! command -v "$node" >/dev/null 2>&1; then
  echo 'nightlab: not found where it was, so the file rules go unchecked; lab rules install renews this hook' >&2
  exit 0
fi
${check}
${verdict}`;
}
