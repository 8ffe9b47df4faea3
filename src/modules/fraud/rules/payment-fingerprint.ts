import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import { invalid } from '../../../domain/errors.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { blindIndexOf } from '../../foundation/data-keys/public.ts';

/** What a customer paid with, as it may be kept: a keyed hash that is equal within a tenant alone. */
export interface Payment {
  readonly tenantId: string;
  readonly fingerprint: string;
}

/** To be called before the transaction: the key may have to be fetched. */
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

/** Remembers that the customer paid so; `at` is when. */
export async function keepPayment(
  em: EntityManager,
  payment: Payment | null,
  { tenantId, customerId, at }: { tenantId: string; customerId: string; at: Date },
): Promise<void> {
  if (!payment) return;
  if (payment.tenantId !== tenantId)
    throw invalid('input.paymentFingerprint', "is for credentials of the program's own tenant");
  await sql`
    insert into payment_fingerprints (id, tenant_id, customer_id, fingerprint, seen_at)
    values (${v7()}, ${tenantId}, ${customerId}, ${payment.fingerprint}, ${at})
    on conflict (customer_id, fingerprint) do update set seen_at = greatest(payment_fingerprints.seen_at, excluded.seen_at)
  `.execute(em);
}
