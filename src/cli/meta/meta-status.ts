/** `lab meta status`: whether META_MODE is open, on what grant, and what is changed so far. Changes nothing but to close what is over
 * and to end what a killed process left half done. */

import { messageOf } from '../../errors/lab-error.ts';
import { parseGrant } from '../../rules/grant.ts';
import { checkMeta, ensureMetaEnvironment, readExpiredState, readHumanJournal } from '../../rules/meta-state.ts';
import { ensureNoWords } from '../define.ts';
import { openLab } from '../open-lab.ts';
import { disarmLine } from '../page.ts';
import type { Verb } from '../verbs.ts';
import { readMetaChanges } from './meta-changes.ts';
import { mendRoot } from './meta-lab.ts';

/** Why the environment does not serve, as a sentence; null where it does. */
function findObjection(): string | null {
  try {
    ensureMetaEnvironment(process.env, 'lab meta');
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** Shows how META_MODE stands. */
export const metaStatus: Verb = {
  name: 'status',
  usage: '',
  summary: 'Show whether META_MODE is open, and what is changed so far (the default)',
  options: [{ name: 'json', description: 'Print as JSON' }],
  async run(input) {
    ensureNoWords('meta status', input);
    const lab = await openLab();
    await mendRoot(lab);
    const { paths } = lab;
    const now = new Date();
    const found = await checkMeta(paths, now);
    const grant = parseGrant(readHumanJournal(paths.root) ?? '', now);
    const objection = findObjection();
    const state = found.kind === 'closed' ? readExpiredState(paths) : found.state;
    const kind = found.kind === 'closed' && state !== null ? 'expired' : found.kind;
    const heading = grant.kind === 'granted' ? grant.heading : '';
    const changes = state === null ? null : await readMetaChanges({ lab, state, named: [], heading, now });
    const files = changes?.files.map((file) => ({ ...file, isCommitted: changes.committed.includes(file.path) })) ?? [];
    const leftOut = changes?.leftOut ?? [];
    if (input.flag('json')) {
      process.stdout.write(`${JSON.stringify({ kind, state, grant, environment: { objection }, files, leftOut })}\n`);
      return 0;
    }
    const lines: string[] = [];
    if (state === null) lines.push('META_MODE is closed');
    else {
      const end =
        found.kind === 'expired'
          ? disarmLine(found.reason)
          : `what was edited is still there (the grant was until ${state.until})`;
      lines.push(kind === 'open' ? `META_MODE is open until ${state.until}` : `META_MODE is over: ${end}`);
      lines.push(
        `  ${disarmLine(state.reason)}`,
        `  opened ${state.openedAt} by ${disarmLine(state.by)}, track ${state.track}`,
      );
      for (const request of state.requests) lines.push(`  asked: ${disarmLine(request)}`);
      lines.push(files.length === 0 ? 'nothing is changed so far' : 'changed so far:');
      for (const { path, added, removed, isCommitted } of files)
        lines.push(
          `  ${disarmLine(path)} ${added === null ? 'not text' : `+${added} -${removed}`}${isCommitted ? ', committed' : ''}`,
        );
      if (leftOut.length > 0) lines.push(`other changed files, left out: ${leftOut.map(disarmLine).join(', ')}`);
    }
    lines.push(
      `grant: ${grant.kind === 'granted' ? `human_journal.md grants it until ${grant.until}` : disarmLine(grant.reason)}`,
    );
    lines.push(`environment: ${objection ?? 'META_MODE=1'}`);
    if (kind === 'open') lines.push('next: edit, `lab meta run "<request>"`, `lab meta off`');
    else lines.push('next: `META_MODE=1 lab meta on --reason "…"` opens it');
    process.stdout.write(`${lines.join('\n')}\n`);
    return 0;
  },
};
