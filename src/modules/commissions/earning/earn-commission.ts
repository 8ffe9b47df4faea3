import { v7 } from 'uuid';
import type { TouchBarred } from '../../../domain/attribution.ts';
import type { CommissionType } from '../../../domain/commission.ts';
import { kept } from '../../../domain/computation.ts';
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
import { boughtBefore, type Earner, firstPurchase, type InForce, inForceAt } from './read-terms.ts';
import { pastOf, use } from './rule-usage.ts';
import { review, watched } from './watch-line.ts';
import { type NewLine, writeLines } from './write-lines.ts';

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
  | TouchBarred
  | 'CAP_REACHED';

export type MadeLine = NewLine & { readonly createdAt: Date };

type Recorder = Pick<Context, 'actor' | 'clock'>;

export interface EarnOptions {
  /** What is in force at that moment, where it is read already. */
  readonly inForce?: InForce | undefined;
  /** Why it earns nothing whatever it is worth; what the risk rules see of it is kept all the same. */
  readonly refused?: TouchBarred | null;
  /** Its id, where it was given out already. */
  readonly id?: string;
  /** What is stored with the line, in its statement. */
  readonly beside?: (line: NewLine) => Sql;
  /** Whether the caller writes nothing after it: the line is committed as it is written, where nothing else goes with it. */
  readonly last?: boolean;
}

/** One PENDING line with everything that decided it (and its TRUE_UP, where it crosses into a band that applies to the
 *  whole period), or the reason why the sale earns nothing. One whose exchange rate is missing is HELD, worth nothing yet. */
export async function earn(
  run: Run,
  ctx: Recorder,
  partner: Earner,
  earning: Earning,
  { inForce, refused = null, id = v7(), beside, last = false }: EarnOptions = {},
): Promise<MadeLine | Refused> {
  const weighed = await weigh(run, partner, earning, inForce);
  if (typeof weighed === 'string') return weighed;
  const revenueMinor = earning.conversion || earning.type === 'BONUS' ? 0n : earning.base.minor;
  const sale = watched(partner, earning);
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
  const createdAt = await writeLines(run, lines, beside?.(line), ends);
  if (risk && (await review(run, ctx, line, sale, risk))) return { ...line, status: 'HELD', createdAt };
  return { ...line, createdAt };
}

const owedBy = ({ computed, base }: Weighed): Money => money(computed.amount, base.currency);

/** Counts a sale under its rule. */
export async function count(
  run: Run,
  partner: Earner,
  earning: Earning,
  { decision, computed }: Weighed,
): Promise<void> {
  if (decision.rule) await use(run, partner, earning, decision.rule, computed);
}

/** What crossing into a band adds to the sales of the period before, as a line beside the sale's; none where it adds nothing. */
export function trueUpOf(partner: Earner, earning: Earning, weighed: Weighed, lineId: string): NewLine[] {
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

/** A line whose exchange rate is missing says what is needed to work it out. */
function unratedLine(partner: Earner, earning: Earning, { inForce, missing }: Unrated) {
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

/** Stores such a line and holds it for that. */
async function awaitRate(
  run: Run,
  { actor, clock }: Recorder,
  line: NewLine,
  { missing }: Unrated,
  beside: EarnOptions['beside'],
): Promise<Date> {
  const { id, tenantId, partnerId } = line;
  const createdAt = await writeLines(run, [line], beside?.({ ...line, status: 'HELD' }));
  await run(
    sql`insert into commission_holds (id, tenant_id, partner_id, commission_id, kind, reason, placed_by, placed_at)
      values (${v7()}::uuid, ${tenantId}, ${partnerId}::uuid, ${id}::uuid, 'FX', ${`no exchange rate of ${missing.from} and ${missing.to} for ${missing.day}`}, ${actor.id}, ${clock.now()}::timestamptz)`,
  );
  // The line moves only once the hold is there, as the database sees to.
  await run(sql`update commissions set status = 'HELD', updated_at = now() where id = ${id}::uuid`);
  // The rate may be entered in this moment, by somebody who does not see the line yet.
  await enqueue(run, 'rate_lines', { tenantId }, { key: `rate_lines:${tenantId}` });
  return createdAt;
}

/** What a line says of its sale. */
function saleColumns({ tenantId, id }: Earner, earning: Earning, inForce: InForce) {
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
    baseAmount: base,
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
  run: Run,
  partner: Earner,
  sold: Earning,
  known?: InForce,
): Promise<Weighed | Unrated | Refused> {
  const inForce = known ?? (await inForceAt(run, partner.id, sold.occurredAt));
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
    customerKind: await kindOf(run, rules, earning),
  };
  const rates = {
    line: earning.rateBps ?? null,
    partner: partner.rateBps ?? null,
    tier: inForce.tierRateBps,
  };
  const decision = decide(rules, rates, line, sale) as Weighed['decision'];
  const past = await pastOf(run, partner, earning, decision.rule);
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
  run: Run,
  partner: Earner,
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

/** Whether the customer had bought anything of the program before; looked up only where a rule asks. */
async function kindOf(
  run: Run,
  rules: readonly RuleInForce[],
  { customerId, occurredAt, newCustomer }: Earning,
): Promise<'NEW' | 'RETURNING' | null> {
  if (newCustomer) return 'NEW';
  if (!customerId || rules.every((rule) => rule.customerKind === 'ANY')) return null;
  return (await boughtBefore(run, customerId, occurredAt)) ? 'RETURNING' : 'NEW';
}

/** An affiliate's own terms: smallest purchase, first purchase only, months of recurring ones. */
async function affiliateRefuses(
  run: Run,
  partner: Earner,
  { base, purchase, occurredAt, customerId }: Earning,
  { affiliate }: InForce,
) {
  if (!affiliate) return null;
  const minimum = affiliate.currency === base.currency ? affiliate.minimum : null;
  const first = customerId ? await firstPurchase(run, partner.id, customerId) : null;
  return whyNotEarning({ ...affiliate, minimum }, { amount: purchase ?? base.minor, at: occurredAt, first });
}
