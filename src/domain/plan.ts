import type { Band, BandMode } from './bands.ts';
import type { CommissionType } from './commission.ts';

/** The level of a rate, in order of precedence. LINE: given with the sale. See docs/concepts/commissions.md. */
export const RuleLevel = {
  LINE: 'LINE',
  PARTNER_PRODUCT: 'PARTNER_PRODUCT',
  PARTNER: 'PARTNER',
  PLAN: 'PLAN',
  TIER: 'TIER',
} as const;
export type RuleLevel = (typeof RuleLevel)[keyof typeof RuleLevel];

export const CustomerKind = { ANY: 'ANY', NEW: 'NEW', RETURNING: 'RETURNING' } as const;
export type CustomerKind = (typeof CustomerKind)[keyof typeof CustomerKind];

/** Period over which a tiered rule or a cap counts. Months, quarters and years are in the program's time zone. */
export const RulePeriod = { MONTH: 'MONTH', QUARTER: 'QUARTER', YEAR: 'YEAR', LIFETIME: 'LIFETIME' } as const;
export type RulePeriod = (typeof RulePeriod)[keyof typeof RulePeriod];

export const CapScope = { SALE: 'SALE', CUSTOMER: 'CUSTOMER', PARTNER: 'PARTNER' } as const;
export type CapScope = (typeof CapScope)[keyof typeof CapScope];

export type RuleTerms =
  | { readonly method: 'PERCENTAGE'; readonly rateBps: number }
  | { readonly method: 'FLAT'; readonly perUnit: bigint }
  | { readonly method: 'FLAT'; readonly perOrder: bigint }
  | {
      readonly method: 'TIERED';
      readonly mode: BandMode;
      readonly bands: readonly Band[];
      readonly period: RulePeriod;
    };

/** One version of a rule. Its amounts are in its `currency`; a rule with amounts applies only to sales in that currency. */
export interface Rule {
  readonly id: string;
  /** Identity of the rule across its versions. */
  readonly key: string;
  readonly name: string;
  readonly version: number;
  /** Owner of the rule. A partner's own rule takes precedence over a rule of the plan. */
  readonly of: 'PARTNER' | 'PLAN';
  readonly product: string | null;
  readonly customerKind: CustomerKind;
  readonly countries: readonly string[] | null;
  readonly types: readonly CommissionType[] | null;
  /** The smallest base to which the rule applies, inclusive. */
  readonly minimum: bigint | null;
  readonly currency: string | null;
  readonly terms: RuleTerms;
  readonly firstPurchaseOnly: boolean;
  /** Months after the customer's first purchase. The rule ends when this or `recurringCount` is reached. */
  readonly recurringMonths: number | null;
  /** Number of the customer's purchases that earn, the first included. */
  readonly recurringCount: number | null;
  /** The rate after the end of the rule. Null: later purchases earn nothing. */
  readonly stepDownRateBps: number | null;
  readonly cap: { readonly limit: bigint; readonly per: CapScope; readonly period: RulePeriod } | null;
  readonly from: Date;
  readonly until: Date | null;
}

/** The facts about a sale that select a rule. */
export interface Circumstances {
  readonly type: CommissionType;
  readonly occurredAt: Date;
  readonly currency: string;
  readonly country: string | null;
  /** Null when no customer is known. */
  readonly customerKind: 'NEW' | 'RETURNING' | null;
}

export interface SaleLine {
  readonly product: string | null;
  readonly quantity: number;
  /** Minor units, net of tax and discount. */
  readonly base: bigint;
}

function fits(rule: Rule, { product, base }: SaleLine, sale: Circumstances): boolean {
  return (
    rule.from <= sale.occurredAt &&
    (rule.until === null || sale.occurredAt < rule.until) &&
    (rule.product === null || rule.product === product) &&
    (rule.customerKind === 'ANY' || rule.customerKind === sale.customerKind) &&
    (rule.countries === null || (sale.country !== null && rule.countries.includes(sale.country))) &&
    (rule.types === null || rule.types.includes(sale.type)) &&
    (rule.currency === null || rule.currency === sale.currency) &&
    (rule.minimum === null || base >= rule.minimum)
  );
}

/** Returns how specific the conditions of a rule are. A product outweighs all other conditions. */
const narrowness = (rule: Rule): number =>
  (rule.product === null ? 0 : 16) +
  (rule.customerKind === 'ANY' ? 0 : 8) +
  (rule.countries === null ? 0 : 4) +
  (rule.types === null ? 0 : 2) +
  (rule.minimum === null ? 0 : 1);

/** Returns the rule for a line item: the partner's own before the plan's, the more specific before the less specific, the
 *  higher minimum before the lower, then the newer. Null when no rule applies, so the tier's rate is used. */
export function ruleFor(rules: readonly Rule[], line: SaleLine, sale: Circumstances): Rule | null {
  const fitting = rules.filter((rule) => fits(rule, line, sale));
  fitting.sort(
    (a, b) =>
      Number(b.of === 'PARTNER') - Number(a.of === 'PARTNER') ||
      narrowness(b) - narrowness(a) ||
      Number((b.minimum ?? 0n) > (a.minimum ?? 0n)) - Number((b.minimum ?? 0n) < (a.minimum ?? 0n)) ||
      b.from.getTime() - a.from.getTime() ||
      (a.id < b.id ? 1 : -1),
  );
  return fitting[0] ?? null;
}

/** The rates that apply when no rule of a plan does. */
export interface OwnRates {
  /** Given with the sale: takes precedence over everything. */
  readonly line: number | null;
  readonly partner: number | null;
  readonly tier: number;
}

/** The rule or rate that computes a commission. A partner's rule for the product takes precedence over the partner's
 *  general rate, which takes precedence over the rules of the plan. */
export type Decision =
  | { readonly level: 'LINE' | 'PARTNER' | 'TIER'; readonly rule: null; readonly rateBps: number }
  | {
      readonly level: 'PARTNER_PRODUCT' | 'PARTNER' | 'PLAN';
      readonly rule: Rule;
      /** A flat amount per order: its parts for the products of the order under the same rule. */
      readonly scale?: Scale | null;
    };

/** The parts into which a flat amount is split, and the index of the part of this item. */
export interface Scale {
  readonly parts: readonly bigint[];
  readonly index: number;
}

export function decide(
  rules: readonly Rule[],
  rates: OwnRates,
  line: SaleLine,
  sale: Circumstances,
): Decision {
  if (rates.line !== null) return { level: 'LINE', rule: null, rateBps: rates.line };
  const rule = ruleFor(rules, line, sale);
  if (rule?.of === 'PARTNER') return { level: rule.product === null ? 'PARTNER' : 'PARTNER_PRODUCT', rule };
  if (rates.partner !== null) return { level: 'PARTNER', rule: null, rateBps: rates.partner };
  if (rule) return { level: 'PLAN', rule };
  return { level: 'TIER', rule: null, rateBps: rates.tier };
}
