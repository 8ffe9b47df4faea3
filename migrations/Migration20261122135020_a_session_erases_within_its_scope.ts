import { Migration } from '@mikro-orm/migrations';

/** The function works as the owner, whom no policy binds, so it holds the session to its tenant itself; a partner's session
 *  erases nothing. */
export class Migration20261122135020_a_session_erases_within_its_scope extends Migration {
  override up(): void {
    this.addSql(`
      create or replace function erase_audit_personal(tenant text, partner uuid) returns bigint
      language sql security definer set search_path = pg_catalog, public, pg_temp as $$
        with erased as (
          delete from audit_personal
          where tenant_id = tenant and partner_id = partner
            and current_setting('portal.tenant', true) in (tenant_id, '*')
            and coalesce(current_setting('portal.partner', true), '') = ''
          returning 1)
        select count(*) from erased
      $$`);
  }
}
