/** Installs the git hooks for a lab that was just made, and says in notes what came of it. */
import { realpathSync } from 'node:fs';
import { errnoOf, LabError, messageOf } from '../errors/lab-error.ts';
import { installHooks } from '../rules/hooks.ts';

/** Installs them; a note says where that cannot be, because the other locks hold without them. */
export async function putHooks(folder: string): Promise<string[]> {
  try {
    const states = await installHooks(realpathSync(folder));
    const names = states.map(({ name }) => name).join(', ');
    const chained = states.filter(({ isChained }) => isChained);
    return [
      `git hooks installed: ${names}; they check the file rules (\`lab rules\`), \`lab rules uninstall\` takes them away`,
      ...chained.map(({ name }) => `your git hook ${name} is kept, and called before the lab's`),
    ];
  } catch (error) {
    if (error instanceof LabError) return [`the git hooks are not installed: ${error.message}`, ...error.hints];
    // A folder that cannot be written, say: no reason to call the lab, which is made, not made.
    if (!/^E[A-Z0-9]+$/.test(errnoOf(error) ?? '')) throw error;
    return [`the git hooks are not installed: ${messageOf(error)}`, '`lab rules install` tries again'];
  }
}
