-- Returns the reason why an actor must not do an act on a commission, null if the actor may.
create or replace function commission_conflict(c commissions, doing text, by_actor text) returns text
language sql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
  select b.reason from barred_from_commission(c, doing) b where may_be_one(b.actor, by_actor)
  order by b.reason <> 'OWN_LINE', b.reason limit 1
$$;

revoke execute on function commission_conflict(commissions, text, text) from public;
grant execute on function commission_conflict(commissions, text, text) to partner_portal_api;
