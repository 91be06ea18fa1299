/**
 * What the text of a log alone says about a failure: its class and one line of detail. Pure, one pass over the records.
 * Exit codes and signals are weighed in classify.ts.
 */
import type { FailureClass } from '../../src/domain/run.ts';
import { formatLine, formatView } from './log-text.ts';
import { isProgressRecord } from './progress-record.ts';

/** Longest detail, in characters. */
export const detailLength = 300;

/** A failure that more output than this follows was survived: nothing writes 60 lines after the error that ended it. */
const lastRecords = 60;

/** A failure as the text shows it. */
export interface TextFailure {
  failure: FailureClass;
  /** One line of at most 300 characters: the last line of the exception, the line that names the signal, … */
  detail: string;
  /** True where the run went on after it: progress or much other output follows, so it was handled. */
  wentOn: boolean;
}

/** What the text of a log shows besides its figures. */
export interface LogEvents {
  /** The failure that ended the run; else the last one that it survived; null where the text shows none. */
  failure: TextFailure | null;
  sawProgress: boolean;
  /** The last record, one line; "" for an empty log. */
  lastLine: string;
}

/** Nothing that lacks all of these can be a sign of failure; keeps long healthy logs cheap. */
const anySign =
  /mem|oom|alloc|resource_|nan|inf|fail|error|exception|not found|no such|recogni|kill|signal|sig[a-z]{3}|terminat|refused|abort|segm|panick|cancel|interrupt|bwrap|exitcode/i;

const outOfMemory =
  /out[ _]of[ _]memory|OutOfMemory|RESOURCE_EXHAUSTED|ResourceExhausted|Cannot allocate memory|\bMemoryError\b|bad_alloc|Unable to allocate \S{1,40} \S{1,8} for an array|can't allocate memory|CUBLAS_STATUS_ALLOC_FAILED|cudaErrorMemoryAllocation|oom[-_]kill|OOMKilled|OOM when allocating/i;
const memoryHint =
  /\b(?:if|avoid|avoids|avoiding|prevent|prevents|may|might|could|can|in case|reduce|reduces|when|without|no)\b[^.!]{0,50}$/i;
const notANumber =
  /\bloss[ _](?:is|was|became|has become|turned|went)[ _](?:to )?(?:nan|inf)\b|\b(?:nan|inf|infinite|non-finite|nonfinite) (?:loss|detected|encountered|values? in)|\bloss[ _](?:diverged|exploded)\b/i;
const exceptionNan = /\bnan\b|non-?finite|not finite/i;
const signalText =
  /\bgot signal:? ?\d|\bReceived signal:? ?\d|\bkilled by signal|\bSignal \d{1,2} \(SIG|<Signals\.SIG|^Killed$|^Terminated$|\b(?:Killed|Terminated) {2,}|: line \d{1,6}: +\d{1,9} (?:Killed|Terminated)|^(?:Segmentation fault|Aborted|Bus error)\b|Fatal Python error: (?:Segmentation|Aborted|Bus)|\bCANCELLED (?:AT|DUE)|^KeyboardInterrupt$|exitcode +: +-\d/;
const commandMissing =
  /\bcommand not found(?::|$)|^[^\s:]{1,200}: (?:line )?\d{1,6}: [^:]{1,200}: not found$|^bwrap: execvp [^:]{1,200}: |^(?:\/usr\/bin\/)?env: [^:]{1,200}: No such file or directory$|executable file not found in|is not recognized as (?:an internal|the name|a name)/;
const exceptionLine =
  /^[A-Za-z_][\w.]{0,160}(?:Error|Exception|Interrupt|Exit|Warning|Iteration|Failure|Timeout)?(?::|$)/;
const bareError =
  /^[A-Za-z_][\w.]{0,160}(?:Error|Exception)\b|^Error: |^[^\s:]{1,80}: (?:fatal )?error: |^(?:fatal|error|ERROR|panic): |\bpanicked at\b/;
/** Launchers that only report that another process failed; the exception of that process says more. */
const launcherLine = /ChildFailedError|CalledProcessError|ProcessRaisedException/;
const lossValue =
  /(?<!val[_ /-]?|eval[_ /-]?|test[_ /-]?|valid[_ /-]?|validation[_ /-]?|dev[_ /-]?)loss["']?[ \t]{0,3}[:=]?[ \t]{0,3}["']?(?:[-+]?(nan|inf)(?![a-hj-z])|[-+]?[\d.])/gi;

/** The signs kept, one of each kind, strongest first. */
const slots = ['refused', 'memory', 'nan', 'exception', 'command', 'signal', 'error'] as const;
type Slot = (typeof slots)[number];

interface Sign {
  failure: FailureClass;
  detail: string;
  at: number;
}

/** Looks for failures in the records of a log. */
export function parseEvents(records: readonly string[]): LogEvents {
  const signs = new Map<Slot, Sign>();
  let lastProgress = -1;
  let traceback: { prefix: string } | null = null;
  let lossSign: Sign | null = null;
  const keep = (slot: Slot, failure: FailureClass, text: string, at: number) =>
    signs.set(slot, { failure, detail: formatLine(text, detailLength), at });

  for (const [at, record] of records.entries()) {
    const view = formatView(record);
    const isProgress = isProgressRecord(view);
    if (isProgress) lastProgress = at;

    if (traceback !== null) {
      const line = view.startsWith(traceback.prefix) ? view.slice(traceback.prefix.length) : view;
      if (/^[\s|+]/.test(line) && !isProgress) continue;
      traceback = null;
      if (exceptionLine.test(line) && !isProgress) {
        keepException(keep, signs, line, at);
        continue;
      }
      keep('exception', 'exception', `a traceback without its last line, then: ${view}`, at);
    }

    const tracebackStart = view.indexOf('Traceback (most recent call last)');
    if (tracebackStart >= 0) {
      // "[rank0]: Traceback" gives its prefix to the lines that follow.
      traceback = { prefix: view.slice(0, Math.min(tracebackStart, 80)) };
      continue;
    }
    if (/^REFUSED(?::|\s|$)/.test(view)) keep('refused', 'score-refused', view, at);
    if (/loss/i.test(view)) lossSign = parseLoss(view, at) ?? lossSign;
    if (anySign.test(view)) keepLineSigns(keep, view.trim(), at, records[lastProgress] ?? '', at - lastProgress);
  }
  if (traceback !== null) {
    const last = records.at(-1) ?? '';
    keep('exception', 'exception', `a traceback that is cut off at: ${last}`, records.length - 1);
  }
  if (lossSign?.failure === 'nan') keep('nan', 'nan', lossSign.detail, records.length - 1);

  const isFinal = (sign: Sign) => sign.at >= lastProgress && records.length - 1 - sign.at <= lastRecords;
  return {
    failure: chooseSign(signs, isFinal),
    sawProgress: lastProgress >= 0,
    lastLine: formatLine(records.at(-1) ?? '', detailLength),
  };
}

type Keep = (slot: Slot, failure: FailureClass, text: string, at: number) => void;

/** The strongest sign among those that nothing follows; else the last of those that the run survived. */
function chooseSign(signs: ReadonlyMap<Slot, Sign>, isFinal: (sign: Sign) => boolean): TextFailure | null {
  let survived: Sign | null = null;
  for (const slot of slots) {
    const sign = signs.get(slot);
    if (sign === undefined) continue;
    if (slot === 'refused' || isFinal(sign)) return { failure: sign.failure, detail: sign.detail, wentOn: false };
    if (survived === null || sign.at > survived.at) survived = sign;
  }
  return survived === null ? null : { failure: survived.failure, detail: survived.detail, wentOn: true };
}

/** The line that ends a traceback: what it says decides the class. A launcher's only counts where nothing else is known. */
function keepException(keep: Keep, signs: ReadonlyMap<Slot, Sign>, line: string, at: number): void {
  if (outOfMemory.test(line)) keep('memory', 'out-of-memory', line, at);
  else if (/\bgot signal|killed by signal|^KeyboardInterrupt\b/.test(line)) keep('signal', 'killed', line, at);
  else if (exceptionNan.test(line)) keep('nan', 'nan', line, at);
  else if (!launcherLine.test(line) || signs.size === 0) keep('exception', 'exception', line, at);
}

/** Signs in a line of its own, outside any traceback. `sinceProgress` is how many records ago the last progress came. */
function keepLineSigns(keep: Keep, line: string, at: number, progress: string, sinceProgress: number): void {
  const memory = outOfMemory.exec(line);
  if (memory !== null && !memoryHint.test(line.slice(Math.max(0, memory.index - 60), memory.index))) {
    keep('memory', 'out-of-memory', line, at);
  }
  if (notANumber.test(line)) keep('nan', 'nan', line, at);
  // Karpathy's train.py prints this one word, behind its progress, when the loss is NaN or above 100.
  if (line === 'FAIL' && progress !== '' && sinceProgress <= 2) keep('nan', 'nan', `FAIL after ${progress}`, at);
  if (commandMissing.test(line)) keep('command', 'command-not-found', line, at);
  if (signalText.test(line)) keep('signal', 'killed', line, at);
  if (bareError.test(line)) keep('error', 'exception', line, at);
}

/** Whether the training loss of a record is a number; null where the record states none. The last one in it counts. */
function parseLoss(view: string, at: number): Sign | null {
  let sign: Sign | null = null;
  for (const match of view.matchAll(lossValue)) {
    const failure = match[1] === undefined ? 'no-metric' : 'nan';
    sign = { failure, detail: `the loss is not a number: ${formatLine(view, 200)}`, at };
  }
  return sign;
}
