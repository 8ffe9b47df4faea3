-- Recalculates those of the given partners that the session may see.
create or replace function recalculate_visible_metrics(targets uuid[]) returns void
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform recalculate_partner_metrics(array(
    select id from partners
    where id = any(targets)
      and current_setting('portal.tenant', true) in (tenant_id, '*')
      and (coalesce(current_setting('portal.partner', true), '') = '' or id = (select nullif(current_setting('portal.partner', true), '')::uuid))
  ));
end
$$;

revoke execute on function recalculate_visible_metrics(uuid[]) from public;
grant execute on function recalculate_visible_metrics(uuid[]) to partner_portal_api;
