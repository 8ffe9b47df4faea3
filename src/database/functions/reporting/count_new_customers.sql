-- Adds new rows to the metrics.
create or replace function count_new_customers() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  -- A sale of a known customer runs this too, without a row.
  if not exists (select from inserted) then return null; end if;
  perform apply_metric_deltas(array(select d from inserted n, metrics_of(n::customers) d));
  return null;
end
$$;

create or replace trigger count_new after insert on customers
  referencing new table as inserted
  for each statement execute function count_new_customers();
