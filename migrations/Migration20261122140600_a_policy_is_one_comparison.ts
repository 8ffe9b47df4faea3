import { Migration } from '@mikro-orm/migrations';

/** Tenant and partner of the session are compared as one text, which halves what the policies cost: staff has the tenant
 *  alone, a partner `tenant/partner`. So no tenant's name has a slash. */
export class Migration20261122140600_a_policy_is_one_comparison extends Migration {
  override up(): void {
    this.addSql(`drop policy of_oneself on audit_personal`); // of_staff says more
    this.addSql(`alter table programs drop constraint programs_named, add constraint programs_named check (tenant_id not in ('', '*') and tenant_id !~ '/')`);
    this.addSql(`
      create function rows_of_the_scope(partner_column text) returns text language sql immutable as $body$
        select case when partner_column is null
          then $$case (select current_setting('portal.tenant', true)) when tenant_id then true when '*' then true else false end$$
          else format($$case (select current_setting('portal.tenant', true) || coalesce('/' || nullif(current_setting('portal.partner', true), ''), ''))
            when tenant_id then true when '*' then true when tenant_id || '/' || %I then true else false end$$, partner_column) end
      $body$`);
    this.addSql(`
      create or replace function protect(target regclass, rights text default 'select, insert, update, delete', partner_column text default null)
      returns void language plpgsql as $body$
      declare rows text := rows_of_the_scope(partner_column);
      begin
        execute format('alter table %s enable row level security', target);
        execute format('create policy of_the_scope on %s to partner_portal_api using (%s) with check (%s)', target, rows, rows);
        execute format('grant %s on %s to partner_portal_api', rights, target);
      end $body$`);
    this.addSql(`
      do $body$ declare target regclass; rows text;
      begin
        for target, rows in
          select polrelid, rows_of_the_scope(case when pg_get_expr(polqual, polrelid) like '%portal.partner%'
            then case polrelid when 'partners'::regclass then 'id' else 'partner_id' end end)
          from pg_policy where polname = 'of_the_scope' loop
          execute format('alter policy of_the_scope on %s using (%s) with check (%s)', target, rows, rows);
        end loop;
      end $body$`);
  }
}
