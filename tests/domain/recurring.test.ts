import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { monthsLater } from '../../src/domain/recurring.ts';

const at = (text: string) => new Date(text);

describe('months are counted from the anchor and the day is clamped', () => {
  test.each([
    ['2026-01-31T10:00:00Z', 1, '2026-02-28T10:00:00.000Z'],
    ['2026-01-31T10:00:00Z', 2, '2026-03-31T10:00:00.000Z'], // not 28 March: never chained
    ['2026-01-31T10:00:00Z', 3, '2026-04-30T10:00:00.000Z'],
    ['2024-01-31T00:00:00Z', 1, '2024-02-29T00:00:00.000Z'],
    ['2024-02-29T00:00:00Z', 12, '2025-02-28T00:00:00.000Z'],
    ['2026-11-15T23:59:59.999Z', 2, '2027-01-15T23:59:59.999Z'],
    ['2026-05-10T00:00:00Z', 0, '2026-05-10T00:00:00.000Z'],
    ['2025-12-31T12:00:00Z', 14, '2027-02-28T12:00:00.000Z'],
  ])('%s and %i', (anchor, months, expected) => {
    expect(monthsLater(at(anchor), months, 'UTC').toISOString()).toBe(expected);
  });

  test('keeping the anchor as it was', () => {
    const anchor = at('2026-01-31T10:00:00Z');
    monthsLater(anchor, 5, 'UTC');
    expect(anchor.toISOString()).toBe('2026-01-31T10:00:00.000Z');
  });

  test('landing in the month so many further on, never on a later day', () => {
    const anchors = fc.date({ min: at('2000-01-01'), max: at('2100-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(anchors, fc.integer({ min: 0, max: 120 }), (anchor, months) => {
        const later = monthsLater(anchor, months, 'UTC');
        const month = (date: Date) => date.getUTCFullYear() * 12 + date.getUTCMonth();
        expect(month(later) - month(anchor)).toBe(months);
        expect(later.getUTCDate()).toBeLessThanOrEqual(anchor.getUTCDate());
        expect(later.getTime() % 86_400_000).toBe(anchor.getTime() % 86_400_000);
      }),
    );
  });
});

test.each([
  ['2026-01-31T01:00:00.123Z', 1, 'America/New_York', '2026-03-01T01:00:00.123Z'], // 30 Jan 20:00 there, so 28 Feb 20:00
  ['2026-01-31T20:00:00Z', 1, 'Asia/Kolkata', '2026-02-28T20:00:00.000Z'], // 1 Feb 01:30 there, so 1 March 01:30
  ['2026-02-15T12:00:00Z', 1, 'Europe/Berlin', '2026-03-15T12:00:00.000Z'],
  ['2026-03-15T12:00:00Z', 1, 'Europe/Berlin', '2026-04-15T11:00:00.000Z'], // the clock time stays over summer time
  ['2026-10-10T00:30:00Z', 1, 'America/Los_Angeles', '2026-11-10T01:30:00.000Z'],
  ['2026-02-08T07:30:00Z', 1, 'America/New_York', '2026-03-08T07:30:00.000Z'], // 02:30 does not exist that day, so 03:30
  ['2026-10-01T05:30:00Z', 1, 'America/New_York', '2026-11-01T06:30:00.000Z'], // 01:30 exists twice, so the later one
  ['1969-12-31T23:59:59.999Z', 1, 'UTC', '1970-01-31T23:59:59.999Z'],
])('%s and %i months in %s', (anchor, months, timeZone, expected) => {
  expect(monthsLater(at(anchor), months, timeZone).toISOString()).toBe(expected);
});
