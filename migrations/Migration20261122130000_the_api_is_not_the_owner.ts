import { Migration } from '@mikro-orm/migrations';

/** The API works as a role that owns nothing. Each table that it may touch is given to it by `protect`, which also binds
 *  its rows to the scope of the session: `portal.tenant` (`*` is every tenant, unset is none) and `portal.partner`. */
export class Migration20261122130000_the_api_is_not_the_owner extends Migration {
  override up(): void {
    // Roles belong to the server, so another database of it may have made this one already.
    this.addSql(`
      do $$ begin
        if not exists (select from pg_roles where rolname = 'partner_portal_api') then create role partner_portal_api nologin; end if;
      exception when duplicate_object or unique_violation then null; end $$`);
    this.addSql(`do $$ begin execute format('grant partner_portal_api to %I', current_user); end $$`);
    this.addSql(`grant usage on schema public to partner_portal_api`);

    // A scalar subquery is worked out once a statement, not once a row.
    this.addSql(`
      create function protect(target regclass, rights text default 'select, insert, update, delete', partner_column text default null)
      returns void language plpgsql as $body$
      declare
        rows text := $$((select current_setting('portal.tenant', true)) = tenant_id or (select current_setting('portal.tenant', true)) = '*')$$;
      begin
        if partner_column is not null then
          rows := rows || format($$ and ((select nullif(current_setting('portal.partner', true), '')) is null
            or %I = (select nullif(current_setting('portal.partner', true), '')::uuid))$$, partner_column);
        end if;
        execute format('alter table %s enable row level security', target);
        execute format('create policy of_the_scope on %s to partner_portal_api using (%s) with check (%s)', target, rows, rows);
        execute format('grant %s on %s to partner_portal_api', rights, target);
      end $body$`);
  }
}
