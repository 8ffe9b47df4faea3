import { describe, expect, test } from 'vitest';
import type { Rule } from '../../src/domain/plan.ts';
import { decideFor, type Facts, sameDecision, termsOf } from '../../src/domain/terms.ts';

const rule = (more: Partial<Rule>): Rule => ({
  ...{ id: 'r', key: 'r', name: 'rule', version: 1, of: 'PARTNER', product: null, customerKind: 'ANY' },
  ...{ countries: null, types: null, minimum: null, currency: 'USD' },
  ...{ terms: { method: 'FLAT', perOrder: 1_000n }, firstPurchaseOnly: false, recurringMonths: null },
  ...{ recurringCount: null, stepDownRateBps: null, cap: null, from: new Date(0), until: null },
  ...more,
});
const order = [
  { product: 'a', base: 6_000n, open: 0n },
  { product: 'b', base: 3_000n, open: 0n },
  { product: 'c', base: 1_000n, open: 0n },
];
const decide = (index: number, rules: readonly Rule[], all = order, more: Partial<Facts> = {}) => {
  const facts: Facts = {
    ...{ type: 'ONE_TIME', country: null, quantity: 7, tier: 'BRONZE', purchase: 10_000n, scale: null },
    ...{ products: { all, index }, ...more },
  };
  const { product = null, base = 0n } = all[index] ?? {};
  const sold = { facts, product, base, currency: 'USD', at: new Date(), hasCustomer: false };
  const { first } = decideFor(sold, rules, { line: null, partner: null, tier: 1_000 });
  return { first, flat: termsOf(first, facts, []).flat };
};
const amounts = (rules: readonly Rule[], all = order) =>
  all.map((_, index) => decide(index, rules, all).flat?.amount ?? null);

describe('a flat amount per order', () => {
  test('is shared by the products under the same rule, whatever their units', () => {
    expect(amounts([rule({})])).toEqual([600n, 300n, 100n]);
    const own = rule({ id: 'b', key: 'b', product: 'b', terms: { method: 'PERCENTAGE', rateBps: 500 } });
    expect(amounts([rule({}), own])).toEqual([857n, null, 143n]);
    expect(amounts([rule({ product: 'c' })])).toEqual([null, null, 1_000n]);
  });

  test('is exact to the minor unit for any number of products', () => {
    const thirds = ['a', 'b', 'c'].map((product) => ({ product, base: 1n, open: 0n }));
    expect(amounts([rule({})], thirds)).toEqual([334n, 333n, 333n]);
  });

  test('earns in proportion to the collected part of its own products', () => {
    const half = order.map(({ product, base }) => ({ product, base: base / 2n, open: base / 2n }));
    expect(amounts([rule({})], half)).toEqual([300n, 150n, 50n]);
  });

  test('of a shared sale is split over the partners', () => {
    const scale = { of: 'PARTNERS', parts: [7_500n, 2_500n], index: 1 } as const;
    expect(decide(1, [rule({})], order, { products: null, scale }).flat).toMatchObject({
      ...{ perUnit: 1_000n, quantity: 1, amount: 250n },
    });
  });

  test('is another decision when another product of the order joins the rule', () => {
    const own = rule({ id: 'b', key: 'b', product: 'b', terms: { method: 'PERCENTAGE', rateBps: 500 } });
    expect(sameDecision(decide(0, [rule({})]).first, decide(0, [rule({})]).first)).toBe(true);
    expect(sameDecision(decide(0, [rule({})]).first, decide(0, [rule({}), own]).first)).toBe(false);
  });
});
