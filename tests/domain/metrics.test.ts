import fc from 'fast-check';
import { expect, test } from 'vitest';
import { percentBps, perEach } from '../../src/domain/metrics.ts';

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
