-- Returns whether a payout belongs to the partner of the session.
create or replace function is_own_payout(payout uuid) returns boolean
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  return exists (
    select from payouts
    where id = payout and partner_id = (select nullif(current_setting('portal.partner', true), '')::uuid)
  );
end
$$;

revoke execute on function is_own_payout(uuid) from public;
grant execute on function is_own_payout(uuid) to partner_portal_api;
