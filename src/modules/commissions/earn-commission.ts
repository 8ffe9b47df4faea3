import { type EntityManager, sql } from '@mikro-orm/postgresql';
import {
  type CommissionTerms,
  type CommissionType,
  commissionOn,
  rateInForce,
} from '../../domain/commission.ts';
import { invalid } from '../../domain/errors.ts';
import type { Money, RoundingMode } from '../../domain/money.ts';
import type { PartnerStatus, PartnerTier } from '../../domain/partner.ts';
import { whyNotEarning } from '../../domain/recurring.ts';
import { expiryOf } from '../../domain/referral.ts';
import { MoneyColumn } from '../../kernel/money.column.ts';
import type { Partner } from '../partners/partner.entity.ts';
import { affiliateTermsOf } from '../partners/partner.service.ts';
import { Commission, type RateSource } from './commission.entity.ts';

export interface Earning {
  readonly type: CommissionType;
  /** Net of tax. */
  readonly base: Money;
  /** The line's own rate, in basis points. */
  readonly rateBps?: number | null | undefined;
  /** Makes the line FLAT. */
  readonly flat?: { readonly perUnit: Money; readonly quantity: number } | undefined;
  readonly occurredAt: Date;
  readonly customerId: string | null;
  readonly subscriptionId?: string | null | undefined;
  readonly conversion?: { readonly id: string; readonly referralId: string } | undefined;
  readonly source: string;
  /** Who made it by hand. */
  readonly createdBy?: string | undefined;
  readonly metadata: Record<string, unknown>;
}

export type Refused = Exclude<PartnerStatus, 'ACTIVE'> | NonNullable<ReturnType<typeof whyNotEarning>>;

/** One PENDING line with everything that decided it, or the reason why the sale earns nothing. */
export async function earn(
  em: EntityManager,
  partner: Partner,
  earning: Earning,
): Promise<Commission | Refused> {
  const { tenantId, id: partnerId } = partner;
  const { base, occurredAt, flat, type } = earning;
  const inForce = await inForceAt(em, tenantId, partnerId, occurredAt);
  if (inForce.status !== 'ACTIVE') return inForce.status;
  const refused = type === 'BONUS' ? null : await affiliateRefuses(em, partner, earning);
  if (refused) return refused;

  const rateBps = rateInForce(earning.rateBps ?? null, partner.rateBps ?? null, inForce.tierRateBps);
  const rateSource: RateSource =
    earning.rateBps != null ? 'LINE' : partner.rateBps != null ? 'PARTNER' : 'TIER';
  const terms: CommissionTerms = flat ? { method: 'FLAT', ...flat } : { method: 'PERCENTAGE', rateBps };
  return em.create(Commission, {
    tenantId,
    partnerId,
    customerId: earning.customerId,
    referralId: earning.conversion?.referralId ?? null,
    conversionId: earning.conversion?.id ?? null,
    type,
    method: terms.method,
    status: 'PENDING',
    baseAmount: new MoneyColumn(base),
    rateBps: flat ? null : rateBps,
    rateSource: flat ? null : rateSource,
    tier: inForce.tier,
    perUnitMinor: flat?.perUnit.minor ?? null,
    quantity: flat?.quantity ?? null,
    roundingMode: inForce.roundingMode,
    amount: new MoneyColumn(commissionOn(base, terms, inForce.roundingMode)),
    revenueMinor: earning.conversion || type === 'BONUS' ? 0n : base.minor,
    source: earning.source,
    subscriptionId: earning.subscriptionId ?? null,
    occurredAt,
    holdUntil: expiryOf(occurredAt, inForce.holdDays),
    createdBy: earning.createdBy ?? null,
    metadata: earning.metadata,
  });
}

interface InForce {
  readonly status: PartnerStatus;
  readonly tier: PartnerTier;
  readonly tierRateBps: number;
  readonly roundingMode: RoundingMode;
  readonly holdDays: number;
}

/** What the partner was at that moment (the tier is the one in force at `occurredAt`), and the program's terms. */
async function inForceAt(em: EntityManager, tenantId: string, partnerId: string, at: Date): Promise<InForce> {
  const [terms] = await em.execute<InForce[]>(sql`
    select h.status, h.tier, t.rate_bps as "tierRateBps", g.rounding_mode as "roundingMode", g.hold_days as "holdDays"
    from (select status, tier from partner_history where partner_id = ${partnerId} and effective_at <= ${at}
          order by effective_at desc, id desc limit 1) h
    join programs g on g.tenant_id = ${tenantId}
    join partner_tier_configs t on t.tenant_id = g.tenant_id and t.tier = h.tier`);
  if (!terms) throw invalid('input.occurredAt', 'lies before the partner existed');
  return terms;
}

/** An affiliate's own terms: smallest purchase, first purchase only, months of recurring ones. */
async function affiliateRefuses(
  em: EntityManager,
  partner: Partner,
  { base, occurredAt, customerId }: Earning,
) {
  if (partner.partnerType !== 'AFFILIATE') return null;
  const config = await affiliateTermsOf(em, partner.id);
  if (!config) return null;
  const minimum = config.minimumPurchase?.currency === base.currency ? config.minimumPurchase.minor : null;
  const first = customerId ? await firstPurchase(em, partner.id, customerId) : null;
  return whyNotEarning(
    { firstPurchaseOnly: config.firstPurchaseOnly, recurringMonths: config.recurringMonths ?? null, minimum },
    { amount: base.minor, at: occurredAt, first },
  );
}

/** When this customer's first purchase earned for the partner; null when none has. */
export async function firstPurchase(
  em: EntityManager,
  partnerId: string,
  customerId: string,
): Promise<Date | null> {
  const [row] = await em.execute<{ first: string | null }[]>(sql`
    select min(occurred_at) as first from commissions
    where customer_id = ${customerId} and partner_id = ${partnerId} and type not in ('REVERSAL', 'BONUS') and status <> 'REJECTED'`);
  return row?.first ? new Date(row.first) : null;
}
