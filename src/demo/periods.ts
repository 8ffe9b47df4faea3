import type { PayoutFrequency } from '../domain/payout.ts';
import { DAY_MS, later } from './random.ts';

/** A period of whole days in UTC: from `start` at 00:00 to the 00:00 after the last day. */
export interface Period {
  readonly start: Date;
  readonly end: Date;
}

const FIRST_MONDAY = Date.UTC(2024, 0, 1); // biweekly periods count from this day
const days = { WEEKLY: 7, BIWEEKLY: 14 };
const months = { MONTHLY: 1, QUARTERLY: 3 };

/** Returns the periods that ended by `until`, from the one that contains `from`. */
export function periodsBetween(frequency: PayoutFrequency, from: Date, until: Date): Period[] {
  const periods: Period[] = [];
  let start = startOf(frequency, from);
  for (;;) {
    const end = next(frequency, start);
    if (end > until) return periods;
    periods.push({ start, end });
    start = end;
  }
}

function startOf(frequency: PayoutFrequency, at: Date): Date {
  if (frequency === 'WEEKLY' || frequency === 'BIWEEKLY') {
    const length = days[frequency] * DAY_MS;
    return new Date(FIRST_MONDAY + Math.floor((at.getTime() - FIRST_MONDAY) / length) * length);
  }
  const month = at.getUTCMonth();
  return new Date(Date.UTC(at.getUTCFullYear(), month - (month % months[frequency]), 1));
}

function next(frequency: PayoutFrequency, start: Date): Date {
  if (frequency === 'WEEKLY' || frequency === 'BIWEEKLY') return later(start, days[frequency] * DAY_MS);
  return new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + months[frequency], 1));
}

export const dayText = (at: Date): string => at.toISOString().slice(0, 10);
