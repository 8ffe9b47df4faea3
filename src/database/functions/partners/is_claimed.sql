-- Returns whether any tenant has a code, so that a new code gets a suffix. No answer of the API shows the difference.
create or replace function is_claimed(code text) returns boolean
language sql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
  select exists (select from claimed_names where space = 'CODE' and name = upper(code))
$$;

revoke execute on function is_claimed(text) from public;
grant execute on function is_claimed(text) to partner_portal_api;
