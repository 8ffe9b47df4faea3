-- Erases the personal data of audit entries about the given rows, for people who are not partners. Checks the scope of
-- the session itself.
create or replace function erase_audit_personal_about(tenant text, rows uuid[]) returns bigint
language sql security definer
set search_path = pg_catalog, public, pg_temp
as $$
  with erased as (
    delete from audit_personal p using audit_events e
    where e.id = p.event_id and e.tenant_id = tenant and (e.subject_id = any(rows) or e.subjects && rows)
      and current_setting('portal.tenant', true) in (tenant, '*')
      and coalesce(current_setting('portal.partner', true), '') = ''
    returning 1)
  select count(*) from erased
$$;

revoke execute on function erase_audit_personal_about(text, uuid[]) from public;
grant execute on function erase_audit_personal_about(text, uuid[]) to partner_portal_api;
