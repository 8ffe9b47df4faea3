/** A day in ISO 8601, for example `2026-01-31`. */
type Day = string;

/** The holiday calendar: TARGET for euros, FEDERAL_RESERVE for US dollars. */
export type SettlementCalendar = 'TARGET' | 'FEDERAL_RESERVE';

const dayOf = (year: number, month: number, day: number): Day =>
  new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10);

const weekdayOf = (day: Day): number => new Date(`${day}T00:00:00Z`).getUTCDay(); // 0 is Sunday

export function plusDays(day: Day, days: number): Day {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}

/** Returns Easter Sunday of the Gregorian calendar, by Butcher's algorithm. */
function easter(year: number): Day {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const h = (19 * a + b - Math.floor(b / 4) - Math.floor((b - Math.floor((b + 8) / 25) + 1) / 3) + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const n = h + l - 7 * m + 114;
  return dayOf(year, Math.floor(n / 31), (n % 31) + 1);
}

const target = (year: number): Day[] => [
  ...[dayOf(year, 1, 1), dayOf(year, 5, 1), dayOf(year, 12, 25), dayOf(year, 12, 26)],
  ...[plusDays(easter(year), -2), plusDays(easter(year), 1)],
];

/** Returns the `count`-th weekday of a month; -1 is the last. */
function nth(year: number, month: number, weekday: number, count: number): Day {
  if (count < 0) {
    const last = dayOf(year, month + 1, 0);
    return plusDays(last, -((weekdayOf(last) - weekday + 7) % 7));
  }
  const first = dayOf(year, month, 1);
  return plusDays(first, ((weekday - weekdayOf(first) + 7) % 7) + 7 * (count - 1));
}

/** A holiday on a Sunday moves to Monday. A holiday on a Saturday does not move. */
const kept = (day: Day): Day => (weekdayOf(day) === 0 ? plusDays(day, 1) : day);

const federalReserve = (year: number): Day[] => [
  ...[dayOf(year, 1, 1), dayOf(year, 6, 19), dayOf(year, 7, 4), dayOf(year, 11, 11), dayOf(year, 12, 25)].map(
    kept,
  ),
  ...[nth(year, 1, 1, 3), nth(year, 2, 1, 3), nth(year, 5, 1, -1), nth(year, 9, 1, 1)],
  ...[nth(year, 10, 1, 2), nth(year, 11, 4, 4)],
];

const holidays = { TARGET: target, FEDERAL_RESERVE: federalReserve } as const;

function isBankingDay(day: Day, calendar: SettlementCalendar): boolean {
  const weekday = weekdayOf(day);
  return weekday !== 0 && weekday !== 6 && !holidays[calendar](Number(day.slice(0, 4))).includes(day);
}

/** Returns the first banking day on or after `day`, or the banking day `after` banking days later. */
export function bankingDay(day: Day, calendar: SettlementCalendar, after = 0): Day {
  let found = day;
  for (let left = after; ; found = plusDays(found, 1)) {
    if (!isBankingDay(found, calendar)) continue;
    if (left === 0) return found;
    left -= 1;
  }
}
