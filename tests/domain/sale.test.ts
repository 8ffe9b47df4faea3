import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { refundShares, saleLines } from '../../src/domain/sale.ts';

const line = (amount: bigint, product: string | null = null, quantity = 1) => ({ product, quantity, amount });
const invoice = (lines: ReturnType<typeof line>[], more: object = {}) => {
  const collected = lines.reduce((sum, { amount }) => sum + amount, 0n);
  return saleLines({ lines, discount: 0n, tax: 0n, collected, ...more });
};

describe('an invoice', () => {
  test('earns on each product separately', () => {
    expect(invoice([line(12_000n, 'pro'), line(2_500n, 'seat', 5)])).toEqual([
      { product: 'pro', quantity: 1, base: 12_000n },
      { product: 'seat', quantity: 5, base: 2_500n },
    ]);
  });

  test('earns on the rest of the charge after a change of the plan', () => {
    expect(invoice([line(-1_500n, 'pro'), line(4_500n, 'pro')])).toEqual([
      { product: 'pro', quantity: 1, base: 3_000n },
    ]);
  });

  test('that credits one product against another shares the net by what the others cost', () => {
    expect(
      invoice([line(-1_000n, 'old'), line(3_000n, 'a'), line(1_000n, 'b')]).map(({ base }) => base),
    ).toEqual([2_250n, 750n]);
  });

  test.each([
    ['is a credit', [line(-1_500n)], {}],
    ['nets to nothing', [line(-1_500n), line(1_500n)], {}],
    ['is of a trial', [line(0n)], {}],
    ['is discounted away', [line(1_500n)], { discount: 1_500n }],
    ['was not paid', [line(1_500n)], { collected: 0n }],
  ])('that %s earns nothing and takes nothing back', (_, lines, more) => {
    expect(invoice(lines, more)).toEqual([]);
  });

  test('earns neither on tax nor on discount nor on what credit paid', () => {
    expect(invoice([line(10_000n)], { discount: 2_000n, tax: 1_440n, collected: 9_440n })[0]?.base).toBe(
      8_000n,
    );
    expect(invoice([line(10_000n)], { discount: 2_000n, tax: 1_440n, collected: 4_720n })[0]?.base).toBe(
      4_000n,
    );
  });

  test('has lines that sum to its base, however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(null, 'a', 'b', 'c'), fc.bigInt(-50_000n, 100_000n)), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.bigInt(0n, 50_000n),
        (amounts, discount) => {
          const lines = amounts.map(([product, amount]) => line(amount, product));
          const net = lines.reduce((sum, { amount }) => sum + amount, 0n) - discount;
          const bases = saleLines({ lines, discount, tax: 0n, collected: net }).map(({ base }) => base);
          return (
            bases.every((base) => base >= 0n) &&
            bases.reduce((sum, base) => sum + base, 0n) === (net > 0n ? net : 0n)
          );
        },
      ),
    );
  });
});

describe('a refund of an order', () => {
  const lefts = fc.array(fc.bigInt({ min: 0n, max: 10n ** 12n }), { minLength: 1, maxLength: 8 });
  const sum = (parts: readonly bigint[]) => parts.reduce((total, each) => total + each, 0n);

  test('is shared without losing a unit, and takes from no line more than is left of it', () => {
    fc.assert(
      fc.property(lefts, fc.bigInt({ min: 0n, max: 10n ** 13n }), (left, refund) => {
        const shares = refundShares(refund, left);
        expect(sum(shares)).toBe(refund < sum(left) ? refund : sum(left));
        shares.forEach((share, index) => {
          expect(share >= 0n && share <= (left[index] as bigint)).toBe(true);
        });
      }),
    );
  });

  test('of all of it in parts, of any size, leaves nothing of any line', () => {
    fc.assert(
      fc.property(lefts, fc.array(fc.bigInt({ min: 1n, max: 10n ** 12n })), (lines, refunds) => {
        let left = lines;
        for (const refund of [...refunds, sum(lines)]) {
          const shares = refundShares(refund, left);
          left = left.map((each, index) => each - (shares[index] as bigint));
        }
        expect(left).toEqual(lines.map(() => 0n));
      }),
    );
  });
});
