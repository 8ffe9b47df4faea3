import type { EntityManager } from '@mikro-orm/postgresql';
import type { Posting } from '../../domain/posting.ts';
import { MoneyColumn } from '../../kernel/money.column.ts';
import { PostingRow } from './posting.entity.ts';

/** `reference` names the business fact and is unique: posting the same fact twice fails. Nothing moves for 0. */
export function post(
  em: EntityManager,
  owner: { readonly tenantId: string; readonly partnerId: string },
  reference: string,
  { from, to, amount }: Posting,
  /** By the product's clock; the database's where it is left out. */
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
