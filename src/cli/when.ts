/**
 * Moments as a person types them behind `--delay`: a time from now, a day, a time of day, both, or an ISO date. Pure: the present moment is
 * given, days and times are local. Knows English words only, and no ranges or repetitions.
 */
import { LabError } from '../errors/lab-error.ts';
import { lastDayOf, parseDayAndClock } from './when-day.ts';

const unitSeconds: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

const units = /^(?:(s|secs?|seconds?)|(m|mins?|minutes?)|(h|hrs?|hours?)|(d|days?)|(w|weeks?))$/;

const longestYears = 10;

/**
 * The moment that a text names: "90" and "90s" (seconds from now), "10min", "2h30m", "1d" (24 hours), "18:00" and "7am" (the next such
 * time), "friday" (its first moment), "tomorrow" (this time of day), "4 months" (that day's first moment), "friday 18:00", "2 days 03:00",
 * "1 apr 8:30pm" and "4/1" (the next such), "2026-11-22 5pm" or an ISO moment with offset. Throws LabError (usage) on anything else, on a
 * moment in the past and on one more than ten years ahead.
 */
export function parseWhen(text: string, now: Date): Date {
  const words = text
    .trim()
    .toLowerCase()
    .replaceAll(/\s+/g, ' ')
    .replace(/^(?:in |\+ ?)/, '');
  const moment = parseSpan(words, now) ?? parseIso(text.trim()) ?? parseDayAndClock(words, now);
  if (moment === null || Number.isNaN(moment.getTime())) throw createWhenError(text);
  if (moment.getTime() < now.getTime())
    throw new LabError('usage', `"${text}" lies in the past (${moment.toISOString()}), expected a moment to come`);
  if (moment.getTime() - now.getTime() > longestYears * 366 * 86_400_000)
    throw new LabError('usage', `"${text}" lies more than ${longestYears} years ahead, expected a nearer moment`);
  return moment;
}

function createWhenError(text: string): LabError {
  return new LabError('usage', `"${text}" is no moment, expected one such as 90s, 2h30m, 18:00 or "tomorrow 7am"`, {
    hints: [
      'a bare number counts seconds; days and times are local',
      '"friday 18:00", "1 apr 8:30pm", "4 months" and 2026-11-22T18:00 work too',
    ],
  });
}

/** Null where the words are no span. */
function parseSpan(span: string, now: Date): Date | null {
  if (/^\d+(?:\.\d+)?$/.test(span)) return addSeconds(now, Number(span));
  const parts = [...span.matchAll(/(\d+(?:\.\d+)?) ?([a-z]+)(?: and |,? )?/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== span) return null;
  let seconds = 0;
  const seen = new Set<string>();
  for (const [, amount = '', word = ''] of parts) {
    const unit = units
      .exec(word)
      ?.slice(1)
      .findIndex((found) => found !== undefined);
    const letter = unit === undefined ? undefined : Object.keys(unitSeconds)[unit];
    // "2h 3h" is a slip of the hand, not five hours.
    if (letter === undefined || seen.has(letter)) return null;
    seen.add(letter);
    seconds += Number(amount) * (unitSeconds[letter] ?? 0);
  }
  return addSeconds(now, seconds);
}

function addSeconds(now: Date, seconds: number): Date {
  return new Date(now.getTime() + seconds * 1000);
}

/** Null where the text is no ISO date with a time. Without an offset it is local. */
function parseIso(text: string): Date | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s?(z|Z|[+-]\d{2}:?\d{2})?$/.exec(
    text,
  );
  if (!match) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const zone = match[7];
  // Date takes 30 February for 2 March; nobody meant that.
  if (month < 1 || month > 12 || day < 1 || day > lastDayOf(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 59) return null;
  if (zone === undefined) return new Date(year, month - 1, day, hour, minute, second);
  const offset = /^z$/i.test(zone) ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  const time = match.slice(4, 7).map((part) => part ?? '00');
  return new Date(`${match.slice(1, 4).join('-')}T${time.join(':')}${offset}`);
}
