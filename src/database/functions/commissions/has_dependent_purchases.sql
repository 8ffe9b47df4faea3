-- Returns whether the amounts of a customer's purchases depend on their order: under a rule for first or n-th purchases, or
-- for new customers. The customer is given by its id, or by its id in the seller's system.
create or replace function has_dependent_purchases(tenant text, customer uuid, external text) returns boolean
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  known uuid := coalesce(customer, (select k.id from customers k where k.tenant_id = tenant and k.external_id = external));
begin
  if known is null or current_setting('portal.tenant', true) not in (tenant, '*') then return false; end if;
  return exists (select from sale_items i where i.customer_id in (select family_of(known)) and i.is_purchase and i.is_windowed);
end
$$;

revoke execute on function has_dependent_purchases(text, uuid, text) from public;
grant execute on function has_dependent_purchases(text, uuid, text) to partner_portal_api;
