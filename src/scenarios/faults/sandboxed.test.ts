/** A lab as it is by default on Linux: its runs are sandboxed, with another tree of processes, and have a prepare step. Harmed in each step. */
import { probeSandbox } from '../../sandbox/bubblewrap.ts';
import { inEachStep, testHarm } from './life-of-a-job.ts';

const sandbox = await probeSandbox();

testHarm({
  victims: ['daemon', 'supervisor'],
  at: inEachStep,
  isSandboxed: true,
  why: sandbox.kind === 'none' ? `no sandbox: ${sandbox.reason}` : '',
});
