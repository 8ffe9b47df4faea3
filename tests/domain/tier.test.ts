import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultTiers, PartnerTier } from '../../src/domain/partner.ts';
import { evaluateTier, missingForNext, rankOf, tierEarned } from '../../src/domain/tier.ts';

const thresholds = defaultTiers.map(({ tier, minMonthlyRevenue, minCustomers }) => ({
  tier,
  minRevenue: minMonthlyRevenue * 100n,
  minCustomers,
}));
const tiers = fc.constantFrom(...Object.values(PartnerTier));
const months = fc.record({ revenue: fc.bigInt(-(10n ** 6n), 10n ** 8n), customers: fc.nat(2_000) });

describe('a month', () => {
  test('that reaches more never earns a lower tier', () => {
    fc.assert(
      fc.property(months, fc.bigInt(0n, 10n ** 7n), fc.nat(500), (month, revenue, customers) => {
        const more = { revenue: month.revenue + revenue, customers: month.customers + customers };
        return rankOf(tierEarned(thresholds, more)) >= rankOf(tierEarned(thresholds, month));
      }),
    );
  });

  test('earns the next tier when the missing values are added', () => {
    fc.assert(
      fc.property(months, (month) => {
        const tier = tierEarned(thresholds, month);
        const missing = missingForNext(thresholds, tier, month);
        if (missing === null) return tier === 'DIAMOND';
        const made = {
          revenue: month.revenue + missing.revenue,
          customers: month.customers + missing.customers,
        };
        return tierEarned(thresholds, made) === missing.tier;
      }),
    );
  });

  test('tells what the next tier lacks', () => {
    expect(missingForNext(thresholds, 'SILVER', { revenue: 2_376_000n, customers: 48 })).toEqual({
      tier: 'GOLD',
      revenue: 124_000n,
      customers: 2,
    });
  });
});

describe('an evaluation', () => {
  test('promotes at once, as far as was earned', () => {
    expect(evaluateTier({ tier: 'BRONZE', misses: 0, locked: false }, 'PLATINUM')).toEqual({
      tier: 'PLATINUM',
      misses: 0,
      change: 'PROMOTED',
    });
  });

  test('forgives one month and drops with the second', () => {
    const first = evaluateTier({ tier: 'GOLD', misses: 0, locked: false }, 'SILVER');
    expect(first).toEqual({ tier: 'GOLD', misses: 1, change: 'FORGIVEN' });
    expect(evaluateTier({ ...first, locked: false }, 'SILVER')).toEqual({
      tier: 'SILVER',
      misses: 0,
      change: 'DEMOTED',
    });
  });

  test('starts the grace again after a good month', () => {
    const { misses } = evaluateTier({ tier: 'GOLD', misses: 1, locked: false }, 'GOLD');
    expect(misses).toBe(0);
  });

  test('never demotes by more than one level, below the earned tier, or with a tier lock', () => {
    fc.assert(
      fc.property(tiers, tiers, fc.nat(5), fc.boolean(), (tier, earned, misses, locked) => {
        const next = evaluateTier({ tier, misses, locked }, earned);
        if (locked) return next.tier === tier;
        return (
          rankOf(next.tier) >= Math.min(rankOf(earned), rankOf(tier)) && rankOf(tier) - rankOf(next.tier) <= 1
        );
      }),
    );
  });
});
