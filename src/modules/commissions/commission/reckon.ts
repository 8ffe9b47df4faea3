import type { Band, BandMode } from '../../../domain/bands.ts';
import {
  addTo,
  crosses,
  isCounting,
  isLeft,
  noPurchaseBefore,
  noSums,
  type Owed,
  owedFor,
  type Placed,
  type Purchase,
  periodStart,
  periodsOf,
  place,
  RuleItems,
  type Sums,
  standingOf,
  type Terms,
} from '../../../domain/owed.ts';
import type { RulePeriod } from '../../../domain/plan.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Run } from '../../../kernel/data/transact.ts';
import { isWindowed, itemsWhere, type StoredItem } from './sale-item.ts';

/** An item whose amount was computed again. */
export interface Reckoned {
  readonly item: StoredItem;
  readonly owed: Owed;
}

/** What is owed after a change. Nothing is written yet. */
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
}

interface Span {
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
export async function reckon(
  run: Run,
  changed: readonly StoredItem[],
  { lock = true, hasDependents = true }: Options = {},
): Promise<Reckoning> {
  const moved = await placed(run, changed, lock, hasDependents);
  const items = new Map<string, Reckoned>();
  const groups = new Map<string, { key: RuleKey; items: Moved[] }>();
  for (const each of moved.values()) {
    const { item, before } = each;
    if (item.ruleKey === null) items.set(item.id, { item, owed: alone(each) });
    for (const ruleKey of new Set([item.ruleKey, before])) {
      if (ruleKey === null) continue;
      const { tenantId, partnerId } = item;
      const name = `${partnerId} ${ruleKey}`;
      const group = groups.get(name) ?? { key: { tenantId, partnerId, ruleKey }, items: [] };
      groups.set(name, group);
      group.items.push(each);
    }
  }
  const sums: NewSums[] = [];
  for (const [, { key, items: own }] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const made = await reckonRule(run, key, own, lock);
    for (const each of made.items) items.set(each.item.id, each);
    if (made.sums) sums.push(made.sums);
  }
  return { items, sums };
}

interface Moved extends Placed {
  readonly item: StoredItem;
  /** The rule that counted the item before. */
  readonly before: string | null;
  readonly isNew: boolean;
}

const alone = (each: Placed): Owed => owedFor(each, { sums: noSums, total: () => 0n, used: () => 0n });

/** Places the changed items, and the other items of their customers, among the purchases that are left. */
async function placed(
  run: Run,
  changed: readonly StoredItem[],
  lock: boolean,
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
    const { purchases, windowed } = await purchasesOf(run, customerId, own, lock);
    if (windowed.length === 0) continue;
    const latest = purchases.reduce((last, { at }) => (at > last ? at : last), new Date(0));
    const others = windowed.filter(({ id }) => !own.some((item) => item.id === id)).map(({ id }) => id);
    const stored = others.length ? await itemsWhere(run, sql`i.id = any(${others}::uuid[])`) : [];
    for (const given of [...own.filter(isWindowed), ...stored]) {
      const isChanged = own.includes(given);
      const item = given.isNow && latest > given.at ? { ...given, at: latest } : given;
      const by = place(item, standingOf(asPurchase(item), purchases));
      if (isChanged || by.limited !== item.limited || (by.terms === item.returning) !== item.isReturning)
        done(item, by, isChanged && item.seq === UNRECORDED);
    }
  }
  return moved;
}

/** The order of recording of an item that is not stored yet: after all others. */
export const UNRECORDED = 2n ** 63n - 1n;

const asPurchase = (item: StoredItem): Purchase => ({
  ...{ id: item.id, order: item.order, partnerId: item.partnerId, at: item.at, seq: item.seq },
  ...{ base: item.sold, refunded: item.soldRefunded, out: item.out },
});

interface PurchaseRow {
  readonly id: string;
  readonly partnerId: string;
  readonly order: string;
  readonly at: string | Date;
  readonly seq: string;
  readonly sold: string;
  readonly refunded: string;
  readonly out: boolean;
  readonly windowed: boolean;
}

/** Returns the purchases of a customer with the changed ones, and which of them depend on the others. Empty when none does. */
async function purchasesOf(
  run: Run,
  customerId: string,
  changed: readonly StoredItem[],
  lock: boolean,
): Promise<{ purchases: Purchase[]; windowed: { id: string }[] }> {
  if (lock)
    await run(
      sql`select /* customers.lock */ 1 from customers where id in (select family_of(${customerId}::uuid)) order by id for no key update`,
    );
  const rows = await run(sql<PurchaseRow>`
    select id, partner_id as "partnerId", purchase as "order", occurred_at as at, seq::text as seq, sold_minor::text as sold,
      refunded_minor::text as refunded, is_out as "out", is_windowed as windowed from purchases_of(${customerId}::uuid)`);
  const known = rows.filter(({ id }) => !changed.some((item) => item.id === id));
  const purchases = known.map(
    ({ at, seq, sold, refunded, ...row }): Purchase => ({
      ...row,
      ...{ at: new Date(at), seq: BigInt(seq), base: BigInt(sold), refunded: BigInt(refunded) },
    }),
  );
  return {
    purchases: [...purchases, ...changed.filter(({ isPurchase }) => isPurchase).map(asPurchase)],
    windowed: [...known.filter(({ windowed }) => windowed), ...changed.filter(isWindowed)],
  };
}

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
  run: Run,
  key: RuleKey,
  changed: readonly Moved[],
  lock: boolean,
): Promise<{ items: Reckoned[]; sums: NewSums | null }> {
  const { partnerId, ruleKey } = key;
  const name = JSON.stringify(['rule', partnerId, ruleKey]);
  const [, usage] = await Promise.all([
    lock ? run(sql`select /* rules.lock */ pg_advisory_xact_lock(hashtextextended(${name}, 0))`) : null,
    usageOf(run, key),
  ]);
  const counting = changed.filter(({ terms, item }) => item.ruleKey === ruleKey && isCounting(terms));
  if (usage.length === 0 && counting.length === 0)
    return {
      items: changed
        .filter(({ item }) => item.ruleKey === ruleKey)
        .map((each) => ({ item: each.item, owed: alone(each) })),
      sums: null,
    };
  const periods = new Set([
    ...usage.map(({ period }) => period),
    ...counting.flatMap(({ terms }) => periodsOf(terms)),
  ]);
  const [first] = changed;
  if (changed.length === 1 && first?.isNew) {
    const added = await append(run, key, first, usage, [...periods]);
    if (added) return added;
  }
  let period = longest(periods) as RulePeriod;
  for (;;) {
    const span = spanOf(
      period,
      changed.map(({ item }) => item.day),
    );
    const ids = new Set(changed.map(({ item }) => item.id));
    const stored = await itemsWhere(
      run,
      sql`i.partner_id = ${partnerId}::uuid and i.rule_key = ${ruleKey}::uuid and i.day between ${span.from}::date and ${span.until}::date`,
    );
    const others = stored.filter(({ id }) => !ids.has(id)).map(asStored);
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

const asStored = (item: StoredItem) => ({
  item,
  terms: item.isReturning && item.returning ? item.returning : item.terms,
  limited: item.limited,
});

interface Usage {
  readonly period: RulePeriod;
  readonly start: string;
  readonly ruleId: string;
  readonly base: string;
  readonly owed: string;
  readonly mode: BandMode | null;
  readonly bands: { readonly from: string | number; readonly rateBps: number }[] | null;
}

/** Returns the sums of a rule in all periods that its versions use. */
const usageOf = (run: Run, { partnerId, ruleKey }: RuleKey): Promise<Usage[]> =>
  run(sql<Usage>`
    select /* rule_usage.read */ u.period, u.period_start::text as start, u.rule_id as "ruleId", u.base_minor::text as base, u.owed_minor::text as owed,
      r.band_mode as mode, r.band_rows as bands
    from rule_usage u left join commission_rules r on r.id = u.rule_id
    where u.partner_id = ${partnerId}::uuid and u.rule_key = ${ruleKey}::uuid`);

/** Computes a new item from the sums alone. Null when it is not the last of its period, or when it changes earlier ones. */
async function append(
  run: Run,
  key: RuleKey,
  placed: Moved,
  usage: readonly Usage[],
  periods: readonly RulePeriod[],
): Promise<{ items: Reckoned[]; sums: NewSums } | null> {
  const { item } = placed;
  const { partnerId, ruleKey } = key;
  const span = spanOf(longest(periods) as RulePeriod, [item.day]);
  const [last] = await run(sql<{ at: string | Date; day: string }>`
    select /* sale_items.last */ occurred_at as at, day::text as day from sale_items i
    where i.partner_id = ${partnerId}::uuid and i.rule_key = ${ruleKey}::uuid and i.day between ${item.day}::date - 1 and ${span.until}::date
    order by i.day desc, i.occurred_at desc limit 1`);
  const latest = last && new Date(last.at);
  if (last && latest && (latest > item.at || last.day > item.day)) {
    if (!item.isNow || last.day !== item.day) return null;
    return append(run, key, { ...placed, item: { ...item, at: latest } }, usage, periods);
  }
  const sums = new Map<RulePeriod, Sums>();
  for (const period of periods) {
    const start = periodStart(period, item.day);
    const rows = usage.filter((each) => each.period === period && each.start === start);
    if (rows.length === 0) {
      const [any] = await run(
        sql`select 1 from sale_items i where i.partner_id = ${partnerId}::uuid and i.rule_key = ${ruleKey}::uuid
          and i.day between ${start}::date and ${periodEnd(period, item.day)}::date limit 1`,
      );
      if (any) return null;
    }
    sums.set(period, sumsOf(period, rows));
  }
  const left = isLeft(item) && placed.limited === null ? item.base - item.refunded : 0n;
  for (const each of sums.values()) if (crosses(each, each.base, each.base + left)) return null;
  const { cap } = placed.terms;
  const scoped = cap && (cap.per === 'SALE' || (cap.per === 'CUSTOMER' && item.customerId !== null));
  const [used] = scoped
    ? await run(sql<{ owed: string }>`
        select coalesce(sum(i.owed_minor), 0)::text as owed from sale_items i
        where i.partner_id = ${partnerId}::uuid and i.rule_key = ${ruleKey}::uuid
          and i.day between ${periodStart(cap.period, item.day)}::date and ${periodEnd(cap.period, item.day)}::date
          and ${cap.per === 'SALE' ? sql`i.purchase = ${item.order}` : sql`i.customer_id = ${item.customerId}::uuid`}`)
    : [];
  const owed = owedFor(placed, {
    sums: (period) => sums.get(period) ?? noSums(),
    total: (period) => (sums.get(period)?.base ?? 0n) + left,
    used: ({ period }) => (used ? BigInt(used.owed) : (sums.get(period)?.owed ?? 0n)),
  });
  return { items: [{ item, owed }], sums: { kind: 'ADDED', key, placed, owed, periods } };
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

const bandOf = ({ from, rateBps }: { from: string | number; rateBps: number }): Band => ({
  from: BigInt(from),
  rateBps,
});

/** Stores the sums of a reckoning. */
export async function storeSums(run: Run, { sums }: Reckoning): Promise<void> {
  for (const each of sums) {
    const { tenantId, partnerId, ruleKey } = each.key;
    const rows =
      each.kind === 'WHOLE'
        ? [...each.items.sums()].flatMap(({ period, start, versions }) =>
            [...versions].map(([ruleId, { base, owed }]) => ({ period, start, ruleId, base, owed })),
          )
        : each.periods.map((period) => {
            const { item, terms } = each.placed;
            const sums = noSums();
            addTo(sums, each.placed, each.owed);
            return {
              ...{ period, start: periodStart(period, item.day), ruleId: terms.rule?.id ?? '' },
              ...{ base: sums.base, owed: sums.owed },
            };
          });
    if (each.kind === 'WHOLE')
      await run(sql`
        delete from rule_usage where partner_id = ${partnerId}::uuid and rule_key = ${ruleKey}::uuid
          and period_start between ${each.span.from}::date and ${each.span.until}::date`);
    const values = rows.map(({ period, start, ruleId, base, owed }) => ({
      ...{ tenant_id: tenantId, partner_id: partnerId, rule_key: ruleKey, period, period_start: start },
      ...{ rule_id: ruleId, base_minor: `${base}`, owed_minor: `${owed}` },
    }));
    if (values.length)
      await run(sql`
        insert into rule_usage select * from jsonb_populate_recordset(null::rule_usage, ${JSON.stringify(values)}::jsonb)
        on conflict (partner_id, rule_key, period, period_start, rule_id, tenant_id) do update
          set base_minor = rule_usage.base_minor + excluded.base_minor, owed_minor = rule_usage.owed_minor + excluded.owed_minor`);
  }
}
