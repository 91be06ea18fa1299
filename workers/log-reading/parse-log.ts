/**
 * A log as one value: its metric, its further figures, and what its text shows of a failure. Pure.
 * Files are read in read-log.ts; what the run's fate is, with its exit code, in classify.ts.
 */
import { parseEvents, type TextFailure } from './failure-text.ts';
import { parseRecords } from './log-records.ts';
import { decodeLogText } from './log-text.ts';
import { parseFigures } from './summary-block.ts';

/** What to look for in a log. */
export interface LogOptions {
  /** Name of the primary metric, as the log prints it. */
  metric: string;
}

/** What a log says. */
export interface LogReading {
  /** The name that was looked for. */
  metricName: string;
  /** The primary metric as printed; null where it is missing or no finite number. */
  metric: number | null;
  /** Every finite number of the last summary block and of METRIC lines by name, the primary metric included. */
  metrics: Record<string, number>;
  /** Keys of the summary block whose value is the word true ("leak"). */
  flagsTrue: string[];
  /** `peak_vram_mb` in MiB; null where it is missing or 0.0, which is what a run without CUDA prints. */
  peakVramMib: number | null;
  /** True where a `---` that figures follow was found. */
  summaryFound: boolean;
  /** What the text alone shows of a failure, also of one that the run survived (`wentOn`); null where it shows none. */
  failure: TextFailure | null;
  /** The last line that is not blank, at most 300 characters; "" for an empty log. */
  lastLine: string;
  /** True where any record told progress (a step, an epoch, a bar). */
  sawProgress: boolean;
}

/** Reads the bytes of a log. Never throws, whatever they hold; time is linear in their number. */
export function parseLog(bytes: Uint8Array, options: LogOptions): LogReading {
  return parseLogText(decodeLogText(bytes), options);
}

/** Reads a log that is already text without terminal codes (decodeLogText). */
export function parseLogText(text: string, options: LogOptions): LogReading {
  const records = parseRecords(text);
  const figures = parseFigures(records, options.metric);
  const events = parseEvents(records);
  const { stated } = figures;
  const isNumber = stated !== null && Number.isFinite(stated);
  const isRefused = events.failure?.failure === 'score-refused';
  const failure: TextFailure | null =
    stated !== null && !isNumber && !isRefused
      ? { failure: 'nan', detail: `${options.metric} is ${formatNonFinite(stated)}`, wentOn: false }
      : events.failure;
  return {
    metricName: options.metric,
    metric: isNumber ? stated : null,
    metrics: figures.metrics,
    flagsTrue: figures.flagsTrue,
    peakVramMib: figures.peakVramMib,
    summaryFound: figures.summaryFound,
    failure,
    lastLine: events.lastLine,
    sawProgress: events.sawProgress,
  };
}

function formatNonFinite(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  return value > 0 ? 'inf' : '-inf';
}
