-- The people who must not do an act on a commission, with the reason of the duty.
create or replace function barred_from_commission(c commissions, doing text) returns table (actor text, reason text)
language sql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
  select distinct a.actor, d.reason from acts_on_commission(c) a
  join duties() d on d.act = doing and d.after = a.act and (a.of_source or not d.of_source)
$$;

revoke execute on function barred_from_commission(commissions, text) from public;
grant execute on function barred_from_commission(commissions, text) to partner_portal_api;
