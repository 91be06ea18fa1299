/**
 * How much memory autoresearch's train.py takes, by a formula with one measured point: the unmodified code on an H100 (depth 8, batch 128,
 * sequence 2048, 50.3 M parameters) printed peak_vram_mb 45060. An estimate, and called that wherever it is shown. Pure.
 *
 *   width      = DEPTH × ASPECT_RATIO, up to a multiple of HEAD_DIM
 *   parameters = 12 × DEPTH × width² + (2 + DEPTH / 2) × vocabulary × width
 *   bytes      = 16 × parameters + DEVICE_BATCH_SIZE × MAX_SEQ_LEN × (23.25 × DEPTH × width + 10 × vocabulary)
 *
 * It assumes bfloat16 activations, an attention that keeps no score matrix, torch.compile, and no activation checkpointing. The 10 bytes a
 * logit are a bfloat16 and two float32 copies; the 23.25 follow from the measured point. Cards before Ampere compute in float32: about double.
 */

/** What memory depends on. */
export interface ModelShape {
  depth: number;
  aspectRatio: number;
  headDim: number;
  vocabulary: number;
  /** DEVICE_BATCH_SIZE: sequences at once. */
  batch: number;
  /** MAX_SEQ_LEN. */
  sequence: number;
}

/** The unmodified train.py and prepare.py of autoresearch. */
export const originalShape: ModelShape = {
  depth: 8,
  aspectRatio: 64,
  headDim: 128,
  vocabulary: 8192,
  batch: 128,
  sequence: 2048,
};

/** Memory of cards that people have, GiB. */
export const usualCards = [4, 6, 8, 12, 16, 24, 40, 48, 80, 96, 141] as const;

/** The formula in one line, for a person. */
export const memoryFormula =
  'bytes = 16 x parameters + DEVICE_BATCH_SIZE x MAX_SEQ_LEN x (23.25 x DEPTH x width + 10 x vocabulary)';

/** What the estimate takes for granted, for a person. */
export const memoryAssumptions: readonly string[] = [
  'one measured point: the unmodified code on an H100, 45060 MiB at depth 8, batch 128, sequence 2048',
  'bfloat16, flash attention, torch.compile, no checkpointing; float32 (cards before Ampere) takes about double',
  'a card gives 92 % of its memory less 0.6 GiB to training: the rest is the driver and fragmentation',
];

const gib = 2 ** 30;

/** Model width of a shape. */
export function widthOf({ depth, aspectRatio, headDim }: ModelShape): number {
  return Math.ceil((depth * aspectRatio) / headDim) * headDim;
}

/** Parameters of a shape: blocks, the two ends, and value embeddings of every other layer. */
export function countParameters(shape: ModelShape): number {
  const width = widthOf(shape);
  return 12 * shape.depth * width ** 2 + (2 + Math.ceil(shape.depth / 2)) * shape.vocabulary * width;
}

/** Peak memory of training, GiB. */
export function estimateMemoryGib(shape: ModelShape): number {
  const perToken = 23.25 * shape.depth * widthOf(shape) + 10 * shape.vocabulary;
  return (16 * countParameters(shape) + shape.batch * shape.sequence * perToken) / gib;
}

/** What training may take of a card, GiB. */
export function usableGib(cardGib: number): number {
  return Math.max(0, 0.92 * cardGib - 0.6);
}

/** The largest batch (a power of two, `most` at most) that fits; null where not even one sequence does. `scale`: measured over estimated memory. */
export function findFittingBatch(shape: ModelShape, cardGib: number, scale = 1, most = 128): number | null {
  for (let batch = most; batch >= 1; batch /= 2)
    if (estimateMemoryGib({ ...shape, batch }) * scale <= usableGib(cardGib)) return batch;
  return null;
}

/** Depths and sequence lengths that the table shows, from the original to what fits small cards. */
export const tableShapes: readonly Pick<ModelShape, 'depth' | 'sequence'>[] = [
  { depth: 8, sequence: 2048 },
  { depth: 8, sequence: 1024 },
  { depth: 6, sequence: 512 },
  { depth: 4, sequence: 256 },
];

/** One row of the table: a card, and for each of tableShapes the batch that fits. */
export interface MemoryRow {
  cardGib: number;
  fits: { depth: number; sequence: number; batch: number | null; memoryGib: number | null }[];
}

/** The table. `base` gives what the shapes do not say; `scale` as findFittingBatch has it. */
export function tabulateMemory(base: ModelShape, scale = 1, cards: readonly number[] = usualCards): MemoryRow[] {
  return cards.map((cardGib) => ({
    cardGib,
    fits: tableShapes.map((own) => {
      const shape = { ...base, ...own };
      const batch = findFittingBatch(shape, cardGib, scale);
      const memoryGib = batch === null ? null : estimateMemoryGib({ ...shape, batch }) * scale;
      return { ...own, batch, memoryGib };
    }),
  }));
}
