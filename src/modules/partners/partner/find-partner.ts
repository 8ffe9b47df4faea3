import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { notFound } from '../../../domain/errors.ts';
import { query, scopeOf } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { Partner, partnerTable } from './partner.entity.ts';

/** The partner, locked until the transaction ends: whatever adds up its lines starts here. The lock lets others refer
 *  to the partner, so that clicks go on. */
export async function lockPartner(em: EntityManager, id: string, field = 'id'): Promise<Partner> {
  const partner = await findPartner(em, id, field);
  await sql`select 1 from partners where id = ${partner.id} for no key update`.execute(em);
  return em.refreshOrFail(partner);
}

/** The partner, held in place until the transaction ends: it earns, so nobody may delete it meanwhile. `alone`: for who will
 *  add up its lines too. Two that hold it together and then each want it alone would wait for each other. */
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

/** The partner, unlocked; a foreign one answers like one that does not exist. */
export async function findPartner(em: EntityManager, id: string, field = 'id'): Promise<Partner> {
  const partner = await em.findOne(Partner, idOf(id, field));
  if (!partner) throw notFound('partner', field === 'id' ? {} : { field });
  return partner;
}

/** Whose rows are to be written, read before the transaction that writes them; a foreign partner answers like one that
 *  does not exist. */
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
