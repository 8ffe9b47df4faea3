-- Returns the customers that are one person: a customer, and all customers of the tenant with the same mailbox. They are few
-- (`rows`), so what belongs to them is read by index and not by a scan.
create or replace function family_of(customer uuid) returns setof uuid
language sql stable security definer rows 2
set search_path = pg_catalog, public, pg_temp
as $$
  select customer
  union
  select s.id from customers k join customers s on s.tenant_id = k.tenant_id and normal_email(s.email) = normal_email(k.email)
  where k.id = customer and k.email is not null and current_setting('portal.tenant', true) in (k.tenant_id, '*')
$$;

revoke execute on function family_of(uuid) from public;
grant execute on function family_of(uuid) to partner_portal_api;
