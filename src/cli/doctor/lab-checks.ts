/** What `lab doctor` checks of the lab itself: its files, main branch, charter holes, daemon. lab.yaml is in config-checks.ts. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readStoredJobs } from '../../../queue/job-store.ts';
import { listAgents } from '../../agents/choose-agent.ts';
import { programOf } from '../../agents/command-line.ts';
import { recordingNotice } from '../../agents/recording-notice.ts';
import { findProgram } from '../../agents/run-sandbox.ts';
import { ensureRuntime, type LabPaths } from '../../config/lab-paths.ts';
import type { LabConfig } from '../../config/schema.ts';
import { LabError, messageOf } from '../../errors/lab-error.ts';
import { listUsualMains, readBranchText } from '../../git/main-text.ts';
import { findCommit, resolveMainBranch } from '../../git/repository.ts';
import { judgeMetric } from '../../pipeline/ensure-metric.ts';
import { findUnfrozenScorerFiles } from '../../rules/scorer-files.ts';
import { computeTrack } from '../../rules/tracks.ts';
import { callRunning } from '../client.ts';
import type { Check } from './check.ts';

/** The {FILL_IN} holes of a charter, with their line numbers. Pure. */
export function listCharterHoles(text: string): { line: number; text: string }[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      [...line.matchAll(/\{FILL_IN(?::\s*([^}]*))?\}/g)].map((match) => ({ line: index + 1, text: match[1] ?? '' })),
    );
}

/** Checks the lab at `paths`. */
export async function checkLab(paths: LabPaths, config: LabConfig | null): Promise<Check[]> {
  return [
    await checkMain(paths, config),
    checkCharter(paths),
    ...(config === null ? [] : [checkScoring(paths, config), await checkMetricFit(paths, config), checkAgent(config)]),
    checkRuntime(paths),
    await checkDaemon(paths),
  ];
}

async function checkMain(paths: LabPaths, config: LabConfig | null): Promise<Check> {
  try {
    const main = await resolveMainBranch(paths.root, config?.main ?? null);
    const commit = await findCommit(paths.root, main);
    if (commit === null)
      return { name: 'main', state: 'bad', found: `${main} has no commit`, mend: 'git add -A && git commit -m start' };
    const found = `${main} at ${commit.slice(0, 7)}`;
    if (!listUsualMains(paths.root).includes(main) && readBranchText(paths.root, main).names === null)
      return {
        name: 'main',
        state: 'note',
        found: `${found}, which nothing names: with a second branch, main is whichever is checked out in the root`,
        mend: `main: ${main} in lab.yaml`,
      };
    return { name: 'main', state: 'ok', found, mend: '' };
  } catch (error) {
    return { name: 'main', state: 'bad', found: messageOf(error), mend: 'main: in lab.yaml names the branch' };
  }
}

function checkCharter(paths: LabPaths): Check {
  const file = join(paths.root, 'program.md');
  if (!existsSync(file))
    return {
      name: 'charter',
      state: 'note',
      found: 'program.md is missing',
      mend: 'write what is to be researched into program.md',
    };
  const holes = listCharterHoles(readFileSync(file, 'utf8'));
  if (holes.length === 0) return { name: 'charter', state: 'ok', found: 'program.md has no holes', mend: '' };
  const [first] = holes;
  return {
    name: 'charter',
    state: 'note',
    found: `${holes.length} holes left, first at program.md:${first?.line} (${first?.text})`,
    mend: 'fill each {FILL_IN: …} in program.md',
  };
}

function checkScoring(paths: LabPaths, config: LabConfig): Check {
  if (config.commands.score === null)
    return {
      name: 'score',
      state: 'note',
      found: 'no score command: rows are flagged self-reported',
      mend: 'commands.score in lab.yaml',
    };
  if (config.commands.model !== null && !existsSync(paths.scoreSeed)) {
    return {
      name: 'score',
      state: 'note',
      found: 'no .lab/score-seed: a scorer that needs the secret seed will refuse',
      mend: 'head -c4 /dev/urandom | od -An -tu4 | tr -d " " > .lab/score-seed',
    };
  }
  const unfrozen = findUnfrozenScorerFiles(paths.root, config.commands.score, config.rules);
  if (unfrozen.length > 0) {
    return {
      name: 'score',
      state: 'bad',
      found: `${unfrozen.join(', ')}: not FROZEN, so the scorer, whose folder holds main's frozen files alone, will not find it`,
      mend: `rules: {${unfrozen.map((path) => `/${path}: [FROZEN]`).join(', ')}} in lab.yaml`,
    };
  }
  return { name: 'score', state: 'ok', found: config.commands.score, mend: '' };
}

/** How the metric check stands, by the runs that are there; runs nothing. */
async function checkMetricFit(paths: LabPaths, config: LabConfig): Promise<Check> {
  const name = 'metric';
  try {
    const jobs = readStoredJobs(paths.runs).map(({ job, run, entry }) => ({
      job,
      run,
      isRemoved: entry.removedAt !== null,
    }));
    const track = await computeTrack(paths, config, await resolveMainBranch(paths.root, config.main));
    const { evidence, findings, isFit } = await judgeMetric(jobs, track, config);
    const mend = '`lab metric check`';
    if (evidence.first === null || evidence.runs.repeats.length === 0)
      return { name, state: 'note', found: `not checked on track ${track}: it is before the first experiment`, mend };
    const told = findings.filter(({ state }) => state === (isFit ? 'warn' : 'fail'));
    const said = told.map((finding) => `${finding.name}: ${finding.measured}`).join('; ');
    if (isFit) return { name, state: 'ok', found: `passed${said === '' ? '' : `; ${said}`}`, mend: '' };
    const { waiver } = config.metric;
    const failed = `failed: ${said}`;
    if (waiver !== null) return { name, state: 'note', found: `${failed}; waived: ${waiver}`, mend: '' };
    return { name, state: 'note', found: failed, mend: `${mend} says what to change` };
  } catch (error) {
    return { name, state: 'note', found: `not known: ${messageOf(error)}`, mend: '' };
  }
}

/** Which agent works for the lab, and whether its program is there. */
function checkAgent(config: LabConfig): Check {
  const name = config.agents.use;
  if (name === null)
    return {
      name: 'agent',
      state: 'note',
      found: 'none configured: `lab ideate` and `lab implement` need one',
      mend: 'agents: {use: claude} in lab.local.yaml (or codex, opencode, gemini, aider, goose, an own command)',
    };
  const choice = listAgents(config).find((one) => one.name === name);
  if (choice === undefined)
    return {
      name: 'agent',
      state: 'bad',
      found: `agents.use names "${name}", which is no agent`,
      mend: `one of ${listAgents(config)
        .map((one) => one.name)
        .join(', ')}`,
    };
  if (choice.template === null) return { name: 'agent', state: 'ok', found: `${name}: ${recordingNotice}`, mend: '' };
  const program = programOf(choice.template.command);
  if (program !== null && findProgram(program, process.env.PATH ?? '') === null)
    return {
      name: 'agent',
      state: 'bad',
      found: `${name}: the program "${program}" is not on PATH`,
      mend: choice.template.install ?? 'install it',
    };
  return { name: 'agent', state: 'ok', found: `${name}${program === null ? '' : `: ${program}`}`, mend: '' };
}

function checkRuntime(paths: LabPaths): Check {
  try {
    ensureRuntime(paths);
    return { name: 'sockets', state: 'ok', found: paths.runtime, mend: '' };
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    return { name: 'sockets', state: 'bad', found: error.message, mend: error.hints[0] ?? '' };
  }
}

async function checkDaemon(paths: LabPaths): Promise<Check> {
  const greeting = await callRunning(paths, 'hello', {});
  if (greeting === null)
    return { name: 'daemon', state: 'note', found: 'not running; the first command that needs it starts it', mend: '' };
  return { name: 'daemon', state: 'ok', found: `pid ${greeting.pid}, build ${greeting.build}`, mend: '' };
}
