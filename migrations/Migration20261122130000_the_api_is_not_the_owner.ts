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
    // The owner works as it where the API has no login of its own; the rest everybody has unless the server was hardened.
    // Whoever may not grant these was given them by somebody who may.
    this.addSql(`
      do $$ declare rights text;
      begin
        foreach rights in array array[
          format('partner_portal_api to %I', current_user),
          format('connect, temporary on database %I to partner_portal_api', current_database()),
          'usage on schema public to partner_portal_api'] loop
          begin execute 'grant ' || rights;
          exception when insufficient_privilege then null; end;
        end loop;
      end $$`);

    // A scalar subquery is worked out once a statement, not once a row. A CASE keeps the planner's estimates of rows as they
    // were: it would take \`tenant_id = x or ...\` for a condition of its own, beside the one that the statement has anyway.
    this.addSql(`
      create function protect(target regclass, rights text default 'select, insert, update, delete', partner_column text default null)
      returns void language plpgsql as $body$
      declare
        rows text := $$case (select current_setting('portal.tenant', true)) when tenant_id then true when '*' then true else false end$$;
      begin
        if partner_column is not null then
          rows := rows || format($$ and case (select coalesce(current_setting('portal.partner', true), '')) when '' then true
            else %I = (select nullif(current_setting('portal.partner', true), '')::uuid) end$$, partner_column);
        end if;
        execute format('alter table %s enable row level security', target);
        execute format('create policy of_the_scope on %s to partner_portal_api using (%s) with check (%s)', target, rows, rows);
        execute format('grant %s on %s to partner_portal_api', rights, target);
      end $body$`);
  }
}
