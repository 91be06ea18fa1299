/** What is drawn for each row, and where: kept, discarded, crashed, off the axis; the step line of the best; pixels of it all. Pure. */
import { type Direction, followBest, isStanding, type Trial, type TrialRow } from '../trial-rows.ts';
import type { PictureScale } from './picture-scale.ts';

/** What a point stands for. `hollow`: kept though it was no better than the best before it. */
export type PointKind = 'kept' | 'hollow' | 'discarded' | 'other';

/** One row that has a metric. */
export interface PicturePoint {
  trial: Trial;
  kind: PointKind;
  /** Experiment, from 1. */
  x: number;
  /** The metric, or the edge of the axis where it lies beyond. */
  y: number;
  /** On which side of the axis it lies beyond; null where it lies on it. */
  beyond: 'above' | 'below' | null;
}

/** Everything that is drawn. */
export interface PicturePoints {
  points: PicturePoint[];
  /** Experiments that crashed or gave no metric, by their x. */
  crashes: number[];
  /** Corners of the running best, each the beginning of a step; runs on to the last row. */
  steps: { x: number; y: number }[];
  rows: number;
}

/** Sorts the rows by what is drawn of them. */
export function choosePicturePoints(
  rows: readonly TrialRow[],
  direction: Direction,
  scale: PictureScale | null,
): PicturePoints {
  const trials = followBest(rows, direction);
  const steps: { x: number; y: number }[] = [];
  const points: PicturePoint[] = [];
  const crashes: number[] = [];
  for (const [index, trial] of trials.entries()) {
    const x = index + 1;
    const { metric } = trial;
    if (scale === null || metric === null || !Number.isFinite(metric)) {
      crashes.push(x);
      continue;
    }
    const beyond = metric > scale.high ? 'above' : metric < scale.low ? 'below' : null;
    const y = Math.min(scale.high, Math.max(scale.low, metric));
    points.push({ trial, kind: nameKind(trial), x, y, beyond });
    if (trial.best !== null && trial.best !== trials[index - 1]?.best)
      steps.push({ x, y: Math.min(scale.high, Math.max(scale.low, trial.best)) });
  }
  const last = steps.at(-1);
  if (last !== undefined) steps.push({ x: trials.length, y: last.y });
  return { points, crashes, steps, rows: trials.length };
}

function nameKind(trial: Trial): PointKind {
  if (isStanding(trial)) return trial.gain === null || trial.gain > 0 ? 'kept' : 'hollow';
  return trial.status === 'other' ? 'other' : 'discarded';
}

/** From values to pixels. */
export interface Pixels {
  x(value: number): number;
  y(value: number): number;
}

/** Where the axes lie in the picture. */
export interface Frame {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** First and last place of the x axis for so many rows, with a little room at both ends. */
export function spanRows(rows: number): [number, number] {
  const room = Math.max(0.5, rows * 0.015);
  return [1 - room, Math.max(1, rows) + room];
}

/** The scale of pixels for a frame. */
export function measurePixels(frame: Frame, rows: number, { low, high }: PictureScale): Pixels {
  const [first, last] = spanRows(rows);
  return {
    x: (value) => frame.left + ((value - first) / (last - first)) * (frame.right - frame.left),
    y: (value) => frame.bottom - ((value - low) / (high - low)) * (frame.bottom - frame.top),
  };
}

/** Whole numbers for the ticks of the x axis: 1 and steps of 1, 2 or 5 by powers of ten. */
export function chooseRowTicks(rows: number): number[] {
  const least = Math.max(1, rows) / 12;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  const step = [1, 2, 5, 10].map((by) => by * power).find((by) => by >= least) ?? 10 * power;
  const ticks = [1];
  for (let tick = step === 1 ? 2 : step; tick <= rows; tick += step) ticks.push(tick);
  return ticks;
}
