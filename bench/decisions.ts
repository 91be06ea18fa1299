/**
 * Simulated nights, played by each decision rule with the same number of runs: how much is really gained, what is claimed, and how often the
 * claim or its interval is wrong. Ends with the goals of issue E. `--nights=100` plays fewer of each kind, `--runs=60` shorter ones, `--tuning` the seeds that the
 * rule's options were chosen on, `--curve` also the points beside the chosen one, `--picture` writes the picture of the guide. It starts no lab.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/config/package-root.ts';
import { judgeGoals, type MixTallies, percent } from './decisions/goals.ts';
import { mixes as kinds, type Mix } from './decisions/mixes.ts';
import { chosenOptions, createOurPlayer, type OurOptions } from './decisions/our-rule.ts';
import { playPanel, renderPicture } from './decisions/picture.ts';
import {
  createConfirmEveryKeep,
  playBestOfThree,
  playMadConfidence,
  playStrict,
  playTwoSigma,
} from './decisions/plain-rules.ts';
import { addTallies, emptyTally, playNights, type Tally } from './decisions/play-nights.ts';
import type { Player } from './decisions/world.ts';
import { describeLoad } from './measure.ts';

// Disjoint by far: no number of nights that anyone waits for reaches from one to the other.
const tuningSeed = 1;
const judgingSeed = 1_000_000_000;

const rules: [string, Player][] = [
  ['strict', playStrict],
  ['two-sigma', playTwoSigma],
  ['MAD confidence', playMadConfidence],
  ['best of three', playBestOfThree],
  ['confirm every keep', createConfirmEveryKeep(2, 0)],
  ['ours', createOurPlayer(chosenOptions)],
];

const curve: [string, Partial<OurOptions>][] = [
  ['chosen', {}],
  ['nothing left out of bases', { leaveOut: 0 }],
  ['one keep left out at most', { leaveOut: 0.5, leaveOutMost: 1 }],
  ['no near misses', { nearMost: 0 }],
  ['neither', { leaveOut: 0, nearMost: 0 }],
  ['noise from repeats alone', { learnNoise: false }],
  ['no pruning beyond the mean', { pruneWeight: 0 }],
  ['prune weight 0.4', { pruneWeight: 0.4 }],
  ['prune weight 1', { pruneWeight: 1 }],
  ['prune weight 1.5', { pruneWeight: 1.5 }],
];

const options = process.argv.slice(2);
const nights = Number(options.find((word) => word.startsWith('--nights='))?.slice(9) ?? 250);
const runs = options.find((word) => word.startsWith('--runs='))?.slice(7);
const mixes = kinds.map((mix) => (runs === undefined ? mix : { ...mix, budget: Number(runs) }));
const seed = options.includes('--tuning') ? tuningSeed : judgingSeed;
const started = performance.now();

const results: MixTallies[] = mixes.map((mix, kind) => ({
  mix,
  byRule: new Map(rules.map(([name, player]) => [name, playNights(mix, kind, player, nights, seed)])),
}));
write(
  `decisions: ${nights} nights of each of ${mixes.length} kinds for each of ${rules.length} rules, ${seed === judgingSeed ? 'judging' : 'tuning'} seeds, ${((performance.now() - started) / 1000).toFixed(0)} s; node ${process.version}, ${describeLoad()}`,
  'Gains in noise widths (standard deviation of one run), averages over nights.',
);
for (const { mix, byRule } of results) {
  const best = Math.max(...[...byRule.values()].map(({ gain }) => gain));
  write('', `${mix.name} (${describeMix(mix)})`, '', ...table([...byRule], best));
}
write('', 'Goals', '');
for (const { goal, figure, isMet } of judgeGoals(results, 'ours', 'strict'))
  write(`${isMet ? 'met   ' : 'MISSED'}  ${goal}: ${figure}`);
if (options.includes('--curve')) writeCurve();
if (options.includes('--picture')) writePicture();

function writePicture(): void {
  const titles = new Map([
    ['issue 45/35/20', 'Many ideas help'],
    ['late, poor', 'Late: few help, and little'],
    ['null, no-op edits', 'Nothing helps'],
  ]);
  const players = { strict: playStrict, ours: createOurPlayer(chosenOptions) };
  const panels = mixes.flatMap((mix, kind) => {
    const title = titles.get(mix.name);
    if (title === undefined) return [];
    return [playPanel({ title, mix, kind }, players, { nights: Math.min(nights, 100), firstSeed: seed })];
  });
  const path = join('0_docs', 'guide', 'decisions.svg');
  writeFileSync(join(packageRoot(), path), renderPicture(panels));
  write('', `picture: ${path}`);
}

function writeCurve(): void {
  const count = Math.min(nights, 100);
  const play = (player: Player) =>
    new Map(mixes.map((mix, kind): [Mix, Tally] => [mix, playNights(mix, kind, player, count, seed)]));
  const strict = play(playStrict);
  write('', `Trade-off: our rule with one thing changed, ${count} nights of each kind`, '');
  write(
    '| | gain, least share of strict | false keeps, most of strict | false claims | claimed / true | covered | interacting: gain, false keeps |',
  );
  write('|---|---|---|---|---|---|---|');
  for (const [name, change] of curve) {
    const played = [...play(createOurPlayer({ ...chosenOptions, ...change }))];
    const against = played.map(([mix, tally]) => {
      const other = strict.get(mix) ?? emptyTally;
      return { mix, gain: tally.gain / other.gain, keeps: tally.falseKeeps / other.falseKeeps };
    });
    const judged = against.filter(({ mix }) => !mix.isStress);
    const all = played
      .filter(([{ isStress }]) => !isStress)
      .reduce((sum, [, tally]) => addTallies(sum, tally), emptyTally);
    const least = Math.min(...judged.filter(({ mix }) => !mix.isNull).map(({ gain }) => gain));
    const most = Math.max(...judged.map(({ keeps }) => keeps));
    const stress = against.find(({ mix }) => mix.isStress);
    write(
      `| ${name} | ${percent(least)} | ${percent(most)} | ${percent(all.falseClaims / all.nights)} | ${percent(all.claimed / all.claimedTrue)} | ${percent(all.covered / all.intervals)} | ${percent(stress?.gain ?? Number.NaN)}, ${percent(stress?.keeps ?? Number.NaN)} |`,
    );
  }
}

function table(rows: [string, Tally][], best: number): string[] {
  return [
    '| | true gain | of the best | claimed / true | nights with a claim | false claims | covered | keeps | false keeps | confirming runs |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...rows.map(([name, tally]) => {
      const mean = (sum: number) => (sum / tally.nights).toFixed(1);
      const ratio =
        tally.claimedTrue > 0.05 * tally.claims
          ? (tally.claimed / tally.claimedTrue).toFixed(3)
          : tally.claims > 0
            ? 'no limit'
            : '-';
      const gain = (tally.gain / tally.nights).toFixed(2);
      const ofBest = best > 0.05 * tally.nights ? percent(tally.gain / best) : '-';
      const covered = tally.intervals > 0 ? percent(tally.covered / tally.intervals) : 'states none';
      return `| ${name} | ${gain} | ${ofBest} | ${ratio} | ${percent(tally.claims / tally.nights)} | ${percent(tally.falseClaims / tally.nights)} | ${covered} | ${mean(tally.keeps)} | ${mean(tally.falseKeeps)} | ${mean(tally.confirmingRuns)} |`;
    }),
  ];
}

function describeMix({ budget, early, late, diverge, interaction, seedCorrelation }: Mix): string {
  const one = (shares: Mix['early']) =>
    `${100 * shares.harmful}/${Math.round(100 * (1 - shares.harmful - shares.helpful))}/${100 * shares.helpful} % harm/nothing/help, help ${shares.helpMean}`;
  return [
    `${budget} runs`,
    early === late ? one(early) : `${one(early)}; last ${one(late)}`,
    ...(diverge ? [`${100 * diverge.share} % of runs diverge by ${diverge.widths}`] : []),
    ...(interaction ? [`${100 * interaction.share} % of pairs interact, sd ${interaction.sd}`] : []),
    ...(seedCorrelation > 0 ? [`seeds correlate ${seedCorrelation}`] : []),
  ].join('; ');
}

function write(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
