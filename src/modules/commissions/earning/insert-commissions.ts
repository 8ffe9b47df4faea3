import type { Money } from '../../../domain/money.ts';
import { insertInto } from '../../../kernel/data/columns.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Run } from '../../../kernel/data/transact.ts';
import { Commission } from '../commission/public.ts';

type Defaulted = 'createdAt' | 'updatedAt' | 'lineNumber' | 'source' | 'metadata';

/** A commission as it is made. The database fills what is left out: null, or the column's default. */
export type NewLine = Omit<Commission, 'baseAmount' | 'amount' | 'rate' | Defaulted> & {
  readonly [Name in Defaulted]?: Commission[Name] | undefined;
} & {
  readonly baseAmount: Money;
  readonly amount: Money;
};

/** One statement, however many lines; `beside` is a further `with` that stores more with them; `last` commits. Returns when they
 *  were made. */
export async function insertCommissions(
  run: Run,
  lines: readonly NewLine[],
  beside: Sql = sql``,
  last?: boolean,
): Promise<Date> {
  const [made] = await run(
    sql<{ at: string | Date }>`
      with /* commissions.insert */ line as (${insertInto(Commission, lines)} returning created_at)${beside}
      select created_at as at from line limit 1`,
    last,
  );
  if (!made) throw new Error('an insert always returns its rows');
  return new Date(made.at);
}
