-- Returns whether a partner is the customer, by its own id and address or those of its members.
create or replace function is_customer(partner uuid, external text, emails text[]) returns boolean
language sql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
  select exists (
    select from partners p left join members m on m.partner_id = p.id and m.removed_at is null
    where p.id = partner and (external in (p.id::text, m.id::text, m.subject)
      or normal_email(p.email) = any(emails) or normal_email(m.email) = any(emails)))
$$;

revoke execute on function is_customer(uuid, text, text[]) from public;
grant execute on function is_customer(uuid, text, text[]) to partner_portal_api;
