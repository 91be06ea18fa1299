/** Times as the records write them, the clock being the caller's; and the one clock for ages and waits. */

/** Milliseconds since 1970 as this process started with them, counted on without jumps: for ages and waits, not for records. */
export const monotonicMs = (): number => performance.timeOrigin + performance.now();

/** ISO 8601 with the local offset, to the second. */
export function formatLocalTime(date: Date): string {
  const offset = -date.getTimezoneOffset();
  const sign = offset < 0 ? '-' : '+';
  const two = (value: number) => String(Math.floor(Math.abs(value))).padStart(2, '0');
  return `${new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19)}${sign}${two(offset / 60)}:${two(offset % 60)}`;
}
