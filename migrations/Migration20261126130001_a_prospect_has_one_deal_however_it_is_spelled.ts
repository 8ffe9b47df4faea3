import { Migration } from '@mikro-orm/migrations';

/** An address with other dots or another tag is the same prospect's. The first deal keeps it. */
export class Migration20261126130001_a_prospect_has_one_deal_however_it_is_spelled extends Migration {
  override up(): void {
    this.addSql(`
      update deals d set closed_at = greatest(now(), d.registered_at) where d.closed_at is null and d.email not like 'erased+%'
        and exists (select from deals e where e.tenant_id = d.tenant_id and e.closed_at is null and normal_email(e.email) = normal_email(d.email)
          and (e.registered_at, e.id) < (d.registered_at, d.id))`);
    this.addSql(`drop index deals_one_live_email`);
    this.addSql(`
      create unique index deals_one_live_email on deals (tenant_id, normal_email(email))
      where closed_at is null and email is not null and email not like 'erased+%'`);
    this.addSql(`
      create or replace function live_deal_until(tenant text, of_domain text, of_email text, at timestamptz) returns timestamptz
      language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
      begin
        if coalesce(current_setting('portal.tenant', true), '') not in (tenant, '*') then return null; end if;
        perform pg_advisory_xact_lock(hashtextextended('deals:' || tenant, 0));
        update deals set closed_at = expires_at where tenant_id = tenant and closed_at is null and expires_at <= least(at, now());
        return (select max(expires_at) from deals where tenant_id = tenant and closed_at is null
          and (domain = of_domain or normal_email(email) = normal_email(of_email)));
      end $$`);
  }
}
