-- Returns whether a customer bought before an instant. Reads the sales of all partners, also in the session of
-- a partner that previews a sale.
create or replace function customer_bought_before(customer uuid, at timestamptz) returns boolean
language sql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
  select exists (select from commissions c where c.customer_id = customer and c.occurred_at < at
    and current_setting('portal.tenant', true) in (c.tenant_id, '*')
    and c.type not in ('REVERSAL', 'BONUS', 'TRUE_UP', 'ADJUSTMENT') and c.status <> 'REJECTED')
$$;

revoke execute on function customer_bought_before(uuid, timestamptz) from public;
grant execute on function customer_bought_before(uuid, timestamptz) to partner_portal_api;
