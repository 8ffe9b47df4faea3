import { v7 } from 'uuid';
import { conflict } from '../../../domain/errors.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { reasonOf } from '../../../kernel/request/input.ts';
import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';
import { record } from '../../foundation/audit/public.ts';
import { findPartner } from '../../partners/partner/public.ts';

/** Assigns a customer to a partner by hand, with a reason. Creates an unknown customer. Earlier commissions stay; purchases
 *  from now on are attributed to the partner. Returns the customer's id. */
export async function assignCustomer(
  ctx: Context,
  { customerId, partnerId }: { customerId: string; partnerId: string },
  reason: string,
): Promise<string> {
  const why = reasonOf(reason);
  const now = ctx.clock.now();
  const assigned = await transact(ctx, async (em) => {
    const partner = await findPartner(em, partnerId, 'input.partnerId');
    const { tenantId } = partner;
    const [customer] = await sql<{ id: string; partner_id: string | null }>`
      insert into customers (id, tenant_id, external_id) values (${v7()}, ${tenantId}, ${customerId})
      on conflict (tenant_id, external_id) do update set external_id = excluded.external_id
      returning id, partner_id`.execute(em);
    if (!customer) throw new Error('an upsert always returns its row');
    if (customer.partner_id === partner.id)
      throw conflict('This customer is already assigned to the partner.', { reason: 'ALREADY_ASSIGNED' });
    await sql`
      update customers set partner_id = ${partner.id}, bound_at = ${now} where id = ${customer.id}
    `.execute(em);
    await sql`
      insert into customer_assignments (id, tenant_id, partner_id, customer_id, reason, assigned_by, assigned_at)
      values (${v7()}, ${tenantId}, ${partner.id}, ${customer.id}, ${why}, ${ctx.actor.id}, ${now})
    `.execute(em);
    record(
      em,
      ctx,
      'customer.assigned',
      { id: customer.id, tenantId, partnerId: partner.id },
      { before: { partnerId: customer.partner_id }, after: { partnerId: partner.id }, reason: why },
    );
    return { id: customer.id, partners: [partner.id, customer.partner_id] };
  });
  for (const id of assigned.partners) if (id) announceMetrics(ctx, id);
  return assigned.id;
}
