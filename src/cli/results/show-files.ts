/** `lab results FILE…`: result tables of the field, read and shown. Needs no lab. */
import { readFileSync } from 'node:fs';
import { type FieldSummary, summariseTable } from '../../analysis/field-summary.ts';
import { readFieldTable } from '../../analysis/field-table/read-field-table.ts';
import type { FieldTable } from '../../domain/field-table.ts';
import { errnoOf, exitCodes, formatError, LabError } from '../../errors/lab-error.ts';
import type { CommandInput } from '../define.ts';
import { disarmLine } from '../page.ts';
import { parseChoice } from '../verbs.ts';
import { renderFieldTable } from './render-field-table.ts';

interface ShownTable {
  file: string;
  table: FieldTable;
  summary: FieldSummary;
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const reason = errnoOf(cause);
    const why =
      reason === 'ENOENT'
        ? 'there is no such file'
        : reason === 'EISDIR'
          ? 'it is a folder'
          : reason === 'EACCES'
            ? 'it may not be read'
            : String(reason);
    throw new LabError('user', `${file} can not be read: ${why}`, {
      hints: ['`lab results` without a file shows the results of the lab here'],
      ...(reason === 'ENOENT' || reason === 'EISDIR' ? {} : { cause }),
    });
  }
}

/** One file, read. Throws LabError (user) where it cannot be read, is no table, or has no column of the name that was asked for. */
function readTableFile(
  file: string,
  options: { metric: string | null; direction: 'lower' | 'higher' | null },
): ShownTable {
  const { isTable, columns, ...table } = readFieldTable(readBytes(file), options);
  if (!isTable) {
    const [first] = table.notes;
    const begins = first === undefined ? 'it is empty' : `on line ${first.line}: ${disarmLine(first.text)}`;
    throw new LabError(
      'user',
      `${file} is no result table, expected a header such as "commit val_bpb memory_gb status description" or rows of that form (${begins})`,
      {
        hints: ['0_docs/guide/reading-tables.md says what is read'],
      },
    );
  }
  if (options.metric !== null && table.metricName === null && columns.length > 0)
    throw new LabError(
      'user',
      `${file} has no column "${options.metric}", expected one of: ${columns.map(disarmLine).join(', ')}`,
    );
  return { file, table, summary: summariseTable(table) };
}

/** Shows every file that is named; one that is no table is an error, and the others are shown all the same. Returns the exit code. */
export function showFiles(input: Pick<CommandInput, 'words' | 'text' | 'flag'>): number {
  const options = {
    metric: input.text('metric'),
    direction: parseChoice('direction', input.text('direction'), ['lower', 'higher']),
  };
  const view = { isWhole: input.flag('all'), hasAllNotes: input.flag('notes') };
  const shown: ShownTable[] = [];
  let code = 0;
  for (const file of input.words) {
    try {
      shown.push(readTableFile(file, options));
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      code = exitCodes[error.kind];
      process.stderr.write(formatError(error));
    }
  }
  if (input.flag('json')) {
    const values = shown.map(({ file, table, summary }) => ({
      file,
      metric: table.metricName,
      direction: table.direction,
      directionFrom: table.directionFrom,
      counts: summary.counts,
      best: summary.best,
      keepsWithoutGain: summary.keepsWithoutGain,
      betterDiscards: summary.betterDiscards,
      runningBest: summary.runningBest,
      rows: table.rows,
      notes: table.notes,
    }));
    // One file is one value, several are a list, whichever of them could be read.
    if (input.words.length > 1) process.stdout.write(`${JSON.stringify(values, null, 2)}\n`);
    else if (values.length === 1) process.stdout.write(`${JSON.stringify(values[0], null, 2)}\n`);
  } else {
    const texts = shown.map(({ file, table, summary }) => renderFieldTable(file, table, summary, view));
    process.stdout.write(texts.join('\n'));
  }
  return code;
}
