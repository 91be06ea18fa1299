/** The step `hardware`: whether this machine has what lab.yaml's device class asks for, and a word where the card is small for the code. */
import type { LabConfig } from '../../config/schema.ts';
import { estimateMemoryGib, usableGib } from '../adapt/memory-estimate.ts';
import { readShape } from '../adapt/read-shape.ts';
import type { HardwareState } from '../intake/hardware.ts';
import { failStep, type StepOutcome } from './setup-steps.ts';

/** Judges the hardware for the code in `root`. */
export function judgeHardware(hardware: HardwareState, config: LabConfig, root: string): StepOutcome {
  const { gpus, cpu, memoryTotalMib, problems, cuda } = hardware;
  const { device } = config.run;
  if (device === 'cpu' || (device === 'auto' && gpus.length === 0)) {
    const why = [`run.device: ${device}`, ...(device === 'auto' ? ['no GPU was found', ...problems] : [])].join('; ');
    return {
      state: 'already',
      text: `${cpu.model || 'processor'}, ${(memoryTotalMib / 1024).toFixed(1)} GB (${why})`,
    };
  }
  if (gpus.length === 0)
    return failStep('lab.yaml says run.device: gpu, and no GPU was found', [
      ...problems,
      'no GPU at all: a fork for MLX, MPS, Windows or the processor, or `run.device: cpu` in lab.yaml for code that trains on it',
      '`lab doctor` shows what was asked and what answered',
    ]);
  const sizes = gpus.flatMap(({ memoryTotalMib: mib }) => (mib === null ? [] : [mib / 1024]));
  const largest = sizes.length === 0 ? null : Math.max(...sizes);
  const names = gpus.map(
    ({ model, memoryTotalMib: mib }) => `${model}${mib === null ? '' : ` ${(mib / 1024).toFixed(1)} GB`}`,
  );
  const driver = cuda === null ? '' : `, CUDA ${cuda}`;
  const shape = readShape(root);
  const needed = shape === null ? null : estimateMemoryGib(shape);
  const isTight = needed !== null && largest !== null && needed > usableGib(largest);
  const warning = isTight
    ? `; by estimate this train.py needs ${needed.toFixed(1)} GB: \`lab autoresearch adapt\` shows what fits`
    : '';
  return { state: 'already', text: `${names.join(', ')}${driver}${warning}` };
}
