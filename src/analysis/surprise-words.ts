/** Surprises and near misses in words, for people and for the next ideation. Pure. */
import type { Surprise } from '../stats/surprises.ts';
import type { LabCase } from './calibration-cases.ts';

/** A change in the metric's own sign and unit: "-0.0300 bpb". */
export function formatOwnChange(change: number, { sign, unit }: Pick<LabCase, 'sign' | 'unit'>): string {
  const value = sign * change;
  // A change far below the fourth decimal would read as none.
  const size = Math.abs(value);
  const figure = size !== 0 && size < 0.01 ? String(Number(size.toPrecision(3))) : size.toFixed(4);
  return `${value < 0 ? '-' : '+'}${figure}${unit === '' ? '' : ` ${unit}`}`;
}

/** Expected, observed and what is odd about it, in one line without a full stop. */
export function explainSurprise({ of: one, kind, widths }: Surprise<LabCase>): string {
  // The unit stands once, so that the line stays one line of a terminal.
  const bare = formatOwnChange(one.expected, { sign: one.sign, unit: '' });
  const expected = one.expected === 0 ? 'expected no change' : `expected ${bare}`;
  const figures = `${expected}, observed ${formatOwnChange(one.observed, one)}`;
  const far = `${widths < 100 ? widths.toFixed(1) : '>99'} noise widths`;
  switch (kind) {
    case 'the other way':
      return `${figures}: the other way, by ${far}`;
    case 'much more':
      return `${figures}: ${(one.observed / one.expected).toFixed(1)} times as much, by ${far}`;
    case 'none expected':
      return `${figures}: an effect of ${far}`;
    case 'nothing of it':
      return `${figures}: nothing of it is seen, ${far} short`;
  }
}
