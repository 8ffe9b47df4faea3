import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { forbidden, notFound } from '../../../domain/errors.ts';
import { query, scopeOf } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { Partner, partnerTable } from './partner.entity.ts';

/** Locks the partner until the end of the transaction. Every step that sums its commissions starts here. Other
 *  transactions may still reference the partner, so clicks continue. */
export async function lockPartner(em: EntityManager, id: string, field = 'id'): Promise<Partner> {
  const partner = await findPartner(em, id, field);
  await sql`select 1 from partners where id = ${partner.id} for no key update`.execute(em);
  return em.refreshOrFail(partner);
}

/** Keeps the partner from deletion until the end of the transaction, because it earns. With `alone` it takes the lock for
 *  sums of commissions at once: two transactions that first share the lock and then both want it alone would deadlock. */
export async function holdPartner(
  em: EntityManager,
  id: string,
  field = 'id',
  { alone = false } = {},
): Promise<Partner> {
  if (alone) return lockPartner(em, id, field);
  const partner = await em.findOne(Partner, idOf(id, field), { lockMode: LockMode.PESSIMISTIC_READ });
  if (!partner) throw notFound('partner', field === 'id' ? {} : { field });
  return partner;
}

/** Finds a partner without a lock. A partner outside the scope gives the same NOT_FOUND as a missing one. */
export async function findPartner(em: EntityManager, id: string, field = 'id'): Promise<Partner> {
  const partner = await em.findOne(Partner, idOf(id, field));
  if (!partner) throw notFound('partner', field === 'id' ? {} : { field });
  return partner;
}

/** Finds the partner whose rows the caller is about to write, before the transaction. A partner outside the scope gives
 *  the same NOT_FOUND as a missing one. */
export async function partnerOwner(
  ctx: Context,
  id: string,
  field: string,
): Promise<{ tenantId: string; partnerId: string }> {
  const partnerId = idOf(id, field);
  const [row] = await query(
    ctx,
    sql<{ tenantId: string }>`
      select p.tenant_id as "tenantId" from partners p
      where ${scopeOf(ctx.actor, partnerTable)} and p.id = ${partnerId} and p.deleted_at is null`,
  );
  if (!row) throw notFound('partner', { field });
  return { ...row, partnerId };
}

/** Refuses a member of a SUSPENDED partner, which only reads. */
export async function requireNotSuspended(ctx: Context, partnerId: string): Promise<void> {
  const [suspended] = await query(
    ctx,
    sql`select /* partners.suspended */ 1 from partners p where p.id = ${partnerId} and p.status = 'SUSPENDED'`,
  );
  if (suspended)
    throw forbidden(
      'This partner is suspended, so its members can only read. Ask the program to activate it.',
      {
        reason: 'PARTNER_SUSPENDED',
      },
    );
}
