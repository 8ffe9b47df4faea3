import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import type { Money } from '../../../domain/money.ts';
import { commissionAccrued, type Posting } from '../../../domain/posting.ts';
import { insertInto } from '../../../kernel/data/columns.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import type { Run } from '../../../kernel/data/transact.ts';
import { PostingRow } from './posting.entity.ts';

interface Owner {
  readonly tenantId: string;
  readonly partnerId: string;
}

/** An approved commission. */
interface Accrued extends Owner {
  readonly id: string;
  readonly amount: Money;
}

/** Writes a posting. `reference` names the business fact and is unique: a second posting of it fails. An amount of 0 is
 *  not posted. */
export function post(
  em: EntityManager,
  owner: Owner,
  reference: string,
  posting: Posting,
  /** Time by the clock of the application. Default: the clock of the database. */
  occurredAt?: Date,
): void {
  if (posting.amount.minor === 0n) return;
  em.create(PostingRow, { ...columnsOf(owner, reference, posting), ...(occurredAt && { occurredAt }) });
}

const columnsOf = ({ tenantId, partnerId }: Owner, reference: string, { from, to, amount }: Posting) => ({
  ...{ tenantId, partnerId, reference },
  fromAccount: from,
  toAccount: to,
  amount: new MoneyColumn(amount),
});

const accrualOf = ({ id, partnerId, amount }: Accrued) =>
  [`commission:${id}:accrued`, commissionAccrued(partnerId, amount)] as const;

/** Posts what approved commissions add to the amounts that their partners are owed, in one statement. */
export async function postAccruals(run: Run, lines: readonly Accrued[], at: Date): Promise<void> {
  const rows = lines
    .filter(({ amount }) => amount.minor !== 0n)
    .map((line) => ({ id: v7(), occurredAt: at, ...columnsOf(line, ...accrualOf(line)) }));
  if (rows.length > 0) await run(insertInto(PostingRow, rows));
}
