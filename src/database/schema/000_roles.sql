-- The API works as a role that owns no table, so that row-level security applies to it.

-- Roles belong to the server, so another database of the server may have created this role.
do $$
begin
  if not exists (select from pg_roles where rolname = 'partner_portal_api') then
    create role partner_portal_api nologin;
  end if;
exception when duplicate_object or unique_violation then null;
end
$$;

-- The owner works as this role where the API has no login of its own. The other rights are PUBLIC's unless the server
-- was hardened. An owner that may not grant them got them from an administrator.
do $$
declare rights text;
begin
  foreach rights in array array[
    format('partner_portal_api to %I', current_user),
    format('connect, temporary on database %I to partner_portal_api', current_database()),
    'usage on schema public to partner_portal_api'
  ] loop
    begin
      execute 'grant ' || rights;
    exception when insufficient_privilege then null;
    end;
  end loop;
end
$$;
