import type { SaleItem, Terms } from '../../src/domain/owed.ts';

/** The facts about an item of a sale. The class that tells them may change them. */
export type Fact = { -readonly [K in keyof SaleItem]: SaleItem[K] };

type Rounding = SaleItem['roundingMode'];

/** Returns a quotient, rounded. */
export const rounded = (numerator: bigint, denominator: bigint, mode: Rounding): bigint => {
  const whole = numerator / denominator;
  const twice = 2n * (numerator % denominator);
  if (mode === 'DOWN' || twice < denominator) return whole;
  if (twice > denominator || mode === 'HALF_UP') return whole + 1n;
  return whole + (whole % 2n);
};

/** Minutes east of UTC of the time zones in use. None has summer time. */
export const OFFSETS: Record<string, number> = {
  UTC: 0,
  'Asia/Kolkata': 330,
  'Pacific/Kiritimati': 840,
  'Etc/GMT+12': -720,
};
const inZone = (at: number, zone: string): Date => new Date(at + (OFFSETS[zone] ?? 0) * 60_000);

export const dayOf = (at: Date, zone: string): string => inZone(+at, zone).toISOString().slice(0, 10);

function addMonths(at: Date, months: number, zone: string): number {
  const local = inZone(+at, zone);
  const [year, month] = [local.getUTCFullYear(), local.getUTCMonth() + months];
  const day = Math.min(local.getUTCDate(), new Date(Date.UTC(year, month + 1, 0)).getUTCDate());
  const time = +local % 86_400_000;
  return Date.UTC(year, month, day) + time - (OFFSETS[zone] ?? 0) * 60_000;
}

/** Names the period of a day. */
function periodOf(period: string, day: string): string {
  const month = Number(day.slice(5, 7));
  if (period === 'MONTH') return day.slice(0, 7);
  if (period === 'QUARTER') return `${day.slice(0, 4)} ${Math.ceil(month / 3)}`;
  return period === 'YEAR' ? day.slice(0, 4) : 'always';
}

const earlier = (a: Fact, b: Fact): boolean => +a.at < +b.at || (+a.at === +b.at && a.seq < b.seq);
const left = (fact: Fact): bigint => (fact.out ? 0n : fact.base - fact.refunded);
const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((all, each) => all + each, 0n);

interface Ruled {
  readonly fact: Fact;
  readonly terms: Terms;
  readonly how: 'WHOLE' | 'STEPPED' | 'NOTHING';
}

/** What each item is owed, written down from the rules sentence by sentence. It shares no computation with the product. */
export function naiveOwed(facts: readonly Fact[]): Map<string, bigint> {
  const owed = new Map<string, bigint>();
  const ruled = facts.map((fact) => under(fact, facts));
  const groups = new Map<string, Ruled[]>();
  for (const each of ruled) {
    const { fact, terms } = each;
    const name = terms.rule ? [fact.partnerId, terms.rule.key, fact.currency].join() : fact.id;
    groups.set(name, [...(groups.get(name) ?? []), each]);
  }
  for (const group of groups.values()) {
    group.sort((a, b) => (earlier(a.fact, b.fact) ? -1 : 1));
    group.forEach((each, index) => {
      const before = group.slice(0, index);
      const gross = left(each.fact) === 0n || each.how === 'NOTHING' ? 0n : grossOf(each, before, group);
      owed.set(each.fact.id, capped(each, gross, before, owed));
    });
  }
  return owed;
}

/** The terms of an item among its customer's purchases that are left. */
function under(fact: Fact, facts: readonly Fact[]): Ruled {
  const purchases = facts.filter(
    (each) =>
      fact.customerId !== null &&
      each.customerId === fact.customerId &&
      each.order !== fact.order &&
      left(each) > 0n &&
      earlier(each, fact),
  );
  const terms = purchases.length > 0 && fact.returning ? fact.returning : fact.terms;
  const own = purchases.filter(({ partnerId }) => partnerId === fact.partnerId);
  if (own.length === 0) return { fact, terms, how: 'WHOLE' };
  const first = new Date(Math.min(...own.map(({ at }) => +at)));
  const bought = new Set(own.map(({ order }) => order)).size;
  for (const { firstPurchaseOnly, months, count, stepDownRateBps } of terms.windows) {
    const late = months !== null && +fact.at >= addMonths(first, months, fact.timeZone);
    if (firstPurchaseOnly) return { fact, terms, how: 'NOTHING' };
    if (late || (count !== null && bought >= count))
      return { fact, terms, how: stepDownRateBps === null ? 'NOTHING' : 'STEPPED' };
  }
  return { fact, terms, how: 'WHOLE' };
}

function grossOf({ fact, terms, how }: Ruled, before: readonly Ruled[], group: readonly Ruled[]): bigint {
  const { base, refunded, roundingMode: mode, flatRefund } = fact;
  const percent = (of: bigint, bps: number) => rounded(of * BigInt(bps), 10_000n, mode);
  if (how === 'STEPPED') {
    const rate = terms.windows.find(({ stepDownRateBps }) => stepDownRateBps !== null)?.stepDownRateBps ?? 0;
    const whole = percent(base, rate);
    return whole - rounded(whole * refunded, base, mode);
  }
  if (terms.method === 'FLAT') {
    const whole = terms.flat?.amount ?? 0n;
    return flatRefund === 'ALL_OR_NOTHING' ? whole : whole - rounded(whole * refunded, base, mode);
  }
  if (!terms.tiered) {
    const whole = percent(base, terms.rateBps ?? 0);
    return whole - rounded(whole * refunded, base, mode);
  }
  const { bands, mode: bandMode, period } = terms.tiered;
  const counts = (each: Ruled) =>
    each.how === 'WHOLE' && periodOf(period, each.fact.day) === periodOf(period, fact.day);
  const sold = (items: readonly Ruled[]) => sum(items.filter(counts).map((each) => left(each.fact)));
  if (bandMode === 'PROGRESSIVE') {
    const upTo = (revenue: bigint) => {
      const parts = bands.map(({ from, rateBps }, index) => {
        const end = bands[index + 1]?.from ?? revenue;
        const inside = (revenue < end ? revenue : end) - from;
        return inside > 0n ? inside * BigInt(rateBps) : 0n;
      });
      return rounded(sum(parts), 10_000n, mode);
    };
    const running = sold(before);
    return upTo(running + left(fact)) - upTo(running);
  }
  const total = sold(group);
  const rate = bands.filter(({ from }) => from <= total).at(-1)?.rateBps ?? 0;
  const own = sold(before.filter((each) => each.terms.rule?.id === terms.rule?.id));
  return percent(own + left(fact), rate) - percent(own, rate);
}

function capped(
  { fact, terms: { cap } }: Ruled,
  gross: bigint,
  before: readonly Ruled[],
  owed: ReadonlyMap<string, bigint>,
): bigint {
  if (!cap) return gross;
  const inScope = before.filter(({ fact: each }) => {
    if (periodOf(cap.period, each.day) !== periodOf(cap.period, fact.day)) return false;
    if (cap.per === 'PARTNER') return true;
    // Without a customer, each order is its own customer.
    return cap.per === 'SALE' || fact.customerId === null
      ? each.order === fact.order
      : each.customerId === fact.customerId;
  });
  const room = cap.limit - sum(inScope.map((each) => owed.get(each.fact.id) ?? 0n));
  return room <= 0n ? 0n : gross < room ? gross : room;
}
