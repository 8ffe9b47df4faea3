import type { Money } from '../../../domain/money.ts';
import { insertInto } from '../../../kernel/data/columns.ts';
import { Statement } from '../../../kernel/data/rows.ts';
import type { Run } from '../../../kernel/data/transact.ts';
import { Commission } from '../commission/public.ts';

type Defaulted = 'createdAt' | 'updatedAt' | 'lineNumber' | 'source' | 'metadata';

/** A new commission. The database fills absent values with null or the column's default. */
export type NewLine = Omit<Commission, 'baseAmount' | 'amount' | 'rate' | Defaulted> & {
  readonly [Name in Defaulted]?: Commission[Name] | undefined;
} & {
  readonly baseAmount: Money;
  readonly amount: Money;
};

/** Inserts commissions in one query. `beside` adds further inserts to the query; `last` commits the transaction. Returns the time of
 *  creation. */
export async function insertCommissions(
  run: Run,
  lines: readonly NewLine[],
  beside?: (statement: Statement) => void,
  last?: boolean,
): Promise<Date> {
  const [sql, json] = insertInto(Commission, lines);
  const statement = new Statement().add(`with line as (${sql} returning created_at)`, json);
  beside?.(statement);
  const [made] = await run<{ at: string | Date }>(
    statement.add(' select created_at as at from line limit 1'),
    last,
  );
  if (!made) throw new Error('An insert always returns its rows.');
  return new Date(made.at);
}
