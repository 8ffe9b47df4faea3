import { type EntityManager, sql } from '@mikro-orm/postgresql';
import {
  type CommissionTerms,
  type CommissionType,
  commissionOn,
  rateInForce,
} from '../../domain/commission.ts';
import type { Money } from '../../domain/money.ts';
import type { PartnerStatus } from '../../domain/partner.ts';
import { whyNotEarning } from '../../domain/recurring.ts';
import { expiryOf } from '../../domain/referral.ts';
import { MoneyColumn } from '../../kernel/money.column.ts';
import type { Partner } from '../partners/partner.entity.ts';
import { affiliateTermsOf, standingAt } from '../partners/partner.service.ts';
import { programOf, tierRateBps } from '../programs/program.service.ts';
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
  const standing = await standingAt(em, partnerId, occurredAt);
  if (standing.status !== 'ACTIVE') return standing.status;
  const refused = type === 'BONUS' ? null : await affiliateRefuses(em, partner, earning);
  if (refused) return refused;

  const program = await programOf(em, tenantId);
  const tierRate = await tierRateBps(em, tenantId, standing.tier);
  const rateBps = rateInForce(earning.rateBps ?? null, partner.rateBps ?? null, tierRate);
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
    tier: standing.tier,
    perUnitMinor: flat?.perUnit.minor ?? null,
    quantity: flat?.quantity ?? null,
    roundingMode: program.roundingMode,
    amount: new MoneyColumn(commissionOn(base, terms, program.roundingMode)),
    revenueMinor: earning.conversion || type === 'BONUS' ? 0n : base.minor,
    source: earning.source,
    subscriptionId: earning.subscriptionId ?? null,
    occurredAt,
    holdUntil: expiryOf(occurredAt, program.holdDays),
    createdBy: earning.createdBy ?? null,
    metadata: earning.metadata,
  });
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
