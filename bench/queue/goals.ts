/** The goals of the queue, and how a run stands to them. */
import { median, type Rounds, ratios } from '../measure.ts';

/** One goal and what was measured. */
export interface Goal {
  what: string;
  /** Null where it could not be measured. */
  measured: number | null;
  limit: number;
  unit: 'x' | 'ms';
}

/** The median of the ratios inside each round. */
export function ratioGoal(what: string, rounds: Rounds, name: string, base: string, limit: number): Goal {
  return { what, measured: median(ratios(rounds, name, base)), limit, unit: 'x' };
}

/** One line per goal: met, MISSED, or not measured. */
export function renderGoals(goals: Goal[]): string {
  return goals
    .map(({ what, measured, limit, unit }) => {
      const digits = unit === 'x' ? 2 : 1;
      const figure = measured === null ? 'not measured' : `${measured.toFixed(digits)} ${unit}`;
      const verdict = measured === null ? '' : `: ${measured <= limit ? 'met' : 'MISSED'}`;
      return `* ${what}: ${figure}, goal at most ${limit} ${unit}${verdict}\n`;
    })
    .join('');
}
