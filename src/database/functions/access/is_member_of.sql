-- Returns whether an actor is a member of a partner.
create or replace function is_member_of(actor text, partner uuid) returns boolean
language sql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
  select exists (select from members m where m.subject = actor and m.partner_id = partner and m.removed_at is null)
$$;

revoke execute on function is_member_of(text, uuid) from public;
grant execute on function is_member_of(text, uuid) to partner_portal_api;
