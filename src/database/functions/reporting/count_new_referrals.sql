-- Adds new rows to the metrics.
create or replace function count_new_referrals() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform apply_metric_deltas(array(select d from inserted n, metrics_of(n::referrals) d));
  return null;
end
$$;

create or replace trigger count_new after insert on referrals
  referencing new table as inserted
  for each statement execute function count_new_referrals();
