import { PartnerTier } from './partner.ts';

/** From the lowest to the highest. */
const order = Object.values(PartnerTier);
export const rankOf = (tier: PartnerTier): number => order.indexOf(tier);

/** What a month must reach for a tier; both, and both inclusive (DOMAIN section 6). */
export interface TierThreshold {
  readonly tier: PartnerTier;
  /** Minor units of the program's currency, net of refunds and tax. */
  readonly minRevenue: bigint;
  readonly minCustomers: number;
}

export interface MonthResult {
  readonly revenue: bigint;
  /** Active at the month's end. */
  readonly customers: number;
}

/** The highest tier whose thresholds the month reached. */
export function tierEarned(
  thresholds: readonly TierThreshold[],
  { revenue, customers }: MonthResult,
): PartnerTier {
  const reached = thresholds
    .filter(({ minRevenue, minCustomers }) => revenue >= minRevenue && customers >= minCustomers)
    .sort((a, b) => rankOf(b.tier) - rankOf(a.tier));
  return reached[0]?.tier ?? 'BRONZE';
}

export interface TierRules {
  /** Months below the tier that are forgiven; the next one drops. */
  readonly graceMonths: number;
  /** Levels that one evaluation may take away. */
  readonly maxDrop: number;
}

const defaultTierRules: TierRules = { graceMonths: 1, maxDrop: 1 };

export interface Standing {
  readonly tier: PartnerTier;
  /** Months in a row below it, before this one. */
  readonly misses: number;
  /** Set by hand: neither promotion nor demotion touches it. */
  readonly locked: boolean;
}

export type TierChange = 'PROMOTED' | 'KEPT' | 'FORGIVEN' | 'DEMOTED' | 'LOCKED';

/** Where a month leaves a partner: promotion at once, demotion after the grace and at most `maxDrop` levels. */
export function evaluateTier(
  { tier, misses, locked }: Standing,
  earned: PartnerTier,
  { graceMonths, maxDrop }: TierRules = defaultTierRules,
): { readonly tier: PartnerTier; readonly misses: number; readonly change: TierChange } {
  if (locked) return { tier, misses: 0, change: 'LOCKED' };
  const [now, reached] = [rankOf(tier), rankOf(earned)];
  if (reached > now) return { tier: earned, misses: 0, change: 'PROMOTED' };
  if (reached === now) return { tier, misses: 0, change: 'KEPT' };
  if (misses < graceMonths) return { tier, misses: misses + 1, change: 'FORGIVEN' };
  const lower = order[Math.max(reached, now - maxDrop)] ?? tier;
  return { tier: lower, misses: 0, change: 'DEMOTED' };
}

/** What a month still lacks for the next tier; null at the highest. Nothing is missing below zero. */
export function missingForNext(
  thresholds: readonly TierThreshold[],
  tier: PartnerTier,
  { revenue, customers }: MonthResult,
): { readonly tier: PartnerTier; readonly revenue: bigint; readonly customers: number } | null {
  const next = thresholds
    .filter((threshold) => rankOf(threshold.tier) > rankOf(tier))
    .sort((a, b) => rankOf(a.tier) - rankOf(b.tier))[0];
  if (!next) return null;
  return {
    tier: next.tier,
    revenue: next.minRevenue > revenue ? next.minRevenue - revenue : 0n,
    customers: Math.max(0, next.minCustomers - customers),
  };
}

/** The same in words, e.g. `1,240.00 USD and 2 customers`; `amount` is the revenue as a person reads it. */
export function missingSentence(
  missing: { readonly tier: PartnerTier; readonly revenue: bigint; readonly customers: number } | null,
  amount: string,
): string {
  if (!missing) return 'nothing: it is the highest tier';
  const revenue = missing.revenue > 0n ? amount.replace(/\B(?=(\d{3})+(?!\d)(?<!\.\d*))/g, ',') : null;
  const customers =
    missing.customers > 0
      ? `${missing.customers} ${missing.customers === 1 ? 'customer' : 'customers'}`
      : null;
  const parts = [revenue, customers].filter((part) => part !== null);
  return parts.length > 0 ? parts.join(' and ') : `nothing: ${missing.tier} follows when the month is over`;
}
