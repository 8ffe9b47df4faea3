import { PartnerTier } from './partner.ts';

/** From the lowest to the highest. */
const order = Object.values(PartnerTier);
export const rankOf = (tier: PartnerTier): number => order.indexOf(tier);

/** The threshold of a tier: a month must reach both values, each inclusive. See docs/concepts/tiers.md. */
export interface TierThreshold {
  readonly tier: PartnerTier;
  /** Minor units of the program's currency, net of refunds and tax. */
  readonly minRevenue: bigint;
  readonly minCustomers: number;
}

export interface MonthResult {
  readonly revenue: bigint;
  /** Active customers at the end of the month. */
  readonly customers: number;
}

/** Returns the highest tier whose threshold the month reached. */
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
  /** Months of grace below the tier. The next month below demotes the partner. */
  readonly graceMonths: number;
  /** The highest number of levels that one evaluation demotes. */
  readonly maxDrop: number;
}

const defaultTierRules: TierRules = { graceMonths: 1, maxDrop: 1 };

export interface Standing {
  readonly tier: PartnerTier;
  /** Consecutive months below the tier before this month. */
  readonly misses: number;
  /** True for a tier lock: the evaluation does not change the tier. */
  readonly locked: boolean;
}

export type TierChange = 'PROMOTED' | 'KEPT' | 'FORGIVEN' | 'DEMOTED' | 'LOCKED';

/** Evaluates a month: promotes at once, demotes after the grace and by at most `maxDrop` levels. */
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

/** Returns what a month still needs for the next tier, at least 0 each. Null at the highest tier. */
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

/** Returns the missing values as a sentence. `amount` is the formatted revenue. */
export function missingSentence(
  missing: { readonly tier: PartnerTier; readonly revenue: bigint; readonly customers: number } | null,
  amount: string,
): string {
  if (!missing) return 'The partner has the highest tier.';
  const revenue =
    missing.revenue > 0n ? `${amount.replace(/\B(?=(\d{3})+(?!\d)(?<!\.\d*))/g, ',')} of revenue` : null;
  const customers =
    missing.customers > 0
      ? `${missing.customers} active ${missing.customers === 1 ? 'customer' : 'customers'}`
      : null;
  const parts = [revenue, customers].filter((part) => part !== null);
  return parts.length > 0
    ? `The partner needs another ${parts.join(' and ')} this month for the tier ${missing.tier}.`
    : `The partner has reached the tier ${missing.tier}, which follows at the end of the month.`;
}
