import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  daysBefore,
  lifetimeValue,
  monthlyPrice,
  monthsOf,
  parts,
  percentBps,
  perEach,
  smoothed,
  trend,
} from '../../src/domain/metrics.ts';

test.each([
  [1n, 1n, 10_000],
  [1n, 3n, 3_333],
  [2n, 3n, 6_667],
  [0n, 5n, 0],
  [1n, 20_000n, 1], // half of a basis point goes up
  [1n, 20_001n, 0],
  [3n, 2n, 15_000], // clicks that were tracked elsewhere
])('%i of %i is %i basis points', (part, whole, bps) => expect(percentBps(part, whole)).toBe(bps));

test('there is no rate without clicks', () => expect(percentBps(5n, 0n)).toBeNull());

test.each([
  [999n, 2n, 500n],
  [1_000n, 3n, 333n],
  [-1_000n, 3n, -333n],
  [0n, 4n, 0n],
])('%i over %i is %i each', (amount, parts, each) => expect(perEach(amount, parts)).toBe(each));

test('there is no average of no orders, nor of fewer', () => {
  expect(perEach(100n, 0n)).toBeNull();
  expect(perEach(100n, -1n)).toBeNull();
});

test('a rate is never off by more than half a basis point', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 10n ** 9n }),
      fc.bigInt({ min: 1n, max: 10n ** 9n }),
      (part, whole) => {
        const error = BigInt(percentBps(part, whole) ?? -1) * whole - part * 10_000n;
        expect((error < 0n ? -error : error) * 2n <= whole).toBe(true);
      },
    ),
  );
});

test('a price is put into months exactly: a week is no quarter of one (T110)', () => {
  expect([
    monthlyPrice(120_000n, 'YEAR'),
    monthlyPrice(30_000n, 'QUARTER'),
    monthlyPrice(2_500n, 'WEEK'),
    monthlyPrice(240_000n, 'TWO_YEARS'),
  ]).toEqual([10_000n, 10_000n, 10_833n, 10_000n]);
});

test('computes churn from the customers at the start, without later ones (T111)', () =>
  expect(percentBps(4n, 50n)).toBe(800));

test('40 sales of 1,250 clicks for 12,345.67 (T113)', () => {
  expect(percentBps(40n, 1_250n)).toBe(320);
  expect(perEach(1_234_567n, 40n)).toBe(30_864n);
  expect(percentBps(0n, 0n)).toBeNull();
});

test('forecasts the next value by linear regression and by smoothing (T115, T116)', () => {
  const series = [100, 120, 140, 150];
  expect(trend(series)).toEqual({ next: 170, slope: 17 });
  expect(smoothed(series, 0.5)).toBe(137.5);
  expect([trend([1]), smoothed([], 0.5)]).toEqual([null, null]);
});

test('a customer is worth the monthly revenue by the part lost in a month', () => {
  const march = { from: '2026-03-01', to: '2026-03-31' };
  expect(lifetimeValue(150_000n, 4n, monthsOf(march))).toBe(37_500n);
  expect(lifetimeValue(150_000n, 12n, monthsOf({ from: '2026-01-01', to: '2026-03-31' }))).toBe(37_500n);
  expect(monthsOf({ from: '2026-03-01', to: '2026-03-30' })).toEqual({ times: 360n, by: 365n });
  expect(lifetimeValue(150_000n, 0n, monthsOf(march))).toBeNull();
});

test.each([
  ['2026-03-01', '2026-03-31', '2026-02-01', '2026-02-28'],
  ['2026-01-01', '2026-03-31', '2025-10-01', '2025-12-31'],
  ['2024-03-01', '2024-03-31', '2024-02-01', '2024-02-29'],
  ['2026-03-02', '2026-03-31', '2026-01-31', '2026-03-01'],
  ['2026-03-08', '2026-03-08', '2026-03-07', '2026-03-07'],
])('before %s to %s are %s to %s', (from, to, ...before) =>
  expect(Object.values(daysBefore({ from, to })).sort()).toEqual(before),
);

test('the parts of a period are without a gap and end with it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 20_000 }),
      fc.integer({ min: 0, max: 500 }),
      fc.constantFrom('DAY' as const, 'WEEK' as const, 'MONTH' as const),
      (first, length, interval) => {
        const day = (n: number) => new Date(n * 86_400_000).toISOString().slice(0, 10);
        const period = { from: day(first), to: day(first + length) };
        const all = [...parts(period, interval)];
        expect(all[0]?.from).toBe(period.from);
        expect(all.at(-1)?.to).toBe(period.to);
        for (const [i, part] of all.slice(1).entries())
          expect(Date.parse(part.from) - Date.parse(all[i]?.to ?? '')).toBe(86_400_000);
      },
    ),
  );
});
