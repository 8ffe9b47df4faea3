import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { computedOf, parseComputed, recompute, serializeComputed } from '../../src/domain/computed.ts';
import { RoundingMode } from '../../src/domain/money.ts';
import { owedBy, type SaleItem, type Terms } from '../../src/domain/owed.ts';
import { NO_TERMS } from '../../src/domain/terms.ts';

const terms = (more: Partial<Terms>): Terms => ({
  ...NO_TERMS,
  ...{ level: 'PLAN', rule: { id: 'v1', key: 'k', name: 'rule', version: 1 } },
  ...more,
});
const item = (seq: number, base: bigint, more: Partial<SaleItem> = {}): SaleItem => ({
  ...{ id: `${seq}`, partnerId: 'p', customerId: 'c', order: `${seq}`, seq: BigInt(seq), base, refunded: 0n },
  ...{
    at: new Date(Date.UTC(2026, 2, seq)),
    day: `2026-03-0${seq}`,
    timeZone: 'UTC',
    currency: 'USD',
    out: false,
  },
  ...{ roundingMode: 'HALF_UP', flatRefund: 'PROPORTIONAL', terms: NO_TERMS, returning: null, ...more },
});
const amounts = (items: SaleItem[]) => [...owedBy(items).values()].map(({ amount }) => amount);
const bands = [
  { from: 0n, rateBps: 1_000 },
  { from: 500_000n, rateBps: 1_500 },
];
const tiered = (mode: 'PROGRESSIVE' | 'RETROACTIVE') =>
  terms({ method: 'TIERED', rateBps: null, tiered: { mode, period: 'MONTH', bands } });

describe('the amount of a sale', () => {
  test('a percentage, or an amount for each unit', () => {
    expect(amounts([item(1, 10_000n, { terms: terms({ rateBps: 1_000 }) })])).toEqual([1_000n]);
    const flat = { perUnit: 500n, quantity: 3, part: 1n, whole: 1n, amount: 1_500n };
    expect(amounts([item(1, 1n, { terms: terms({ method: 'FLAT', rateBps: null, flat }) })])).toEqual([
      1_500n,
    ]);
  });

  test('band by band, across a border', () => {
    const by = { terms: tiered('PROGRESSIVE') };
    expect(amounts([item(1, 400_000n, by), item(2, 200_000n, by)])).toEqual([40_000n, 25_000n]);
  });

  test('the reached band for all sales of the period', () => {
    const by = { terms: tiered('RETROACTIVE') };
    expect(amounts([item(1, 400_000n, by), item(2, 200_000n, by)])).toEqual([60_000n, 30_000n]);
  });

  test('progressive bands are rounded once for the sum', () => {
    const steps = Array.from({ length: 20 }, (_, index) => ({ from: BigInt(index * 5), rateBps: 1_000 }));
    const by = terms({
      method: 'TIERED',
      rateBps: null,
      tiered: { mode: 'PROGRESSIVE', period: 'MONTH', bands: steps },
    });
    expect(amounts([item(1, 100n, { terms: by })])).toEqual([10n]);
  });

  test('up to a cap', () => {
    const cap = { limit: 1_500n, per: 'PARTNER', period: 'MONTH' } as const;
    const by = { terms: terms({ rateBps: 1_000, cap }) };
    expect(amounts([item(1, 10_000n, by), item(2, 10_000n, by), item(3, 10_000n, by)])).toEqual([
      1_000n,
      500n,
      0n,
    ]);
  });

  test('a first purchase only, a count of purchases, months, and a lower rate afterwards', () => {
    const window = { firstPurchaseOnly: false, months: null, count: null, stepDownRateBps: null };
    const by = (more: object) => ({ terms: terms({ rateBps: 1_000, windows: [{ ...window, ...more }] }) });
    const sold = (more: object, at?: Date) =>
      amounts([item(1, 10_000n, by(more)), item(2, 10_000n, { ...by(more), ...(at && { at }) })])[1];
    expect(sold({ firstPurchaseOnly: true })).toBe(0n);
    expect(sold({ count: 1 })).toBe(0n);
    expect(sold({ count: 2 })).toBe(1_000n);
    expect(sold({ count: 1, stepDownRateBps: 200 })).toBe(200n);
    expect(sold({ months: 1 }, new Date('2026-03-31T23:59:59.999Z'))).toBe(1_000n);
    expect(sold({ months: 1 }, new Date('2026-04-01T00:00:00Z'))).toBe(0n);
  });
});

describe('for every sale', () => {
  const anyTerms: fc.Arbitrary<Partial<Terms>> = fc.oneof(
    fc.record({ rateBps: fc.nat(10_000) }),
    fc.bigInt(1n, 10_000n).map((perUnit) => ({
      ...{ method: 'FLAT' as const, rateBps: null },
      flat: { perUnit, quantity: 1, part: 1n, whole: 1n, amount: perUnit },
    })),
    fc
      .record({
        mode: fc.constantFrom('PROGRESSIVE' as const, 'RETROACTIVE' as const),
        bands: fc.uniqueArray(fc.bigInt(1n, 10n ** 7n), { maxLength: 4 }).map((starts) =>
          [0n, ...starts.sort((a, b) => (a < b ? -1 : 1))].map((from, i) => ({
            from,
            rateBps: 500 + i * 333,
          })),
        ),
      })
      .map((own) => ({
        method: 'TIERED' as const,
        rateBps: null,
        tiered: { ...own, period: 'MONTH' as const },
      })),
  );
  const anyItems = fc
    .tuple(
      fc.array(fc.tuple(fc.bigInt(1n, 10n ** 7n), fc.bigInt(0n, 10n ** 7n)), { minLength: 1, maxLength: 5 }),
      anyTerms,
      fc.option(fc.bigInt(0n, 10n ** 6n)),
      fc.option(fc.tuple(fc.nat(3), fc.nat(500))),
      fc.constantFrom(...Object.values(RoundingMode)),
    )
    .map(([sales, own, limit, window, roundingMode]) =>
      sales.map(([base, refunded], index) =>
        item(index + 1, base, {
          refunded: refunded > base ? base : refunded,
          roundingMode,
          terms: terms({
            ...own,
            cap: limit === null ? null : { limit, per: 'PARTNER', period: 'MONTH' },
            windows:
              window === null
                ? []
                : [{ firstPurchaseOnly: false, months: null, count: window[0], stepDownRateBps: window[1] }],
          }),
        }),
      ),
    );

  test('the stored computation gives the same cent again', () => {
    fc.assert(
      fc.property(anyItems, (items) => {
        const owed = owedBy(items);
        return items.every((each) => {
          const found = owed.get(each.id);
          if (!found) return false;
          const kept = serializeComputed(computedOf(each, found, { product: null, quantity: 1 }));
          return recompute(parseComputed(kept), each.roundingMode) === found.amount;
        });
      }),
      { numRuns: 1_000 },
    );
  });

  test('a changed base is noticed', () => {
    const one = item(1, 10_000n, { terms: terms({ rateBps: 1_000 }) });
    const owed = owedBy([one]).get('1');
    if (!owed) throw new Error('an item is owed something');
    const kept = computedOf(one, owed, { product: null, quantity: 1 });
    expect(recompute(kept, 'HALF_UP')).toBe(1_000n);
    expect(recompute({ ...kept, base: 9_000n }, 'HALF_UP')).not.toBe(kept.amount);
  });
});
