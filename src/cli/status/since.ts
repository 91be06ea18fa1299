/** Reads `--since`: an ISO date or moment, or how long ago ("2h", "90min", "1d"). Pure; the clock is the caller's. */
import { LabError } from '../../errors/lab-error.ts';

const unitSeconds: Record<string, number> = { s: 1, min: 60, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** The moment that a text names, seen from `now`; a date alone is its local midnight. Throws LabError (usage) on anything else. */
export function parseSince(text: string, now: Date): Date {
  const ago = /^(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w)$/.exec(text.trim());
  const seconds = unitSeconds[ago?.[2] ?? ''];
  if (ago && seconds !== undefined) {
    const moment = new Date(now.getTime() - Number(ago[1]) * seconds * 1000);
    if (!Number.isNaN(moment.getTime())) return moment;
  }
  const iso = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/.test(text.trim());
  const moment = iso ? new Date(text.trim().length === 10 ? `${text.trim()}T00:00` : text.trim()) : null;
  if (moment !== null && !Number.isNaN(moment.getTime())) return moment;
  throw new LabError(
    'usage',
    `--since got "${text}", expected a date such as 2026-11-20, or how long ago such as 2h, 30min or 3d`,
  );
}
