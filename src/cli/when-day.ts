/**
 * Days and times of day as a person types them, and the moment that both name: "18:00", "friday", "tomorrow 7am", "2 days 03:00",
 * "4 months", "1 apr 8:30pm", "4/1". Pure: the present moment is given, days and times are local. English words only; no "next" and no
 * "last", which people read in two ways.
 */

interface Clock {
  hour: number;
  minute: number;
  second: number;
}

/** A day as words name it. Months count from 1; a date without a year is the next such. */
type Day =
  | { kind: 'days'; count: number }
  | { kind: 'months'; count: number }
  | { kind: 'weekday'; weekday: number }
  | { kind: 'date'; year: number | null; month: number; day: number };

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

const months = 'january february march april may june july august september october november december'.split(' ');

const midnight: Clock = { hour: 0, minute: 0, second: 0 };

/** The moment of a day, a time of day or both, in either order. Lower-case words with single blanks; null where they are something else. */
export function parseDayAndClock(words: string, now: Date): Date | null {
  const parts = words.split(/[ ,]+/).filter((word) => word !== '' && word !== 'at' && word !== 'on');
  for (let cut = 0; cut <= parts.length; cut++) {
    const [before, after] = [parts.slice(0, cut).join(' '), parts.slice(cut).join(' ')];
    const moment = findMoment(before, after, now) ?? findMoment(after, before, now);
    if (moment !== null) return moment;
  }
  return null;
}

/** The last day of a month that counts from 1. */
export function lastDayOf(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function findMoment(dayWords: string, clockWords: string, now: Date): Date | null {
  const clock = clockWords === '' ? null : parseClock(clockWords);
  if (clockWords !== '' && clock === null) return null;
  if (dayWords === '') return clock === null ? null : orLater(atClock(now, 0, clock), atClock(now, 1, clock), now);
  const day = parseDay(dayWords);
  return day === null ? null : momentOf(day, clock, now);
}

function parseDay(words: string): Day | null {
  if (words === 'today' || words === 'now') return { kind: 'days', count: 0 };
  if (words === 'tomorrow') return { kind: 'days', count: 1 };
  const ahead = /^(\d+) ?(?:(d|days?)|(w|weeks?)|(mon|months?)|y|years?)$/.exec(words);
  if (ahead) {
    const count = Number(ahead[1]);
    if (ahead[2] !== undefined) return { kind: 'days', count };
    if (ahead[3] !== undefined) return { kind: 'days', count: count * 7 };
    return { kind: 'months', count: ahead[4] === undefined ? count * 12 : count };
  }
  const weekday = findName(weekdays, words);
  if (weekday !== null) return { kind: 'weekday', weekday };
  return parseDate(words);
}

function parseDate(words: string): Day | null {
  const monthAlone = findName(months, words);
  if (monthAlone !== null) return { kind: 'date', year: null, month: monthAlone + 1, day: 1 };
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(words);
  if (iso) return { kind: 'date', year: Number(iso[1]), month: Number(iso[2]), day: Number(iso[3]) };
  // The month comes first, as for Americans and for pueue.
  const slashes = /^(\d{1,2})\/(\d{1,2})(?:\/(?:20)?(\d{2}))?$/.exec(words);
  if (slashes) {
    const year = slashes[3] === undefined ? null : 2000 + Number(slashes[3]);
    return { kind: 'date', year, month: Number(slashes[1]), day: Number(slashes[2]) };
  }
  const named = /^(?:(\d{1,2}) ([a-z]+)|([a-z]+) (\d{1,2}))(?: (\d{4}))?$/.exec(words);
  const month = findName(months, named?.[2] ?? named?.[3] ?? '');
  if (!named || month === null) return null;
  const year = named[5] === undefined ? null : Number(named[5]);
  return { kind: 'date', year, month: month + 1, day: Number(named[1] ?? named[4]) };
}

/** The place of the name that a word of at least three letters begins; null where there is none. */
function findName(names: readonly string[], word: string): number | null {
  const place = word.length < 3 ? -1 : names.findIndex((name) => name.startsWith(word));
  return place === -1 ? null : place;
}

/** "18:00", "7am", "7:30 pm", "8.30pm", "noon", "midnight"; null where the words are something else. */
function parseClock(words: string): Clock | null {
  if (words === 'noon') return { ...midnight, hour: 12 };
  if (words === 'midnight') return midnight;
  // A minute of one figure only where a second follows: "18:3" may be meant for 18:30.
  const match = /^(\d{1,2})(?::(\d{1,2}):(\d{1,2})|[:.](\d{2}))? ?(am|pm)?$/.exec(words);
  const minuteWord = match?.[2] ?? match?.[4];
  const half = match?.[5];
  if (!match || (minuteWord === undefined && half === undefined)) return null;
  const [hour, minute, second] = [Number(match[1]), Number(minuteWord ?? 0), Number(match[3] ?? 0)];
  if (minute > 59 || second > 59 || hour > (half === undefined ? 23 : 12) || (half !== undefined && hour < 1))
    return null;
  return { hour: half === undefined ? hour : (hour % 12) + (half === 'pm' ? 12 : 0), minute, second };
}

/** Without a clock a span of days keeps the present time of day; any other day begins at midnight, today at this moment. */
function momentOf(day: Day, clock: Clock | null, now: Date): Date | null {
  const at = clock ?? midnight;
  switch (day.kind) {
    case 'days': {
      if (clock !== null) return atClock(now, day.count, clock);
      const moment = new Date(now);
      // Not for today: in the hour that comes twice at the end of summer time this would be the first.
      if (day.count > 0) moment.setDate(moment.getDate() + day.count);
      return moment;
    }
    case 'months': {
      const month = new Date(now.getFullYear(), now.getMonth() + day.count, 1);
      const last = lastDayOf(month.getFullYear(), month.getMonth() + 1);
      month.setDate(Math.min(now.getDate(), last));
      return atClock(month, 0, at);
    }
    case 'weekday': {
      const ahead = (day.weekday - now.getDay() + 7) % 7;
      return orLater(atClock(now, ahead, at), atClock(now, ahead + 7, at), now);
    }
    case 'date': {
      if (day.year !== null) return dateMoment(day.year, day.month, day.day, clock, now);
      // 29 February may be eight years ahead.
      for (let year = now.getFullYear(); year <= now.getFullYear() + 8; year++) {
        const moment = dateMoment(year, day.month, day.day, clock, now);
        if (moment !== null && moment.getTime() >= now.getTime()) return moment;
      }
      return null;
    }
  }
}

/** Null where there is no such date: Date takes 30 February for 2 March, and nobody meant that. */
function dateMoment(year: number, month: number, day: number, clock: Clock | null, now: Date): Date | null {
  if (month < 1 || month > 12 || day < 1 || day > lastDayOf(year, month)) return null;
  const start = new Date(year, month - 1, day);
  const isToday = start.toDateString() === now.toDateString();
  return clock === null && isToday ? new Date(now) : atClock(start, 0, clock ?? midnight);
}

function orLater(moment: Date, later: Date, now: Date): Date {
  return moment.getTime() >= now.getTime() ? moment : later;
}

/** The clock's time so many days from a day. By date and not by 24 hours, so that a change of summer time moves nothing. */
function atClock(day: Date, days: number, { hour, minute, second }: Clock): Date {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + days, hour, minute, second);
}
