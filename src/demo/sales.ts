import { type Money, money, share } from '../domain/money.ts';
import type { PartnerTier } from '../domain/partner.ts';
import type { DemoPartner } from './partners.ts';
import type { Random } from './random.ts';

const planShares = {
  BRONZE: { 0: 55, 1: 35, 2: 10, 3: 0 },
  SILVER: { 0: 40, 1: 40, 2: 17, 3: 3 },
  GOLD: { 0: 25, 1: 40, 2: 28, 3: 7 },
  PLATINUM: { 0: 15, 1: 35, 2: 35, 3: 15 },
  DIAMOND: { 0: 10, 1: 30, 2: 35, 3: 25 },
};
const mostSeats = { BRONZE: 5, SILVER: 9, GOLD: 16, PLATINUM: 30, DIAMOND: 60 };

/** Returns the price of some seats for a month, net of tax and discount, in the partner's currency. */
export function saleOf(random: Random, { region }: DemoPartner, tier: PartnerTier): Money {
  const plan = region.plans[Number(random.weighted(planShares[tier])) as 0 | 1 | 2 | 3];
  const list = money(plan * BigInt(random.int(1, mostSeats[tier])), region.currency);
  const discount = share(list, random.pick([0, 0, 0, 0, 500, 1_000, 1_250]));
  return money(list.minor - discount.minor, region.currency);
}
