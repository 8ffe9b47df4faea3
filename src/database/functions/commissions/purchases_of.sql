-- Returns the items of all purchases of a customer, from all partners, also in the session of a partner that previews a
-- sale.
create or replace function purchases_of(customer uuid) returns table (
  id uuid, partner_id uuid, purchase text, occurred_at timestamptz, seq bigint, sold_minor bigint, refunded_minor bigint,
  is_out boolean, is_windowed boolean
)
language sql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
  select i.id, i.partner_id, i.purchase, i.occurred_at, i.seq, i.sold_minor, i.refunded_minor, i.is_out, i.is_windowed
  from sale_items i
  where i.customer_id in (select family_of(customer)) and i.is_purchase
    and current_setting('portal.tenant', true) in (i.tenant_id, '*')
$$;

revoke execute on function purchases_of(uuid) from public;
grant execute on function purchases_of(uuid) to partner_portal_api;
