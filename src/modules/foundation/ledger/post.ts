import type { EntityManager } from '@mikro-orm/postgresql';
import { account, type Posting } from '../../../domain/posting.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { PostingRow } from './posting.entity.ts';

/** Writes a posting. `reference` names the business fact and is unique: a second posting of it fails. An amount of 0 is
 *  not posted. */
export function post(
  em: EntityManager,
  owner: { readonly tenantId: string; readonly partnerId: string },
  reference: string,
  { from, to, amount }: Posting,
  /** Time by the clock of the application. Default: the clock of the database. */
  occurredAt?: Date,
): void {
  if (amount.minor === 0n) return;
  em.create(PostingRow, {
    tenantId: owner.tenantId,
    partnerId: owner.partnerId,
    reference,
    ...(occurredAt && { occurredAt }),
    fromAccount: from,
    toAccount: to,
    amount: new MoneyColumn(amount),
  });
}

const [PARTNER, PAYABLE] = account.payable('|').split('|') as [string, string];

/** Posts `commissionAccrued` of many approved commissions in one query. */
export async function postAccruals(em: EntityManager, ids: readonly string[]): Promise<void> {
  await sql`
    insert into postings (id, tenant_id, partner_id, reference, from_account, to_account, amount_minor, amount_currency, occurred_at)
    select new_id(), c.tenant_id, c.partner_id, 'commission:' || c.id || ':accrued',
      case when c.amount_minor > 0 then ${account.commissionExpense} else ${PARTNER} || c.partner_id || ${PAYABLE} end,
      case when c.amount_minor > 0 then ${PARTNER} || c.partner_id || ${PAYABLE} else ${account.commissionExpense} end,
      abs(c.amount_minor), c.amount_currency, c.approved_at
    from commissions c
    where c.id = any(${`{${ids.join()}}`}::uuid[]) and c.amount_minor <> 0`.execute(em);
}
