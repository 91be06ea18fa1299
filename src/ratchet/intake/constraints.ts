/** What a session here would be bound by: the memory ceiling, what is frozen, the constants of the budget, the hard limit. Reads only. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabConfig } from '../../config/schema.ts';
import { rulesOf } from '../../rules/taxonomy.ts';
import { softLimitMib } from '../../stats/memory-limit.ts';
import { budgetConstant, evaluationConstants, readConstants } from '../budget.ts';
import type { BaselineRun } from '../setup-mode/baseline-numbers.ts';

/** The constraint state of the packet. */
export interface ConstraintState {
  metric: { name: string; direction: 'lower' | 'higher' } | null;
  /** Memory above which a run is a crash, MiB: twice the baseline's peak by default (decision.memoryFactor). Null while there is no baseline, and where no limit is set. */
  memoryCeilingMib: number | null;
  /** The newest run of the unmodified code on the present track; null before the first that gave both numbers. */
  baseline: BaselineRun | null;
  /** Whether the lab holds prepare.py, where the evaluator is, against every change. False outside a lab. */
  isEvaluatorFrozen: boolean;
  /** Whether a separate score step gives the number; false: train.py reports its own. Null outside a lab. */
  hasScoreStep: boolean | null;
  /** TIME_BUDGET, MAX_SEQ_LEN and EVAL_TOKENS, as prepare.py or else train.py has them; absent where neither does. */
  constants: Record<string, number>;
  /** Hard limit of a run, seconds; null outside a lab. */
  wallSeconds: number | null;
}

/** Reads the constraints of the checkout at `root`. `config` is null outside a lab and where it cannot be read. */
export function readConstraints(root: string, config: LabConfig | null, baseline: BaselineRun | null): ConstraintState {
  const factor = config?.decision.memoryFactor ?? null;
  return {
    metric: config === null ? null : { name: config.metric.name, direction: config.metric.direction },
    memoryCeilingMib:
      baseline === null || factor === null ? null : Math.round(softLimitMib(baseline.memoryMib, factor)),
    baseline,
    isEvaluatorFrozen: config !== null && rulesOf('prepare.py', config.rules).includes('FROZEN'),
    hasScoreStep: config === null ? null : config.commands.score !== null,
    constants: readBudgetConstants(root),
    wallSeconds: config?.run.wallSeconds ?? null,
  };
}

function readBudgetConstants(root: string): Record<string, number> {
  const constants: Record<string, number> = {};
  // What prepare.py says counts: it is the frozen one.
  for (const name of ['train.py', 'prepare.py']) {
    const path = join(root, name);
    if (!existsSync(path)) continue;
    const found = readConstants(readFileSync(path, 'utf8'));
    for (const constant of [budgetConstant, ...evaluationConstants]) {
      const value = found[constant];
      if (value !== undefined) constants[constant] = value;
    }
  }
  return constants;
}
