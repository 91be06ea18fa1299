/** The model's shape as train.py and prepare.py name it in constants; null where they are of another make. Reads files. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConstants } from '../budget.ts';
import { type ModelShape, originalShape } from './memory-estimate.ts';

/** Reads the shape of the code in a folder. Null where DEPTH, DEVICE_BATCH_SIZE or MAX_SEQ_LEN is not there as a plain number. */
export function readShape(root: string): ModelShape | null {
  const constants: Record<string, number> = {};
  for (const name of ['train.py', 'prepare.py']) {
    const path = join(root, name);
    if (existsSync(path)) Object.assign(constants, readConstants(readFileSync(path, 'utf8')));
  }
  const { DEPTH: depth, DEVICE_BATCH_SIZE: batch, MAX_SEQ_LEN: sequence } = constants;
  if (depth === undefined || batch === undefined || sequence === undefined) return null;
  return {
    depth,
    batch,
    sequence,
    aspectRatio: constants.ASPECT_RATIO ?? originalShape.aspectRatio,
    headDim: constants.HEAD_DIM ?? originalShape.headDim,
    vocabulary: constants.VOCAB_SIZE ?? originalShape.vocabulary,
  };
}
