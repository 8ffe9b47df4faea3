import { type Band, type BandMode, bandedBasis, bandOf } from './bands.ts';
import { FlatRefund } from './commission.ts';
import { divide, type RoundingMode, withinLimit } from './money.ts';
import type { CapScope, RuleLevel, RulePeriod } from './plan.ts';
import { monthsLater } from './recurring.ts';

/** How long a rule pays for the purchases of one customer. */
export interface Window {
  readonly firstPurchaseOnly: boolean;
  /** Months after the customer's first purchase, in the program's calendar. */
  readonly months: number | null;
  /** Number of the customer's purchases, the first included. */
  readonly count: number | null;
  /** The rate after the end of the window. Null: later purchases earn nothing. */
  readonly stepDownRateBps: number | null;
}

/** An amount per unit, for `part` of `whole`: the collected part of the order, or the partner's share of the sale. */
export interface FlatTerms {
  readonly perUnit: bigint;
  readonly quantity: number;
  readonly part: bigint;
  readonly whole: bigint;
  readonly amount: bigint;
}

/** The terms of one part of a sale, decided and stored when the sale was recorded. Later changes of rules and settings do
 *  not change them. */
export interface Terms {
  readonly level: RuleLevel;
  readonly rule: {
    readonly id: string;
    readonly key: string;
    readonly name: string;
    readonly version: number;
  } | null;
  readonly method: 'PERCENTAGE' | 'FLAT' | 'TIERED';
  /** PERCENTAGE: basis points of the base. */
  readonly rateBps: number | null;
  /** FLAT: the amount per unit, and the amount for this part of the sale. */
  readonly flat: FlatTerms | null;
  readonly tiered: {
    readonly mode: BandMode;
    readonly period: RulePeriod;
    readonly bands: readonly Band[];
  } | null;
  readonly windows: readonly Window[];
  /** `whole` is the cap of the whole sale, where `limit` is a partner's share of it. */
  readonly cap: {
    readonly limit: bigint;
    readonly per: CapScope;
    readonly period: RulePeriod;
    readonly whole?: bigint;
  } | null;
}

/** One part of a sale on which one partner may earn: a product of an order, or a partner's share of a shared sale. */
export interface SaleItem {
  readonly id: string;
  readonly partnerId: string;
  readonly customerId: string | null;
  /** Identity of the order. All items of an order are one purchase. */
  readonly order: string;
  readonly at: Date;
  /** Order of recording. */
  readonly seq: bigint;
  /** Day of the sale in the program's time zone at the time of recording, for example `2026-01-31`. */
  readonly day: string;
  readonly timeZone: string;
  /** The currency of the commission. */
  readonly currency: string;
  /** Minor units, net of tax and discount. */
  readonly base: bigint;
  /** The refunded part of the base. */
  readonly refunded: bigint;
  /** True after a rejection or a lost dispute: the item counts as refunded in full. */
  readonly out: boolean;
  readonly roundingMode: RoundingMode;
  readonly flatRefund: FlatRefund;
  readonly terms: Terms;
  /** The terms if the customer bought before. Null: the same terms. */
  readonly returning: Terms | null;
}

export type Limited = 'NOT_FIRST_PURCHASE' | 'RECURRING_WINDOW_OVER' | 'STEPPED_DOWN';

/** The amount that is owed for an item, with the figures that give it. */
export interface Owed {
  readonly terms: Terms;
  readonly limited: Limited | null;
  /** The base that is left. */
  readonly left: bigint;
  /** TIERED: the running sum before the item, and the total that selects the band of a RETROACTIVE rule. */
  readonly period: { readonly before: bigint; readonly total: bigint } | null;
  /** The amount without the cap. */
  readonly gross: bigint;
  /** What the cap's scope had used before, when the terms have a cap. */
  readonly used: bigint | null;
  readonly amount: bigint;
}

/** The position of an item among the purchases of its customer that are left. */
export interface Standing {
  /** Number of the customer's earlier purchases with the partner. */
  readonly before: number;
  readonly firstAt: Date | null;
  /** True when the customer bought from any partner before. */
  readonly returning: boolean;
}

export const noPurchaseBefore: Standing = { before: 0, firstAt: null, returning: false };

/** The facts about an item that its customer's standing depends on. */
export type Purchase = Pick<
  SaleItem,
  'id' | 'order' | 'partnerId' | 'at' | 'seq' | 'base' | 'refunded' | 'out'
>;

/** The order of sales: by time, then by recording. */
export const bySale = (a: Pick<SaleItem, 'at' | 'seq'>, b: Pick<SaleItem, 'at' | 'seq'>): number =>
  +a.at - +b.at || (a.seq < b.seq ? -1 : a.seq > b.seq ? 1 : 0);

export const isLeft = ({ base, refunded, out }: Pick<SaleItem, 'base' | 'refunded' | 'out'>): boolean =>
  !out && refunded < base;

/** Returns the standing of an item among the purchases of one customer. The purchases may come in any order. */
export function standingOf(item: Purchase, purchases: readonly Purchase[]): Standing {
  const earlier = purchases.filter(
    (each) => each.order !== item.order && isLeft(each) && bySale(each, item) < 0,
  );
  const own = earlier.filter(({ partnerId }) => partnerId === item.partnerId);
  const first = own.toSorted(bySale)[0];
  return {
    before: new Set(own.map(({ order }) => order)).size,
    firstAt: first?.at ?? null,
    returning: earlier.length > 0,
  };
}

/** True when the amount of an item depends on the other purchases of its customer. */
export const isWindowed = ({ terms, returning }: Pick<SaleItem, 'terms' | 'returning'>): boolean =>
  returning !== null || terms.windows.length > 0;

/** An item with the terms that apply by its customer's standing. */
export interface Placed<Item extends SaleItem = SaleItem> {
  readonly item: Item;
  readonly terms: Terms;
  readonly limited: Limited | null;
}

export function place<Item extends SaleItem>(item: Item, standing: Standing): Placed<Item> {
  const terms = standing.returning && item.returning ? item.returning : item.terms;
  const over = terms.windows.find((window) => windowOver(window, item, standing));
  if (!over) return { item, terms, limited: null };
  if (over.firstPurchaseOnly) return { item, terms, limited: 'NOT_FIRST_PURCHASE' };
  if (over.stepDownRateBps === null) return { item, terms, limited: 'RECURRING_WINDOW_OVER' };
  return { item, terms, limited: 'STEPPED_DOWN' };
}

/** An item that was placed when it was last settled. */
export interface Settled extends SaleItem {
  readonly isReturning: boolean;
  readonly limited: Limited | null;
}

/** Returns an item as it was placed when it was last settled. */
export const placedAsSettled = <Item extends Settled>(item: Item): Placed<Item> => ({
  item,
  terms: item.isReturning && item.returning ? item.returning : item.terms,
  limited: item.limited,
});

/** The name of the sales that count together: those of one partner under one rule, in one currency. */
export const groupName = (
  { partnerId, currency }: Pick<SaleItem, 'partnerId' | 'currency'>,
  ruleKey: string,
): string => `${partnerId} ${ruleKey} ${currency}`;

function windowOver(
  { firstPurchaseOnly, months, count }: Window,
  { at, timeZone }: SaleItem,
  { before, firstAt }: Standing,
): boolean {
  if (firstAt === null) return false;
  return (
    firstPurchaseOnly ||
    (months !== null && at >= monthsLater(firstAt, months, timeZone)) ||
    (count !== null && before >= count)
  );
}

/** Returns the first day of the period that contains a day. */
export function periodStart(period: RulePeriod, day: string): string {
  const [year = '', month = ''] = day.split('-');
  if (period === 'LIFETIME') return '1970-01-01';
  if (period === 'YEAR') return `${year}-01-01`;
  const first = period === 'MONTH' ? Number(month) : Math.floor((Number(month) - 1) / 3) * 3 + 1;
  return `${year}-${String(first).padStart(2, '0')}-01`;
}

/** True when the amount of an item depends on other items under the same rule. */
export const isCounting = ({ tiered, cap }: Terms): boolean => tiered !== null || cap !== null;

/** The sums of the items of one rule and one period. */
export interface Sums {
  /** Bases that are left and are inside the bands. */
  base: bigint;
  /** The same for each version of the rule, with its bands and the amounts that are owed. */
  readonly versions: Map<string, { base: bigint; owed: bigint; readonly tiered: Terms['tiered'] }>;
  /** Amounts that are owed, for a cap per partner. */
  owed: bigint;
}

export const noSums = (): Sums => ({ base: 0n, versions: new Map(), owed: 0n });

/** What an item needs to know of the items before it. */
export interface Before {
  /** The sums of a period before the item. */
  sums(period: RulePeriod): Pick<Sums, 'base' | 'versions' | 'owed'>;
  /** The total of a period, with the item and all later ones. */
  total(period: RulePeriod): bigint;
  /** The amount that a cap's scope has used, in its period. */
  used(cap: NonNullable<Terms['cap']>): bigint;
}

/** True when the base of an item counts in the bands of its rule. */
const isInBands = ({ item, limited }: Placed): boolean => limited === null && isLeft(item);

const share = (base: bigint, rateBps: number, mode: RoundingMode): bigint =>
  divide(base * BigInt(rateBps), 10_000n, mode);

/** Returns the amount that is owed for an item. */
export function owedFor(placed: Placed, before: Before): Owed {
  const { item, terms, limited } = placed;
  const left = isLeft(item) ? item.base - item.refunded : 0n;
  const nothing = { terms, limited, left, period: null, gross: 0n, used: null, amount: 0n };
  if (left === 0n || (limited !== null && limited !== 'STEPPED_DOWN')) return nothing;
  const { gross, period } = grossOf(placed, left, before);
  if (terms.cap === null) return { ...nothing, period, gross, amount: checked(gross) };
  const used = before.used(terms.cap);
  const room = terms.cap.limit > used ? terms.cap.limit - used : 0n;
  return { ...nothing, period, gross, used, amount: checked(gross < room ? gross : room) };
}

/** Returns the amount that is owed for an item which no other one affects. */
export const owedAlone = (placed: Placed): Owed =>
  owedFor(placed, { sums: noSums, total: () => 0n, used: () => 0n });

function grossOf(placed: Placed, left: bigint, before: Before): Pick<Owed, 'gross' | 'period'> {
  const { item, terms, limited } = placed;
  const { roundingMode: mode } = item;
  if (limited === 'STEPPED_DOWN') {
    const rate = terms.windows.find(({ stepDownRateBps }) => stepDownRateBps !== null)?.stepDownRateBps ?? 0;
    return { gross: lessRefunds(item, share(item.base, rate, mode), false), period: null };
  }
  if (terms.tiered === null) {
    const whole = terms.flat ? terms.flat.amount : share(item.base, terms.rateBps ?? 0, mode);
    return { gross: lessRefunds(item, whole, terms.method === 'FLAT'), period: null };
  }
  const { mode: bandMode, period, bands } = terms.tiered;
  const sums = before.sums(period);
  const total = before.total(period);
  if (bandMode === 'PROGRESSIVE') {
    const at = (revenue: bigint) => divide(bandedBasis(bands, revenue), 10_000n, mode);
    return { gross: at(sums.base + left) - at(sums.base), period: { before: sums.base, total } };
  }
  const { rateBps } = bandOf(bands, total);
  const own = sums.versions.get(terms.rule?.id ?? '')?.base ?? 0n;
  return {
    gross: share(own + left, rateBps, mode) - share(own, rateBps, mode),
    period: { before: own, total },
  };
}

/** Returns an amount less the share of the refunded part, by the cumulative refund. */
function lessRefunds(
  { base, refunded, flatRefund, roundingMode }: SaleItem,
  whole: bigint,
  flat: boolean,
): bigint {
  if (refunded <= 0n || (flat && flatRefund === FlatRefund.ALL_OR_NOTHING)) return whole;
  return whole - divide(whole * refunded, base, roundingMode);
}

/** Throws BAD_USER_INPUT for an amount that is too large. */
const checked = (amount: bigint): bigint => withinLimit(amount, 'input', 'the commission of this sale');

/** The items of one partner, rule and currency, read or replayed in order. */
export class RuleItems {
  readonly #sums = new Map<string, Sums>();
  readonly #totals = new Map<string, bigint>();
  readonly #scopes = new Map<string, bigint>();
  readonly #periods: ReadonlySet<RulePeriod>;

  /** `periods` are the periods in use by the items' terms. */
  constructor(periods: Iterable<RulePeriod>) {
    this.#periods = new Set(periods);
  }

  /** Returns the amounts of all items by id. The items may come in any order. */
  static owed(placed: readonly Placed[]): { owed: Map<string, Owed>; items: RuleItems } {
    const items = new RuleItems(placed.flatMap(({ terms }) => periodsOf(terms)));
    const sorted = placed.toSorted((a, b) => bySale(a.item, b.item));
    for (const each of sorted)
      if (isInBands(each))
        items.#each(each.item.day, (key) =>
          items.#totals.set(key, (items.#totals.get(key) ?? 0n) + each.item.base - each.item.refunded),
        );
    const owed = new Map<string, Owed>();
    for (const each of sorted) owed.set(each.item.id, items.#add(each));
    return { owed, items };
  }

  /** The sums of each period, for `rule_usage`. */
  *sums(): Generator<{ period: RulePeriod; start: string } & Sums> {
    for (const [key, sums] of this.#sums) {
      const [period, start] = key.split(' ') as [RulePeriod, string];
      yield { period, start, ...sums };
    }
  }

  #each(day: string, work: (key: string) => void): void {
    for (const period of this.#periods) work(`${period} ${periodStart(period, day)}`);
  }

  #add(placed: Placed): Owed {
    const { item } = placed;
    const keyOf = (period: RulePeriod) => `${period} ${periodStart(period, item.day)}`;
    const scopes = (key: string) => [
      `${key} order ${item.order}`,
      `${key} customer ${item.customerId ?? ''}`,
    ];
    const owed = owedFor(placed, {
      sums: (period) => this.#sums.get(keyOf(period)) ?? noSums(),
      total: (period) => this.#totals.get(keyOf(period)) ?? 0n,
      used: ({ per, period }) => {
        const [order, customer] = scopes(keyOf(period)) as [string, string];
        if (per === 'PARTNER') return this.#sums.get(keyOf(period))?.owed ?? 0n;
        // Without a customer, each order is its own customer.
        return this.#scopes.get(per === 'SALE' || item.customerId === null ? order : customer) ?? 0n;
      },
    });
    this.#each(item.day, (key) => {
      const sums = this.#sums.get(key) ?? noSums();
      this.#sums.set(key, sums);
      addTo(sums, placed, owed);
      for (const scope of scopes(key)) this.#scopes.set(scope, (this.#scopes.get(scope) ?? 0n) + owed.amount);
    });
    return owed;
  }
}

/** Adds an item to the sums of a period. */
export function addTo(sums: Sums, placed: Placed, owed: Owed): void {
  const left = isInBands(placed) ? owed.left : 0n;
  const id = placed.terms.rule?.id ?? '';
  const version = sums.versions.get(id) ?? { base: 0n, owed: 0n, tiered: placed.terms.tiered };
  sums.versions.set(id, version);
  version.base += left;
  version.owed += owed.amount;
  sums.base += left;
  sums.owed += owed.amount;
}

/** The periods in which the terms count. A cap for each sale counts in the sale alone. */
export const periodsOf = ({ tiered, cap }: Terms): RulePeriod[] => [
  ...(tiered ? [tiered.period] : []),
  ...(cap ? [cap.period] : []),
];

/** True when a new total selects another band for items that were recorded before, so that their amounts change. */
export const crosses = ({ versions }: Pick<Sums, 'versions'>, before: bigint, after: bigint): boolean =>
  [...versions.values()].some(
    ({ base, tiered }) =>
      base > 0n &&
      tiered?.mode === 'RETROACTIVE' &&
      bandOf(tiered.bands, before).rateBps !== bandOf(tiered.bands, after).rateBps,
  );

/** Returns what each item is owed, as a function of the items alone: of all items of some customers under some rules. The
 *  reference for every stored amount. See docs/concepts/commissions.md. */
export function owedBy(items: readonly SaleItem[]): Map<string, Owed> {
  const byCustomer = Map.groupBy(items, ({ customerId }) => customerId);
  const placed = items.map((item) =>
    place(
      item,
      item.customerId === null ? noPurchaseBefore : standingOf(item, byCustomer.get(item.customerId) ?? []),
    ),
  );
  const groups = Map.groupBy(placed, ({ item, terms: { rule } }) =>
    rule ? groupName(item, rule.key) : item.id,
  );
  const owed = new Map<string, Owed>();
  for (const group of groups.values())
    for (const [id, each] of RuleItems.owed(group).owed) owed.set(id, each);
  return owed;
}
