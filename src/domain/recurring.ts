const DAY_MS = 86_400_000;
const clocks = new Map<string, Intl.DateTimeFormat>();

/** Returns the local date and time of an instant, as if it were in UTC. */
function localTime(at: number, timeZone: string): number {
  let clock = clocks.get(timeZone);
  if (!clock) {
    const two = '2-digit';
    clock = new Intl.DateTimeFormat('en-u-hc-h23', {
      ...{
        timeZone,
        year: 'numeric',
        month: two,
        day: two,
        hour: two,
        minute: two,
        second: two,
        era: 'short',
      },
    });
    clocks.set(timeZone, clock);
  }
  const part: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of clock.formatToParts(at)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((at % 1000) + 1000) % 1000);
}

/** Returns the time `months` months after `anchor` in the calendar of a time zone, at most on the last day of the month (31 Jan
 *  + 1 = 28 Feb). Always add to the anchor and never to an earlier result: 31 Jan + 3 = 30 Apr. */
export function monthsLater(anchor: Date, months: number, timeZone: string): Date {
  const later = new Date(localTime(anchor.getTime(), timeZone));
  const day = later.getUTCDate();
  later.setUTCDate(1);
  later.setUTCMonth(later.getUTCMonth() + months);
  const last = new Date(Date.UTC(later.getUTCFullYear(), later.getUTCMonth() + 1, 0)).getUTCDate();
  later.setUTCDate(Math.min(day, last));
  const local = later.getTime();
  // Around a change of the clock the time exists twice or not at all. As PostgreSQL does, read it with the offset after the
  // change if it exists twice, and with the offset before the change if it does not exist.
  const offsetAt = (at: number) => localTime(at, timeZone) - at;
  const before = local - offsetAt(local - DAY_MS);
  const after = local - offsetAt(local + DAY_MS);
  return new Date(localTime(after, timeZone) === local ? after : before);
}
