import { bandedLines } from './bands.ts';
import { type CommissionType, type FlatRefund, reversalDue } from './commission.ts';
import { money, type RoundingMode } from './money.ts';
import type { PartnerTier } from './partner.ts';
import {
  type ComputedLine,
  computeLine,
  type Decision,
  decide,
  nothingBefore,
  type Past,
  type Rule,
  type RuleLevel,
  type RulePeriod,
} from './plan.ts';

export type KeyedRule = Rule & { readonly key: string };

/** A recorded sale with its commission. */
export interface PastSale {
  readonly id: string;
  readonly partnerId: string;
  readonly customerId: string | null;
  readonly type: CommissionType;
  readonly occurredAt: Date;
  /** Day of the sale in the program's time zone, for example `2026-01-31`. */
  readonly day: string;
  readonly currency: string;
  readonly product: string | null;
  readonly country: string | null;
  readonly quantity: number;
  readonly base: bigint;
  readonly rejected: boolean;
  readonly roundingMode: RoundingMode;
  /** Level of the rate or rule. Null for an amount given by hand. */
  readonly level: RuleLevel | null;
  readonly ruleId: string | null;
  /** The rate of the commission, or the rate of a tier that the partner reached later with effect for this sale. */
  readonly rateBps: number | null;
  readonly tier: PartnerTier;
  /** The commission at the time of recording, and the TRUE_UP of its period. */
  readonly amount: bigint;
  readonly trueUp: bigint;
  /** True when the rule's cap reduced the commission. */
  readonly cut: boolean;
  /** The commission with all later additions and reversals. */
  readonly net: bigint;
  /** Refunded parts of the base, in order of recording. Negative for an amount that a won dispute restored. A rejection
   *  counts as a refund of the rest. */
  readonly refunds: readonly { readonly id: string; readonly base: bigint; readonly rejected: boolean }[];
  readonly customerKind: 'NEW' | 'RETURNING' | null;
  readonly firstPurchaseAt: Date | null;
  readonly purchases: number;
}

/** The simulated terms. */
export interface Terms {
  /** Rules of the partner and of the partner's plan at that time, in all versions. */
  rulesFor(partnerId: string, at: Date): readonly KeyedRule[];
  /** The partner's current own rate. */
  partnerRate(partnerId: string): number | null;
  tierRate(tier: PartnerTier, at: Date): number;
  /** The tier of a partner under changed thresholds. Null when the thresholds are unchanged. */
  tierAt(partnerId: string, at: Date): PartnerTier | null;
  /** One rate for every sale, instead of all rules and rates. */
  readonly flatRateBps: number | null;
  readonly flatRefund: FlatRefund;
}

interface Usage {
  base: bigint;
  earned: bigint;
}

/** A sale under a rule that counts, with its refunds and reversals so far. */
interface Counted {
  readonly sale: PastSale;
  readonly rule: KeyedRule;
  /** For TIERED, a refund reverses by the bands of the period. */
  readonly method: ComputedLine['method'];
  /** The commission of the sale without its TRUE_UP. */
  readonly amount: bigint;
  /** True when a cap reduced the commission. Then a refund reverses a proportional share, also for TIERED. */
  readonly cut: boolean;
  /** True when the amounts of this sale are reported. */
  readonly reported: boolean;
  refunded: bigint;
  reversed: bigint;
  earned: bigint;
}

type Reversible = Pick<Counted, 'amount' | 'method' | 'refunded' | 'reversed'>;

/** A refund or rejection of a counted sale that is not replayed yet. */
interface PendingRefund {
  readonly id: string;
  readonly base: bigint;
  readonly rejected: boolean;
  readonly of: Counted;
}

const periodOf = (period: RulePeriod, day: string): string => {
  const [year = '', month = ''] = day.split('-');
  if (period === 'LIFETIME') return '';
  if (period === 'YEAR') return year;
  return period === 'MONTH' ? `${year}-${month}` : `${year}-Q${Math.ceil(Number(month) / 3)}`;
};

/** True when the commission of a rule depends on earlier sales. */
export const ruleCounts = ({ terms, cap }: Pick<Rule, 'terms' | 'cap'>): boolean =>
  terms.method === 'TIERED' || (cap !== null && cap.per !== 'SALE');

/** Replays sales under other terms, in order of recording, with the same computation as live sales. A sale keeps its
 *  commission when the decision is unchanged and its rule does not count. */
export class Simulation {
  readonly #terms: Terms;
  readonly #report: (sale: PastSale, then: bigint) => void;
  readonly #usage = new Map<string, Usage>();
  #refunds: PendingRefund[] = []; // in order of recording

  /** `report` receives the amounts of a sale one after the other. Their sum is the commission under the simulated terms. */
  constructor(terms: Terms, report: (sale: PastSale, then: bigint) => void) {
    this.#terms = terms;
    this.#report = report;
  }

  sale(sale: PastSale): void {
    this.#playRefunds(sale.id);
    const decision = this.#decide(sale);
    const rule = decision?.rule as KeyedRule | null;
    if (decision === null || (sameAsWas(sale, decision) && !(rule && ruleCounts(rule))))
      this.#report(sale, sale.net);
    else this.#weigh(sale, decision, rule);
  }

  #weigh(sale: PastSale, decision: Decision, rule: KeyedRule | null): void {
    const { roundingMode: mode } = sale;
    const past = rule ? this.#past(sale, rule) : nothingBefore;
    const computed = computeLine(sale, sale, decision, past, mode);
    if (earnsNothing(computed)) return; // such a sale creates no commission, so it is not counted either
    const { amount, trueUp, method, cap } = computed;
    const earned = amount + trueUp;
    if (rule && ruleCounts(rule)) {
      this.#use(sale, rule, earned);
      this.#report(sale, earned);
      const cut = cap !== null && cap.cut > 0n;
      this.#addPending({ sale, rule, method, amount, earned, cut, reported: true });
    } else if (!sale.rejected) {
      this.#report(sale, earned);
      const refunded = sale.refunds.reduce((sum, refund) => sum + refund.base, 0n);
      this.#report(sale, this.#due(sale, { amount, method, refunded, reversed: 0n }));
    }
  }

  #due(sale: PastSale, { amount, method, refunded, reversed }: Reversible): bigint {
    const { base, roundingMode: mode } = sale;
    const { flatRefund } = this.#terms;
    return reversalDue({ base, original: amount, refunded, reversed, method, flatRefund, mode });
  }

  /** Counts a sale outside the simulated months with its recorded commission, for rules with a longer period. */
  elsewhere(sale: PastSale, rule: KeyedRule): void {
    this.#playRefunds(sale.id);
    const { amount, trueUp, cut } = sale;
    const earned = amount + trueUp;
    this.#use(sale, rule, earned);
    this.#addPending({ sale, rule, method: rule.terms.method, amount, earned, cut, reported: false });
  }

  /** Replays the remaining refunds. */
  end(): void {
    this.#playRefunds(null);
  }

  /** Returns null for an amount given by hand, which no terms change. */
  #decide(sale: PastSale): Decision | null {
    const { partnerId, occurredAt: at, level, ruleId, type } = sale;
    const { flatRateBps } = this.#terms;
    if (level === null || level === 'LINE') return null;
    if (flatRateBps !== null) return { level: 'TIER', rule: null, rateBps: flatRateBps };
    // A partner's rate has no date. The commission shows the rate at that time, because it takes precedence over plan and
    // tier.
    const partner =
      level === 'PLAN' || level === 'TIER'
        ? null
        : level === 'PARTNER' && ruleId === null
          ? sale.rateBps
          : this.#terms.partnerRate(partnerId);
    const tier = this.#terms.tierRate(this.#terms.tierAt(partnerId, at) ?? sale.tier, at);
    const rules = type === 'BONUS' ? [] : this.#terms.rulesFor(partnerId, at);
    return decide(rules, { line: null, partner, tier }, sale, sale);
  }

  #past({ partnerId, customerId, day, firstPurchaseAt, purchases }: PastSale, rule: KeyedRule): Past {
    const { bands, cap } = this.#counts(partnerId, customerId, day, rule);
    return { firstPurchaseAt, purchases, periodBase: bands?.base ?? 0n, capUsed: cap?.earned ?? 0n };
  }

  #counts(
    partnerId: string,
    customerId: string | null,
    day: string,
    { key, terms, cap }: KeyedRule,
  ): { bands: Usage | null; cap: Usage | null } {
    const of = (scope: string, period: RulePeriod): Usage => {
      const name = `${partnerId} ${key} ${scope} ${periodOf(period, day)}`;
      let usage = this.#usage.get(name);
      if (!usage) {
        usage = { base: 0n, earned: 0n };
        this.#usage.set(name, usage);
      }
      return usage;
    };
    return {
      bands: terms.method === 'TIERED' ? of('bands', terms.period) : null,
      cap:
        cap && cap.per !== 'SALE'
          ? of(cap.per === 'CUSTOMER' && customerId ? customerId : 'all', cap.period)
          : null,
    };
  }

  #use({ partnerId, customerId, day, base }: PastSale, rule: KeyedRule, earned: bigint): void {
    const { bands, cap } = this.#counts(partnerId, customerId, day, rule);
    if (bands) bands.base += base;
    if (cap) cap.earned += earned;
  }

  #addPending(counted: Omit<Counted, 'refunded' | 'reversed'>): void {
    const of = { ...counted, refunded: 0n, reversed: 0n };
    for (const refund of of.sale.refunds) {
      const at = this.#refunds.findLastIndex((each) => each.id < refund.id) + 1;
      this.#refunds.splice(at, 0, { ...refund, of });
    }
  }

  /** Replays refunds and rejections that were recorded before that id, with the state of period and cap at that time. */
  #playRefunds(before: string | null): void {
    let played = 0;
    for (const refund of this.#refunds) {
      if (before !== null && refund.id > before) break;
      played++;
      this.#playRefund(refund);
    }
    if (played > 0) this.#refunds = this.#refunds.slice(played);
  }

  #playRefund({ base, rejected, of }: PendingRefund): void {
    const { sale, rule } = of;
    const { bands, cap } = this.#counts(sale.partnerId, sale.customerId, sale.day, rule);
    of.refunded += base;
    const own = rejected ? -of.earned : this.#due(sale, of);
    of.reversed += own;
    let taken = own;
    if (of.method === 'TIERED' && bands && rule.terms.method === 'TIERED') {
      const { mode, bands: steps } = rule.terms;
      const moved = bandedLines(steps, mode, money(bands.base, ''), money(-base, ''), sale.roundingMode);
      bands.base -= base;
      if (!of.cut) taken = moved.line.minor + moved.trueUp.minor;
    }
    of.earned += taken;
    if (cap) cap.earned += taken;
    if (of.reported) this.#report(sale, taken);
  }
}

const sameAsWas = (sale: PastSale, { level, rule, ...rest }: Decision): boolean =>
  rule !== null
    ? rule.id === sale.ruleId
    : sale.ruleId === null && level === sale.level && 'rateBps' in rest && rest.rateBps === sale.rateBps;

/** The same rule as in `weigh`: the limit of the rule or its cap is exceeded. */
const earnsNothing = ({ amount, trueUp, limited, cap }: ComputedLine): boolean =>
  amount === 0n &&
  trueUp === 0n &&
  ((limited !== null && limited !== 'STEPPED_DOWN') || (cap !== null && cap.cut > 0n));
