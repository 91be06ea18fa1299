/** `lab autoresearch adapt`: what fits which card; another sequence length before a session; how to search on after one. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findLabAround, type LabPaths } from '../../config/lab-paths.ts';
import { LabError } from '../../errors/lab-error.ts';
import { type AdaptedSequence, adaptSequence, ensureSequence } from '../../ratchet/adapt/adapt-sequence.ts';
import {
  estimateMemoryGib,
  type MemoryRow,
  type ModelShape,
  memoryAssumptions,
  memoryFormula,
  originalShape,
  tableShapes,
  tabulateMemory,
  usableGib,
} from '../../ratchet/adapt/memory-estimate.ts';
import { readShape } from '../../ratchet/adapt/read-shape.ts';
import { readStrategy, type Strategy } from '../../ratchet/adapt/search-strategy.ts';
import type { Intake } from '../../ratchet/intake/intake.ts';
import { readTriedSessions } from '../../ratchet/program/program-facts.ts';
import { ensureNoWords } from '../define.ts';
import { openConfig } from '../open-config.ts';
import type { Verb } from '../verbs.ts';
import { printIntake } from './intake.ts';

/** Adapts to the hardware. */
export const adapt: Verb = {
  name: 'adapt',
  usage: '[--seq-len N]',
  summary: 'Show what fits the card; set the sequence length before a session',
  options: [
    { name: 'seq-len', value: 'tokens', description: 'Write MAX_SEQ_LEN and a fitting EVAL_TOKENS into prepare.py' },
    { name: 'new-track', description: 'With --seq-len: although a session has begun; its numbers stay apart' },
    { name: 'tag', value: 'tag', description: 'Session that the search strategy is read from (default: the newest)' },
    { name: 'json', description: 'Print as JSON' },
  ],
  async run(input) {
    ensureNoWords('autoresearch adapt', input);
    const sequence = input.number('seq-len');
    if (sequence !== null) ensureSequence(sequence);
    else if (input.flag('new-track')) throw new LabError('usage', '--new-track goes with --seq-len only');
    const paths = findLabAround(process.cwd());
    const intake = await printIntake('adapt', paths ?? process.cwd());
    const { root } = intake.repository;
    const isJson = input.flag('json');
    if (sequence !== null) {
      if (paths === null && !existsSync(join(root, 'prepare.py')))
        throw new LabError('user', `${root} has no prepare.py, expected a training repository`, {
          hints: ['`lab autoresearch setup --clone URL` fetches one'],
        });
      const lab = paths === null ? null : { paths, config: openConfig(paths) };
      const adapted = await adaptSequence(root, lab, sequence, input.flag('new-track'));
      showSequence(adapted, isJson ? intake : null);
      return 0;
    }
    const advice = readAdvice(intake, paths, input.text('tag'));
    process.stdout.write(isJson ? `${JSON.stringify({ ...describeAdvice(advice), intake })}\n` : renderAdvice(advice));
    return 0;
  },
};

/** As JSON where the packet that it began from is given. */
function showSequence({ changes, notes, next }: AdaptedSequence, intake: Intake | null): void {
  if (intake !== null) {
    process.stdout.write(`${JSON.stringify({ changes, notes, next, intake })}\n`);
    return;
  }
  if (changes.length === 0) process.stdout.write('prepare.py says so already: nothing to write\n');
  for (const { name, before, after } of changes) process.stdout.write(`prepare.py  ${name}  ${before} -> ${after}\n`);
  for (const line of [...notes.map((note) => `note: ${note}`), ...next]) process.stderr.write(`${line}\n`);
}

interface Advice {
  /** Null where train.py is of another make; the table is about the original then. */
  shape: ModelShape | null;
  /** GiB. */
  estimate: number;
  /** Peak memory that the baseline measured, GiB; null before there is one. */
  measured: number | null;
  /** Measured over estimated; 1 where nothing of this shape was measured. */
  scale: number;
  /** GiB of the largest card; null without one. */
  card: number | null;
  hasCuda: boolean;
  table: MemoryRow[];
  strategy: Strategy | null;
}

function readAdvice({ repository, hardware, constraints }: Intake, paths: LabPaths | null, tag: string | null): Advice {
  const shape = readShape(repository.root);
  const estimate = estimateMemoryGib(shape ?? originalShape);
  const { baseline } = constraints;
  // What a run on the processor takes says nothing about a card.
  const isOnCard = baseline !== null && /\(gpu\d+\)$/.test(baseline.device);
  const measured = isOnCard ? baseline.memoryMib / 1024 : null;
  const ratio = shape === null || measured === null ? 1 : measured / estimate;
  // Beyond this it is another kind of code, which the formula says nothing about.
  const scale = ratio > 0.2 && ratio < 5 ? ratio : 1;
  const sizes = hardware.gpus.flatMap(({ memoryTotalMib }) => (memoryTotalMib === null ? [] : [memoryTotalMib / 1024]));
  const card = sizes.length === 0 ? null : Math.max(...sizes);
  const sessions = paths === null ? [] : readTriedSessions(paths);
  const session = tag === null ? sessions.at(-1) : sessions.find((one) => one.tag === tag);
  if (tag !== null && session === undefined)
    throw new LabError(
      'user',
      `there is no session "${tag}"${sessions.length === 0 ? '' : `, expected one of: ${sessions.map((one) => one.tag).join(', ')}`}`,
    );
  const ceiling = constraints.memoryCeilingMib;
  return {
    shape,
    estimate,
    measured,
    scale,
    card,
    hasCuda: hardware.accelerator === 'cuda' || hardware.accelerator === 'rocm',
    table: tabulateMemory(shape ?? originalShape, scale),
    strategy:
      session === undefined
        ? null
        : readStrategy({
            tag: session.tag,
            direction: session.metric.direction,
            rows: session.rows,
            ceilingGb: ceiling === null ? null : ceiling / 1024,
            cardGb: card === null ? null : usableGib(card),
          }),
  };
}

function describeAdvice(advice: Advice) {
  return {
    isEstimate: true,
    formula: memoryFormula,
    assumptions: memoryAssumptions,
    shape: advice.shape,
    estimateGib: advice.estimate,
    measuredGib: advice.measured,
    scale: advice.scale,
    cardGib: advice.card,
    table: advice.table,
    strategy: advice.strategy,
  };
}

function renderAdvice(advice: Advice): string {
  const { shape, estimate, measured, scale, card, hasCuda, table, strategy } = advice;
  const lines: string[] = ['DEVICE_BATCH_SIZE that fits, by estimate, with the memory it takes'];
  const heads = tableShapes.map(({ depth, sequence }) => `DEPTH ${depth}, seq ${sequence}`);
  const widths = heads.map((head) => Math.max(head.length, 14));
  lines.push(
    `  ${'card'.padEnd(9)}${heads.map((head, index) => head.padEnd((widths[index] ?? 0) + 2)).join('')}`.trimEnd(),
  );
  for (const { cardGib, fits } of table) {
    const cells = fits.map(({ batch, memoryGib }, index) =>
      (batch === null ? '-' : `${batch} (${(memoryGib ?? 0).toFixed(1)} GB)`).padEnd((widths[index] ?? 0) + 2),
    );
    lines.push(`  ${`${cardGib} GB`.padEnd(9)}${cells.join('')}`.trimEnd());
  }
  lines.push(`${memoryFormula}`);
  for (const assumption of memoryAssumptions) lines.push(`  ${assumption}`);
  const what =
    shape === null
      ? 'train.py names no DEPTH, DEVICE_BATCH_SIZE and MAX_SEQ_LEN: the table is about the original'
      : `train.py as it stands: depth ${shape.depth}, batch ${shape.batch}, sequence ${shape.sequence}: ${(estimate * scale).toFixed(1)} GB`;
  lines.push(what);
  if (measured !== null && shape !== null)
    lines.push(
      scale === 1
        ? `the baseline measured ${measured.toFixed(1)} GB, which the formula does not describe`
        : `the baseline measured ${measured.toFixed(1)} GB; the table is scaled by that (${scale.toFixed(2)} of the formula)`,
    );
  if (card !== null)
    lines.push(`this card: ${card.toFixed(1)} GB, ${usableGib(card).toFixed(1)} GB of it for training`);
  if (!hasCuda) lines.push('no CUDA or ROCm card was found here: the table is about cards, not about this machine');
  if (strategy === null) {
    lines.push('before a session: `lab autoresearch adapt --seq-len N` sets MAX_SEQ_LEN and a fitting EVAL_TOKENS');
    return `${lines.join('\n')}\n`;
  }
  const { tag, experiments, keeps, crashes, stalled, best } = strategy;
  const memory = best?.memoryGb == null ? '' : `, ${best.memoryGb.toFixed(1)} GB`;
  lines.push(
    '',
    `session ${tag}: ${experiments} experiments, ${keeps} kept, ${crashes} crashed, ${stalled} since the last gain; best ${best === null ? 'none' : `${best.metric.toFixed(6)} at ${best.commit}${memory}`}`,
    ...strategy.advice.map((line) => `- ${line}`),
  );
  return `${lines.join('\n')}\n`;
}
