import type { EntityManager } from '@mikro-orm/postgresql';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';

/** Assigns an account manager to each partner whose tier includes one: the manager with the fewest partners first, then by
 *  name. Ends the assignment of partners whose tier no longer includes one. `partnerIds` limits the partners; null means
 *  all. The rows of the partners are written before. Returns the ids of partners whose account manager changed. */
export async function settleManagers(
  em: EntityManager,
  { actor, clock }: Pick<Context, 'actor' | 'clock'>,
  tenantId: string,
  partnerIds: readonly string[] | null,
): Promise<string[]> {
  await em.flush();
  const which = partnerIds === null ? sql`true` : sql`p.id = any(${partnerIds}::uuid[])`;
  const entitled = sql`(p.deleted_at is null and p.status <> 'INACTIVE' and coalesce(t.dedicated_manager, false))`;
  const differs = sql`
    from partners p left join partner_tier_configs t on t.tenant_id = p.tenant_id and t.tier = p.tier
    left join manager_assignments a on a.partner_id = p.id and a.ended_at is null
    where p.tenant_id = ${tenantId} and ${which} and ${entitled} <> (a.id is not null)`;
  if (partnerIds?.length === 0) return [];
  const [any] = await sql`select 1 ${differs} limit 1`.execute(em);
  if (!any) return [];
  await takeTurns(em, tenantId);
  const now = clock.now();
  const released = await sql<{ id: string }>`
    update manager_assignments set ended_at = ${now}, ended_by = ${actor.id}
    where id in (select a.id ${differs} and a.id is not null) returning partner_id as id`.execute(em);
  const assigned = await sql<{ id: string }>`
    with waiting as (select p.id, row_number() over (order by p.id) as nth ${differs} and a.id is null),
    places as (
      select m.id, row_number() over (order by m.partners + n, m.name, m.id) as nth
      from (select w.id, w.name, (select count(*) from manager_assignments a where a.manager_id = w.id and a.ended_at is null) as partners
        from account_managers w where w.tenant_id = ${tenantId} and w.ended_at is null) m
      cross join lateral generate_series(1, (select count(*) from waiting)) n)
    insert into manager_assignments (id, tenant_id, partner_id, manager_id, assigned_at, assigned_by)
    select gen_random_uuid(), ${tenantId}, waiting.id, places.id, ${now}, ${actor.id} from waiting join places using (nth)
    returning partner_id as id`.execute(em);
  return [...new Set([...released, ...assigned].map(({ id }) => id))];
}

/** Lets assignments in one program run one after the other, so that no account manager gets too many partners. */
export async function takeTurns(em: EntityManager, tenantId: string): Promise<void> {
  await sql`
    select pg_advisory_xact_lock(hashtextextended(${JSON.stringify(['account_managers', tenantId])}, 0))
  `.execute(em);
}
