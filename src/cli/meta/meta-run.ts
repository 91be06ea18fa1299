/** `lab meta run`: hands a request to an agent while META_MODE is open, and shows what it changed in the root checkout. It commits nothing. */
import { findLab } from '../../config/lab-paths.ts';
import { LabError } from '../../errors/lab-error.ts';
import { type MetaRunEnd, runMeta } from '../../pipeline/meta-run.ts';
import { ensureMetaOpen } from '../../rules/meta-state.ts';
import { disarm, disarmLine } from '../page.ts';
import type { Verb } from '../verbs.ts';
import { usePipeline } from '../with-pipeline.ts';

/** What a shell returns for a program that Ctrl-C ended. */
const interruptedCode = 130;

/** `lab meta run "<request>"`. */
export const metaRun: Verb = {
  name: 'run',
  usage: '"<request>"',
  summary: 'Let an agent make a change of frozen files; what it changed lies in the root checkout then',
  options: [{ name: 'agent', value: 'name', description: 'The agent, in place of agents.roles.meta and agents.use' }],
  async run(input) {
    const request = input.words.join(' ').trim();
    if (request === '') {
      throw new LabError('usage', 'lab meta run needs a request, got none', {
        hints: ['META_MODE=1 lab meta run "print the worst loss of a sequence in eval.py too"'],
      });
    }
    const state = await ensureMetaOpen(findLab(process.cwd()), process.env, new Date());
    const stop = new AbortController();
    const onSignal = () => stop.abort(new Error('stopped'));
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    try {
      const end = await usePipeline({ agent: input.text('agent'), flags: input.config }, [], stop.signal, (context) =>
        runMeta(context, request, state),
      );
      return tellEnd(end, stop.signal.aborted);
    } finally {
      process.removeListener('SIGINT', onSignal);
      process.removeListener('SIGTERM', onSignal);
    }
  },
};

function tellEnd(end: MetaRunEnd, isStopped: boolean): number {
  if (end.kind === 'set-aside') {
    const kept =
      end.patch === null
        ? 'the root checkout is as it was'
        : `the root checkout is as it was, and its change is kept in ${end.patch}`;
    if (isStopped) {
      process.stderr.write(`\n${disarm(end.reason)}; ${kept}\n`);
      return interruptedCode;
    }
    throw new LabError(end.isAgentsFault ? 'agent' : 'refused', `${disarm(end.reason)}; ${kept}`, {
      hints: end.patch === null ? [] : [`\`git apply ${end.patch}\` takes what you want of it`],
    });
  }
  for (const path of end.leftOut)
    process.stderr.write(`left out: ${disarmLine(path)} (not for META_MODE to change; \`lab rules\` shows why)\n`);
  if (end.kind === 'nothing') {
    const reason = end.reason === '' ? '' : `; it says:\n${disarm(end.reason)}`;
    process.stderr.write(`the agent changed nothing that it may change${reason}\n`);
    return 0;
  }
  process.stdout.write(process.stdout.isTTY === true ? disarm(end.diff) : end.diff);
  if (end.notes !== '') process.stderr.write(`\nnotes of the agent:\n${disarm(end.notes)}\n`);
  if (!end.isSandboxed) process.stderr.write('\nnote: the agent worked without a sandbox\n');
  process.stderr.write(
    `\nchanged in the root checkout, not committed: ${end.paths.map(disarmLine).join(', ')}\nlook at it; \`META_MODE=1 lab meta off\` commits it\n`,
  );
  return 0;
}
