import type { Band, BandMode } from '../../../domain/bands.ts';
import {
  addTo,
  crosses,
  groupName,
  isCounting,
  isLeft,
  isWindowed,
  noPurchaseBefore,
  noSums,
  type Owed,
  owedAlone,
  owedFor,
  type Placed,
  type Purchase,
  periodStart,
  periodsOf,
  place,
  placedAsSettled,
  RuleItems,
  type Sums,
  standingOf,
  type Terms,
} from '../../../domain/owed.ts';
import type { RulePeriod } from '../../../domain/plan.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Run } from '../../../kernel/data/transact.ts';
import { asPurchase, itemsWhere, type StoredItem } from './sale-item.ts';

/** An item whose amount was computed again. */
export interface Reckoned {
  readonly item: StoredItem;
  readonly owed: Owed;
}

/** The amounts that items are owed after a change. Nothing is written yet. */
export interface Reckoning {
  /** The changed items, and the others whose amount or standing changes with them. */
  readonly items: ReadonlyMap<string, Reckoned>;
  /** The new sums of rules, see `rule_usage`. */
  readonly sums: readonly NewSums[];
}

type NewSums =
  | {
      readonly kind: 'ADDED';
      readonly key: RuleKey;
      readonly placed: Placed;
      readonly owed: Owed;
      readonly periods: readonly RulePeriod[];
    }
  | { readonly kind: 'WHOLE'; readonly key: RuleKey; readonly span: Span; readonly items: RuleItems };

interface RuleKey {
  readonly tenantId: string;
  readonly partnerId: string;
  readonly ruleKey: string;
  /** Amounts in other currencies count apart. */
  readonly currency: string;
}

export interface Span {
  readonly from: string;
  readonly until: string;
}

interface Options {
  /** False in a preview, which writes nothing. */
  readonly lock?: boolean;
  /** False when no other purchase of the customers depends on the changed ones. */
  readonly hasDependents?: boolean;
}

/** Returns what the changed items are owed, and every other item that is owed another amount because of them: later
 *  purchases of the customer, and sales under the same rule. The changed items may be new. They are locked by their
 *  customers and rules, in this order. */
export const reckon = (
  run: Run,
  changed: readonly StoredItem[],
  { lock = true, hasDependents = true }: Options = {},
): Promise<Reckoning> => reckonIn(storedBook(run, lock), changed, hasDependents);

/** The recorded items, as a reckoning reads them. What it reads of a customer or a rule is locked. */
export interface Book {
  /** All purchases of a customer, from all partners. */
  purchases(customerId: string): Promise<KnownPurchase[]>;
  items(ids: readonly string[]): Promise<StoredItem[]>;
  /** The sums of a rule in all periods that its versions use. */
  usage(key: RuleKey): Promise<Usage[]>;
  itemsOf(key: RuleKey, span: Span): Promise<StoredItem[]>;
  hasItems(key: RuleKey, span: Span): Promise<boolean>;
  /** The time of the last item of a span that is later than `at`. */
  laterThan(at: Date, key: RuleKey, span: Span): Promise<Date | null>;
  /** What an order or a customer earned by a rule. */
  usedBy(scope: 'SALE' | 'CUSTOMER', item: StoredItem, key: RuleKey, span: Span): Promise<bigint>;
}

/** A purchase of a customer. A windowed one depends on the others. */
type KnownPurchase = Purchase & { readonly windowed: boolean };

/** `reckon` on any book. */
export async function reckonIn(
  book: Book,
  changed: readonly StoredItem[],
  hasDependents = true,
): Promise<Reckoning> {
  const moved = await placed(book, changed, hasDependents);
  const items = new Map<string, Reckoned>();
  const groups = new Map<string, { key: RuleKey; items: Moved[] }>();
  for (const each of moved.values()) {
    const { item, before } = each;
    if (item.ruleKey === null) items.set(item.id, { item, owed: owedAlone(each) });
    for (const ruleKey of new Set([item.ruleKey, before])) {
      if (ruleKey === null) continue;
      const { tenantId, partnerId, currency } = item;
      const name = groupName(item, ruleKey);
      const group = groups.get(name) ?? { key: { tenantId, partnerId, ruleKey, currency }, items: [] };
      groups.set(name, group);
      group.items.push(each);
    }
  }
  const sums: NewSums[] = [];
  for (const [, { key, items: own }] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const made = await reckonRule(book, key, own);
    for (const each of made.items) items.set(each.item.id, each);
    if (made.sums) sums.push(made.sums);
  }
  // A new sale that became later than the last sale of its rule may have another place among its customer's purchases.
  const timeOf = (item: StoredItem) => items.get(item.id)?.item.at ?? item.at;
  if (
    changed.some((item) => item.customerId !== null && +timeOf(item) !== +(moved.get(item.id)?.item.at ?? 0))
  )
    return reckonIn(
      book,
      changed.map((item) => ({ ...item, at: timeOf(item) })),
      hasDependents,
    );
  return { items, sums };
}

interface Moved extends Placed<StoredItem> {
  /** The rule that counted the item before. */
  readonly before: string | null;
  readonly isNew: boolean;
}

/** Places the changed items, and the other items of their customers, among the purchases that are left. */
async function placed(
  book: Book,
  changed: readonly StoredItem[],
  hasDependents: boolean,
): Promise<Map<string, Moved>> {
  const moved = new Map<string, Moved>();
  const done = (stored: StoredItem, by: Placed, isNew: boolean) => {
    const item: StoredItem = {
      ...stored,
      limited: by.limited,
      isReturning: by.terms === stored.returning,
      ruleKey: stored.refused === null ? (by.terms.rule?.key ?? null) : null,
    };
    moved.set(item.id, { item, terms: by.terms, limited: by.limited, before: stored.ruleKey, isNew });
  };
  for (const [customerId, own] of Map.groupBy(changed, (item) => item.customerId)) {
    const rest = own.filter((item) => !isWindowed(item));
    for (const item of rest) done(item, place(item, noPurchaseBefore), item.seq === UNRECORDED);
    if (customerId === null) {
      for (const item of own.filter(isWindowed))
        done(item, place(item, noPurchaseBefore), item.seq === UNRECORDED);
      continue;
    }
    if (!hasDependents && rest.length === own.length) continue;
    const known = (await book.purchases(customerId)).filter(({ id }) => !own.some((item) => item.id === id));
    const others = known.filter(({ windowed }) => windowed).map(({ id }) => id);
    if (others.length === 0 && rest.length === own.length) continue;
    const latest = known.reduce((last, { at }) => (at > last ? at : last), new Date(0));
    const windowed = own
      .filter(isWindowed)
      .map((item) => (item.isNow && latest > item.at ? { ...item, at: latest } : item));
    const purchases = [
      ...known,
      ...[...rest, ...windowed].filter(({ isPurchase }) => isPurchase).map(asPurchase),
    ];
    for (const item of windowed)
      done(item, place(item, standingOf(asPurchase(item), purchases)), item.seq === UNRECORDED);
    for (const item of others.length ? await book.items(others) : []) {
      const by = place(item, standingOf(asPurchase(item), purchases));
      if (by.limited !== item.limited || (by.terms === item.returning) !== item.isReturning)
        done(item, by, false);
    }
  }
  return moved;
}

/** The order of recording of an item that is not stored yet: after all others. */
export const UNRECORDED = 2n ** 63n - 1n;

const LENGTH: readonly RulePeriod[] = ['MONTH', 'QUARTER', 'YEAR', 'LIFETIME'];
export const longest = (periods: Iterable<RulePeriod>): RulePeriod | null =>
  [...periods].sort((a, b) => LENGTH.indexOf(b) - LENGTH.indexOf(a))[0] ?? null;

/** Returns the last day of a period, inclusive. */
function periodEnd(period: RulePeriod, day: string): string {
  if (period === 'LIFETIME') return '9999-12-31';
  const end = new Date(`${periodStart(period, day)}T00:00:00Z`);
  end.setUTCMonth(end.getUTCMonth() + { MONTH: 1, QUARTER: 3, YEAR: 12 }[period]);
  end.setUTCDate(0);
  return end.toISOString().slice(0, 10);
}

/** Returns the first and the last day of the periods that contain days. */
export const spanOf = (period: RulePeriod, days: readonly string[]): Span => {
  const sorted = days.toSorted();
  return { from: periodStart(period, sorted[0] ?? ''), until: periodEnd(period, sorted.at(-1) ?? '') };
};

/** Computes one rule of a partner again: only the new item when it is the last of its period, else every item of the
 *  period. */
async function reckonRule(
  book: Book,
  key: RuleKey,
  changed: readonly Moved[],
): Promise<{ items: Reckoned[]; sums: NewSums | null }> {
  const { ruleKey } = key;
  const usage = await book.usage(key);
  const counting = changed.filter(({ terms, item }) => item.ruleKey === ruleKey && isCounting(terms));
  if (usage.length === 0 && counting.length === 0)
    return {
      items: changed
        .filter(({ item }) => item.ruleKey === ruleKey)
        .map((each) => ({ item: each.item, owed: owedAlone(each) })),
      sums: null,
    };
  const periods = new Set([
    ...usage.map(({ period }) => period),
    ...counting.flatMap(({ terms }) => periodsOf(terms)),
  ]);
  const [first] = changed;
  if (changed.length === 1 && first?.isNew) {
    const added = await append(book, key, first, usage, [...periods]);
    if (added) return added;
  }
  let period = longest(periods) as RulePeriod;
  for (;;) {
    const span = spanOf(
      period,
      changed.map(({ item }) => item.day),
    );
    const ids = new Set(changed.map(({ item }) => item.id));
    const others = (await book.itemsOf(key, span)).filter(({ id }) => !ids.has(id)).map(placedAsSettled);
    const all = [...others, ...changed.filter(({ item }) => item.ruleKey === ruleKey)];
    const needed = longest([period, ...all.flatMap(({ terms }) => periodsOf(terms))]) as RulePeriod;
    if (needed !== period) {
      period = needed;
      continue;
    }
    const { owed, items } = RuleItems.owed(all);
    return {
      items: all.flatMap(({ item }) => {
        const now = owed.get(item.id) as Owed;
        return ids.has(item.id) || now.amount !== item.owed ? [{ item, owed: now }] : [];
      }),
      sums: { kind: 'WHOLE', key, span, items },
    };
  }
}

export interface Usage {
  readonly period: RulePeriod;
  readonly start: string;
  readonly ruleId: string;
  readonly base: string;
  readonly owed: string;
  readonly mode: BandMode | null;
  readonly bands: readonly { readonly from: string | number | bigint; readonly rateBps: number }[] | null;
}

/** Computes a new item from the sums alone. Null when it is not the last of its period, or when it changes earlier ones. */
async function append(
  book: Book,
  key: RuleKey,
  { item: told, ...placed }: Moved,
  usage: readonly Usage[],
  periods: readonly RulePeriod[],
): Promise<{ items: Reckoned[]; sums: NewSums } | null> {
  const { day } = told;
  const later = await book.laterThan(told.at, key, spanOf(longest(periods) as RulePeriod, [day]));
  if (later && !told.isNow) return null;
  const item = later ? { ...told, at: later } : told;
  const sums = new Map<RulePeriod, Sums>();
  for (const period of periods) {
    const span = spanOf(period, [day]);
    const rows = usage.filter((each) => each.period === period && each.start === span.from);
    if (rows.length === 0 && (await book.hasItems(key, span))) return null;
    sums.set(period, sumsOf(period, rows));
  }
  const left = isLeft(item) && placed.limited === null ? item.base - item.refunded : 0n;
  for (const each of sums.values()) if (crosses(each, each.base, each.base + left)) return null;
  const { cap } = placed.terms;
  const scope = cap?.per === 'CUSTOMER' && item.customerId === null ? 'SALE' : cap?.per;
  const used =
    cap && scope && scope !== 'PARTNER'
      ? await book.usedBy(scope, item, key, spanOf(cap.period, [day]))
      : null;
  const appended = { ...placed, item };
  const owed = owedFor(appended, {
    sums: (period) => sums.get(period) ?? noSums(),
    total: (period) => (sums.get(period)?.base ?? 0n) + left,
    used: ({ period }) => used ?? sums.get(period)?.owed ?? 0n,
  });
  return { items: [{ item, owed }], sums: { kind: 'ADDED', key, placed: appended, owed, periods } };
}

function sumsOf(period: RulePeriod, rows: readonly Usage[]): Sums {
  const sums = noSums();
  for (const { ruleId, base, owed, mode, bands } of rows) {
    const tiered: Terms['tiered'] = mode && bands ? { mode, period, bands: bands.map(bandOf) } : null;
    sums.base += BigInt(base);
    sums.owed += BigInt(owed);
    sums.versions.set(ruleId, { base: BigInt(base), owed: BigInt(owed), tiered });
  }
  return sums;
}

const bandOf = ({ from, rateBps }: { from: string | number | bigint; rateBps: number }): Band => ({
  from: BigInt(from),
  rateBps,
});

interface PurchaseRow extends Omit<KnownPurchase, 'at' | 'seq' | 'base' | 'refunded'> {
  readonly at: string | Date;
  readonly seq: string;
  readonly sold: string;
  readonly refunded: string;
}

/** The items of the database. */
function storedBook(run: Run, lock: boolean): Book {
  // A day begins up to 14 hours before and ends up to 12 hours after the same day in UTC.
  const under = ({ partnerId, ruleKey, currency }: RuleKey, { from, until }: Span) => sql`
    i.partner_id = ${partnerId}::uuid and i.rule_key = ${ruleKey}::uuid and i.owed_currency = ${currency}
      and i.day between ${from}::date and ${until}::date
      and i.occurred_at between ((${from}::date - 1)::timestamp at time zone 'UTC') and ((${until}::date + 2)::timestamp at time zone 'UTC')`;
  return {
    async purchases(customerId) {
      if (lock)
        await run(
          sql`select /* customers.lock */ 1 from customers where id in (select family_of(${customerId}::uuid)) order by id for no key update`,
        );
      const rows = await run(sql<PurchaseRow>`
        select id, partner_id as "partnerId", purchase as "order", occurred_at as at, seq::text as seq, sold_minor::text as sold,
          refunded_minor::text as refunded, is_out as "out", is_windowed as windowed from purchases_of(${customerId}::uuid)`);
      return rows.map(({ at, seq, sold, refunded, ...row }) => ({
        ...row,
        ...{ at: new Date(at), seq: BigInt(seq), base: BigInt(sold), refunded: BigInt(refunded) },
      }));
    },
    items: (ids) => itemsWhere(run, sql`i.id = any(${ids}::uuid[])`),
    async usage({ partnerId, ruleKey, currency }) {
      const name = JSON.stringify(['rule', partnerId, ruleKey, currency]);
      const [, rows] = await Promise.all([
        lock ? run(sql`select /* rules.lock */ pg_advisory_xact_lock(hashtextextended(${name}, 0))`) : null,
        run(sql<Usage>`
          select /* rule_usage.read */ u.period, u.period_start::text as start, u.rule_id as "ruleId", u.base_minor::text as base,
            u.owed_minor::text as owed, r.band_mode as mode, r.band_rows as bands
          from rule_usage u left join commission_rules r on r.id = u.rule_id
          where u.partner_id = ${partnerId}::uuid and u.rule_key = ${ruleKey}::uuid and u.currency = ${currency}`),
      ]);
      return rows;
    },
    itemsOf: (key, span) => itemsWhere(run, under(key, span)),
    hasItems: async (key, span) =>
      (await run(sql`select 1 from sale_items i where ${under(key, span)} limit 1`)).length > 0,
    async laterThan(at, key, span) {
      const [later] = await run(sql<{ at: string | Date }>`
        select /* sale_items.later */ i.occurred_at as at from sale_items i where ${under(key, span)} and i.occurred_at > ${at}::timestamptz
        order by i.occurred_at desc limit 1`);
      return later ? new Date(later.at) : null;
    },
    async usedBy(scope, item, key, span) {
      if (scope === 'SALE' && item.orderId === null) return 0n; // a sale without an order is one item for each partner
      const [used] = await run(sql<{ owed: string }>`
        select coalesce(sum(i.owed_minor), 0)::text as owed from sale_items i
        where ${under(key, span)} and ${
          scope === 'SALE'
            ? sql`i.tenant_id = ${item.tenantId} and i.order_id = ${item.orderId}`
            : sql`i.customer_id = ${item.customerId}::uuid`
        }`);
      return BigInt(used?.owed ?? 0);
    },
  };
}

/** Returns the sums to store: added to the known ones, or in place of all sums of a span. */
export const sumsToStore = (each: NewSums) =>
  each.kind === 'WHOLE'
    ? [...each.items.sums()].flatMap(({ period, start, versions }) =>
        [...versions].map(([ruleId, { base, owed }]) => ({ period, start, ruleId, base, owed })),
      )
    : each.periods.map((period) => {
        const { item, terms } = each.placed;
        const sums = noSums();
        addTo(sums, each.placed, each.owed);
        const { base, owed } = sums;
        return { period, start: periodStart(period, item.day), ruleId: terms.rule?.id ?? '', base, owed };
      });

/** Stores the sums of a reckoning. */
export async function storeSums(run: Run, { sums }: Reckoning): Promise<void> {
  for (const each of sums) {
    const { tenantId, partnerId, ruleKey, currency } = each.key;
    if (each.kind === 'WHOLE')
      await run(sql`
        delete from rule_usage where partner_id = ${partnerId}::uuid and rule_key = ${ruleKey}::uuid and currency = ${currency}
          and period_start between ${each.span.from}::date and ${each.span.until}::date`);
    const values = sumsToStore(each).map(({ period, start, ruleId, base, owed }) => ({
      ...{
        tenant_id: tenantId,
        partner_id: partnerId,
        rule_key: ruleKey,
        currency,
        period,
        period_start: start,
      },
      ...{ rule_id: ruleId, base_minor: `${base}`, owed_minor: `${owed}` },
    }));
    if (values.length)
      await run(sql`
        insert into rule_usage select * from jsonb_populate_recordset(null::rule_usage, ${JSON.stringify(values)}::jsonb)
        on conflict (partner_id, rule_key, currency, period, period_start, rule_id, tenant_id) do update
          set base_minor = rule_usage.base_minor + excluded.base_minor, owed_minor = rule_usage.owed_minor + excluded.owed_minor`);
  }
}
