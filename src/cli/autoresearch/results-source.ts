/** Where `lab autoresearch results` takes its rows from: a session of the lab, or a table that somebody wrote. Reads only. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { readFieldTable } from '../../analysis/field-table/read-field-table.ts';
import { type Direction, type TrialRow, trialsOfSession, trialsOfTable } from '../../analysis/trial-rows.ts';
import type { LabPaths } from '../../config/lab-paths.ts';
import { LabError } from '../../errors/lab-error.ts';
import { readTriedSessions } from '../../ratchet/program/program-facts.ts';
import { estimateNoise, type NoiseEstimate } from '../../ratchet/results/judge-gains.ts';
import { readSessions, sessionFolder } from '../../ratchet/session.ts';
import { readLedger } from '../ledger.ts';
import { openConfig } from '../open-config.ts';
import { showPath } from '../shown-path.ts';

/** Rows with what is known of them. */
export interface ResultsSource {
  /** The session's tag, or the name of the file. */
  tag: string;
  /** "session mar5 (autoresearch/mar5)", "results.tsv". */
  title: string;
  /** ISO 8601; "" for a file. */
  beganAt: string;
  metric: { name: string; direction: Direction };
  rows: TrialRow[];
  /** Where the picture goes by default; null: nowhere, because the folder is the user's own. */
  picture: string | null;
  /** The program.md beside it; "" where there is none. */
  program: string;
  /** Things to be said on stderr. */
  notes: string[];
}

/** Largest table that is read, bytes. */
const mostBytes = 50_000_000;

/** The rows of a session, the newest where no tag is given. Throws LabError (user) where there is none, naming those that there are. */
export function openSession(paths: LabPaths, tag: string | null): ResultsSource {
  const sessions = readSessions(paths);
  const session = tag === null ? sessions.at(-1) : sessions.find((one) => one.tag === tag);
  if (session === undefined)
    throw new LabError(
      'user',
      tag === null
        ? 'no session of the ratchet in this lab yet'
        : `--tag got "${tag}", expected a session of this lab: ${sessions.map((one) => one.tag).join(', ') || 'there is none yet'}`,
      {
        hints: [
          '`lab autoresearch run --tag <name>` begins one',
          '`lab autoresearch results --file results.tsv` reads any table',
        ],
      },
    );
  const tried = readTriedSessions(paths).find((one) => one.tag === session.tag);
  const others = tag === null ? sessions.slice(0, -1).map((one) => one.tag) : [];
  return {
    ...{ tag: session.tag, beganAt: session.beganAt, metric: session.metric },
    title: `session ${session.tag} (${session.branch})`,
    rows: trialsOfSession(tried?.rows ?? []),
    picture: join(sessionFolder(paths, session.tag), 'progress.png'),
    program: readProgram(paths.root),
    notes: others.length === 0 ? [] : [`the newest session, ${session.tag}; others: --tag ${others.join(', ')}`],
  };
}

/** The rows of a table. Throws LabError (user) where the file is missing or no table. */
export function openTable(path: string, metric: string | null, direction: Direction | null): ResultsSource {
  const whole = resolve(path);
  if (!existsSync(whole) || !statSync(whole).isFile())
    throw new LabError('user', `${path} is no file, expected a table of results`, {
      hints: ['`lab autoresearch results` without --file reads the newest session of the lab'],
    });
  const { size } = statSync(whole);
  if (size > mostBytes)
    throw new LabError('user', `${path} has ${size} bytes, expected a table of results of at most ${mostBytes}`);
  const table = readFieldTable(readFileSync(whole), { metric, direction });
  if (!table.isTable)
    throw new LabError('user', `${path} is no table of results: neither a header nor a row was found in it`, {
      hints: ['the field writes: commit, val_bpb, memory_gb, status, description, with tabs between'],
    });
  return {
    ...{ tag: basename(whole), title: showPath(whole), beganAt: '' },
    metric: { name: table.metricName ?? metric ?? 'metric', direction: table.direction },
    rows: trialsOfTable(table),
    picture: null,
    program: readProgram(dirname(whole)),
    notes: [
      `${table.metricName ?? 'the metric'}: ${table.direction} is better (by ${table.directionFrom})`,
      ...(table.notes.length === 0
        ? []
        : [
            `${table.notes.length} ${table.notes.length === 1 ? 'note' : 'notes'} on how it was read: \`lab results ${showPath(whole)}\` lists them`,
          ]),
    ],
  };
}

function readProgram(folder: string): string {
  const path = join(folder, 'program.md');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** The noise of the lab's own baseline, for a session of the same metric; null where there is none of two seeds. */
export async function readBaselineNoise(paths: LabPaths, metric: string): Promise<NoiseEstimate | null> {
  const config = openConfig(paths);
  if (config.metric.name !== metric) return null;
  const { view } = await readLedger(paths, config);
  const noise = view.baseline?.noise;
  if (noise === undefined || noise.std === null) return null;
  return estimateNoise(noise.std, noise.n - 1, `the baseline of this lab, ${noise.n} seeds`);
}
