/** The intake packet as text: one fact a line, aligned, short enough to stand before what a mode says. Pure. */
import { programSections } from '../program/section-words.ts';
import type { HardwareState, IntakeGpu } from './hardware.ts';
import type { Intake } from './intake.ts';
import type { SessionFacts } from './sessions.ts';

/** How many cards, sessions and notes are named one by one. */
const shownEach = 2;

/** The packet, each line with its end. */
export function renderIntake(intake: Intake): string {
  const { repository, hardware, session, notes } = intake;
  const lines: [string, string][] = [
    ['mode', intake.mode ?? 'none yet'],
    ['repository', describeRepository(intake)],
    ['files', repository.files.length === 0 ? 'none of a training repository' : repository.files.join(' ')],
  ];
  if (repository.isTraining) {
    lines.push(['program.md', describeProgram(intake)], ['prepared', describePrepared(intake)]);
  }
  lines.push(...describeGpus(hardware).map((text, index): [string, string] => [index === 0 ? 'gpu' : '', text]));
  lines.push(['machine', describeMachine(hardware)]);
  if (repository.isLab) {
    const shown = session.sessions.slice(-shownEach).reverse();
    const left = session.sessions.length - shown.length;
    const texts = shown.length === 0 ? ['none yet'] : shown.map(describeSession);
    if (left > 0) texts[texts.length - 1] += `; and ${left} before`;
    lines.push(...texts.map((text, index): [string, string] => [index === 0 ? 'session' : '', text]));
    lines.push(['baseline', describeBaseline(intake)]);
  }
  if (repository.isTraining)
    lines.push(['constraints', describeConstraints(intake)], ['budget', describeBudget(intake)]);
  for (const note of notes.slice(0, shownEach)) lines.push(['note', note]);
  if (notes.length > shownEach) lines.push(['', `and ${notes.length - shownEach} more notes; --json has them all`]);
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, text]) => `${name.padEnd(width)}  ${text.replaceAll(/\s*\n\s*/g, '; ')}\n`).join('');
}

function describeRepository({ repository }: Intake): string {
  const { root, isGit, branch, commit, dirty, isLab, isTraining } = repository;
  const head = branch === null ? 'detached HEAD' : `branch ${branch}`;
  const parts = [
    root,
    isGit ? `${head}${commit === null ? ', no commit yet' : ` at ${commit}`}` : 'no git repository',
    ...(dirty === null ? [] : [dirty === 0 ? 'clean' : `${dirty} ${dirty === 1 ? 'file' : 'files'} not committed`]),
    isLab ? 'a lab' : isTraining ? 'no lab yet' : 'no training repository',
  ];
  return parts.join(' · ');
}

function describeProgram({ repository: { program, missingSections } }: Intake): string {
  if (program === 'missing') return 'not there';
  if (program === 'whole') return 'whole: all five sections';
  const lacks = missingSections.length === programSections.length ? 'all five sections' : missingSections.join(', ');
  return `lacks ${lacks}`;
}

function describePrepared({ repository }: Intake): string {
  const { environment, environmentNote, data, dataPaths } = repository;
  const where = dataPaths[0] === undefined ? '' : ` (${dataPaths[0]})`;
  const dataText = data === 'unknown' ? 'data unknown: prepare.py names no folder' : `data ${data}${where}`;
  return `environment ${environment} (${environmentNote}) · ${dataText}`;
}

function describeGpus({ gpus, cuda }: HardwareState): string[] {
  if (gpus.length === 0) return ['none found (NVIDIA, AMD, Apple)'];
  const texts = gpus.slice(0, shownEach).map((gpu) => describeGpu(gpu, cuda));
  const left = gpus.length - texts.length;
  if (left > 0) texts[texts.length - 1] += `; and ${left} more`;
  return texts;
}

function describeGpu(
  { id, model, vendor, memoryTotalMib, memoryUsedMib, driver }: IntakeGpu,
  cuda: string | null,
): string {
  const memory = memoryTotalMib === null ? 'memory not told' : `${formatGib(memoryTotalMib)}`;
  const shared = vendor === 'apple' ? ' shared with the processor' : '';
  const used = memoryUsedMib === null ? '' : `, ${formatGib(memoryUsedMib)} in use`;
  const cudaText = vendor !== 'nvidia' ? '' : cuda === null ? ', CUDA not told' : `, CUDA ${cuda}`;
  const api = vendor === 'amd' ? ', ROCm' : vendor === 'apple' ? ', MLX' : cudaText;
  return `${id} ${model}, ${memory}${shared}${used}${driver === null ? '' : `, driver ${driver}`}${api}`;
}

function describeMachine({ platform, wsl, arch, cpu, memoryTotalMib, memoryFreeMib }: HardwareState): string {
  const system = { linux: 'Linux', macos: 'macOS', windows: 'Windows' }[platform];
  const threads = `${cpu.threads} ${cpu.threads === 1 ? 'thread' : 'threads'}`;
  const memory = `${formatGib(memoryTotalMib)}, ${formatGib(memoryFreeMib)} free`;
  return [cpu.model, threads, memory, `${system} ${arch}${wsl === null ? '' : ` in ${wsl}`}`]
    .filter(Boolean)
    .join(', ');
}

function describeSession({ tag, isRunning, rows, counts, best, metric }: SessionFacts): string {
  const found = `${counts.keep} keep, ${counts.discard} discard, ${counts.crash} crash`;
  const bestText = best === null ? 'no best yet' : `best ${metric.name} ${best.metric.toFixed(6)} at ${best.commit}`;
  return `${tag} ${isRunning ? 'running' : 'stopped'}: ${rows} ${rows === 1 ? 'row' : 'rows'} (${found}), ${bestText}`;
}

function describeBaseline({ constraints: { baseline } }: Intake): string {
  if (baseline === null) return 'none yet: no run of the unmodified code gave metric and memory';
  const { metricName, metric, memoryMib, commit, device, job } = baseline;
  return `${metricName} ${metric.toFixed(6)}, peak ${formatGib(memoryMib)}, ${commit.slice(0, 7)} on ${device} (job ${job})`;
}

function describeConstraints({ repository, constraints }: Intake): string {
  const { memoryCeilingMib, isEvaluatorFrozen, hasScoreStep } = constraints;
  const parts = [
    memoryCeilingMib === null ? 'no memory ceiling yet' : `memory ceiling ${formatGib(memoryCeilingMib)}`,
    isEvaluatorFrozen
      ? 'prepare.py frozen'
      : `prepare.py not frozen${repository.isLab ? '' : ' before there is a lab'}`,
  ];
  if (hasScoreStep !== null)
    parts.push(hasScoreStep ? 'a score step gives the number' : 'train.py reports its own number');
  return parts.join(' · ');
}

function describeBudget({ constraints: { constants, wallSeconds } }: Intake): string {
  const parts = Object.entries(constants).map(([name, value]) => `${name} ${value}`);
  if (parts.length === 0) parts.push('no constants found');
  if (wallSeconds !== null) parts.push(`hard limit ${wallSeconds} s`);
  return parts.join(' · ');
}

/** "44.0 GiB"; below one GiB "512 MiB". */
export function formatGib(mib: number): string {
  return mib < 1024 ? `${Math.round(mib)} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}
