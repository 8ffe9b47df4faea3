-- Returns whether a customer is the partner itself or one of its members, unless the program allows this customer.
create or replace function buys_from_itself(partner uuid, customer uuid, by_user boolean, by_email boolean) returns boolean
language sql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
  select exists (
    select from customers k join partners p on p.id = partner
    left join members m on m.partner_id = p.id and m.removed_at is null
    where k.id = customer and (
      by_user and k.external_id in (p.id::text, m.id::text, m.subject)
      or by_email and normal_email(k.email) in (normal_email(p.email), normal_email(m.email)))
      and not exists (select from fraud_list_entries a
        where a.tenant_id = k.tenant_id and a.list = 'ALLOWED_CUSTOMER' and a.removed_at is null
        and (a.customer_id = k.id or a.domain = substring(normal_email(k.email) from '@([^@]*)$'))))
$$;

revoke execute on function buys_from_itself(uuid, uuid, boolean, boolean) from public;
