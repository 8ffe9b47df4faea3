import type { SaleItem, Terms } from '../../src/domain/owed.ts';
import type { Facts } from '../../src/domain/terms.ts';

/** A rule as it is sent to the graph, in USD. */
export interface RuleInput {
  readonly method: Terms['method'];
  readonly rate?: number;
  readonly perUnit?: string;
  readonly bands?: readonly { readonly from: string; readonly rate: number }[];
  readonly bandMode?: 'PROGRESSIVE' | 'RETROACTIVE';
  readonly bandPeriod?: 'MONTH' | 'QUARTER' | 'YEAR' | 'LIFETIME';
  readonly firstPurchaseOnly?: boolean;
  readonly recurringMonths?: number;
  readonly recurringCount?: number;
  readonly stepDownRate?: number | null;
  readonly cap: {
    readonly amount: string;
    readonly per: 'SALE' | 'CUSTOMER' | 'PARTNER';
    readonly period: 'MONTH' | 'QUARTER' | 'YEAR' | 'LIFETIME';
  } | null;
  readonly minimumPurchase: string | null;
  readonly customerKind: 'ANY' | 'NEW' | 'RETURNING';
  readonly countries: readonly string[] | null;
  readonly types: readonly string[] | null;
  readonly product: string | null;
}

/** A version of a rule, with the ids and the time that the graph answered. */
export interface RuleVersion {
  readonly id: string;
  readonly ruleKey: string;
  readonly version: number;
  readonly effectiveAt: string;
  /** Null: a rule of the default plan. */
  readonly partnerId: string | null;
  readonly input: RuleInput;
}

export interface Rates {
  /** Rates in basis points: given with the sale, of the partner, of the partner's tier. */
  readonly line: number | null;
  readonly partner: number | null;
  readonly tier: number;
}

type Part = Pick<SaleItem, 'partnerId' | 'at' | 'currency' | 'base'> & {
  readonly product: string | null;
  readonly facts: Facts;
};
type Kind = 'NEW' | 'RETURNING' | null;

const minorOf = (text: string): bigint => {
  const [whole = '', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(2, '0'));
};
const bps = (rate: number): number => Math.round(rate * 100);

/** The version of each rule that is in force for a sale, and fits it. */
function fitting(part: Part, kind: Kind, versions: readonly RuleVersion[]): RuleVersion[] {
  const inForce = new Map<string, RuleVersion>();
  for (const each of versions) {
    const other = inForce.get(each.ruleKey);
    if (Date.parse(each.effectiveAt) > +part.at) continue;
    if (!other || other.version < each.version) inForce.set(each.ruleKey, each);
  }
  const { type, country, purchase } = part.facts;
  return [...inForce.values()].filter(({ partnerId, input }) => {
    if (partnerId !== null && partnerId !== part.partnerId) return false;
    if (part.currency !== 'USD') return false;
    if (input.product !== null && input.product !== part.product) return false;
    if (input.customerKind !== 'ANY' && input.customerKind !== kind) return false;
    if (input.countries !== null && !(country !== null && input.countries.includes(country))) return false;
    if (input.types !== null && !input.types.includes(type)) return false;
    return input.minimumPurchase === null || minorOf(input.minimumPurchase) <= (purchase ?? part.base);
  });
}

/** The narrowest of the rules: each condition outweighs all that come after it. */
function narrowest(rules: readonly RuleVersion[]): RuleVersion | undefined {
  const weights = ({ id, effectiveAt, input }: RuleVersion) => [
    input.product === null ? 0 : 1,
    input.customerKind === 'ANY' ? 0 : 1,
    input.countries === null ? 0 : 1,
    input.types === null ? 0 : 1,
    input.minimumPurchase === null ? 0 : 1,
    input.minimumPurchase === null ? 0 : Number(minorOf(input.minimumPurchase)),
    Date.parse(effectiveAt),
    id,
  ];
  let best: RuleVersion | undefined;
  for (const rule of rules) {
    const [a, b] = [weights(rule), best ? weights(best) : []];
    const at = a.findIndex((weight, index) => weight !== b[index]);
    if (!best || (a[at] ?? 0) > (b[at] ?? 0)) best = rule;
  }
  return best;
}

const plain = (level: Terms['level'], rateBps: number): Terms => ({
  ...{ level, rateBps, rule: null, method: 'PERCENTAGE', flat: null, tiered: null, windows: [], cap: null },
});

/** The terms of a part of a sale, written down from the order in which rates and rules are asked. `flat` is null: the caller
 *  compares it. */
export function naiveTerms(part: Part, kind: Kind, versions: readonly RuleVersion[], rates: Rates): Terms {
  if (rates.line !== null) return plain('LINE', rates.line);
  const rules = fitting(part, kind, versions);
  const own = rules.filter(({ partnerId }) => partnerId !== null);
  const forProduct = narrowest(own.filter(({ input }) => input.product !== null));
  if (forProduct) return ruled('PARTNER_PRODUCT', forProduct, part);
  const forAll = narrowest(own);
  if (forAll) return ruled('PARTNER', forAll, part);
  if (rates.partner !== null) return plain('PARTNER', rates.partner);
  const ofPlan = narrowest(rules);
  return ofPlan ? ruled('PLAN', ofPlan, part) : plain('TIER', rates.tier);
}

function ruled(level: Terms['level'], { id, ruleKey, version, input }: RuleVersion, { facts }: Part): Terms {
  const { method, rate, bands, bandMode, bandPeriod, cap } = input;
  const isWindowed = input.firstPurchaseOnly || input.recurringMonths != null || input.recurringCount != null;
  return {
    ...{ level, method, flat: null, rule: { id, key: ruleKey, name: 'a rule', version } },
    rateBps: rate === undefined ? null : bps(rate),
    tiered:
      bands && bandMode && bandPeriod
        ? {
            ...{ mode: bandMode, period: bandPeriod },
            bands: bands.map((band) => ({ from: minorOf(band.from), rateBps: bps(band.rate) })),
          }
        : null,
    windows: isWindowed
      ? [
          {
            ...{ firstPurchaseOnly: input.firstPurchaseOnly ?? false, months: input.recurringMonths ?? null },
            ...{
              count: input.recurringCount ?? null,
              stepDownRateBps: input.stepDownRate == null ? null : bps(input.stepDownRate),
            },
          },
        ]
      : [],
    cap: cap && { ...limitOf(minorOf(cap.amount), cap.per, facts), per: cap.per, period: cap.period },
  };
}

/** The limit of a cap: partners who share a sale share a cap for each sale. The units that a division leaves go to the largest
 *  rests. */
function limitOf(whole: bigint, per: string, { scale }: Facts): { limit: bigint; whole?: bigint } {
  if (per !== 'SALE' || scale?.of !== 'PARTNERS' || scale.parts.length === 1) return { limit: whole };
  const total = scale.parts.reduce((sum, part) => sum + part, 0n);
  const rest = (index: number) => Number((whole * (scale.parts[index] ?? 0n)) % total);
  const floors = scale.parts.map((part) => (whole * part) / total);
  const over = Number(whole - floors.reduce((sum, floor) => sum + floor, 0n));
  const first = [...floors.keys()].sort((a, b) => rest(b) - rest(a) || a - b).slice(0, over);
  return { limit: (floors[scale.index] ?? 0n) + (first.includes(scale.index) ? 1n : 0n), whole };
}
