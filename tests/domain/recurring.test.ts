import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { monthsLater, whyNotEarning } from '../../src/domain/recurring.ts';

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
    expect(monthsLater(at(anchor), months).toISOString()).toBe(expected);
  });

  test('keeping the anchor as it was', () => {
    const anchor = at('2026-01-31T10:00:00Z');
    monthsLater(anchor, 5);
    expect(anchor.toISOString()).toBe('2026-01-31T10:00:00.000Z');
  });

  test('landing in the month so many further on, never on a later day', () => {
    const anchors = fc.date({ min: at('2000-01-01'), max: at('2100-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(anchors, fc.integer({ min: 0, max: 120 }), (anchor, months) => {
        const later = monthsLater(anchor, months);
        const month = (date: Date) => date.getUTCFullYear() * 12 + date.getUTCMonth();
        expect(month(later) - month(anchor)).toBe(months);
        expect(later.getUTCDate()).toBeLessThanOrEqual(anchor.getUTCDate());
        expect(later.getTime() % 86_400_000).toBe(anchor.getTime() % 86_400_000);
      }),
    );
  });
});

describe("a purchase under an affiliate's terms", () => {
  const terms = { firstPurchaseOnly: false, recurringMonths: null, minimum: null };
  const first = at('2026-01-31T10:00:00Z');

  test.each([
    ['earns without terms', {}, { first }, null],
    ['earns at the minimum', { minimum: 5_000n }, { amount: 5_000n, first: null }, null],
    [
      'earns nothing below it',
      { minimum: 5_000n },
      { amount: 4_999n, first: null },
      'BELOW_MINIMUM_PURCHASE',
    ],
    [
      'earns when it is the first one',
      { firstPurchaseOnly: true, recurringMonths: 1 },
      { first: null },
      null,
    ],
    ['earns nothing after the first one', { firstPurchaseOnly: true }, { first }, 'NOT_FIRST_PURCHASE'],
    [
      'earns until the window is over',
      { recurringMonths: 1 },
      { first, at: at('2026-02-28T09:59:59.999Z') },
      null,
    ],
    [
      'and not at its end',
      { recurringMonths: 1 },
      { first, at: at('2026-02-28T10:00:00Z') },
      'RECURRING_WINDOW_OVER',
    ],
  ] as const)('%s', (_, some, purchase, expected) => {
    expect(
      whyNotEarning({ ...terms, ...some }, { amount: 10_000n, at: at('2026-02-10T00:00:00Z'), ...purchase }),
    ).toBe(expected);
  });
});
