import { v7 } from 'uuid';
import type { TouchBarred } from '../../../domain/attribution.ts';
import type { CommissionType } from '../../../domain/commission.ts';
import { type Computed, computedOf, serializeComputed } from '../../../domain/computed.ts';
import { type EnteredRate, exchange, rateInto } from '../../../domain/exchange.ts';
import { type Money, money, split, withinLimit } from '../../../domain/money.ts';
import type { Owed, Terms, Window } from '../../../domain/owed.ts';
import type { PartnerStatus } from '../../../domain/partner.ts';
import { expiryOf } from '../../../domain/referral.ts';
import {
  amountFor,
  decideFor,
  type Facts,
  NO_TERMS,
  type OrderProducts,
  type SaleParts,
  termsOf,
} from '../../../domain/terms.ts';
import { enqueue } from '../../../kernel/data/jobs.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Run } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { assess, blockedAs, keepReview } from '../../fraud/rules/public.ts';
import { rateOn } from '../../programs/exchange-rates/public.ts';
import {
  assessedSale,
  type Cause,
  correct,
  digitsOf,
  insertCommissions,
  insertItems,
  type NewLine,
  type Reckoning,
  reckon,
  review,
  type StoredItem,
  store,
  UNRECORDED,
  type UnratedSale,
} from '../commission/public.ts';
import { type EarningPartner, type InForce, loadInForce } from './read-terms.ts';

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
  /** A conversion: its id, which all partners of a shared sale have in common, and its order. */
  readonly saleId?: string | undefined;
  readonly orderId?: string | null | undefined;
  /** The order that the sale is a line item of. */
  readonly order?: { readonly id: string; readonly lineNumber: number } | undefined;
  /** The whole order as it was sold, net of discount: what minimums are compared with. Default: the base. */
  readonly purchase?: bigint | undefined;
  /** The parts of the sale, and the index of this one: line items of the order, or partners' shares. An exchange converts their
   *  sum once. */
  readonly among?: { readonly bases: readonly bigint[]; readonly index: number } | undefined;
  readonly scale?: SaleParts | undefined;
  /** The products of the order, for an amount per order. */
  readonly products?: OrderProducts | undefined;
  /** True when the caller gave no time, so that the sale is later than all recorded ones. */
  readonly isNow?: boolean | undefined;
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
  | 'BELOW_MINIMUM_PURCHASE'
  | 'NOT_FIRST_PURCHASE'
  | 'RECURRING_WINDOW_OVER'
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

/** Records an item of a sale and creates its PENDING commission, and corrects the commissions of other sales that it changes.
 *  Returns the commission, or the reason why the sale earns nothing for now. A commission without its exchange rate is HELD
 *  with the amount 0. */
export async function earn(
  run: Run,
  ctx: Recorder,
  partner: EarningPartner,
  earning: Earning,
  { inForce: known, refused = null, id = v7(), beside, last = false }: EarnOptions = {},
): Promise<MadeLine | Refused> {
  const inForce =
    known ?? (await loadInForce(run, partner.id, earning.occurredAt, { id: earning.customerId }));
  const weighed = await weigh(run, partner, earning, { known: inForce, id });
  const never = async (why: Refused): Promise<Refused> => {
    const currency = owedCurrency(partner, earning, inForce);
    await run(insertItems([itemOf(id, partner, earning, inForce, { refused: why, currency })]));
    return why;
  };
  if (typeof weighed === 'string') return never(weighed);
  const revenueMinor = earning.conversion || earning.type === 'BONUS' ? 0n : earning.base.minor;
  const sale = assessedSale(partner, earning);
  const limit = 'missing' in weighed ? null : limitOf(weighed);
  const risk = earning.type === 'BONUS' || limit ? null : await assess(run, sale, inForce.fraud);
  const why = risk?.outcome === 'BLOCKED' ? blockedAs(risk) : refused;
  if (why !== null) {
    const amount = 'missing' in weighed ? money(0n, weighed.currency) : owedBy(weighed);
    if (risk)
      await keepReview(run, ctx, { sale, assessment: risk, amount, commissionId: null, holdId: null });
    return never(why);
  }
  if ('missing' in weighed) {
    const line = { ...unratedLine(partner, earning, weighed), id, revenueMinor };
    await run(insertItems([itemOf(id, partner, earning, inForce, { currency: weighed.currency })]));
    const createdAt = await awaitRate(run, ctx, line, weighed, beside);
    return { ...line, status: 'HELD', createdAt };
  }
  const { reckoning, owed } = weighed;
  const facts = draftOf(partner, earning, weighed);
  const line: NewLine = {
    ...facts,
    ...{ id, amount: owedBy(weighed), baseAmount: weighed.base, revenueMinor },
    saleMinor: weighed.exchange ? earning.base.minor : null,
    computation: serializeComputed(weighed.computed),
  };
  const item = { ...weighed.item, owed: owed.amount, draft: limit ? later(facts, earning) : null };
  const others = [...reckoning.items.values()].filter((each) => each.item.id !== id);
  const cause: Cause = {
    ...{ why: 'SALE', order: item.orderId, at: item.at, holdUntil: facts.holdUntil },
    causeId: limit ? null : id,
  };
  if (others.length > 0) await correct(run, ctx, others, cause);
  if (limit) {
    await run(insertItems([item]));
    await store(run, reckoning, id);
    return limit;
  }
  await store(run, reckoning, id);
  const ends = last && risk === null;
  const also = sql`${beside?.(line) ?? sql``}, item as (${insertItems([item])})`;
  const createdAt = await insertCommissions(run, [line], also, ends);
  if (risk && (await review(run, ctx, line, sale, risk))) return { ...line, status: 'HELD', createdAt };
  return { ...line, createdAt };
}

/** A commission that may follow later. Its position comes after those of the order that exist. */
const later = <T extends object>(facts: T, { order, among }: Earning) => ({
  ...facts,
  lineNumber: order ? MAX_ITEMS + (among?.index ?? 0) : 0,
});

/** More than the items of an order. */
const MAX_ITEMS = 1_000;

const owedBy = ({ owed, base }: Weighed): Money => money(owed.amount, base.currency);

/** Returns why a sale earns nothing for now: the purchases or the cap of its rule are used up. */
export function limitOf({ owed }: Weighed): Refused | null {
  if (owed.amount !== 0n) return null;
  if (owed.limited && owed.limited !== 'STEPPED_DOWN') return owed.limited;
  return owed.used !== null && owed.gross > 0n ? 'CAP_REACHED' : null;
}

/** Returns the item of a sale before its amount is known. */
function itemOf(
  id: string,
  partner: EarningPartner,
  earning: Earning,
  inForce: InForce,
  {
    base,
    terms = NO_TERMS,
    returning = null,
    facts = null,
    refused = null,
    currency = base?.currency ?? earning.base.currency,
  }: {
    readonly base?: Money;
    readonly terms?: Terms;
    readonly returning?: Terms | null;
    readonly facts?: Facts | null;
    readonly refused?: Refused | null;
    readonly currency?: string;
  },
): StoredItem {
  const { conversion, order, occurredAt: at, type } = earning;
  return {
    ...{ id, tenantId: partner.tenantId, partnerId: partner.id, customerId: earning.customerId, at },
    ...{ seq: UNRECORDED, isNow: earning.isNow === true, day: inForce.day, timeZone: inForce.timeZone },
    order: order?.id ?? earning.orderId ?? earning.saleId ?? id,
    orderId: order?.id ?? earning.orderId ?? null,
    conversionId: conversion?.id ?? null,
    lineNumber: order?.lineNumber ?? 0,
    product: earning.product ?? null,
    ...{ sold: earning.base.minor, soldCurrency: earning.base.currency, soldRefunded: 0n },
    ...{ base: base?.minor ?? 0n, refunded: 0n, isRated: base !== undefined || refused !== null },
    currency,
    ...{ owed: 0n, out: false, roundingMode: inForce.roundingMode, flatRefund: inForce.flatRefund },
    isPurchase: type !== 'BONUS' && (refused === null || refused === 'BELOW_MINIMUM_PURCHASE'),
    ...{ refused, facts, terms, returning, isReturning: false, limited: null, ruleKey: null, draft: null },
  };
}

/** Returns a commission without its exchange rate. It stores the facts to compute the amount later. */
function unratedLine(partner: EarningPartner, earning: Earning, { inForce, missing, currency }: Unrated) {
  const { base, quantity = null, rateBps = null, purchase } = earning;
  return {
    ...saleColumns(partner, earning, inForce),
    method: 'PERCENTAGE',
    saleMinor: base.currency === currency ? null : base.minor,
    saleCurrency: base.currency === currency ? null : base.currency,
    unrated: {
      ...{ from: missing.from, to: missing.to, day: missing.day, quantity, rateBps },
      purchase: purchase === undefined ? null : `${purchase}`,
      among: textsOf(earning.among?.bases, earning.among?.index),
      scale: textsOf(earning.scale?.parts, earning.scale?.index),
      products: earning.products
        ? {
            index: earning.products.index,
            all: earning.products.all.map(({ product, base, open }) => ({
              product,
              base: `${base}`,
              open: `${open}`,
            })),
          }
        : null,
      terms: { ...inForce.asRead, partnerRateBps: partner.rateBps ?? null },
    },
    amount: money(0n, currency),
    baseAmount: base.currency === currency ? base : money(0n, currency),
  } as const;
}

const textsOf = (parts: readonly bigint[] | undefined, index = 0): UnratedSale['among'] =>
  parts ? { parts: parts.map(String), index } : null;

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

/** Returns the commission of a weighed sale without its amounts. */
function draftOf(partner: EarningPartner, earning: Earning, weighed: Weighed) {
  return {
    ...saleColumns(partner, { ...earning, occurredAt: weighed.item.at }, weighed.inForce),
    ...termColumns(weighed),
    saleCurrency: weighed.exchange ? earning.base.currency : null,
  } as const;
}

/** Returns the columns of a commission that come from its terms. */
export function termColumns({ exchange, computed, byHand, owed }: Weighed) {
  const { method, rateBps, flat } = computed;
  return {
    ...{ method, exchange, rateBps: method === 'PERCENTAGE' ? rateBps : null },
    rateSource: byHand ? null : computed.level,
    ruleId: owed.terms.rule?.id ?? null,
    perUnitMinor: flat?.perUnit ?? null,
    quantity: flat ? flat.quantity : null,
  } as const;
}

/** A sale whose exchange rate is missing. */
interface Unrated {
  readonly inForce: InForce;
  /** Currency of the commission. */
  readonly currency: string;
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
  readonly item: StoredItem;
  readonly owed: Owed;
  readonly computed: Computed;
  /** What else changes with the sale. */
  readonly reckoning: Reckoning;
}

interface WeighOptions {
  readonly known?: InForce;
  readonly id?: string;
  /** False in a preview. */
  readonly lock?: boolean;
  /** The recorded item, when it waited for its exchange rate. */
  readonly stored?: StoredItem;
}

/** Computes the commission of a sale without writing. Returns the reason when the sale never earns. */
export async function weigh(
  run: Run,
  partner: EarningPartner,
  sold: Earning,
  { known, id = v7(), lock = true, stored }: WeighOptions = {},
): Promise<Weighed | Unrated | Refused> {
  const inForce = known ?? (await loadInForce(run, partner.id, sold.occurredAt, { id: sold.customerId }));
  if (inForce.status !== 'ACTIVE') return inForce.status;
  const owedIn = await owedFor(run, partner, sold, inForce);
  if ('missing' in owedIn) return { inForce, currency: owedIn.missing.to, missing: owedIn.missing };
  const { earning, exchange } = owedIn;
  const below = earning.type === 'BONUS' ? null : await belowMinimum(run, partner, sold, inForce);
  if (below)
    return typeof below === 'string' ? below : { inForce, currency: earning.base.currency, missing: below };

  const { terms, returning, facts } = termsFor(partner, earning, inForce);
  const fresh = itemOf(id, partner, sold, inForce, { base: earning.base, terms, returning, facts });
  const item = stored
    ? { ...stored, terms, returning, facts, base: fresh.base, currency: fresh.currency, isRated: true }
    : fresh;
  const reckoning = await reckon(run, [earning.newCustomer ? { ...item, customerId: null } : item], {
    ...{ lock, hasDependents: inForce.hasDependents },
  });
  const own = reckoning.items.get(id);
  if (!own) throw new Error('A reckoning contains the changed items.');
  const quantity = earning.flat?.quantity ?? earning.quantity ?? 1;
  return {
    ...{
      inForce,
      base: earning.base,
      exchange,
      byHand: earning.flat !== undefined,
      item: own.item,
      owed: own.owed,
    },
    computed: computedOf(own.item, own.owed, { product: item.product, quantity }),
    reckoning,
  };
}

/** Decides the terms of a sale: those of a new customer, and those of a returning one where they differ. */
function termsFor(
  partner: EarningPartner,
  earning: Earning,
  inForce: InForce,
): { terms: Terms; returning: Terms | null; facts: Facts } {
  const { base, occurredAt: at, type, flat, product = null, rateBps = null } = earning;
  const facts: Facts = {
    ...{ type, country: earning.country ?? null, quantity: flat?.quantity ?? earning.quantity ?? 1 },
    ...{ tier: inForce.tier, purchase: earning.purchase ?? null, scale: earning.scale ?? null },
    products: earning.products ?? null,
  };
  const windows = type === 'BONUS' ? [] : affiliateWindows(inForce);
  if (flat) {
    const amount = amountFor(flat.perUnit.minor, flat.quantity);
    const given = { perUnit: flat.perUnit.minor, quantity: flat.quantity, part: 1n, whole: 1n, amount };
    const terms = {
      ...NO_TERMS,
      level: 'LINE',
      method: 'FLAT',
      rateBps: null,
      flat: given,
      windows,
    } as const;
    return { terms, returning: null, facts };
  }
  const hasCustomer = earning.customerId !== null || earning.newCustomer === true;
  const { first, returning } = decideFor(
    { facts, product, base: base.minor, currency: base.currency, at, hasCustomer },
    inForce.rules,
    { line: rateBps, partner: partner.rateBps ?? null, tier: inForce.tierRateBps },
  );
  return {
    terms: termsOf(first, facts, windows),
    returning: returning && termsOf(returning, facts, windows),
    facts,
  };
}

const affiliateWindows = ({ affiliate }: InForce): Window[] =>
  affiliate && (affiliate.firstPurchaseOnly || affiliate.recurringMonths !== null)
    ? [
        {
          firstPurchaseOnly: affiliate.firstPurchaseOnly,
          ...{ months: affiliate.recurringMonths, count: null, stepDownRateBps: null },
        },
      ]
    : [];

/** Returns the currency of the commission of a sale. */
const owedCurrency = (
  { currency }: EarningPartner,
  { owedIn, base }: Earning,
  { settlement }: InForce,
): string => owedIn ?? (settlement === 'PARTNER' ? currency : base.currency);

/** Returns what an amount of a sale is worth in another currency, by the rate of the day. */
function worthOf(
  sold: Money,
  entered: EnteredRate,
  currency: string,
  { day, roundingMode }: Pick<InForce, 'day' | 'roundingMode'>,
): Money {
  const worth = exchange(sold, rateInto(entered, currency), digitsOf(sold, { currency }), roundingMode);
  withinLimit(worth.minor, 'input.amount', `the exchange rate of ${day} into ${currency}`);
  return worth;
}

/** Returns the sale in the currency of the commission. When the program settles in the partner's currency, the exchange
 *  rate of the day of the sale applies, once to the whole order. An amount given per unit stays in its currency. */
async function owedFor(
  run: Run,
  partner: EarningPartner,
  earning: Earning,
  inForce: InForce,
): Promise<{ earning: Earning; exchange: EnteredRate | null } | Pick<Unrated, 'missing'>> {
  const { base, purchase, among } = earning;
  const to = owedCurrency(partner, earning, inForce);
  if (earning.flat || base.currency === to) return { earning, exchange: null };
  const between = { from: base.currency, to, day: inForce.day };
  const entered = await rateOn(run, partner.tenantId, between);
  if (!entered) return { missing: between };
  const inOwed = (minor: bigint) => worthOf(money(minor, base.currency), entered, to, inForce);
  const sum = among?.bases.reduce((total, each) => total + each, 0n) ?? 0n;
  const whole = sum > 0n ? inOwed(sum) : null;
  return {
    earning: {
      ...earning,
      base: whole && among ? (split(whole, among.bases)[among.index] as Money) : inOwed(base.minor),
      purchase: purchase === undefined ? undefined : inOwed(purchase).minor,
    },
    exchange: entered,
  };
}

/** Compares the order with the affiliate's smallest purchase, by the exchange rate of the day when the currencies differ.
 *  Returns the missing rate when they cannot be compared. */
async function belowMinimum(
  run: Run,
  partner: EarningPartner,
  { base, purchase }: Earning,
  inForce: InForce,
): Promise<'BELOW_MINIMUM_PURCHASE' | Unrated['missing'] | null> {
  const { affiliate, day } = inForce;
  if (affiliate?.minimum == null || affiliate.currency === null) return null;
  const sold = money(purchase ?? base.minor, base.currency);
  const to = affiliate.currency;
  if (to === sold.currency) return sold.minor < affiliate.minimum ? 'BELOW_MINIMUM_PURCHASE' : null;
  const entered = await rateOn(run, partner.tenantId, { from: sold.currency, to, day });
  if (!entered) return { from: sold.currency, to, day };
  return worthOf(sold, entered, to, inForce).minor < affiliate.minimum ? 'BELOW_MINIMUM_PURCHASE' : null;
}
