/** Covers what `--delay` takes and refuses, in local time. */
import { expect, test } from 'vitest';
import { LabError } from '../errors/lab-error.ts';
import { parseWhen } from './when.ts';

// A Wednesday, 15:30:20 local time.
const now = new Date(2026, 10, 18, 15, 30, 20);
const local = (day: number, hour: number, minute = 0, second = 0) => new Date(2026, 10, day, hour, minute, second);

test.each([
  ['0', 0],
  ['90', 90],
  ['90s', 90],
  ['10min', 600],
  ['2h30m', 9000],
  ['2h 30min', 9000],
  ['1 hour and 5 minutes', 3900],
  ['1.5h', 5400],
  ['1d', 86_400],
  ['1w', 604_800],
  ['in 5 minutes', 300],
  ['+30s', 30],
])('%s is %d seconds from now', (text, seconds) => {
  expect((parseWhen(text, now).getTime() - now.getTime()) / 1000).toBe(seconds);
});

test.each([
  ['18:00', local(18, 18)],
  ['7am', local(19, 7)],
  ['12am', local(19, 0)],
  ['12pm', local(19, 12)],
  ['noon', local(19, 12)],
  ['7:30 PM', local(18, 19, 30)],
  ['15:30:20', now],
  ['15:30', local(19, 15, 30)],
  ['today 23:59', local(18, 23, 59)],
  ['Tomorrow 7am', local(19, 7)],
  ['tomorrow at 16:00', local(19, 16)],
  ['friday 18:00', local(20, 18)],
  ['18:00 fri', local(20, 18)],
  ['on wednesday 16:00', local(18, 16)],
  ['wednesday 15:00', local(25, 15)],
  ['tue 09:05', local(24, 9, 5)],
  ['now', now],
  ['today', now],
  ['tomorrow', local(19, 15, 30, 20)],
  ['tomorrow midnight', local(19, 0)],
  ['friday', local(20, 0)],
  ['wednesday', local(25, 0)],
  ['tues 9am', local(24, 9)],
  ['8.30pm', local(18, 20, 30)],
  ['1d 03:00', local(19, 3)],
  ['in 2 days 7am', local(20, 7)],
  ['1 week 18:00', local(25, 18)],
  ['2026-11-22', local(22, 0)],
  ['2026-11-18', now],
  ['2026-11-22 18:00', local(22, 18)],
  ['2026-11-22T18:00:30', local(22, 18, 0, 30)],
  ['2026-11-22T18:00:00Z', new Date('2026-11-22T18:00:00Z')],
  ['2026-11-22T18:00+05:30', new Date('2026-11-22T12:30:00Z')],
  ['2026-11-22T18:00:00.250-0800', new Date('2026-11-23T02:00:00Z')],
])('%s is the moment that a person means', (text, moment) => {
  expect(parseWhen(text, now)).toEqual(moment);
});

test.each([
  ['4 months', new Date(2027, 2, 18)],
  ['in 1 month 6pm', new Date(2026, 11, 18, 18)],
  ['1 year', new Date(2027, 10, 18)],
  ['april', new Date(2027, 3, 1)],
  ['1 Apr 8:30pm', new Date(2027, 3, 1, 20, 30)],
  ['8:30pm 1 apr', new Date(2027, 3, 1, 20, 30)],
  ['December 1 2026 18:30:00', new Date(2026, 11, 1, 18, 30)],
  ['dec 1, 2026', new Date(2026, 11, 1)],
  ['1 december', new Date(2026, 11, 1)],
  ['nov 18', now],
  ['nov 18 16:00', local(18, 16)],
  ['nov 18 15:00', new Date(2027, 10, 18, 15)],
  ['feb 29', new Date(2028, 1, 29)],
  ['4/1', new Date(2027, 3, 1)],
  ['12/24 5pm', new Date(2026, 11, 24, 17)],
  ['4/1/27', new Date(2027, 3, 1)],
  ['4/1/2027 7:15am', new Date(2027, 3, 1, 7, 15)],
  ['2026-12-1 18:2:30', new Date(2026, 11, 1, 18, 2, 30)],
  ['2026-12-1 5:30pm', new Date(2026, 11, 1, 17, 30)],
  ['2026-12-1 5 pm', new Date(2026, 11, 1, 17)],
])('%s, as pueue takes it, is the next such moment', (text, moment) => {
  expect(parseWhen(text, now)).toEqual(moment);
});

test('a month from the last of January is the last of February', () => {
  expect(parseWhen('1 month', new Date(2027, 0, 31, 12))).toEqual(new Date(2027, 1, 28));
  expect(parseWhen('13 months', new Date(2027, 0, 31, 12))).toEqual(new Date(2028, 1, 29));
});

test.each([
  '',
  'soon',
  '-5',
  '5x',
  '2h 3h',
  '2h30',
  '25:00',
  '7:60',
  '13pm',
  '0am',
  '18:3',
  'tomorrow friday 7am',
  'next friday',
  'su 7am',
  'ap 1',
  '31 april',
  'feb 30 2028',
  '13/1',
  '1 month 2 days',
  '7am 9am',
  '2026-11-22 13pm',
  '2026-02-30',
  '2026-13-01',
  '2026-11-22T24:00',
  '2026-11-22T18:00+99:99',
])('"%s" is refused as no moment', (text) => {
  expect(() => parseWhen(text, now)).toThrow(/is no moment, expected one such as/);
});

test('a moment in the past or far ahead is refused by name', () => {
  expect(() => parseWhen('today 7am', now)).toThrow(/"today 7am" lies in the past/);
  expect(() => parseWhen('2026-11-17', now)).toThrow(/lies in the past/);
  expect(() => parseWhen('99999d', now)).toThrow(/more than 10 years ahead/);
  expect(() => parseWhen('99999999999999d', now)).toThrow(LabError);
});
