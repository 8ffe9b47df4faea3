-- Returns whether a new rate moves by more than the limit of the program from the rate that it is compared with. The change
-- is measured in the direction in which the older rate was entered, so a rate moves as far as its inverse. False without
-- an older rate.
create or replace function rate_moves_too_far(tenant text, new_base text, new_rate numeric, older exchange_rates)
returns boolean
language sql stable
as $$
  select case
    when older.id is null then false
    when older.base = new_base
      then abs(new_rate - older.rate) * 10000 > g.rate_change_limit_bps * older.rate
    else abs(1 - new_rate * older.rate) * 10000 > g.rate_change_limit_bps * (new_rate * older.rate)
  end
  from programs g where g.tenant_id = tenant
$$;
