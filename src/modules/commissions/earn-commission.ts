import { type EntityManager, sql } from '@mikro-orm/postgresql';
import type { CommissionType, Settlement } from '../../domain/commission.ts';
import { kept } from '../../domain/computation.ts';
import { invalid } from '../../domain/errors.ts';
import { type EnteredRate, exchange, rateInto } from '../../domain/exchange.ts';
import type { FraudTerms } from '../../domain/fraud.ts';
import { type Money, money, type RoundingMode } from '../../domain/money.ts';
import type { PartnerStatus, PartnerTier } from '../../domain/partner.ts';
import {
  type ComputedLine,
  computeLine,
  type Decision,
  decide,
  nothingBefore,
  type Past,
  type Rule,
  type RulePeriod,
  type SaleLine,
} from '../../domain/plan.ts';
import { whyNotEarning } from '../../domain/recurring.ts';
import { expiryOf } from '../../domain/referral.ts';
import type { Context } from '../../kernel/context.ts';
import { enqueue } from '../../kernel/jobs.ts';
import { MoneyColumn } from '../../kernel/money.column.ts';
import { rateOn } from '../exchange-rates/exchange-rate.service.ts';
import { assess, blockedAs, keepReview } from '../fraud/fraud.service.ts';
import type { Partner } from '../partners/partner.entity.ts';
import { affiliateTermsOf } from '../partners/partner.service.ts';
import { type RuleInForce, rulesInForce } from '../plans/plan.service.ts';
import { Commission } from './commission.entity.ts';
import { CommissionHold } from './commission-hold.entity.ts';
import { digitsOf } from './sold.ts';
import { review, watched } from './watch-line.ts';

export interface Earning {
  readonly type: CommissionType;
  /** Net of tax. */
  readonly base: Money;
  readonly product?: string | null | undefined;
  readonly quantity?: number | null | undefined;
  readonly country?: string | null | undefined;
  /** The line's own rate, in basis points. */
  readonly rateBps?: number | null | undefined;
  /** Makes the line FLAT. */
  readonly flat?: { readonly perUnit: Money; readonly quantity: number } | undefined;
  readonly occurredAt: Date;
  readonly customerId: string | null;
  /** A preview names a customer that does not exist yet. */
  readonly newCustomer?: boolean | undefined;
  readonly subscriptionId?: string | null | undefined;
  readonly conversion?: { readonly id: string; readonly referralId: string } | undefined;
  /** The order that it is a line of. */
  readonly order?: { readonly id: string; readonly lineNumber: number } | undefined;
  /** The whole order's base, where it has more lines. */
  readonly purchase?: bigint | undefined;
  /** In which currency it is owed, where that was decided before. */
  readonly owedIn?: string | undefined;
  readonly source: string;
  /** Who made it by hand. */
  readonly createdBy?: string | undefined;
  /** Who told of the sale. */
  readonly statedBy: string;
  readonly metadata: Record<string, unknown>;
}

export type Refused =
  | Exclude<PartnerStatus, 'ACTIVE'>
  | NonNullable<ReturnType<typeof whyNotEarning>>
  | ReturnType<typeof blockedAs>
  | 'CAP_REACHED';

/** One PENDING line with everything that decided it (and its TRUE_UP, where it crosses into a band that applies to the
 *  whole period), or the reason why the sale earns nothing. One whose exchange rate is missing is HELD, worth nothing yet. */
export async function earn(
  em: EntityManager,
  ctx: Pick<Context, 'actor' | 'clock'>,
  partner: Partner,
  earning: Earning,
): Promise<Commission | Refused> {
  const weighed = await weigh(em, partner, earning);
  if (typeof weighed === 'string') return weighed;
  const revenueMinor = earning.conversion || earning.type === 'BONUS' ? 0n : earning.base.minor;
  const sale = watched(partner, earning);
  const risk = earning.type === 'BONUS' ? null : await assess(em, sale, weighed.inForce.fraud);
  if (risk?.outcome === 'BLOCKED') {
    const amount = 'missing' in weighed ? money(0n, weighed.missing.to) : owedBy(weighed);
    await keepReview(em, ctx, { sale, assessment: risk, amount, commissionId: null, holdId: null });
    return blockedAs(risk);
  }
  if ('missing' in weighed) return awaitRate(em, ctx, partner, earning, weighed, revenueMinor);
  await count(em, partner, earning, weighed);
  const line = em.create(Commission, {
    ...saleColumns(partner, earning, weighed.inForce),
    ...termColumns(weighed),
    saleMinor: weighed.exchange ? earning.base.minor : null,
    saleCurrency: weighed.exchange ? earning.base.currency : null,
    amount: new MoneyColumn(owedBy(weighed)),
    revenueMinor,
  });
  trueUp(em, partner, earning, weighed, line);
  if (risk) await review(em, ctx, line, sale, risk);
  return line;
}

const owedBy = ({ computed, base }: Weighed): Money => money(computed.amount, base.currency);

/** Counts a sale under its rule. */
export async function count(
  em: EntityManager,
  partner: Partner,
  earning: Earning,
  { decision, computed }: Weighed,
): Promise<void> {
  if (decision.rule) await use(em, partner, earning, decision.rule, computed);
}

/** What crossing into a band adds to the sales of the period before, as a line beside the sale's. */
export function trueUp(
  em: EntityManager,
  partner: Partner,
  earning: Earning,
  weighed: Weighed,
  line: Commission,
): void {
  const { computed, base } = weighed;
  if (computed.trueUp === 0n) return;
  em.create(Commission, {
    ...saleColumns(partner, earning, weighed.inForce),
    ...termColumns(weighed),
    exchange: null,
    type: 'TRUE_UP',
    adjustsId: line.id,
    amount: new MoneyColumn(money(computed.trueUp, base.currency)),
    baseAmount: new MoneyColumn(money(0n, base.currency)),
    revenueMinor: 0n,
  });
}

/** A line whose exchange rate is missing: it is held for that, and says what is needed to work it out. */
async function awaitRate(
  em: EntityManager,
  { actor, clock }: Pick<Context, 'actor' | 'clock'>,
  partner: Partner,
  earning: Earning,
  { inForce, missing }: Unrated,
  revenueMinor: bigint,
): Promise<Commission> {
  const { base, quantity = null, rateBps = null, purchase } = earning;
  const nothing = () => new MoneyColumn(money(0n, missing.to));
  const line = em.create(Commission, {
    ...saleColumns(partner, earning, inForce),
    method: 'PERCENTAGE',
    saleMinor: base.minor,
    saleCurrency: base.currency,
    unrated: { day: missing.day, quantity, rateBps, purchase: purchase === undefined ? null : `${purchase}` },
    amount: nothing(),
    baseAmount: nothing(),
    revenueMinor,
  });
  await em.flush();
  em.create(CommissionHold, {
    tenantId: line.tenantId,
    partnerId: line.partnerId,
    commissionId: line.id,
    kind: 'FX',
    reason: `no exchange rate of ${missing.from} and ${missing.to} for ${missing.day}`,
    placedBy: actor.id,
    placedAt: clock.now(),
  });
  await em.flush(); // the line moves only once the hold is there, as the database sees to
  line.status = 'HELD';
  // The rate may be entered in this moment, by somebody who does not see the line yet.
  const { tenantId } = partner;
  await enqueue(em, 'rate_lines', { tenantId }, { key: `rate_lines:${tenantId}` });
  return line;
}

/** What a line says of its sale. */
function saleColumns({ tenantId, id }: Partner, earning: Earning, inForce: InForce) {
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

/** What a line says of what decided it. */
export function termColumns({ base, exchange, computed, decision, byHand }: Weighed) {
  const [part] = computed.parts;
  const single = computed.method === 'TIERED' ? undefined : part;
  return {
    method: computed.method,
    baseAmount: new MoneyColumn(base),
    exchange,
    rateBps: single?.rateBps ?? null,
    rateSource: byHand ? null : computed.level,
    ruleId: decision.rule?.id ?? null,
    perUnitMinor: single?.perUnit ?? null,
    quantity: single?.perUnit == null ? null : single.quantity,
    computation: kept(computed),
  } as const;
}

/** A sale whose exchange rate is missing. */
interface Unrated {
  readonly inForce: InForce;
  readonly missing: { readonly from: string; readonly to: string; readonly day: string };
}

export interface Weighed {
  readonly inForce: InForce;
  /** The sale in the currency that it is owed in. */
  readonly base: Money;
  /** The rate that made it that; null: it was in that currency. */
  readonly exchange: EnteredRate | null;
  /** The amount was given, unit by unit. */
  readonly byHand: boolean;
  readonly decision: Decision & { readonly rule: RuleInForce | null };
  readonly computed: ComputedLine;
}

/** What a sale would earn and why, writing nothing; or the reason why it earns nothing. */
export async function weigh(
  em: EntityManager,
  partner: Partner,
  sold: Earning,
): Promise<Weighed | Unrated | Refused> {
  const { tenantId, id: partnerId } = partner;
  const inForce = await inForceAt(em, tenantId, partnerId, sold.occurredAt);
  if (inForce.status !== 'ACTIVE') return inForce.status;
  const owed = await owedFor(em, partner, sold, inForce);
  if ('missing' in owed) return { inForce, missing: owed.missing };
  const { earning, exchange } = owed;
  const { base, occurredAt, type, flat } = earning;
  const refused = type === 'BONUS' ? null : await affiliateRefuses(em, partner, earning);
  if (refused) return refused;

  const line = { product: earning.product ?? null, quantity: earning.quantity ?? 1, base: base.minor };
  if (flat) {
    const rule = null;
    const computed = flatLine(line, flat);
    return { inForce, base, exchange, byHand: true, decision: { level: 'LINE', rule, rateBps: 0 }, computed };
  }
  const rules =
    earning.rateBps != null || type === 'BONUS' ? [] : await rulesInForce(em, partner, occurredAt);
  const sale = {
    type,
    occurredAt,
    currency: base.currency,
    country: earning.country ?? null,
    customerKind: earning.newCustomer ? ('NEW' as const) : await kindOf(em, rules, earning),
  };
  const rates = {
    line: earning.rateBps ?? null,
    partner: partner.rateBps ?? null,
    tier: inForce.tierRateBps,
  };
  const decision = decide(rules, rates, line, sale) as Weighed['decision'];
  const past = decision.rule ? await pastOf(em, partner, earning, decision.rule) : nothingBefore;
  const computed = computeLine(line, sale, decision, past, inForce.roundingMode);
  if (computed.amount === 0n && computed.trueUp === 0n) {
    if (computed.limited && computed.limited !== 'STEPPED_DOWN') return computed.limited;
    if (computed.cap && computed.cap.cut > 0n) return 'CAP_REACHED';
  }
  return { inForce, base, exchange, byHand: false, decision, computed };
}

/** The sale in the currency that it is owed in: by the rate of its day where the program settles in the partner's. What was
 *  given unit by unit is owed as it was given. */
async function owedFor(
  em: EntityManager,
  partner: Partner,
  earning: Earning,
  { settlement, day, roundingMode }: InForce,
): Promise<{ earning: Earning; exchange: EnteredRate | null } | Pick<Unrated, 'missing'>> {
  const { base, purchase } = earning;
  const to = earning.owedIn ?? (settlement === 'PARTNER' ? partner.currency : base.currency);
  if (earning.flat || base.currency === to) return { earning, exchange: null };
  const between = { from: base.currency, to, day };
  const entered = await rateOn(em, partner.tenantId, between);
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

/** Whether the customer had bought anything of the program before; looked up only where a rule asks. */
async function kindOf(
  em: EntityManager,
  rules: readonly Rule[],
  { customerId, occurredAt }: Earning,
): Promise<'NEW' | 'RETURNING' | null> {
  if (!customerId || rules.every((rule) => rule.customerKind === 'ANY')) return null;
  const [found] = await em.execute<{ before: boolean }[]>(
    sql`select customer_bought_before(${customerId}, ${occurredAt}) as before`,
  );
  return found?.before ? 'RETURNING' : 'NEW';
}

const NO_SCOPE = 'all';

/** Which count a rule keeps for this sale: its bands by partner, its cap by what it limits. */
const scopeOfCap = (rule: Rule, { customerId }: Earning): string =>
  rule.cap?.per === 'CUSTOMER' ? (customerId ?? NO_SCOPE) : NO_SCOPE;

const counts = (rule: Rule): boolean =>
  rule.terms.method === 'TIERED' || (rule.cap !== null && rule.cap.per !== 'SALE');

/** What came before a sale under its rule. Where the rule counts, its count is locked: sales under it take turns. */
async function pastOf(
  em: EntityManager,
  { tenantId, id: partnerId }: Partner,
  earning: Earning,
  rule: RuleInForce,
): Promise<Past> {
  const { customerId, occurredAt } = earning;
  const windowed = rule.firstPurchaseOnly || rule.recurringMonths !== null || rule.recurringCount !== null;
  const [purchases] =
    windowed && customerId
      ? await em.execute<{ first: string | null; count: number }[]>(sql`
          select min(occurred_at) as first, count(distinct coalesce(order_id, conversion_id::text, id::text))::int as count from commissions
          where customer_id = ${customerId} and partner_id = ${partnerId} and occurred_at < ${occurredAt}
            and type not in ('REVERSAL', 'BONUS', 'TRUE_UP', 'ADJUSTMENT') and status <> 'REJECTED'`)
      : [];
  const usage = (scope: string, period: RulePeriod) =>
    em.execute<{ base_minor: string; earned_minor: string }[]>(sql`
      insert into rule_usage (tenant_id, partner_id, rule_key, scope, period_start)
      select ${tenantId}, ${partnerId}, ${rule.key}, ${scope}, rule_period(${period}, ${occurredAt}::timestamptz at time zone g.time_zone)
      from programs g where g.tenant_id = ${tenantId}
      on conflict (partner_id, rule_key, scope, period_start) do update set base_minor = rule_usage.base_minor
      returning base_minor, earned_minor`);
  const [bands] = rule.terms.method === 'TIERED' ? await usage(BANDS, rule.terms.period) : [];
  const [cap] =
    rule.cap && rule.cap.per !== 'SALE' ? await usage(scopeOfCap(rule, earning), rule.cap.period) : [];
  return {
    firstPurchaseAt: purchases?.first ? new Date(purchases.first) : null,
    purchases: purchases?.count ?? 0,
    periodBase: BigInt(bands?.base_minor ?? 0),
    capUsed: BigInt(cap?.earned_minor ?? 0),
  };
}

const BANDS = 'bands';

/** Counts a sale under its rule. */
async function use(
  em: EntityManager,
  { tenantId, id: partnerId }: Partner,
  earning: Earning,
  rule: RuleInForce,
  { base, amount, trueUp }: ComputedLine,
): Promise<void> {
  if (!counts(rule)) return;
  const add = (scope: string, period: RulePeriod, more: bigint, earned: bigint) =>
    em.execute(sql`
      update rule_usage u set base_minor = base_minor + ${more}, earned_minor = earned_minor + ${earned}
      from programs g where g.tenant_id = ${tenantId} and u.partner_id = ${partnerId} and u.rule_key = ${rule.key} and u.scope = ${scope}
        and u.period_start = rule_period(${period}, ${earning.occurredAt}::timestamptz at time zone g.time_zone)`);
  if (rule.terms.method === 'TIERED') await add(BANDS, rule.terms.period, base, amount + trueUp);
  if (rule.cap && rule.cap.per !== 'SALE')
    await add(scopeOfCap(rule, earning), rule.cap.period, base, amount + trueUp);
}

interface InForce {
  readonly status: PartnerStatus;
  readonly tier: PartnerTier;
  readonly tierRateBps: number;
  readonly roundingMode: RoundingMode;
  readonly holdDays: number;
  readonly settlement: Settlement;
  /** Of the program's time zone. */
  readonly day: string;
  /** The program's risk rules; null: none is on. */
  readonly fraud: FraudTerms | null;
}

/** What the partner was at that moment (its tier and that tier's rate are those in force at `occurredAt`), and the program's terms. */
async function inForceAt(em: EntityManager, tenantId: string, partnerId: string, at: Date): Promise<InForce> {
  const [terms] = await em.execute<InForce[]>(sql`
    select h.status, h.tier, t.rate_bps as "tierRateBps", g.rounding_mode as "roundingMode", g.hold_days as "holdDays", g.settlement, g.fraud,
      (${at}::timestamptz at time zone g.time_zone)::date::text as day
    from (select status, tier from partner_history where partner_id = ${partnerId} and effective_at <= ${at}
          order by effective_at desc, id desc limit 1) h
    join programs g on g.tenant_id = ${tenantId}
    join lateral (select rate_bps from tier_config_versions v
      where v.tenant_id = g.tenant_id and v.tier = h.tier and v.effective_at <= ${at}
      order by v.effective_at desc, v.id desc limit 1) t on true`);
  if (!terms) throw invalid('input.occurredAt', 'lies before the partner existed');
  return terms;
}

/** An affiliate's own terms: smallest purchase, first purchase only, months of recurring ones. */
async function affiliateRefuses(
  em: EntityManager,
  partner: Partner,
  { base, purchase, occurredAt, customerId }: Earning,
) {
  if (partner.partnerType !== 'AFFILIATE') return null;
  const config = await affiliateTermsOf(em, partner.id);
  if (!config) return null;
  const minimum = config.minimumPurchase?.currency === base.currency ? config.minimumPurchase.minor : null;
  const first = customerId ? await firstPurchase(em, partner.id, customerId) : null;
  return whyNotEarning(
    { firstPurchaseOnly: config.firstPurchaseOnly, recurringMonths: config.recurringMonths ?? null, minimum },
    { amount: purchase ?? base.minor, at: occurredAt, first },
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
    where customer_id = ${customerId} and partner_id = ${partnerId} and type not in ('REVERSAL', 'BONUS', 'TRUE_UP', 'ADJUSTMENT') and status <> 'REJECTED'`);
  return row?.first ? new Date(row.first) : null;
}
