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
  /** How it came to its amount, in one sentence. */
  readonly sentence: string;
  readonly amount: MoneyColumn;
}

/** What the explanation of a line looks at, the same as where it is asked of the line itself. */
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

/** The lines that a payout was made of, given back or not, oldest first. */
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
