import { type Band, type BandMode, bandedLines, bandParts } from './bands.ts';
import type { CommissionType } from './commission.ts';
import { money, type RoundingMode, share } from './money.ts';
import { monthsLater } from './recurring.ts';

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
  | {
      readonly method: 'TIERED';
      readonly mode: BandMode;
      readonly bands: readonly Band[];
      readonly period: RulePeriod;
    };

/** One version of a rule. Its amounts are in its `currency`; a rule with amounts applies only to sales in that currency. */
export interface Rule {
  readonly id: string;
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
  | { readonly level: 'PARTNER_PRODUCT' | 'PARTNER' | 'PLAN'; readonly rule: Rule };

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

/** Earlier sales that affect a commission, read before the commission is computed. */
export interface Past {
  /** Time of the customer's first purchase that earned for the partner. Null when this is the first. */
  readonly firstPurchaseAt: Date | null;
  /** Number of the customer's earlier purchases that earned. */
  readonly purchases: number;
  /** Sum of the bases in the rule's period so far, net of refunds. */
  readonly periodBase: bigint;
  /** The used part of the rule's cap. */
  readonly capUsed: bigint;
}

export const nothingBefore: Past = { firstPurchaseAt: null, purchases: 0, periodBase: 0n, capUsed: 0n };

/** A part of a commission: a base at a rate, or an amount for each unit. */
interface Part {
  readonly base: bigint;
  readonly rateBps: number | null;
  readonly perUnit: bigint | null;
  readonly quantity: number;
  /** Start of the band. Null outside tiered rules. */
  readonly from: bigint | null;
  readonly amount: bigint;
}

/** The computation of a commission. It holds everything that is needed to recompute the amount. */
export interface ComputedLine {
  readonly product: string | null;
  readonly quantity: number;
  readonly base: bigint;
  readonly level: RuleLevel;
  readonly rule: { readonly id: string; readonly name: string; readonly version: number } | null;
  readonly method: 'PERCENTAGE' | 'FLAT' | 'TIERED';
  readonly parts: readonly Part[];
  /** For tiered rules: the period before this sale, and the bands. */
  readonly period: {
    readonly mode: BandMode;
    readonly before: bigint;
    readonly bands: readonly Band[];
  } | null;
  /** Why the sale earns nothing, or less than the rule's rate. */
  readonly limited: 'NOT_FIRST_PURCHASE' | 'RECURRING_WINDOW_OVER' | 'STEPPED_DOWN' | null;
  readonly cap: { readonly limit: bigint; readonly used: bigint; readonly cut: bigint } | null;
  readonly amount: bigint;
  /** RETROACTIVE: the amount that reaching another band adds to earlier sales of the period. Stored as a separate TRUE_UP
   *  commission. */
  readonly trueUp: bigint;
}

const percentage = (base: bigint, rateBps: number, mode: RoundingMode): Part => ({
  base,
  rateBps,
  perUnit: null,
  quantity: 1,
  from: null,
  amount: share(money(base, ''), rateBps, mode).minor,
});

/** Computes a commission step by step. Each part is rounded once, in the currency of the commission. */
export function computeLine(
  line: SaleLine,
  sale: Circumstances,
  decision: Decision,
  past: Past,
  mode: RoundingMode,
): ComputedLine {
  const { rule } = decision;
  const shared = {
    ...line,
    level: decision.level,
    rule: rule && { id: rule.id, name: rule.name, version: rule.version },
    period: null,
    limited: null,
    cap: null,
    trueUp: 0n,
  };
  if (rule === null) {
    const part = percentage(line.base, decision.rateBps, mode);
    return { ...shared, method: 'PERCENTAGE', parts: [part], amount: part.amount };
  }
  const over = windowOver(rule, sale.occurredAt, past);
  if (over !== null && rule.stepDownRateBps === null)
    return { ...shared, method: rule.terms.method, parts: [], limited: over, amount: 0n };
  const terms: RuleTerms =
    over === null ? rule.terms : { method: 'PERCENTAGE', rateBps: rule.stepDownRateBps as number };
  const made = partsOf(line, terms, past.periodBase, mode);
  const limited = over === null ? null : 'STEPPED_DOWN';
  return capped({ ...shared, ...made, method: terms.method, limited }, rule, past.capUsed);
}

function windowOver(
  rule: Rule,
  at: Date,
  { firstPurchaseAt, purchases }: Past,
): 'NOT_FIRST_PURCHASE' | 'RECURRING_WINDOW_OVER' | null {
  if (firstPurchaseAt === null) return null;
  if (rule.firstPurchaseOnly) return 'NOT_FIRST_PURCHASE';
  const late = rule.recurringMonths !== null && at >= monthsLater(firstPurchaseAt, rule.recurringMonths);
  const enough = rule.recurringCount !== null && purchases >= rule.recurringCount;
  return late || enough ? 'RECURRING_WINDOW_OVER' : null;
}

type ComputedParts = Pick<ComputedLine, 'parts' | 'period' | 'amount' | 'trueUp'>;

function partsOf(line: SaleLine, terms: RuleTerms, before: bigint, mode: RoundingMode): ComputedParts {
  if (terms.method === 'PERCENTAGE') {
    const part = percentage(line.base, terms.rateBps, mode);
    return { parts: [part], period: null, amount: part.amount, trueUp: 0n };
  }
  if (terms.method === 'FLAT') {
    const amount = terms.perUnit * BigInt(line.quantity);
    const { perUnit } = terms;
    const part = { base: line.base, rateBps: null, perUnit, quantity: line.quantity, from: null, amount };
    return { parts: [part], period: null, amount, trueUp: 0n };
  }
  const { bands, mode: bandMode } = terms;
  const [start, sale] = [money(before, ''), money(line.base, '')];
  const { line: own, trueUp } = bandedLines(bands, bandMode, start, sale, mode);
  return {
    parts: bandSteps(bands, bandMode, before, line, own.minor, mode),
    period: { mode: bandMode, before, bands },
    amount: own.minor,
    trueUp: trueUp.minor,
  };
}

/** Returns the commission by band. The last part takes the rounding difference between the two sums of the period. */
function bandSteps(
  bands: readonly Band[],
  bandMode: BandMode,
  before: bigint,
  { base }: SaleLine,
  amount: bigint,
  mode: RoundingMode,
): Part[] {
  const all = (minor: bigint) => bandParts(bands, bandMode, money(minor, ''), mode);
  const step = (from: bigint, rateBps: number, part: bigint, made: bigint): Part => ({
    base: part,
    rateBps,
    perUnit: null,
    quantity: 1,
    from,
    amount: made,
  });
  if (bandMode === 'RETROACTIVE') {
    const reached = all(before + base)[0]?.band;
    return reached ? [step(reached.from, reached.rateBps, base, amount)] : [];
  }
  const earlier = new Map(all(before).map((part) => [part.band.from, part]));
  const steps = all(before + base).flatMap(({ band, base: reached, commission }) => {
    const had = earlier.get(band.from);
    const part = reached.minor - (had?.base.minor ?? 0n);
    return part === 0n
      ? []
      : [step(band.from, band.rateBps, part, commission.minor - (had?.commission.minor ?? 0n))];
  });
  return steps;
}

function capped(line: Omit<ComputedLine, 'cap'>, { cap }: Rule, capUsed: bigint): ComputedLine {
  if (cap === null) return { ...line, cap: null };
  const left = cap.limit > capUsed ? cap.limit - capUsed : 0n;
  const amount = line.amount > left ? left : line.amount;
  const afterLine = left - (amount > 0n ? amount : 0n);
  const trueUp = line.trueUp > afterLine ? afterLine : line.trueUp;
  const cut = line.amount - amount + (line.trueUp - trueUp);
  return { ...line, amount, trueUp, cap: { limit: cap.limit, used: capUsed, cut } };
}

/** Recomputes a commission from its stored computation alone. The result differs from `amount` only when stored data was
 *  changed. */
export function recompute(line: ComputedLine, mode: RoundingMode): { amount: bigint; trueUp: bigint } {
  const again = (terms: RuleTerms | null, before: bigint): { amount: bigint; trueUp: bigint } =>
    terms === null ? { amount: 0n, trueUp: 0n } : partsOf(line, terms, before, mode);
  const { amount, trueUp } = again(termsKept(line), line.period?.before ?? 0n);
  if (line.cap === null) return { amount, trueUp };
  const left = line.cap.limit > line.cap.used ? line.cap.limit - line.cap.used : 0n;
  const own = amount > left ? left : amount;
  const rest = left - (own > 0n ? own : 0n);
  return { amount: own, trueUp: trueUp > rest ? rest : trueUp };
}

function termsKept({ method, parts, period }: ComputedLine): RuleTerms | null {
  const [part] = parts;
  if (method === 'TIERED')
    return period && { method, mode: period.mode, bands: period.bands, period: 'LIFETIME' };
  if (!part) return null;
  return method === 'FLAT'
    ? { method, perUnit: part.perUnit as bigint }
    : { method, rateBps: part.rateBps as number };
}
