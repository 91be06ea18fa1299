/**
 * A spare supervisor: a process that has loaded everything and waits on its stdin to be told its attempt, so that launching one costs a line
 * through a pipe. It ends with its stdin as long as it was told nothing: with this process, however that ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/config/package-root.ts';

/** How spares are kept. */
export interface SpareOptions {
  /** The program to run; dist/supervisor.js of this package where not given. */
  entry?: string;
}

interface Spare {
  child: ChildProcess;
  entry: string;
  /** Where tests let it die; it has the environment of the moment in which it was started. */
  stopAt: string | undefined;
}

// Not at once: whoever has just launched one has more urgent things to do.
const nextAfterMs = 500;
// One that cannot live is not started over and over.
const againAfterMs = 10_000;

let kept: { entry: string } | null = null;
let spare: Spare | null = null;
let timer: NodeJS.Timeout | null = null;

/** The program of supervisors. */
export function supervisorEntry(options: SpareOptions): string {
  return options.entry ?? join(packageRoot(), 'dist', 'supervisor.js');
}

/** Keeps one supervisor ready from now on. Where the package is not built there is none, and launching says why. */
export function keepSpare(options: SpareOptions = {}): void {
  kept = { entry: supervisorEntry(options) };
  if (spare === null) startSpare();
}

/** Ends the one that is ready, and keeps none from now on. */
export function dropSpare(): void {
  kept = null;
  if (timer !== null) clearTimeout(timer);
  timer = null;
  spare?.child.stdin?.end();
  spare = null;
}

/** Tells the spare its attempt and gives it away; null where there is none that fits. Another is started a little later. */
export function useSpare(entry: string, attemptDir: string, secrets: Record<string, string>): ChildProcess | null {
  const taken = spare;
  if (taken === null || taken.entry !== entry || taken.stopAt !== process.env.LAB_STOP_AT) return null;
  spare = null;
  startLater(nextAfterMs);
  const { child } = taken;
  if (child.exitCode !== null || child.signalCode !== null || child.stdin?.writable !== true) return null;
  child.stdin.end(`${JSON.stringify({ attemptDir, secrets })}\n`);
  return child;
}

function startLater(afterMs: number): void {
  if (timer !== null) return;
  timer = setTimeout(() => {
    timer = null;
    if (spare === null) startSpare();
  }, afterMs);
  timer.unref();
}

function startSpare(): void {
  if (kept === null || !existsSync(kept.entry)) return;
  const { LAB_RUN: _ownRun, ...env } = process.env;
  const { entry } = kept;
  const child = spawn(process.execPath, [entry, '--spare'], {
    cwd: '/',
    detached: true,
    env,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const made: Spare = { child, entry, stopAt: process.env.LAB_STOP_AT };
  spare = made;
  const forget = (): void => {
    if (spare !== made) return;
    spare = null;
    startLater(againAfterMs);
  };
  child.once('error', forget);
  child.once('exit', forget);
  // It may have died a moment before it was told; whoever waits for the attempt sees that it has no supervisor.
  child.stdin?.on('error', () => undefined);
  child.unref();
  // A socket that is open would keep this process from ending.
  const { stdin } = child;
  if (stdin !== null && 'unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
}
