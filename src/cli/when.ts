/**
 * Moments as a person types them behind `--delay`: a time from now, a time of day, a day with a time, or an ISO date. Pure: the present
 * moment is given, days and times are local. Knows English words only, and no ranges or repetitions.
 */
import { LabError } from '../errors/lab-error.ts';

const unitSeconds: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

const units = /^(?:(s|secs?|seconds?)|(m|mins?|minutes?)|(h|hrs?|hours?)|(d|days?)|(w|weeks?))$/;

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

const longestYears = 10;

interface Clock {
  hour: number;
  minute: number;
  second: number;
}

/**
 * The moment that a text names: "90" and "90s" (seconds from now), "10min", "2h30m", "1d" (24 hours), "18:00" and "7am" (the next such
 * time), "tomorrow 7am", "friday 18:00" (the next such), "2026-11-22 18:00" or an ISO moment with offset. Throws LabError (usage) on
 * anything else, on a moment in the past and on one more than ten years ahead.
 */
export function parseWhen(text: string, now: Date): Date {
  const words = text.trim().toLowerCase().replaceAll(/\s+/g, ' ');
  const moment = parseSpan(words, now) ?? parseIso(text.trim(), now) ?? parseDayAndClock(words, now);
  if (moment === null || Number.isNaN(moment.getTime())) throw createWhenError(text);
  if (moment.getTime() < now.getTime())
    throw new LabError('usage', `"${text}" lies in the past (${moment.toISOString()}), expected a moment to come`);
  if (moment.getTime() - now.getTime() > longestYears * 366 * 86_400_000)
    throw new LabError('usage', `"${text}" lies more than ${longestYears} years ahead, expected a nearer moment`);
  return moment;
}

function createWhenError(text: string): LabError {
  return new LabError('usage', `"${text}" is no moment, expected one such as 90s, 2h30m, 18:00 or "tomorrow 7am"`, {
    hints: ['a bare number counts seconds; days and times are local', '"friday 18:00" and 2026-11-22T18:00 work too'],
  });
}

/** Null where the words are no span. */
function parseSpan(words: string, now: Date): Date | null {
  const span = words.replace(/^(?:in |\+ ?)/, '');
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

/** Null where the text is no ISO date. Without an offset it is local; a date alone is its first moment, or now where that is today. */
function parseIso(text: string, now: Date): Date | null {
  const match =
    /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s?(z|Z|[+-]\d{2}:?\d{2})?)?$/.exec(text);
  if (!match) return null;
  const [year = 0, month = 0, day = 0] = match.slice(1, 4).map(Number);
  const [hour = 0, minute = 0, second = 0] = match.slice(4, 7).map((part) => Number(part ?? 0));
  const zone = match[7];
  // Date takes 30 February for 2 March; nobody meant that.
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (month < 1 || month > 12 || day < 1 || day > last || hour > 23 || minute > 59 || second > 59) return null;
  if (zone !== undefined) {
    const offset = /^z$/i.test(zone) ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
    const time = match.slice(4, 7).map((part) => part ?? '00');
    return new Date(`${match.slice(1, 4).join('-')}T${time.join(':')}${offset}`);
  }
  const moment = new Date(year, month - 1, day, hour, minute, second);
  const isToday = moment.toDateString() === now.toDateString();
  return match[4] === undefined && isToday ? new Date(now) : moment;
}

/** "18:00", "tomorrow 7am", "18:00 friday"; null where the words are something else. */
function parseDayAndClock(words: string, now: Date): Date | null {
  const days = words.split(' ').filter((word) => findDay(word) !== null);
  const [day] = days;
  if (days.length > 1) return null;
  const clock = parseClock(
    words
      .split(' ')
      .filter((word) => word !== day && word !== 'at' && word !== 'on')
      .join(' '),
  );
  if (clock === null) return null;
  const found = day === undefined ? null : findDay(day);
  if (found === null || day === undefined) {
    const today = atClock(now, 0, clock);
    return today.getTime() >= now.getTime() ? today : atClock(now, 1, clock);
  }
  if (found.kind === 'from-now') return atClock(now, found.days, clock);
  const ahead = (found.weekday - now.getDay() + 7) % 7;
  const next = atClock(now, ahead, clock);
  return next.getTime() >= now.getTime() ? next : atClock(now, ahead + 7, clock);
}

function findDay(word: string): { kind: 'from-now'; days: number } | { kind: 'weekday'; weekday: number } | null {
  if (word === 'today') return { kind: 'from-now', days: 0 };
  if (word === 'tomorrow') return { kind: 'from-now', days: 1 };
  if (word.length < 3) return null;
  const weekday = weekdays.findIndex((name) => name === word || name.slice(0, 3) === word);
  return weekday === -1 ? null : { kind: 'weekday', weekday };
}

/** "18:00", "7am", "7:30 pm", "noon", "midnight"; null where the words are something else. */
function parseClock(words: string): Clock | null {
  if (words === 'noon') return { hour: 12, minute: 0, second: 0 };
  if (words === 'midnight') return { hour: 0, minute: 0, second: 0 };
  const match = /^(\d{1,2})(?::(\d{2})(?::(\d{2}))?)? ?(am|pm)?$/.exec(words);
  if (!match || (match[2] === undefined && match[4] === undefined)) return null;
  const [hour = 0, minute = 0, second = 0] = match.slice(1, 4).map((part) => Number(part ?? 0));
  const half = match[4];
  if (minute > 59 || second > 59 || hour > (half === undefined ? 23 : 12) || (half !== undefined && hour < 1))
    return null;
  return { hour: half === undefined ? hour : (hour % 12) + (half === 'pm' ? 12 : 0), minute, second };
}

/** The clock's time so many days from today. By date and not by 24 hours, so that a change of summer time moves nothing. */
function atClock(now: Date, days: number, { hour, minute, second }: Clock): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour, minute, second);
}
