/** Another MAX_SEQ_LEN in the text of prepare.py, with an EVAL_TOKENS that fits it; every other byte stays. Pure. */
import { LabError } from '../../errors/lab-error.ts';
import { readConstants } from '../budget.ts';

/** One constant that changes. */
export interface ConstantChange {
  name: 'MAX_SEQ_LEN' | 'EVAL_TOKENS';
  before: number;
  after: number;
}

/** The planned text. */
export interface SequencePlan {
  text: string;
  /** Empty where the text says it already. */
  changes: ConstantChange[];
  /** What a person should know about it, a sentence each. */
  notes: string[];
}

/** Where a constant is assigned: its line, cut before the value and behind it. Null where it is not at the top level. */
function findAssignment(text: string, name: string): { start: number; end: number; value: string } | null {
  const pattern = new RegExp(
    `^${name}(?:[ \\t]*:[ \\t]*\\w+)?[ \\t]*=[ \\t]*([^=#\\r\\n][^#\\r\\n]*?)[ \\t]*(?=#|\\r|\\n|$)`,
    'gm',
  );
  // Of two assignments the last one counts, as in Python.
  const match = [...text.matchAll(pattern)].at(-1);
  const value = match?.[1];
  if (match === undefined || value === undefined) return null;
  const start = match.index + match[0].indexOf(value, match[0].indexOf('=') + 1);
  return { start, end: start + value.length, value };
}

/** A value in the form of the old one: "40 * 524288" becomes "40 * 131072" where that comes out even. */
function formatLike(old: string, value: number): string {
  const factor = /^(\d[\d_]*)[ \t]*\*[ \t]*\d[\d_]*$/.exec(old)?.[1];
  if (factor === undefined) return String(value);
  const first = Number(factor.replaceAll('_', ''));
  return first > 0 && value % first === 0 ? `${factor} * ${value / first}` : String(value);
}

/**
 * The tokens that an evaluation with another sequence length reads: as many sequences as before, and whole batches of them, so that the
 * evaluator's division leaves none out.
 */
export function fitEvalTokens(evalTokens: number, before: number, after: number, batch: number | null): number {
  const sequences = Math.max(1, Math.floor(evalTokens / before));
  const whole = batch === null || batch < 1 || batch > sequences ? 1 : batch;
  return Math.floor(sequences / whole) * whole * after;
}

/** Plans the change. `train` is train.py's text, for its batch size. Throws LabError (user) where prepare.py has no plain MAX_SEQ_LEN. */
export function planSequence(prepare: string, train: string, sequence: number): SequencePlan {
  const { MAX_SEQ_LEN: before, EVAL_TOKENS: evalBefore } = readConstants(prepare);
  const place = findAssignment(prepare, 'MAX_SEQ_LEN');
  if (before === undefined || place === null) {
    throw new LabError('user', 'prepare.py has no line such as "MAX_SEQ_LEN = 2048" at its top level', {
      hints: ['change the length by hand where the code has it, and commit that before the first session'],
    });
  }
  const { DEVICE_BATCH_SIZE: batch = null, TOTAL_BATCH_SIZE: total = null } = readConstants(train);
  if (before === sequence) return { text: prepare, changes: [], notes: [] };
  const notes: string[] = [];
  const changes: ConstantChange[] = [{ name: 'MAX_SEQ_LEN', before, after: sequence }];
  let text = prepare.slice(0, place.start) + formatLike(place.value, sequence) + prepare.slice(place.end);
  const evalPlace = findAssignment(text, 'EVAL_TOKENS');
  if (evalBefore === undefined || evalPlace === null) {
    notes.push('prepare.py has no plain EVAL_TOKENS, so how much text the evaluation reads was left alone');
  } else {
    const evalAfter = fitEvalTokens(evalBefore, before, sequence, batch);
    // A value made from MAX_SEQ_LEN follows by itself.
    if (/\bMAX_SEQ_LEN\b/.test(evalPlace.value))
      notes.push(`EVAL_TOKENS is made from MAX_SEQ_LEN (${evalPlace.value}) and follows by itself`);
    else if (evalAfter !== evalBefore) {
      text = text.slice(0, evalPlace.start) + formatLike(evalPlace.value, evalAfter) + text.slice(evalPlace.end);
      changes.push({ name: 'EVAL_TOKENS', before: evalBefore, after: evalAfter });
    }
  }
  if (batch !== null && total !== null && total % (batch * sequence) !== 0)
    notes.push(
      `TOTAL_BATCH_SIZE ${total} is no multiple of DEVICE_BATCH_SIZE ${batch} x ${sequence}: train.py will refuse to start until one of them changes`,
    );
  return { text, changes, notes };
}
