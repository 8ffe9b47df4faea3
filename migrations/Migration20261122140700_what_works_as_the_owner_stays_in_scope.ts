import { Migration } from '@mikro-orm/migrations';

/** A partner's session sees the keys of its own and its tenant's, and nothing of what is the staff's. What erases as the
 *  owner erases within the bounds of who calls it. */
export class Migration20261122140700_what_works_as_the_owner_stays_in_scope extends Migration {
  override up(): void {
    const also = (table: string, policy: string, condition: string) =>
      this.addSql(`create policy ${policy} on ${table} as restrictive to partner_portal_api
        using (case when (select coalesce(current_setting('portal.partner', true), '')) = '' then true else ${condition} end)`);
    also('data_keys', 'of_oneself', `partner_id is null or partner_id = (select nullif(current_setting('portal.partner', true), '')::uuid)`);
    for (const table of ['person_exports', 'erasures']) also(table, 'of_staff', 'false');

    const inBounds = `current_setting('portal.tenant', true) in (tenant, '*') and coalesce(current_setting('portal.partner', true), '') = ''`;
    this.addSql(`
      create or replace function erase_audit_personal_about(tenant text, rows uuid[]) returns bigint
      language sql security definer set search_path = pg_catalog, public, pg_temp as $$
        with erased as (
          delete from audit_personal p using audit_events e
          where e.id = p.event_id and e.tenant_id = tenant and (e.subject_id = any(rows) or e.subjects && rows) and ${inBounds}
          returning 1)
        select count(*) from erased
      $$`);
  }
}
