-- Returns whether a code or path is taken. Codes are unique over all tenants, so the answer may not depend on the scope
-- of the session.
create or replace function is_taken(code text) returns boolean
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  return exists (select from claimed_names where space = 'CODE' and name = upper(code));
end
$$;

revoke execute on function is_taken(text) from public;
grant execute on function is_taken(text) to partner_portal_api;
