/**
 * Real nights through whole labs on the starter problem, under the ratchet's rule and ours with as many runs, and what is true of them by fresh
 * seeds. `--edits=60` is the length of a night, `--samples=60000` that of a run, `--only=comments,variants` some of the nights, `--seeds=20` the
 * fresh seeds, `--rule=strict` one rule alone; `--quick` is a look whether it works. A night takes minutes to an hour; each row is printed when it is known.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/config/package-root.ts';
import { describeLoad, renderTable } from './measure.ts';
import { listComments, listIdleDraws, listVariants, type ScriptedEdit } from './nights/edits.ts';
import { type NightPlan, type NightRecord, playNight, setSamples } from './nights/night-lab.ts';
import { measureTruth, type NightTruth } from './nights/truth.ts';

const options = process.argv.slice(2);
const number = (name: string, usual: number): number =>
  Number(options.find((word) => word.startsWith(`--${name}=`))?.split('=')[1] ?? usual);
const isQuick = options.includes('--quick');
const editCount = number('edits', isQuick ? 10 : 60);
const samples = number('samples', isQuick ? 20_000 : 60_000);
const seeds = number('seeds', isQuick ? 6 : 24);
const keptSeeds = number('kept-seeds', isQuick ? 4 : 12);
const onlyRule = options.find((word) => word.startsWith('--rule='))?.slice(7);
const only = options
  .find((word) => word.startsWith('--only='))
  ?.slice(7)
  .split(',');
// A tenth of the night, as decision.confirmShare has it, but enough for a claim of a great effect.
const confirmRuns = Math.max(6, Math.round(editCount / 10));

const train = setSamples(readFileSync(join(packageRoot(), 'problem', 'train.py'), 'utf8'), samples);
const kinds: { name: string; list: ((count: number) => ScriptedEdit[]) | null }[] = [
  { name: 'comments', list: (count) => listComments(train, count) },
  { name: 'idle draws', list: listIdleDraws },
  { name: 'variants', list: listVariants },
  { name: 'recorded', list: null },
];
const header = [
  ...[
    'night',
    'rule',
    'experiments',
    'runs',
    'kept',
    'false keeps',
    'true gain',
    'the lab says',
    'claims',
    'true of that',
  ],
  ...['confirming runs', 'minutes'],
];

write(
  `nights: ${editCount} edits, ${samples} samples a run, truth by ${seeds} fresh seeds (${keptSeeds} for each kept change); node ${process.version}, ${describeLoad()}`,
  'Gains in val_bpb, oriented so that more is better. A kept change is false where the champion is no worse without it.',
);
const rows: string[][] = [];
for (const { name, list } of kinds) {
  if (only !== undefined && !only.includes(name.replace(' ', '-'))) continue;
  let runs: number | null = null;
  for (const rule of ['posterior', 'strict'] as const) {
    if (onlyRule !== undefined && onlyRule !== rule) continue;
    const night = await live(name, list, rule, runs);
    runs ??= night.record.runs;
    rows.push(renderRow(name, rule, night));
    write('', ...details(night), '', renderTable(header, rows).trimEnd());
  }
}

/** Ours first: its confirming runs are the ratchet's further experiments. */
async function live(name: string, list: (typeof kinds)[number]['list'], rule: NightPlan['rule'], runs: number | null) {
  const baselineRuns = 3;
  // Alone, the strict one takes as many as the other one would with all its confirming runs.
  const usual = rule === 'posterior' ? editCount - confirmRuns : editCount;
  const count = runs === null ? usual : runs - baselineRuns;
  const edits = list === null ? null : list(count);
  const plan = { rule, edits, samples, confirmRuns: rule === 'posterior' ? confirmRuns : 0 };
  const { record, bench } = await playNight(plan, (text) => process.stderr.write(`${name}, ${rule}: ${text}\n`));
  try {
    return { record, truth: await measureTruth(bench.root, record, { seeds, keptSeeds }) };
  } finally {
    bench.remove();
  }
}

function renderRow(
  name: string,
  rule: string,
  { record, truth }: { record: NightRecord; truth: NightTruth },
): string[] {
  const { claim, says } = record;
  const interval = claim?.low == null || claim.high === null ? '' : ` [${short(claim.low)}..${short(claim.high)}]`;
  const falseKeeps = truth.kept.filter(({ effect }) => effect.mean <= 0).length;
  return [
    ...[name, rule, String(record.experiments), String(record.runs), String(record.changes.length)],
    ...[String(falseKeeps), `${short(truth.gain.mean)} ± ${short(truth.gain.error)}`],
    `${short(says.gain)}${says.sd === null ? '' : ` ± ${short(says.sd)}`}`,
    claim === null ? 'nothing' : `${short(claim.gain)}${interval}`,
    truth.claimed === null ? '' : `${short(truth.claimed.mean)} ± ${short(truth.claimed.error)}`,
    ...[String(record.confirmingRuns), (record.wallSeconds / 60).toFixed(1)],
  ];
}

function details({ truth }: { truth: NightTruth }): string[] {
  const kept = truth.kept.map(
    ({ slug, effect, isTakenOut }) =>
      `  ${slug}: ${short(effect.mean)} ± ${short(effect.error)}${isTakenOut ? '' : ' (measured where it was built: it cannot be taken out of the champion)'}`,
  );
  return [`one run of the baseline: sd ${short(truth.sd)}; kept changes by what they are really worth:`, ...kept];
}

function short(value: number): string {
  return value.toFixed(5);
}

function write(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
