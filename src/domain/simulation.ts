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

/** A sale as it was, with what it earned. */
export interface PastSale {
  readonly id: string;
  readonly partnerId: string;
  readonly customerId: string | null;
  readonly type: CommissionType;
  readonly occurredAt: Date;
  /** Its day in the program's time zone, e.g. `2026-01-31`. */
  readonly day: string;
  readonly currency: string;
  readonly product: string | null;
  readonly country: string | null;
  readonly quantity: number;
  readonly base: bigint;
  readonly rejected: boolean;
  readonly roundingMode: RoundingMode;
  /** What decided it; null: an amount by hand. */
  readonly level: RuleLevel | null;
  readonly ruleId: string | null;
  /** Its rate; where its partner rose to a tier afterwards, dated back, that tier's. */
  readonly rateBps: number | null;
  readonly tier: PartnerTier;
  /** What it earned when it was entered, and the TRUE_UP of its period. */
  readonly amount: bigint;
  readonly trueUp: bigint;
  /** Whether its rule's cap cut it. */
  readonly cut: boolean;
  /** The same with all that was added and taken back since. */
  readonly net: bigint;
  /** Of its base, in the order they were entered; negative where a dispute that was won gave back, all that was left where it
   *  was rejected. */
  readonly refunds: readonly { readonly id: string; readonly base: bigint; readonly rejected: boolean }[];
  readonly customerKind: 'NEW' | 'RETURNING' | null;
  readonly firstPurchaseAt: Date | null;
  readonly purchases: number;
}

/** What the sales are weighed by instead. */
export interface Terms {
  /** Rules of the partner and of the plan that it is on at that moment, in every version. */
  rulesFor(partnerId: string, at: Date): readonly KeyedRule[];
  /** The partner's own rate of today. */
  partnerRate(partnerId: string): number | null;
  tierRate(tier: PartnerTier, at: Date): number;
  /** The tier of a partner by changed thresholds; null: these are as they were. */
  tierAt(partnerId: string, at: Date): PartnerTier | null;
  /** One rate for every sale, in the place of all rules and rates. */
  readonly flatRateBps: number | null;
  readonly flatRefund: FlatRefund;
}

interface Usage {
  base: bigint;
  earned: bigint;
}

/** A sale under a rule that counts, and what has come of it up to now. */
interface Counted {
  readonly sale: PastSale;
  readonly rule: KeyedRule;
  /** TIERED: the bands of its period say what a refund takes. */
  readonly method: ComputedLine['method'];
  /** Its own line, without its TRUE_UP. */
  readonly amount: bigint;
  /** Whether a cap cut it: its refunds take their share of the line, also where it is TIERED. */
  readonly cut: boolean;
  /** Whether what it earns is told. */
  readonly told: boolean;
  refunded: bigint;
  reversed: bigint;
  earned: bigint;
}

type Reversible = Pick<Counted, 'amount' | 'method' | 'refunded' | 'reversed'>;

/** A refund of a counted sale, or its rejection, that is still to be played back. */
interface Awaited {
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

/** Whether what a rule pays depends on the sales before. */
export const ruleCounts = ({ terms, cap }: Pick<Rule, 'terms' | 'cap'>): boolean =>
  terms.method === 'TIERED' || (cap !== null && cap.per !== 'SALE');

/** Plays sales back under other terms, in the order in which they were entered, by the arithmetic that made them. A sale
 *  that is decided as it was, by nothing that counts, keeps what it earned. */
export class Simulation {
  readonly #terms: Terms;
  readonly #tell: (sale: PastSale, then: bigint) => void;
  readonly #usage = new Map<string, Usage>();
  #refunds: Awaited[] = []; // in the order they were entered

  /** `tell` gets the amounts of a sale one after the other; they add up to what it earns under these terms. */
  constructor(terms: Terms, tell: (sale: PastSale, then: bigint) => void) {
    this.#terms = terms;
    this.#tell = tell;
  }

  sale(sale: PastSale): void {
    this.#playRefunds(sale.id);
    const decision = this.#decide(sale);
    const rule = decision?.rule as KeyedRule | null;
    if (decision === null || (sameAsWas(sale, decision) && !(rule && ruleCounts(rule))))
      this.#tell(sale, sale.net);
    else this.#weigh(sale, decision, rule);
  }

  #weigh(sale: PastSale, decision: Decision, rule: KeyedRule | null): void {
    const { roundingMode: mode } = sale;
    const past = rule ? this.#past(sale, rule) : nothingBefore;
    const computed = computeLine(sale, sale, decision, past, mode);
    if (earnsNothing(computed)) return; // such a sale makes no line, so it counts for nothing either
    const { amount, trueUp, method, cap } = computed;
    const earned = amount + trueUp;
    if (rule && ruleCounts(rule)) {
      this.#use(sale, rule, earned);
      this.#tell(sale, earned);
      const cut = cap !== null && cap.cut > 0n;
      this.#await({ sale, rule, method, amount, earned, cut, told: true });
    } else if (!sale.rejected) {
      this.#tell(sale, earned);
      const refunded = sale.refunds.reduce((sum, refund) => sum + refund.base, 0n);
      this.#tell(sale, this.#due(sale, { amount, method, refunded, reversed: 0n }));
    }
  }

  #due(sale: PastSale, { amount, method, refunded, reversed }: Reversible): bigint {
    const { base, roundingMode: mode } = sale;
    const { flatRefund } = this.#terms;
    return reversalDue({ base, original: amount, refunded, reversed, method, flatRefund, mode });
  }

  /** Counts a sale of other months as it was: what a rule of a longer period has seen of it. */
  elsewhere(sale: PastSale, rule: KeyedRule): void {
    this.#playRefunds(sale.id);
    const { amount, trueUp, cut } = sale;
    const earned = amount + trueUp;
    this.#use(sale, rule, earned);
    this.#await({ sale, rule, method: rule.terms.method, amount, earned, cut, told: false });
  }

  /** Plays back the refunds that are left. */
  end(): void {
    this.#playRefunds(null);
  }

  /** null: an amount by hand, which no terms change. */
  #decide(sale: PastSale): Decision | null {
    const { partnerId, occurredAt: at, level, ruleId, type } = sale;
    const { flatRateBps } = this.#terms;
    if (level === null || level === 'LINE') return null;
    if (flatRateBps !== null) return { level: 'TIER', rule: null, rateBps: flatRateBps };
    // A partner's rate is not dated. That of the moment shows in the line: it beats its plan and its tier.
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

  #await(counted: Omit<Counted, 'refunded' | 'reversed'>): void {
    const of = { ...counted, refunded: 0n, reversed: 0n };
    for (const refund of of.sale.refunds) {
      const at = this.#refunds.findLastIndex((each) => each.id < refund.id) + 1;
      this.#refunds.splice(at, 0, { ...refund, of });
    }
  }

  /** What was refunded or rejected before that id was entered, as its period and its cap stood then. */
  #playRefunds(before: string | null): void {
    let played = 0;
    for (const refund of this.#refunds) {
      if (before !== null && refund.id > before) break;
      played++;
      this.#playRefund(refund);
    }
    if (played > 0) this.#refunds = this.#refunds.slice(played);
  }

  #playRefund({ base, rejected, of }: Awaited): void {
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
    if (of.told) this.#tell(sale, taken);
  }
}

const sameAsWas = (sale: PastSale, { level, rule, ...rest }: Decision): boolean =>
  rule !== null
    ? rule.id === sale.ruleId
    : sale.ruleId === null && level === sale.level && 'rateBps' in rest && rest.rateBps === sale.rateBps;

/** As `weigh` has it: over its window, or over its cap. */
const earnsNothing = ({ amount, trueUp, limited, cap }: ComputedLine): boolean =>
  amount === 0n &&
  trueUp === 0n &&
  ((limited !== null && limited !== 'STEPPED_DOWN') || (cap !== null && cap.cut > 0n));
