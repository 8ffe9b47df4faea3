import { v7 } from 'uuid';
import { conflict, invalid, notFound } from '../../../domain/errors.ts';
import { monthlyPrice } from '../../../domain/metrics.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { amountOf, currencyOf } from '../../../kernel/request/currency.ts';
import { happenedAt } from '../../../kernel/request/input.ts';
import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';
import { record } from '../../foundation/audit/public.ts';
import type { RecordSubscriptionInput } from './subscription.inputs.ts';

/** Records the price that a customer pays from a start time. Calls may come late and in any order: each price lasts until the next
 *  one of the same `externalId` starts. Returns the id of the row. */
export async function recordSubscription(ctx: Context, input: RecordSubscriptionInput): Promise<string> {
  const tenantId = ctx.actor.tenantId ?? '';
  const { externalId, interval } = input;
  const startedAt = happenedAt(ctx.clock, input.startedAt, 'input.startedAt');
  const endedAt = input.endedAt ?? null;
  if (endedAt && endedAt < startedAt) throw invalid('input.endedAt', 'must not be before startedAt');
  const price = amountOf(input.price, currencyOf(input.currency, 'input.currency'), 'input.price');
  if (price.minor < 0n) throw invalid('input.price', 'must be 0 or more');
  const monthly = monthlyPrice(price.minor, interval);
  const stated = await transact(ctx, async (em) => {
    const named = JSON.stringify(['subscription', tenantId, externalId]);
    await sql`select pg_advisory_xact_lock(hashtextextended(${named}, 0))`.execute(em);
    const [customer] = await sql<{ id: string; partner_id: string | null }>`
      select id, partner_id from customers where tenant_id = ${tenantId} and external_id = ${input.customerId} for update
    `.execute(em);
    if (!customer) throw notFound('customer', { field: 'input.customerId' });
    const { partner_id: partnerId } = customer;
    if (!partnerId)
      throw conflict('The customer has no partner. Attribute the customer to a partner first.', {
        reason: 'NOT_ATTRIBUTED',
      });
    const [foreign] = await sql`
      select 1 from customer_subscriptions where tenant_id = ${tenantId} and external_id = ${externalId} and customer_id <> ${customer.id} limit 1
    `.execute(em);
    if (foreign)
      throw conflict('The subscription belongs to another customer.', {
        field: 'input.customerId',
        reason: 'OTHER_CUSTOMER',
      });
    const [row] = await sql<{ id: string }>`
      insert into customer_subscriptions (id, tenant_id, partner_id, customer_id, external_id, billing_interval, price_minor, price_currency,
        monthly_minor, started_at, ended_at)
      values (${v7()}, ${tenantId}, ${partnerId}, ${customer.id}, ${externalId}, ${interval}, ${price.minor}, ${price.currency},
        ${monthly}, ${startedAt}, ${endedAt})
      on conflict (tenant_id, external_id, started_at) do update set billing_interval = excluded.billing_interval,
        price_minor = excluded.price_minor, price_currency = excluded.price_currency, monthly_minor = excluded.monthly_minor,
        ended_at = excluded.ended_at, updated_at = now()
      returning id`.execute(em);
    if (!row) throw new Error('an upsert always returns its row');
    await sql`
      update customer_subscriptions s set ended_at = n.next_at, updated_at = now()
      from (select id, lead(started_at) over (order by started_at) as next_at from customer_subscriptions
        where tenant_id = ${tenantId} and external_id = ${externalId}) n
      where n.id = s.id and coalesce(s.ended_at, 'infinity') > n.next_at`.execute(em);
    record(
      em,
      ctx,
      'subscription.recorded',
      { id: row.id, tenantId, partnerId },
      { after: { customerId: customer.id, interval, price, startedAt, endedAt } },
    );
    return { id: row.id, partnerId };
  });
  announceMetrics(ctx, stated.partnerId);
  return stated.id;
}
