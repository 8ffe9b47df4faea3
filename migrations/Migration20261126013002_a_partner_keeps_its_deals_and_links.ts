import { Migration } from '@mikro-orm/migrations';

/** A partner's session changes of its deals and links what is its own to change, and asks for the deals of its own tenant. */
export class Migration20261126013002_a_partner_keeps_its_deals_and_links extends Migration {
  override up(): void {
    // As before, but nothing for a session that has no tenant, and nothing closed that is not over by now.
    this.addSql(`
      create or replace function live_deal_until(tenant text, of_domain text, of_email text, at timestamptz) returns timestamptz
      language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
      begin
        if coalesce(current_setting('portal.tenant', true), '') not in (tenant, '*') then return null; end if;
        perform pg_advisory_xact_lock(hashtextextended('deals:' || tenant, 0));
        update deals set closed_at = expires_at where tenant_id = tenant and closed_at is null and expires_at <= least(at, now());
        return (select max(expires_at) from deals where tenant_id = tenant and closed_at is null and (domain = of_domain or email = of_email));
      end $$`);

    // The names of what a partner's session may change of its own rows; whose they are, since when and for how long stays.
    this.addSql(`
      create function partner_keeps_its_rows() returns trigger language plpgsql as $$
      begin
        if coalesce(current_setting('portal.partner', true), '') <> '' and (to_jsonb(new) - tg_argv) is distinct from (to_jsonb(old) - tg_argv) then
          raise exception 'a partner changes of it only: %', array_to_string(tg_argv, ', ') using errcode = 'insufficient_privilege';
        end if;
        return new;
      end $$`);
    this.addSql(`create trigger partner_keeps_its_rows before update on deals for each row execute function partner_keeps_its_rows('closed_at')`);
    this.addSql(`create trigger partner_keeps_its_rows before update on tracking_links for each row
      execute function partner_keeps_its_rows('name', 'target_url', 'campaign', 'archived_at')`);
  }
}
