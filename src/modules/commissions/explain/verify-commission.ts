import type { EntityManager } from '@mikro-orm/postgresql';
import { notFound } from '../../../domain/errors.ts';
import { periodsOf, placedAsSettled } from '../../../domain/owed.ts';
import type { RulePeriod } from '../../../domain/plan.ts';
import { requireSeen } from '../../../kernel/data/authorize.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { type Run, transact, within } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf } from '../../../kernel/request/input.ts';
import {
  Commission,
  commissionTable,
  itemsWhere,
  longest,
  type StoredItem,
  soldFor,
  spanOf,
} from '../commission/public.ts';
import { replay } from './replay.ts';
import { type Difference, differencesOf } from './verify-lines.ts';

export interface Verification {
  readonly currency: string;
  readonly differences: readonly Difference[];
}

/** Recomputes a commission from the stored data alone, and with it what its sale earns and the sums of its rule and period.
 *  Returns the differences. */
export async function verifyCommission(ctx: Context, id: string): Promise<Verification> {
  await requireSeen(ctx, commissionTable, id);
  return transact(ctx, async (em) => {
    const line = await em.findOne(Commission, idOf(id));
    if (!line) throw notFound('commission');
    const differences = line.carriedBy
      ? await carriedDiffers(em, line, line.carriedBy)
      : [
          ...differencesOf(line),
          ...(await partDiffers(em, line)),
          ...(await saleDiffers(within(em), line.itemId ?? line.id)),
        ];
    return { currency: line.amount.currency, differences };
  });
}

/** Compares the sale of a commission with the partner's stored share of the conversion. */
async function partDiffers(em: EntityManager, line: Commission): Promise<Difference[]> {
  if (line.itemId || !line.conversionId) return [];
  const [kept] = await sql<{ share: string }>`
    select share_minor::text as share from attribution_shares where conversion_id = ${line.conversionId}::uuid
  `.execute(em);
  const stored = soldFor(line).minor;
  return !kept || BigInt(kept.share) === stored
    ? []
    : [{ what: 'share', stored, recomputed: BigInt(kept.share) }];
}

/** Compares the two adjustments of a payout remainder: the amount taken out of the payout and the amount left on the
 *  balance. */
async function carriedDiffers(em: EntityManager, line: Commission, payoutId: string): Promise<Difference[]> {
  const lines = await em.find(Commission, { carriedBy: payoutId, id: { $ne: line.id } });
  const recomputed = -lines.reduce((sum, { amount }) => sum + amount.minor, 0n);
  const stored = line.amount.minor;
  return stored === recomputed ? [] : [{ what: 'amount', stored, recomputed }];
}

/** Compares the commissions of a sale, what the sale is owed, and the sums of its rule with a replay of the sales that are
 *  left. */
async function saleDiffers(run: Run, itemId: string): Promise<Difference[]> {
  const [item] = await itemsWhere(run, sql`i.id = ${itemId}::uuid`);
  if (!item) return [];
  const [lines] = await run(sql<{ sum: string }>`
    select coalesce(sum(amount_minor), 0)::text as sum from commissions
    where (id = ${itemId}::uuid or item_id = ${itemId}::uuid) and status not in ('REJECTED', 'REVERSED')`);
  const { items, sums } = await replay(run, await withRule(run, item));
  const due = item.refused === null ? (items.find((each) => each.item.id === itemId)?.owed.amount ?? 0n) : 0n;
  return [
    { what: 'sale', stored: BigInt(lines?.sum ?? 0), recomputed: due },
    { what: 'owed', stored: item.owed, recomputed: due },
    ...sums.map(({ what, period, stored, recomputed }) => ({
      what: `${what} of ${period}`,
      stored,
      recomputed,
    })),
  ].filter(({ stored, recomputed }) => stored !== recomputed);
}

/** Returns an item with the others of its rule in the longest of the rule's periods. */
async function withRule(run: Run, item: StoredItem): Promise<readonly StoredItem[]> {
  const { partnerId, ruleKey, day } = item;
  if (ruleKey === null) return [item];
  const usage = await run(sql<{ period: RulePeriod }>`
    select distinct period from rule_usage where partner_id = ${partnerId}::uuid and rule_key = ${ruleKey}::uuid`);
  const period = longest([...usage.map((each) => each.period), ...periodsOf(placedAsSettled(item).terms)]);
  if (period === null) return [item];
  const { from, until } = spanOf(period, [day]);
  return itemsWhere(
    run,
    sql`i.partner_id = ${partnerId}::uuid and i.rule_key = ${ruleKey}::uuid and i.day between ${from}::date and ${until}::date`,
  );
}
