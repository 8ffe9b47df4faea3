import type { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { readRows, scopeOf, selectColumns } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { type Commission, commissionTable } from '../commission/public.ts';
import { explanationOf } from './explain-commission.ts';

export interface ExplainedLine {
  readonly id: string;
  readonly type: Commission['type'];
  readonly occurredAt: Date;
  readonly orderId: string | null;
  /** Explanation in one sentence. */
  readonly sentence: string;
  readonly amount: MoneyColumn;
}

/** The columns that an explanation needs, as in the field `explanation` of a commission. */
const NAMES = [
  ...new Set([
    'id',
    'type',
    'occurredAt',
    'orderId',
    'amount',
    ...(commissionTable.needs?.['explanation'] ?? []),
  ]),
];

/** Returns the commissions of a payout, also after their release from it, oldest first. */
export async function linesPaidBy(ctx: Context, payoutId: string, most: number): Promise<ExplainedLine[]> {
  const selection = selectColumns(commissionTable, NAMES);
  const lines = await readRows(
    ctx,
    selection,
    sql`select /* payouts.lines */ ${selection.list} from payout_items i join commissions c on c.id = i.commission_id
      where i.payout_id = ${payoutId} and ${scopeOf(ctx.actor, commissionTable)} order by c.occurred_at, c.id limit ${sql.raw(most)}`,
  );
  return lines.map((line) => {
    const { id, type, occurredAt, orderId, amount } = line;
    return { id, type, occurredAt, orderId: orderId ?? null, amount, sentence: explanationOf(line).sentence };
  });
}
