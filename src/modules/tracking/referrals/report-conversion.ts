import { v7 } from 'uuid';
import { wordOf } from '../../../domain/touch.ts';
import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { system } from '../../../kernel/request/actor.ts';
import type { Services } from '../../../kernel/request/context.ts';
import { isId } from '../../../kernel/request/input.ts';

/** A purchase that a browser reports, with the short names of the script. */
export interface Report {
  readonly program: unknown;
  readonly click: unknown;
  readonly order: unknown;
  readonly amount: unknown;
  readonly currency: unknown;
  readonly coupon: unknown;
}

/** Stores a report from a page on one of the program's hosts, once for each order and click. Other requests are ignored. The
 *  sender gets the same answer in all cases. */
export async function reportConversion(
  services: Services,
  host: string,
  { program, click, order, amount, currency, coupon }: Report,
): Promise<void> {
  const orderId = wordOf(order);
  const tenantId = wordOf(program);
  if (!orderId || !tenantId) return;
  const statement = sql`insert into reported_conversions (id, tenant_id, partner_id, referral_id, order_id, coupon, amount, currency, reported_at)
     select ${v7()}::uuid, g.tenant_id, r.partner_id, r.id, ${orderId}, ${wordOf(coupon)}, ${wordOf(amount)?.slice(0, 32) ?? null}, ${wordOf(currency)?.slice(0, 8) ?? null}, ${services.clock.now()}::timestamptz
     from programs g left join referrals r on r.tenant_id = g.tenant_id and r.id = ${typeof click === 'string' && isId(click) ? click : null}::uuid
     where g.tenant_id = ${tenantId} and ${host} = any(g.landing_hosts) on conflict do nothing`;
  await query({ pool: services.pool, actor: system }, statement);
}
