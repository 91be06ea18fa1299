/**
 * One night of a real lab: made by `lab init`, its ideas and experiments through the lab's own verbs, its claim by `lab confirm`. What came of it
 * is read from the lab's record; what is true of it is truth.ts's matter.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { readLedger } from '../../src/cli/ledger.ts';
import { labPaths } from '../../src/config/lab-paths.ts';
import type { Change } from '../../src/domain/change.ts';
import { loadLabConfig } from '../../src/git/committed-config.ts';
import { studyTrack } from '../../src/stats/track-history.ts';
import { type BenchLab, createBenchLab } from '../bench-lab.ts';
import type { ScriptedEdit } from './edits.ts';
import { agentScript } from './scripted-agent.ts';

/** What a night is to be. */
export interface NightPlan {
  rule: 'strict' | 'posterior';
  /** What the scripted agent does, in this order; null: the recorded agent plays its session. */
  edits: readonly ScriptedEdit[] | null;
  /** Most runs that `lab confirm` may take at the end; 0: the night ends without it. */
  confirmRuns: number;
  /** Training samples of a run, in place of the starter's 700,000. */
  samples: number;
}

/** What a night left. All gains are oriented: higher is better. */
export interface NightRecord {
  /** Experiments that were measured. */
  experiments: number;
  /** Scored runs, baseline and confirming ones included. */
  runs: number;
  /** Runs with fresh seeds, for claims and what follows from them. */
  confirmingRuns: number;
  /** Full hashes; the champion is the baseline where nothing was kept. */
  baseline: string;
  champion: string;
  changes: Change[];
  /** What the lab says that the champion gains: by all runs, or the ratchet by its best number. sd null: it states none. */
  says: { gain: number; sd: number | null };
  /** Null where it claims nothing. The ratchet claims whatever it kept; `commit` is the code that it is claimed for. */
  claim: { gain: number; low: number | null; high: number | null; commit: string } | null;
  wallSeconds: number;
  /** Secret of the lab's scorer: the truth is about the same text. */
  scoreSeed: string;
}

const confirmsNothing = /nothing|no champion|was kept|bear none of/i;

/** Makes the lab and lives the night; `remove` of the lab is the caller's. */
export async function playNight(
  plan: NightPlan,
  tell: (text: string) => void,
): Promise<{ record: NightRecord; bench: BenchLab }> {
  const bench = createBenchLab({ keepPrepare: true, change: (root) => prepareLab(root, plan) });
  try {
    const began = performance.now();
    const count = plan.edits?.length ?? 30;
    await runLab(bench, ['ideate', '--until', String(count)], [0, 4]);
    // A few at a time: the message of a record has room for so many names.
    const groups = plan.edits === null ? Array.from({ length: 8 }, () => ['--n', '4']) : inGroups(plan.edits, 4);
    for (const words of groups) {
      // An idea that cannot be built on today's champion is a result; a recording comes to its end.
      const { code, text } = await runLab(
        bench,
        ['implement', ...words],
        plan.edits === null ? [0, 1, 4] : [0, 4],
        (line) => {
          if (/^\[\d+ of|decide:/.test(line.trim())) tell(line.trim());
        },
      );
      if (code !== 1) continue;
      if (!text.includes('no idea to build')) throw new Error(`lab implement: ${text.slice(-2000)}`);
      break;
    }
    if (plan.confirmRuns > 0) {
      const said = await runLab(bench, ['confirm', '--runs', String(plan.confirmRuns)], [0, 1, 3]);
      if (said.code === 1 && !confirmsNothing.test(said.text)) throw new Error(`lab confirm: ${said.text}`);
      tell(said.text.trim());
    }
    const wallSeconds = (performance.now() - began) / 1000;
    return { record: { ...(await readRecord(bench, plan)), wallSeconds }, bench };
  } catch (error) {
    bench.remove();
    throw error;
  }
}

function inGroups(edits: readonly ScriptedEdit[], size: number): string[][] {
  const groups: string[][] = [];
  for (let begin = 0; begin < edits.length; begin += size)
    groups.push(edits.slice(begin, begin + size).map(({ slug }) => slug));
  return groups;
}

/** The starter's train.py with so many training samples. */
export function setSamples(train: string, samples: number): string {
  return train.replace(/^SAMPLES = .*$/m, `SAMPLES = ${samples}`);
}

function prepareLab(root: string, { rule, edits, samples }: NightPlan): void {
  const config = parseDocument(readFileSync(join(root, 'lab.yaml'), 'utf8'));
  config.setIn(['decision', 'rule'], rule);
  // The runs are shorter than the starter's own, and a night that may not begin measures nothing.
  config.setIn(['metric', 'waiver'], 'a benchmark: the runs are short on purpose');
  config.setIn(['metric', 'minMinutes'], 0);
  writeFileSync(join(root, 'lab.yaml'), config.toString());
  const train = join(root, 'problem', 'train.py');
  writeFileSync(train, setSamples(readFileSync(train, 'utf8'), samples));
  const agents =
    edits === null
      ? { use: 'recorded' }
      : { use: 'scripted', commands: { scripted: 'python3 {directory}/agent/play.py {promptFile}' } };
  writeFileSync(join(root, 'lab.local.yaml'), JSON.stringify({ schema: 1, agents }));
  if (edits === null) return;
  mkdirSync(join(root, 'agent'));
  writeFileSync(join(root, 'agent', 'play.py'), agentScript);
  writeFileSync(join(root, 'agent', 'edits.json'), JSON.stringify(edits));
  execFileSync('git', ['add', '--', 'agent'], { cwd: root });
}

/** Runs a command of the lab, without holding up another night that is played at the same time. Throws on another exit code than those expected. */
async function runLab(
  { root, env, script }: BenchLab,
  words: string[],
  expected: number[],
  onLine: (line: string) => void = () => undefined,
): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, [script, ...words], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  let rest = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      const lines = (rest + part).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code === null || !expected.includes(code))
    throw new Error(`lab ${words.slice(0, 3).join(' ')} ended with ${code}: ${text.slice(-2000)}`);
  return { code, text };
}

async function readRecord({ root }: BenchLab, { rule }: NightPlan): Promise<Omit<NightRecord, 'wallSeconds'>> {
  const paths = labPaths(root);
  const config = loadLabConfig(root, { environment: {} });
  const { view, runs, rows } = await readLedger(paths, config);
  const { baseline, champion } = view;
  if (baseline === null || champion === null) throw new Error(`the lab in ${root} has no baseline`);
  const known = studyTrack(runs, config.metric.direction);
  const changes = champion.state?.changes ?? [];
  const gain = known.posterior?.gainOf(changes.map(({ commit }) => commit)) ?? null;
  const byNumber = known.sign * ((champion.state?.chosenBy ?? champion.value) - baseline.value);
  const isStrict = rule === 'strict';
  const row = rows.findLast(({ evidence }) => evidence === 'confirmed' || evidence === 'refuted');
  const code = runs.find(
    ({ kind, commit }) => kind === 'confirm' && row !== undefined && commit.startsWith(row.commit),
  );
  const bounds = [row?.metrics.gain_low, row?.metrics.gain_high].map((value) =>
    value === undefined ? null : known.sign * value,
  );
  const [low = null, high = null] = known.sign < 0 ? bounds.reverse() : bounds;
  const claimed = row?.metrics.gain;
  const strictClaim = changes.length > 0 ? { gain: byNumber, low: null, high: null, commit: champion.commit } : null;
  const isConfirmed = row?.evidence === 'confirmed' && claimed !== undefined && code !== undefined;
  const confirmed = isConfirmed ? { gain: known.sign * claimed, low, high, commit: code.commit } : null;
  return {
    experiments: runs.filter(({ kind }) => kind === 'experiment').length,
    runs: runs.length,
    confirmingRuns: runs.filter(({ kind }) => kind === 'confirm' || kind === 'ablation').length,
    ...{ baseline: baseline.commit, champion: champion.commit, changes },
    says: isStrict || gain === null ? { gain: byNumber, sd: null } : { gain: gain.mean, sd: Math.sqrt(gain.variance) },
    claim: isStrict ? strictClaim : confirmed,
    scoreSeed: readFileSync(paths.scoreSeed, 'utf8').trim(),
  };
}
