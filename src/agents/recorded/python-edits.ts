/**
 * Edits of the starter's train.py as text: one place is found, and replaced. An edit whose place is not there exactly once misses, and the
 * implementation says `cannot`. What is edited, and why, is in the *-implementations.ts files.
 */
import { type Application, trainPath } from './implementation.ts';

/** One replacement: `find` has to match exactly once. */
export interface TextEdit {
  find: string | RegExp;
  /** The new text; a function gets what was found and its groups. */
  put: string | ((found: RegExpExecArray) => string);
}

/** The edited text, or the place that is not there exactly once. */
export type EditResult = { kind: 'edited'; text: string } | { kind: 'missing'; place: string };

const escapePattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Does all edits one after the other, or none. */
export function applyEdits(text: string, edits: readonly TextEdit[]): EditResult {
  let edited = text;
  for (const { find, put } of edits) {
    const pattern = typeof find === 'string' ? escapePattern(find) : find.source;
    const found = [...edited.matchAll(new RegExp(pattern, 'gm'))];
    const [place] = found;
    if (place === undefined || found.length > 1) return { kind: 'missing', place: pattern };
    const next = typeof put === 'string' ? put : put(place);
    edited = edited.slice(0, place.index) + next + edited.slice(place.index + place[0].length);
  }
  return { kind: 'edited', text: edited };
}

/** The present text of train.py; "" where the files hold none. */
export function trainTextOf(files: Record<string, string>): string {
  return files[trainPath] ?? '';
}

/** Edits train.py, as an application; `cannot` where a place is missing or nothing would change. */
export function editTrain(files: Record<string, string>, edits: readonly TextEdit[], note: string): Application {
  const before = trainTextOf(files);
  const result = applyEdits(before, edits);
  if (result.kind === 'missing') {
    return {
      kind: 'cannot',
      reason: `${trainPath} no longer has the place that this change edits, exactly once: ${result.place}`,
    };
  }
  if (result.text === before) return { kind: 'cannot', reason: `${trainPath} holds this change already` };
  return { kind: 'edit', files: { [trainPath]: result.text }, note };
}

/** The edit that puts lines at the end of features(), before the keys are handed back. */
export function featureEdit(lines: readonly string[]): TextEdit {
  return { find: '\n    return keys\n', put: `\n${lines.join('\n')}\n    return keys\n` };
}

/** The context lengths in train.py, in order; null where the line is missing. */
export function parseOrders(trainText: string): number[] | null {
  const found = /^ORDERS = \(([\d, ]+)\)/m.exec(trainText);
  if (found?.[1] === undefined) return null;
  return found[1]
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number);
}

/** The edit that writes other context lengths; one of them alone keeps its comma, as a Python tuple must. */
export function ordersEdit(orders: readonly number[]): TextEdit {
  return {
    find: /^ORDERS = \([\d, ]+\)/,
    put: `ORDERS = (${orders.join(', ')}${orders.length === 1 ? ',' : ''})`,
  };
}
