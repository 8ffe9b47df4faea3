-- Returns whether a tenant itself has a code or a path already. A session of a partner sees only its own rows, so the
-- function looks for it, within the tenant of the session.
create or replace function is_taken(tenant text, wanted text) returns boolean
language sql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
  select coalesce(current_setting('portal.tenant', true), '') in (tenant, '*') and (
    exists (select from partners p where p.tenant_id = tenant and p.referral_code = upper(wanted))
    or exists (select from tracking_links l where l.tenant_id = tenant and upper(wanted) in (upper(l.path), upper(l.code))))
$$;

revoke execute on function is_taken(text, text) from public;
grant execute on function is_taken(text, text) to partner_portal_api;
