-- Adds new rows to the metrics.
create or replace function count_new_conversions() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
set enable_hashjoin = off set enable_mergejoin = off -- a plan is kept: for many rows first, it would read all referrals for one
as $$
begin
  perform apply_metric_deltas(array(
    select d from inserted n left join referrals r on r.id = n.referral_id, metrics_of(n::conversions, r) d
  ));
  return null;
end
$$;

create or replace trigger count_new after insert on conversions
  referencing new table as inserted
  for each statement execute function count_new_conversions();
