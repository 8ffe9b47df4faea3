import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import { invalid } from '../../../domain/errors.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { blindIndexOf } from '../../foundation/data-keys/public.ts';

/** The stored form of a customer's card or account: a keyed hash that can be compared only within a tenant. */
export interface Payment {
  readonly tenantId: string;
  readonly fingerprint: string;
}

/** Returns the hash of a fingerprint. Call it before the transaction, because the key may have to be fetched. */
export async function paymentOf(
  ctx: Context,
  fingerprint: string | null | undefined,
): Promise<Payment | null> {
  const { tenantId } = ctx.actor;
  if (fingerprint == null || tenantId === null) return null;
  return {
    tenantId,
    fingerprint: await blindIndexOf(ctx, tenantId, 'payment_fingerprints.fingerprint', fingerprint),
  };
}

/** Stores that the customer paid with this card or account at that time. */
export async function keepPayment(
  em: EntityManager,
  payment: Payment | null,
  { tenantId, customerId, at }: { tenantId: string; customerId: string; at: Date },
): Promise<void> {
  if (!payment) return;
  if (payment.tenantId !== tenantId)
    throw invalid(
      'input.paymentFingerprint',
      "is allowed only with a credential of the program's own tenant",
    );
  await sql`
    insert into payment_fingerprints (id, tenant_id, customer_id, fingerprint, seen_at)
    values (${v7()}, ${tenantId}, ${customerId}, ${payment.fingerprint}, ${at})
    on conflict (customer_id, fingerprint, tenant_id) do update set seen_at = greatest(payment_fingerprints.seen_at, excluded.seen_at)
  `.execute(em);
}
