import { money } from '../../../domain/money.ts';
import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Run } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { amountText } from '../../../kernel/request/currency.ts';
import { itemsWhere, type StoredItem } from '../commission/public.ts';
import { replay } from './replay.ts';

const CHUNK = 5_000;
const FIRST = '00000000-0000-0000-0000-000000000000';

/** Reports that `done` rows of `all` are checked. */
export type Progress = (done: number, all: number) => void;

interface Rule {
  readonly partnerId: string;
  readonly ruleKey: string;
  readonly items: number;
}

/** Computes every sale of the database again: where it stands among its customer's purchases, what it is owed, and the sums
 *  of its rule and period. Reads in bounded batches; the items of one rule of one partner are read together. Yields one
 *  sentence per difference. */
export async function* faultySales(
  ctx: Pick<Context, 'pool' | 'actor'>,
  progress: Progress = () => {},
): AsyncGenerator<string> {
  const run: Run = (statement) => query(ctx, statement);
  const [{ all } = { all: 0 }] = await run(sql<{ all: number }>`select count(*)::int as all from sale_items`);
  const rules = await run(sql<Rule>`
    select /* sale_items.rules */ partner_id as "partnerId", rule_key as "ruleKey", count(*)::int as items from sale_items
    where rule_key is not null group by partner_id, rule_key having bool_or(is_counting)`);
  let done = 0;
  for (const batch of batchesOf(rules)) {
    yield* await faultsOf(run, () =>
      itemsWhere(
        run,
        sql`(i.partner_id, i.rule_key) in (
          select * from unnest(${batch.map((rule) => rule.partnerId)}::uuid[], ${batch.map((rule) => rule.ruleKey)}::uuid[]))`,
      ),
    );
    done += batch.reduce((sum, { items }) => sum + items, 0);
    progress(done, all);
  }
  const counting = new Set(rules.map(({ partnerId, ruleKey }) => `${partnerId} ${ruleKey}`));
  for (let last = FIRST; ; ) {
    const [page] = await run(sql<{ end: string | null }>`
      select max(id::text) as end from (
        select id from sale_items where id > ${last}::uuid and not is_counting order by id limit ${sql.raw(CHUNK)}) p`);
    const end = page?.end;
    if (!end) return;
    let read = 0;
    const after = last;
    yield* await faultsOf(run, async () => {
      const items = await itemsWhere(
        run,
        sql`i.id > ${after}::uuid and i.id <= ${end}::uuid and not i.is_counting`,
      );
      const alone = items.filter(({ partnerId, ruleKey }) => !counting.has(`${partnerId} ${ruleKey}`));
      read = alone.length;
      return alone;
    });
    last = end;
    done += read;
    progress(done, all);
  }
}

function* batchesOf(rules: readonly Rule[]): Generator<Rule[]> {
  let batch: Rule[] = [];
  let size = 0;
  for (const rule of rules) {
    if (batch.length > 0 && size + rule.items > CHUNK) {
      yield batch;
      [batch, size] = [[], 0];
    }
    batch.push(rule);
    size += rule.items;
  }
  if (batch.length > 0) yield batch;
}

/** The queries of one batch see a database in use at different moments, so a difference counts when it is found twice. */
async function faultsOf(run: Run, read: () => Promise<StoredItem[]>): Promise<string[]> {
  const faults = await differencesIn(run, await read());
  if (faults.length === 0) return faults;
  const again = new Set(await differencesIn(run, await read()));
  return faults.filter((fault) => again.has(fault));
}

async function differencesIn(run: Run, stored: readonly StoredItem[]): Promise<string[]> {
  const { items, sums } = await replay(run, stored);
  const found: string[] = [];
  for (const { item, placed, ruleKey, owed } of items) {
    const name = `commission ${item.id}${item.orderId === null ? '' : ` of order ${item.orderId}`}`;
    const text = (minor: bigint) => `${amountText(money(minor, item.currency))} ${item.currency}`;
    const due = item.refused === null ? owed.amount : 0n;
    if (due !== item.owed)
      found.push(
        `${name}: the sale earns ${text(item.owed)}, but the sales that are left and their terms give ${text(due)}${capOf(owed, text)}`,
      );
    if (placed.limited !== item.limited)
      found.push(
        `${name}: by the customer's purchases its limit is ${placed.limited ?? 'not reached'}, but ${item.limited ?? 'no limit'} is stored`,
      );
    if ((placed.terms === item.returning) !== item.isReturning)
      found.push(
        `${name}: the terms for a ${item.isReturning ? 'returning' : 'new'} customer are applied, but the customer is ${item.isReturning ? 'new' : 'returning'}`,
      );
    if (ruleKey !== item.ruleKey)
      found.push(
        `${name}: it counts for rule ${item.ruleKey ?? 'none'}, but its terms are of rule ${ruleKey ?? 'none'}`,
      );
  }
  for (const { partnerId, ruleKey, period, what, currency, stored: sum, recomputed } of sums)
    if (sum !== recomputed)
      found.push(
        `partner ${partnerId}, rule ${ruleKey}, ${period}: the ${what} is ${amountText(money(sum, currency))}, but its sales sum to ${amountText(money(recomputed, currency))} ${currency}`,
      );
  return found;
}

const capOf = (
  { terms: { cap }, used }: { terms: { cap: { limit: bigint } | null }; used: bigint | null },
  text: (minor: bigint) => string,
): string =>
  cap && used !== null ? ` with a cap of ${text(cap.limit)}, of which ${text(used)} was used before` : '';
