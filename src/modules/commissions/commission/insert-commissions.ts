import type { Money } from '../../../domain/money.ts';
import { insertInto } from '../../../kernel/data/columns.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Run } from '../../../kernel/data/transact.ts';
import { Commission } from './commission.entity.ts';

type Defaulted = 'createdAt' | 'updatedAt' | 'lineNumber' | 'source' | 'metadata';

/** A new commission. The database fills absent values with null or the column's default. */
export type NewLine = Omit<Commission, 'baseAmount' | 'amount' | 'rate' | Defaulted> & {
  readonly [Name in Defaulted]?: Commission[Name] | undefined;
} & {
  readonly baseAmount: Money;
  readonly amount: Money;
};

/** States the defaults: a query that inserts several rows names a column for all of them. */
const withDefaults = (line: NewLine) => ({
  ...line,
  ...{ lineNumber: line.lineNumber ?? 0, source: line.source ?? '(none)', metadata: line.metadata ?? {} },
});

/** Inserts commissions in one query. `beside` adds further inserts as one more `with`; `last` commits the transaction. Returns the
 *  time of creation. */
export async function insertCommissions(
  run: Run,
  lines: readonly NewLine[],
  beside: Sql = sql``,
  last?: boolean,
): Promise<Date> {
  const [made] = await run(
    sql<{ at: string | Date }>`
      with /* commissions.insert */ line as (${insertInto(Commission, lines.map(withDefaults))} returning created_at)${beside}
      select created_at as at from line limit 1`,
    last,
  );
  if (!made) throw new Error('An insert always returns its rows.');
  return new Date(made.at);
}
