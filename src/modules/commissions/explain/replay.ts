import {
  groupName,
  isWindowed,
  noPurchaseBefore,
  type Owed,
  owedAlone,
  type Placed,
  type Purchase,
  periodStart,
  periodsOf,
  place,
  RuleItems,
  standingOf,
} from '../../../domain/owed.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Run } from '../../../kernel/data/transact.ts';
import { asPurchase, type StoredItem } from '../commission/public.ts';

/** An item as it should be stored. */
interface ReplayedItem {
  readonly item: StoredItem;
  readonly placed: Placed;
  readonly ruleKey: string | null;
  readonly owed: Owed;
}

/** A sum of a rule and a period, as it is stored and as the items give it. */
interface ReplayedSum {
  readonly partnerId: string;
  readonly ruleKey: string;
  /** For example `MONTH from 2026-01-01`. */
  readonly period: string;
  readonly what: 'base' | 'owed';
  readonly currency: string;
  readonly stored: bigint;
  readonly recomputed: bigint;
}

export interface Replay {
  readonly items: readonly ReplayedItem[];
  readonly sums: readonly ReplayedSum[];
}

/** Computes items again, from their facts and stored terms alone. They must be all items of their rules, at least of the
 *  periods that they are in; other items are independent of each other. */
export async function replay(run: Run, items: readonly StoredItem[]): Promise<Replay> {
  const purchases = await purchasesOf(run, items);
  const placed = items.map((item) => {
    const own = isWindowed(item) && item.customerId !== null ? purchases.get(item.customerId) : undefined;
    const by = place(item, own ? standingOf(asPurchase(item), own) : noPurchaseBefore);
    return { by, item, ruleKey: item.refused === null ? (by.terms.rule?.key ?? null) : null };
  });
  const replayed: ReplayedItem[] = [];
  const rules: {
    readonly of: (typeof placed)[number];
    readonly group: readonly Placed[];
    readonly items: RuleItems;
  }[] = [];
  for (const group of Map.groupBy(
    placed,
    ({ item, ruleKey }) => ruleKey && groupName(item, ruleKey),
  ).values()) {
    const [of] = group as [(typeof placed)[number]];
    const made = of.ruleKey === null ? null : RuleItems.owed(group.map(({ by }) => by));
    if (made) rules.push({ of, group: group.map(({ by }) => by), items: made.items });
    for (const { by, item, ruleKey } of group)
      replayed.push({ item, placed: by, ruleKey, owed: made?.owed.get(item.id) ?? owedAlone(by) });
  }
  return { items: replayed, sums: await sumsOf(run, rules) };
}

interface PurchaseRow extends Omit<Purchase, 'at' | 'seq' | 'base' | 'refunded'> {
  readonly customerId: string;
  readonly at: string | Date;
  readonly seq: string;
  readonly sold: string;
  readonly refunded: string;
}

/** Returns the purchases of the customers whose items depend on each other, by customer. */
async function purchasesOf(run: Run, items: readonly StoredItem[]): Promise<Map<string, Purchase[]>> {
  const customers = [
    ...new Set(items.flatMap((item) => (isWindowed(item) && item.customerId ? [item.customerId] : []))),
  ];
  if (customers.length === 0) return new Map();
  const rows = await run(sql<PurchaseRow>`
    select /* purchases.replayed */ c.id as "customerId", p.id, p.partner_id as "partnerId", p.purchase as "order", p.occurred_at as at,
      p.seq::text as seq, p.sold_minor::text as sold, p.refunded_minor::text as refunded, p.is_out as "out"
    from unnest(${customers}::uuid[]) c (id) cross join lateral purchases_of(c.id) p`);
  const found = rows.map(({ at, seq, sold, refunded, ...row }) => ({
    ...row,
    ...{ at: new Date(at), seq: BigInt(seq), base: BigInt(sold), refunded: BigInt(refunded) },
  }));
  return Map.groupBy(found, ({ customerId }) => customerId);
}

interface UsageRow {
  readonly partnerId: string;
  readonly ruleKey: string;
  readonly currency: string;
  readonly period: string;
  readonly start: string;
  readonly ruleId: string;
  readonly base: string;
  readonly owed: string;
}

/** Compares the stored sums of rules with those of their items. A period that no terms use may have no sums. */
async function sumsOf(
  run: Run,
  rules: readonly {
    readonly of: { readonly item: StoredItem; readonly ruleKey: string | null };
    readonly group: readonly Placed[];
    readonly items: RuleItems;
  }[],
): Promise<ReplayedSum[]> {
  if (rules.length === 0) return [];
  const rows = await run(sql<UsageRow>`
    select /* rule_usage.replayed */ partner_id as "partnerId", rule_key as "ruleKey", currency, period, period_start::text as start, rule_id as "ruleId",
      base_minor::text as base, owed_minor::text as owed
    from rule_usage where (partner_id, rule_key) in (
      select * from unnest(${rules.map(({ of }) => of.item.partnerId)}::uuid[], ${rules.map(({ of }) => of.ruleKey)}::uuid[]))`);
  const stored = Map.groupBy(rows, (row) => groupName(row, row.ruleKey));
  const found: ReplayedSum[] = [];
  for (const { of, group, items } of rules) {
    const { partnerId, currency } = of.item;
    const ruleKey = of.ruleKey ?? '';
    const used = new Set(
      group.flatMap(({ item, terms }) =>
        periodsOf(terms).map((period) => `${period} from ${periodStart(period, item.day)}`),
      ),
    );
    const kept = Map.groupBy(
      stored.get(groupName(of.item, ruleKey)) ?? [],
      ({ period, start }) => `${period} from ${start}`,
    );
    for (const { period: name, start, versions } of items.sums()) {
      const period = `${name} from ${start}`;
      const own = kept.get(period);
      if (!own && !used.has(period)) continue;
      for (const ruleId of new Set([...versions.keys(), ...(own ?? []).map((row) => row.ruleId)])) {
        const row = own?.find((each) => each.ruleId === ruleId);
        const sum = versions.get(ruleId);
        for (const what of ['base', 'owed'] as const)
          found.push({
            ...{ partnerId, ruleKey, period, what, currency },
            ...{ stored: BigInt(row?.[what] ?? 0), recomputed: sum?.[what] ?? 0n },
          });
      }
    }
  }
  return found;
}
