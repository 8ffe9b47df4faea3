-- Returns whether what a customer's purchases earn depends on their order: under a rule for first or n-th purchases, or for
-- new customers. The customer is given by its id, or by its id in the seller's system.
create or replace function has_dependent_purchases(tenant text, customer uuid, external text) returns boolean
language sql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
  select exists (select from customers k, family_of(k.id) f join sale_items i on i.customer_id = f and i.is_purchase and i.is_windowed
    where k.tenant_id = tenant and (k.id = customer or k.external_id = external)
      and current_setting('portal.tenant', true) in (tenant, '*'))
$$;

revoke execute on function has_dependent_purchases(text, uuid, text) from public;
grant execute on function has_dependent_purchases(text, uuid, text) to partner_portal_api;
