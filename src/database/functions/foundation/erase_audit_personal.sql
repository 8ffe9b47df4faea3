-- Erases the personal data that audit entries keep about a partner. Runs as the owner, to whom no policy applies, so it
-- checks the scope of the session itself; a session of a partner erases nothing.
create or replace function erase_audit_personal(tenant text, partner uuid) returns bigint
language sql security definer
set search_path = pg_catalog, public, pg_temp
as $$
  with erased as (
    delete from audit_personal
    where tenant_id = tenant and partner_id = partner
      and current_setting('portal.tenant', true) in (tenant_id, '*')
      and coalesce(current_setting('portal.partner', true), '') = ''
    returning 1)
  select count(*) from erased
$$;

revoke execute on function erase_audit_personal(text, uuid) from public;
grant execute on function erase_audit_personal(text, uuid) to partner_portal_api;
