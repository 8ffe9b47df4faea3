-- Returns the people that a duty keeps from an act on a commission, for one reason.
create or replace function barred_for(c commissions, doing text, why text) returns text[]
language sql stable
as $$
  select array(select b.actor from barred_from_commission(c, doing) b where b.reason = why order by b.actor)
$$;
