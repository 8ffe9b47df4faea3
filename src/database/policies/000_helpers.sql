-- The files of this folder are applied together, whenever one of them changes: first all rights are revoked, then each
-- area grants its own. Two settings define the scope of a session: portal.tenant ("*" is every tenant, unset is
-- none) and portal.partner (unset for staff and jobs).

do $$
declare policy record;
begin
  for policy in select tablename, policyname from pg_policies where schemaname = 'public' loop
    execute format('drop policy %I on public.%I', policy.policyname, policy.tablename);
  end loop;
  revoke all on all tables in schema public from partner_portal_api;
  revoke all on all sequences in schema public from partner_portal_api;
end
$$;

-- Returns the condition that binds rows to the scope of the session. Tenant and partner are compared as one text,
-- which halves the cost: staff has "tenant", a partner "tenant/partner"; so no tenant id has a slash. A scalar
-- subquery is evaluated once for each statement, not for each row. CASE keeps the row estimates of the planner: it
-- would take "tenant_id = x or ..." for a further condition beside the one of the statement.
create or replace function rows_of_the_scope(partner_column text) returns text
language sql immutable
as $body$
  select case when partner_column is null
    then $$case (select current_setting('portal.tenant', true)) when tenant_id then true when '*' then true else false end$$
    else format($$case (select current_setting('portal.tenant', true) || coalesce('/' || nullif(current_setting('portal.partner', true), ''), ''))
            when tenant_id then true when '*' then true when tenant_id || '/' || %I then true else false end$$, partner_column) end
$body$;

-- Gives the role of the API rights on a table and binds its rows to the scope of the session. partner_column names the
-- partner of a row, if a partner may see its rows.
create or replace function protect(
  target regclass,
  rights text default 'select, insert, update, delete',
  partner_column text default null
) returns void
language plpgsql
as $$
declare rows text := rows_of_the_scope(partner_column);
begin
  execute format('alter table %s enable row level security', target);
  execute format('create policy of_the_scope on %s to partner_portal_api using (%s) with check (%s)', target, rows, rows);
  execute format('grant %s on %s to partner_portal_api', rights, target);
end
$$;

-- Leaves the given commands (insert, update, delete) to sessions of staff and jobs. A session of a partner writes only
-- its contact data, its members, keys, accounts and exports, and the records of doing so.
create or replace function restrict_to_staff(target regclass, commands text) returns void
language plpgsql
as $$
declare of_staff text := $q$coalesce(current_setting('portal.partner', true), '') = ''$q$;
begin
  if commands ~ 'insert' then
    execute format('create policy staff_inserts on %s as restrictive for insert to partner_portal_api with check (%s)', target, of_staff);
  end if;
  if commands ~ 'update' then
    execute format('create policy staff_changes on %s as restrictive for update to partner_portal_api using (%s)', target, of_staff);
  end if;
  if commands ~ 'delete' then
    execute format('create policy staff_deletes on %s as restrictive for delete to partner_portal_api using (%s)', target, of_staff);
  end if;
end
$$;
