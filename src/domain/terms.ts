import type { CommissionType } from './commission.ts';
import { money, split, withinLimit } from './money.ts';
import type { FlatTerms, Terms, Window } from './owed.ts';
import type { PartnerTier } from './partner.ts';
import { type Decision, decide, type OwnRates, type Rule, type RuleTerms, type Scale } from './plan.ts';

/** The terms of an item that never earns. */
export const NO_TERMS: Terms = {
  ...{ level: 'TIER', rule: null, method: 'PERCENTAGE', rateBps: 0 },
  ...{ flat: null, tiered: null, windows: [], cap: null },
};

/** The facts that select the terms of an item, besides those that the item itself has. They are stored with the item, so
 *  that a simulation decides by the same facts. */
export interface Facts {
  readonly type: CommissionType;
  readonly country: string | null;
  readonly quantity: number;
  /** The partner's tier at the time of the sale. */
  readonly tier: PartnerTier;
  /** The whole order in the currency of the commission: what minimums are compared with. Null: the base. */
  readonly purchase: bigint | null;
  /** The parts into which an amount for the whole sale is split. Null: one part. */
  readonly scale: SaleParts | null;
  /** The products of an order with several of them, for an amount per order. */
  readonly products?: OrderProducts | null;
}

/** The parts of a sale: partners' shares, or the collected part and the rest. A flat amount is split into them, and a cap for each
 *  sale into the shares of partners. */
export interface SaleParts extends Scale {
  readonly of: 'PARTNERS' | 'COLLECTED';
}

/** The products of an order, and the index of the product of this item. */
export interface OrderProducts {
  readonly index: number;
  readonly all: readonly {
    readonly product: string | null;
    /** The base, and the part of the product that is not collected. */
    readonly base: bigint;
    readonly open: bigint;
  }[];
}

/** A part of a sale with all facts that select its terms. */
export interface Sold {
  readonly facts: Facts;
  readonly product: string | null;
  readonly base: bigint;
  readonly currency: string;
  readonly at: Date;
  /** False when no customer is known. */
  readonly hasCustomer: boolean;
}

/** The decisions for a new customer, and for a returning one where it differs. */
export interface Decisions {
  readonly first: Decision;
  readonly returning: Decision | null;
}

export const sameDecision = (a: Decision, b: Decision): boolean =>
  a.level === b.level &&
  a.rule?.id === b.rule?.id &&
  (a.rule === null || b.rule === null
    ? a.rule !== null || b.rule !== null || a.rateBps === b.rateBps
    : a.scale?.index === b.scale?.index && a.scale?.parts.join() === b.scale?.parts.join());

/** Decides by which rule or rate a part of a sale earns. No rule applies to a BONUS. */
export function decideFor(
  { facts: { type, country, quantity, purchase, products }, product, base, currency, at, hasCustomer }: Sold,
  given: readonly Rule[],
  rates: OwnRates,
): Decisions {
  const rules = type === 'BONUS' ? [] : given;
  const of = (customerKind: 'NEW' | 'RETURNING' | null): Decision => {
    const sale = { type, occurredAt: at, currency, country, customerKind };
    const on = (product: string | null) =>
      decide(rules, rates, { product, quantity, base: purchase ?? base }, sale);
    const decision = on(product);
    if (decision.rule === null || !products || !('perOrder' in decision.rule.terms)) return decision;
    const { id } = decision.rule;
    return { ...decision, scale: scaleAmong(products, (other) => on(other).rule?.id === id) };
  };
  if (!hasCustomer || rules.every((rule) => rule.customerKind === 'ANY'))
    return { first: of(null), returning: null };
  const [first, returning] = [of('NEW'), of('RETURNING')];
  return { first, returning: sameDecision(first, returning) ? null : returning };
}

/** Returns the parts of an amount per order: one for each product under the same rule, and one for their part that is not
 *  collected. */
function scaleAmong({ all, index }: OrderProducts, isSame: (product: string | null) => boolean): Scale {
  const under = all.map((each, position) => ({ ...each, position })).filter(({ product }) => isSame(product));
  const open = under.reduce((sum, each) => sum + each.open, 0n);
  return {
    parts: [...under.map(({ base }) => base), open],
    index: under.findIndex(({ position }) => position === index),
  };
}

/** Returns the terms of a decision, as they are stored with the item. `windows` are the partner's own. */
export function termsOf(decision: Decision, { quantity, scale }: Facts, windows: readonly Window[]): Terms {
  const { level } = decision;
  const plain = { level, rule: null, flat: null, tiered: null, windows, cap: null };
  if (decision.rule === null) return { ...plain, method: 'PERCENTAGE', rateBps: decision.rateBps };
  const { rule } = decision;
  const { terms, id, key, name, version } = rule;
  return {
    ...{ level, rule: { id, key, name, version }, method: terms.method, cap: capFor(rule.cap, scale) },
    rateBps: terms.method === 'PERCENTAGE' ? terms.rateBps : null,
    flat: terms.method === 'FLAT' ? flatOf(terms, quantity, scale, decision.scale) : null,
    tiered: terms.method === 'TIERED' ? { mode: terms.mode, period: terms.period, bands: terms.bands } : null,
    windows: [...windows, ...windowsOf(rule)],
  };
}

export const windowsOf = (rule: Rule): Window[] =>
  rule.firstPurchaseOnly || rule.recurringMonths !== null || rule.recurringCount !== null
    ? [
        {
          firstPurchaseOnly: rule.firstPurchaseOnly,
          months: rule.recurringMonths,
          count: rule.recurringCount,
          stepDownRateBps: rule.stepDownRateBps,
        },
      ]
    : [];

const partOf = (whole: bigint, { parts, index }: Scale): bigint =>
  split(money(whole, ''), parts)[index]?.minor ?? 0n;

/** Returns the cap for a part of a sale: a cap for each sale is divided over the partners who share the sale. */
const capFor = (cap: Terms['cap'], scale: Facts['scale']): Terms['cap'] =>
  cap?.per === 'SALE' && scale?.of === 'PARTNERS' && scale.parts.length > 1
    ? { ...cap, limit: partOf(cap.whole ?? cap.limit, scale), whole: cap.whole ?? cap.limit }
    : cap;

/** An amount per order is one unit, and is split over the products of the order. */
const flatOf = (
  terms: Extract<RuleTerms, { method: 'FLAT' }>,
  quantity: number,
  scale: Facts['scale'],
  ofOrder: Scale | null | undefined,
): FlatTerms =>
  'perOrder' in terms
    ? flatFor(terms.perOrder, 1, ofOrder ?? scale)
    : flatFor(terms.perUnit, quantity, scale);

/** Returns an amount per unit for a part of a sale, by largest remainder. */
function flatFor(perUnit: bigint, quantity: number, scale: Scale | null): FlatTerms {
  const all = amountFor(perUnit, quantity);
  const whole = scale?.parts.reduce((sum, part) => sum + part, 0n) ?? 0n;
  if (!scale || whole === 0n) return { perUnit, quantity, part: 1n, whole: 1n, amount: all };
  return { perUnit, quantity, part: scale.parts[scale.index] ?? 0n, whole, amount: partOf(all, scale) };
}

/** Returns terms with their amount per unit and their cap for another part of the sale. */
export const rescaled = (terms: Terms, scale: Facts['scale']): Terms => ({
  ...terms,
  flat: terms.flat && terms.rule ? flatFor(terms.flat.perUnit, terms.flat.quantity, scale) : terms.flat,
  cap: capFor(terms.cap, scale),
});

/** Returns the amount for all units. Throws BAD_USER_INPUT for an amount that is too large. */
export const amountFor = (perUnit: bigint, quantity: number): bigint =>
  withinLimit(perUnit * BigInt(quantity), 'input.quantity', 'the amount per unit times the quantity');
