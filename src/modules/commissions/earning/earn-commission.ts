import { v7 } from 'uuid';
import type { TouchBarred } from '../../../domain/attribution.ts';
import type { CommissionType } from '../../../domain/commission.ts';
import { serializeComputation } from '../../../domain/computation.ts';
import { type EnteredRate, exchange, rateInto } from '../../../domain/exchange.ts';
import { type Money, money } from '../../../domain/money.ts';
import type { PartnerStatus } from '../../../domain/partner.ts';
import {
  type ComputedLine,
  computeLine,
  type Decision,
  decide,
  type SaleLine,
} from '../../../domain/plan.ts';
import { whyNotEarning } from '../../../domain/recurring.ts';
import { expiryOf } from '../../../domain/referral.ts';
import { enqueue } from '../../../kernel/data/jobs.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Run } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { assess, blockedAs, keepReview } from '../../fraud/rules/public.ts';
import { rateOn } from '../../programs/exchange-rates/public.ts';
import { digitsOf } from '../commission/public.ts';
import type { RuleInForce } from '../plans/public.ts';
import { insertCommissions, type NewLine } from './insert-commissions.ts';
import { boughtBefore, type EarningPartner, firstPurchase, type InForce, loadInForce } from './read-terms.ts';
import { assessedSale, review } from './review-sale.ts';
import { loadPast, use } from './rule-usage.ts';

export interface Earning {
  readonly type: CommissionType;
  /** Net of tax. */
  readonly base: Money;
  readonly product?: string | null | undefined;
  readonly quantity?: number | null | undefined;
  readonly country?: string | null | undefined;
  /** The rate given for this commission alone, in basis points. */
  readonly rateBps?: number | null | undefined;
  /** Set for a FLAT commission. */
  readonly flat?: { readonly perUnit: Money; readonly quantity: number } | undefined;
  readonly occurredAt: Date;
  readonly customerId: string | null;
  /** True in a preview for a customer that does not exist yet. */
  readonly newCustomer?: boolean | undefined;
  readonly subscriptionId?: string | null | undefined;
  readonly conversion?: { readonly id: string; readonly referralId: string } | undefined;
  /** The order that the sale is a line item of. */
  readonly order?: { readonly id: string; readonly lineNumber: number } | undefined;
  /** The base of the whole order, when it has several line items. */
  readonly purchase?: bigint | undefined;
  /** Currency of the commission, when it was already decided. */
  readonly owedIn?: string | undefined;
  /** Traffic source of the customer; unset when no click led to the sale. */
  readonly source?: string | undefined;
  /** Id of the person who created the commission by hand. */
  readonly createdBy?: string | undefined;
  /** Id of the caller who recorded the sale. */
  readonly statedBy: string;
  readonly metadata: Record<string, unknown>;
}

export type Refused =
  | Exclude<PartnerStatus, 'ACTIVE'>
  | NonNullable<ReturnType<typeof whyNotEarning>>
  | ReturnType<typeof blockedAs>
  | TouchBarred
  | 'CAP_REACHED';

export type MadeLine = NewLine & { readonly createdAt: Date };

type Recorder = Pick<Context, 'actor' | 'clock'>;

export interface EarnOptions {
  /** The terms in force, when they were already read. */
  readonly inForce?: InForce | undefined;
  /** Reason why the sale earns nothing. The result of the risk rules is stored all the same. */
  readonly refused?: TouchBarred | null;
  /** Id of the commission, when it was already chosen. */
  readonly id?: string;
  /** Adds further rows to the query that inserts the commission. */
  readonly beside?: (line: NewLine) => Sql;
  /** True when the caller writes nothing afterwards: the insert then commits the transaction, unless a fraud review
   *  follows. */
  readonly last?: boolean;
}

/** Creates a PENDING commission with its terms, and its TRUE_UP when the sale reaches a band that applies to the whole
 *  period. Returns the commission, or the reason why the sale earns nothing. A commission without its exchange rate is HELD
 *  with the amount 0. */
export async function earn(
  run: Run,
  ctx: Recorder,
  partner: EarningPartner,
  earning: Earning,
  { inForce, refused = null, id = v7(), beside, last = false }: EarnOptions = {},
): Promise<MadeLine | Refused> {
  const weighed = await weigh(run, partner, earning, inForce);
  if (typeof weighed === 'string') return weighed;
  const revenueMinor = earning.conversion || earning.type === 'BONUS' ? 0n : earning.base.minor;
  const sale = assessedSale(partner, earning);
  const risk = earning.type === 'BONUS' ? null : await assess(run, sale, weighed.inForce.fraud);
  const why = risk?.outcome === 'BLOCKED' ? blockedAs(risk) : refused;
  if (why !== null) {
    const amount = 'missing' in weighed ? money(0n, weighed.missing.to) : owedBy(weighed);
    if (risk)
      await keepReview(run, ctx, { sale, assessment: risk, amount, commissionId: null, holdId: null });
    return why;
  }
  if ('missing' in weighed) {
    const line = { ...unratedLine(partner, earning, weighed), id, revenueMinor };
    const createdAt = await awaitRate(run, ctx, line, weighed, beside);
    return { ...line, status: 'HELD', createdAt };
  }
  await count(run, partner, earning, weighed);
  const line: NewLine = {
    ...saleColumns(partner, earning, weighed.inForce),
    ...termColumns(weighed),
    id,
    saleMinor: weighed.exchange ? earning.base.minor : null,
    saleCurrency: weighed.exchange ? earning.base.currency : null,
    amount: owedBy(weighed),
    revenueMinor,
  };
  const lines = [line, ...trueUpOf(partner, earning, weighed, line.id)];
  const ends = last && risk === null;
  const createdAt = await insertCommissions(run, lines, beside?.(line), ends);
  if (risk && (await review(run, ctx, line, sale, risk))) return { ...line, status: 'HELD', createdAt };
  return { ...line, createdAt };
}

const owedBy = ({ computed, base }: Weighed): Money => money(computed.amount, base.currency);

/** Adds a sale to the counters of its rule. */
export async function count(
  run: Run,
  partner: EarningPartner,
  earning: Earning,
  { decision, computed }: Weighed,
): Promise<void> {
  if (decision.rule) await use(run, partner, earning, decision.rule, computed);
}

/** Returns the TRUE_UP for the earlier sales of the period when the sale reaches another band. Empty when there is none. */
export function trueUpOf(
  partner: EarningPartner,
  earning: Earning,
  weighed: Weighed,
  lineId: string,
): NewLine[] {
  const { computed, base } = weighed;
  if (computed.trueUp === 0n) return [];
  return [
    {
      ...saleColumns(partner, earning, weighed.inForce),
      ...termColumns(weighed),
      id: v7(),
      exchange: null,
      type: 'TRUE_UP',
      adjustsId: lineId,
      amount: money(computed.trueUp, base.currency),
      baseAmount: money(0n, base.currency),
      revenueMinor: 0n,
    },
  ];
}

/** Returns a commission without its exchange rate. It stores the facts to compute the amount later. */
function unratedLine(partner: EarningPartner, earning: Earning, { inForce, missing }: Unrated) {
  const { base, quantity = null, rateBps = null, purchase } = earning;
  return {
    ...saleColumns(partner, earning, inForce),
    method: 'PERCENTAGE',
    saleMinor: base.minor,
    saleCurrency: base.currency,
    unrated: { day: missing.day, quantity, rateBps, purchase: purchase === undefined ? null : `${purchase}` },
    amount: money(0n, missing.to),
    baseAmount: money(0n, missing.to),
  } as const;
}

/** Stores a commission without its exchange rate and places an FX hold. */
async function awaitRate(
  run: Run,
  { actor, clock }: Recorder,
  line: NewLine,
  { missing }: Unrated,
  beside: EarnOptions['beside'],
): Promise<Date> {
  const { id, tenantId, partnerId } = line;
  const createdAt = await insertCommissions(run, [line], beside?.({ ...line, status: 'HELD' }));
  await run(
    sql`insert into commission_holds (id, tenant_id, partner_id, commission_id, kind, reason, placed_by, placed_at)
      values (${v7()}::uuid, ${tenantId}, ${partnerId}::uuid, ${id}::uuid, 'FX',
        ${`There is no exchange rate between ${missing.from} and ${missing.to} for ${missing.day}`}, ${actor.id}, ${clock.now()}::timestamptz)`,
  );
  // The database allows the status HELD only after the hold exists.
  await run(sql`update commissions set status = 'HELD', updated_at = now() where id = ${id}::uuid`);
  // The rate may be entered at the same time, in a transaction that does not see the commission yet.
  await enqueue(run, 'rate_lines', { tenantId }, { key: `rate_lines:${tenantId}` });
  return createdAt;
}

/** Returns the columns of a commission that come from the sale. */
function saleColumns({ tenantId, id }: EarningPartner, earning: Earning, inForce: InForce) {
  return {
    tenantId,
    partnerId: id,
    customerId: earning.customerId,
    referralId: earning.conversion?.referralId ?? null,
    conversionId: earning.conversion?.id ?? null,
    orderId: earning.order?.id ?? null,
    lineNumber: earning.order?.lineNumber ?? 0,
    type: earning.type,
    status: 'PENDING',
    product: earning.product ?? null,
    country: earning.country ?? null,
    tier: inForce.tier,
    roundingMode: inForce.roundingMode,
    source: earning.source,
    subscriptionId: earning.subscriptionId ?? null,
    occurredAt: earning.occurredAt,
    holdUntil: expiryOf(earning.occurredAt, inForce.holdDays),
    createdBy: earning.createdBy ?? null,
    statedBy: earning.statedBy,
    metadata: earning.metadata,
  } as const;
}

/** Returns the columns of a commission that come from its terms. */
export function termColumns({ base, exchange, computed, decision, byHand }: Weighed) {
  const [part] = computed.parts;
  const single = computed.method === 'TIERED' ? undefined : part;
  return {
    method: computed.method,
    baseAmount: base,
    exchange,
    rateBps: single?.rateBps ?? null,
    rateSource: byHand ? null : computed.level,
    ruleId: decision.rule?.id ?? null,
    perUnitMinor: single?.perUnit ?? null,
    quantity: single?.perUnit == null ? null : single.quantity,
    computation: serializeComputation(computed),
  } as const;
}

/** A sale whose exchange rate is missing. */
interface Unrated {
  readonly inForce: InForce;
  readonly missing: { readonly from: string; readonly to: string; readonly day: string };
}

export interface Weighed {
  readonly inForce: InForce;
  /** The sale in the currency of the commission. */
  readonly base: Money;
  /** The exchange rate that converted the sale. Null when the sale is in the currency of the commission. */
  readonly exchange: EnteredRate | null;
  /** True when the amount per unit was given with the sale. */
  readonly byHand: boolean;
  readonly decision: Decision & { readonly rule: RuleInForce | null };
  readonly computed: ComputedLine;
}

/** Computes the commission of a sale without writing. Returns the reason when the sale earns nothing. */
export async function weigh(
  run: Run,
  partner: EarningPartner,
  sold: Earning,
  known?: InForce,
): Promise<Weighed | Unrated | Refused> {
  const inForce = known ?? (await loadInForce(run, partner.id, sold.occurredAt));
  if (inForce.status !== 'ACTIVE') return inForce.status;
  const owed = await owedFor(run, partner, sold, inForce);
  if ('missing' in owed) return { inForce, missing: owed.missing };
  const { earning, exchange } = owed;
  const { base, occurredAt, type, flat } = earning;
  const refused = type === 'BONUS' ? null : await affiliateRefuses(run, partner, earning, inForce);
  if (refused) return refused;

  const line = { product: earning.product ?? null, quantity: earning.quantity ?? 1, base: base.minor };
  if (flat) {
    const rule = null;
    const computed = flatLine(line, flat);
    return { inForce, base, exchange, byHand: true, decision: { level: 'LINE', rule, rateBps: 0 }, computed };
  }
  const rules = earning.rateBps != null || type === 'BONUS' ? [] : inForce.rules;
  const sale = {
    type,
    occurredAt,
    currency: base.currency,
    country: earning.country ?? null,
    customerKind: await loadCustomerKind(run, rules, earning),
  };
  const rates = {
    line: earning.rateBps ?? null,
    partner: partner.rateBps ?? null,
    tier: inForce.tierRateBps,
  };
  const decision = decide(rules, rates, line, sale) as Weighed['decision'];
  const past = await loadPast(run, partner, earning, decision.rule);
  const computed = computeLine(line, sale, decision, past, inForce.roundingMode);
  if (computed.amount === 0n && computed.trueUp === 0n) {
    if (computed.limited && computed.limited !== 'STEPPED_DOWN') return computed.limited;
    if (computed.cap && computed.cap.cut > 0n) return 'CAP_REACHED';
  }
  return { inForce, base, exchange, byHand: false, decision, computed };
}

/** Returns the sale in the currency of the commission. When the program settles in the partner's currency, the exchange
 *  rate of the day of the sale applies. An amount given per unit stays in its currency. */
async function owedFor(
  run: Run,
  partner: EarningPartner,
  earning: Earning,
  { settlement, day, roundingMode }: InForce,
): Promise<{ earning: Earning; exchange: EnteredRate | null } | Pick<Unrated, 'missing'>> {
  const { base, purchase } = earning;
  const to = earning.owedIn ?? (settlement === 'PARTNER' ? partner.currency : base.currency);
  if (earning.flat || base.currency === to) return { earning, exchange: null };
  const between = { from: base.currency, to, day };
  const entered = await rateOn(run, partner.tenantId, between);
  if (!entered) return { missing: between };
  const inOwed = (minor: bigint) =>
    exchange(
      money(minor, base.currency),
      rateInto(entered, to),
      digitsOf(base, { currency: to }),
      roundingMode,
    );
  return {
    earning: {
      ...earning,
      base: inOwed(base.minor),
      purchase: purchase === undefined ? undefined : inOwed(purchase).minor,
    },
    exchange: entered,
  };
}

function flatLine(line: SaleLine, { perUnit, quantity }: NonNullable<Earning['flat']>): ComputedLine {
  const amount = perUnit.minor * BigInt(quantity);
  return {
    ...line,
    quantity,
    level: 'LINE',
    rule: null,
    method: 'FLAT',
    parts: [{ base: line.base, rateBps: null, perUnit: perUnit.minor, quantity, from: null, amount }],
    period: null,
    limited: null,
    cap: null,
    amount,
    trueUp: 0n,
  };
}

/** Returns whether the customer is new or returning. Queries only when a rule depends on it. */
async function loadCustomerKind(
  run: Run,
  rules: readonly RuleInForce[],
  { customerId, occurredAt, newCustomer }: Earning,
): Promise<'NEW' | 'RETURNING' | null> {
  if (newCustomer) return 'NEW';
  if (!customerId || rules.every((rule) => rule.customerKind === 'ANY')) return null;
  return (await boughtBefore(run, customerId, occurredAt)) ? 'RETURNING' : 'NEW';
}

/** Returns why an affiliate's own terms refuse the sale: smallest purchase, first purchase only, months of recurring
 *  purchases. */
async function affiliateRefuses(
  run: Run,
  partner: EarningPartner,
  { base, purchase, occurredAt, customerId }: Earning,
  { affiliate }: InForce,
) {
  if (!affiliate) return null;
  const minimum = affiliate.currency === base.currency ? affiliate.minimum : null;
  const first = customerId ? await firstPurchase(run, partner.id, customerId) : null;
  return whyNotEarning({ ...affiliate, minimum }, { amount: purchase ?? base.minor, at: occurredAt, first });
}
