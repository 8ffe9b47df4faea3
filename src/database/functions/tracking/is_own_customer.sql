-- Returns whether the partner of the session earned on a customer.
create or replace function is_own_customer(customer uuid) returns boolean
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  return exists (
    select from commissions
    where customer_id = customer and partner_id = (select nullif(current_setting('portal.partner', true), '')::uuid)
  ) or exists (
    select from conversions
    where customer_id = customer and partner_id = (select nullif(current_setting('portal.partner', true), '')::uuid)
  );
end
$$;

revoke execute on function is_own_customer(uuid) from public;
grant execute on function is_own_customer(uuid) to partner_portal_api;
