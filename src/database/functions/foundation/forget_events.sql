-- Deletes old events, a bounded number in each call. Only a session for all tenants may call this.
create or replace function forget_events(older_than timestamptz, at_most int) returns bigint
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  own_tenant text := coalesce(current_setting('portal.tenant', true), '');
  own_partner text := coalesce(current_setting('portal.partner', true), '');
  forgotten bigint;
begin
  if own_tenant <> '*' or own_partner <> '' then
    raise exception 'Only a session for all tenants may delete events.' using errcode = 'insufficient_privilege';
  end if;
  delete from events where ctid = any(array(
    select ctid from events where occurred_at < older_than limit at_most));
  get diagnostics forgotten = row_count;
  return forgotten;
end
$$;

revoke execute on function forget_events(timestamptz, int) from public;
grant execute on function forget_events(timestamptz, int) to partner_portal_api;
