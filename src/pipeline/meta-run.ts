/**
 * One request to an agent in META_MODE: it works in a tree of the lab's, and what it changed is brought into the root checkout as a whole, or
 * kept as a patch. Nothing is committed here; that is `lab meta off`. Whether META_MODE is open is asked before and after (rules/meta-state.ts).
 */
import { recordedAgentName } from '../agents/choose-agent.ts';
import { fenceData } from '../agents/fence.ts';
import { readImplementation } from '../agents/outbox.ts';
import { renderPrompt } from '../agents/prompts.ts';
import { listTreeChanges } from '../agents/tree-changes.ts';
import type { MetaState } from '../domain/meta.ts';
import { LabError, messageOf } from '../errors/lab-error.ts';
import { type DiffFile, readDiffFacts } from '../git/diff-facts.ts';
import { checkTree } from '../git/experiment-tree.ts';
import { commitPathsOf, readPatch } from '../git/paths-commit.ts';
import { readBlob } from '../git/repository.ts';
import { isSecretLikeName } from '../git/secret-names.ts';
import { maxExperimentFileBytes } from '../rules/experiment-check.ts';
import { listFrozenFiles } from '../rules/frozen.ts';
import { checkMeta, writeMetaState } from '../rules/meta-state.ts';
import type { PipelineContext } from './context.ts';
import { oneLine } from './experiment-steps.ts';
import { applyFiles, checkRoot } from './meta-apply.ts';
import { createMetaTree, isForMeta, type MetaTree, removeMetaTree, writePatch } from './meta-tree.ts';
import { listOutsideChanges, readOutside } from './outside-watch.ts';
import { type AgentRun, markTaken, runAgent } from './run-agent.ts';

/** Most of lab.yaml that the agent's task shows, characters. */
const maxConfigCharacters = 20_000;

/** How a request ended. */
export type MetaRunEnd =
  | {
      kind: 'applied';
      /** Paths that changed in the root checkout. */
      paths: string[];
      /** The change as a patch. */
      diff: string;
      /** Changes that were not taken because of their rules. */
      leftOut: string[];
      notes: string;
      /** False where it worked without a sandbox. */
      isSandboxed: boolean;
    }
  /** It changed nothing that it may change; `reason` is its own, where it gave one. */
  | { kind: 'nothing'; leftOut: string[]; reason: string }
  /** The root checkout is as it was. */
  | {
      kind: 'set-aside';
      /** One sentence or more. */
      reason: string;
      /** Where its change is kept; null where there was none. */
      patch: string | null;
      isAgentsFault: boolean;
    };

/** What an agent left in the tree. */
interface Work {
  /** Commit of all that it changed. */
  commit: string;
  /** Files that may come into the root checkout. */
  files: DiffFile[];
  leftOut: string[];
  patch: string;
}

/**
 * Lets the configured agent work on the request. Throws LabError: config where no agent is configured, user where it is the recording or the
 * root checkout is not on main, refused where META_MODE is over already. After an abort of the context's signal the end is 'set-aside'.
 */
export async function runMeta(context: PipelineContext, request: string, state: MetaState): Promise<MetaRunEnd> {
  const { paths, config, main, signal } = context;
  const agent = context.agentFor('meta');
  if (agent.name === recordedAgentName) {
    throw new LabError('user', 'the agent "recorded" plays a recording, which cannot serve a request of yours', {
      hints: ['`--agent claude` asks another one; `lab doctor` shows which are there'],
    });
  }
  const tree = await createMetaTree(paths, main, config.rules, context.tell);
  try {
    for (const missing of tree.missing) context.tell(`note: the agent does not see your change of ${missing}`);
    const outside = await readOutside(paths, tree.path);
    const secondsLeft = (Date.parse(state.until) - Date.now()) / 1000;
    if (secondsLeft <= 0) throw new LabError('refused', `META_MODE is over: the grant ended at ${state.until}`);
    let run: AgentRun;
    try {
      run = await askAgent(context, tree, request, Math.min(secondsLeft, config.agents.wallSeconds));
    } catch (error) {
      if (!signal.aborted) throw error;
      return await setAside(context, tree, 'stopped before the agent was done', false);
    }
    const isOver = run.result.status === 'timeout' && secondsLeft < config.agents.wallSeconds;
    const end = isOver
      ? await setAside(context, tree, `META_MODE ended at ${state.until} while the agent was at work`, false)
      : await takeWork(context, tree, { run, request, state, outside });
    markTaken(run.folders);
    return end;
  } finally {
    await removeMetaTree(paths, tree.path);
  }
}

async function askAgent(
  context: PipelineContext,
  tree: MetaTree,
  request: string,
  wallSeconds: number,
): Promise<AgentRun> {
  const { paths, config } = context;
  const frozen = (await listFrozenFiles(paths.root, tree.begin, config.rules)).filter(({ path }) =>
    isForMeta(path, config.rules),
  );
  const labYaml = (await readBlob(paths.root, tree.begin, 'lab.yaml'))?.toString('utf8') ?? '';
  const limited = { ...context, config: { ...config, agents: { ...config.agents, wallSeconds } } };
  return await runAgent(limited, {
    role: 'meta',
    ...{ slug: null, round: 1, wanted: null, directory: tree.path, mayEdit: true, mayEditFrozen: true },
    inbox: { 'request.md': `${request}\n` },
    prompt: ({ inbox, outbox }) =>
      renderPrompt('meta', paths.root, {
        ...{ labRoot: paths.root, directory: tree.path, inbox, outbox, request },
        frozen: frozen.map(({ path }) => path).join(', '),
        config: fenceData('lab.yaml', labYaml, maxConfigCharacters),
      }),
  });
}

interface Ended {
  run: AgentRun;
  request: string;
  state: MetaState;
  outside: Awaited<ReturnType<typeof readOutside>>;
}

async function takeWork(context: PipelineContext, tree: MetaTree, ended: Ended): Promise<MetaRunEnd> {
  const { paths } = context;
  const { result, folders, use } = ended.run;
  const aside = (reason: string, isAgentsFault = true) => setAside(context, tree, reason, isAgentsFault);
  if (result.status !== 'done') return await aside(`the agent ${use.agent} ${describeStop(result)}`);
  const handedIn = readImplementation(folders.outbox);
  if (handedIn.kind === 'cannot') return await aside(`the agent says that it cannot be done: ${handedIn.reason}`);
  const isSandboxed = !result.flags.includes('unsandboxed');
  const strays = isSandboxed ? [] : listOutsideChanges(ended.outside, await readOutside(paths, tree.path));
  if (strays.length > 0) {
    return await aside(
      `files outside its tree changed while the agent worked without a sandbox: ${strays.join(', ')}; look at them (\`git status\`)`,
    );
  }
  const unfit = await checkTree(treeFor(paths.root, tree), maxExperimentFileBytes);
  if (unfit.length > 0) return await aside(unfit.join('; '));
  const work = await readWork(context, tree);
  const wrong = checkFiles(work.files);
  if (wrong.length > 0) return await aside(wrong.join('; '));
  if (work.files.length === 0) return { kind: 'nothing', leftOut: work.leftOut, reason: handedIn.notes };

  // The human may have closed it, or taken the grant back, while the agent worked.
  const now = await checkMeta(paths, new Date());
  if (now.kind === 'expired') return await aside(`META_MODE is over: ${now.reason}`, false);
  if (now.kind === 'closed' || !isSameGrant(now.state, ended.state))
    return await aside('META_MODE was closed while the agent was at work', false);
  const stale = await checkRoot(paths.root, work.files);
  if (stale.length > 0) return await aside(stale.join('; '), false);

  const changed = work.files.map(({ path }) => path);
  const asked = `${use.agent}${isSandboxed ? '' : ' (without a sandbox)'}: ${oneLine(ended.request)}`;
  // Before the files: killed in between, `lab meta off` knows all that may have been changed.
  await writeMetaState(paths, {
    ...now.state,
    touched: [...new Set([...now.state.touched, ...changed])].sort(),
    requests: [...now.state.requests, asked],
  });
  try {
    await applyFiles(paths.root, work.commit, work.files);
  } catch (error) {
    return await aside(`its change could not be written to the root checkout: ${messageOf(error)}`, false);
  }
  return {
    kind: 'applied',
    ...{ paths: changed, diff: work.patch, leftOut: work.leftOut, notes: handedIn.notes, isSandboxed },
  };
}

async function readWork({ paths, config }: PipelineContext, tree: MetaTree): Promise<Work> {
  // Against the commit that the tree was made from, whatever the agent committed on top.
  const changed = (await listTreeChanges(tree.path, { head: tree.begin, changed: new Map() })).filter(
    (path) => !path.endsWith('/'),
  );
  const commit = await commitPathsOf(tree.path, tree.begin, changed, 'what an agent changed in META_MODE\n', true);
  const { files } = await readDiffFacts(paths.root, tree.begin, commit);
  const taken = files.filter(({ path }) => isForMeta(path, config.rules));
  return {
    commit,
    files: taken,
    leftOut: files.filter((file) => !taken.includes(file)).map(({ path }) => path),
    patch: await readPatch(
      paths.root,
      tree.begin,
      commit,
      taken.map(({ path }) => path),
    ),
  };
}

/** What no change of META_MODE may bring, one sentence each. */
function checkFiles(files: readonly DiffFile[]): string[] {
  return files.flatMap((file) => {
    const { path } = file;
    if (/[\p{Cc}\p{Zl}\p{Zp}\ufffd]/u.test(path)) return [`${JSON.stringify(path)} has a name that cannot be shown`];
    if (file.isSubmodule) return [`${path} is a submodule, expected a plain file`];
    if (file.isSymlink) return [`${path} is a symbolic link, expected a plain file`];
    if (file.oldMode === '120000') return [`${path} was a symbolic link, which only a human may replace`];
    if (file.bytes !== null && file.bytes > maxExperimentFileBytes)
      return [`${path} has ${(file.bytes / 1e6).toFixed(1)} MB, expected at most ${maxExperimentFileBytes / 1e6} MB`];
    return file.oldMode === null && isSecretLikeName(path) ? [`${path} is called like a secret`] : [];
  });
}

/** Keeps what the agent left as a patch, as far as git can read it. */
async function setAside(
  context: PipelineContext,
  tree: MetaTree,
  reason: string,
  isAgentsFault: boolean,
): Promise<MetaRunEnd> {
  let patch: string | null = null;
  let unkept = '';
  try {
    const tooLarge = await checkTree(treeFor(context.paths.root, tree), maxExperimentFileBytes);
    if (tooLarge.length === 0) patch = await writePatch(context.paths, (await readWork(context, tree)).patch);
    else unkept = `; its change is not kept: ${tooLarge.join('; ')}`;
  } catch (error) {
    unkept = `; its change could not be kept: ${messageOf(error)}`;
  }
  // The same sentence twice says nothing.
  const isTold = unkept === `; its change is not kept: ${reason}`;
  return { kind: 'set-aside', reason: isTold ? reason : `${reason}${unkept}`, patch, isAgentsFault };
}

function treeFor(root: string, { path }: MetaTree) {
  return { root, ownedFolder: path, path, branch: '' };
}

function describeStop({ status, reason }: AgentRun['result']): string {
  return `${status === 'failed' ? 'failed' : 'was stopped'}: ${reason}`;
}

function isSameGrant(one: MetaState, other: MetaState): boolean {
  return one.openedAt === other.openedAt && one.until === other.until && one.start === other.start;
}
