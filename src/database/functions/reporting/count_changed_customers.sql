-- Adds the change of updated rows to the metrics.
create or replace function count_changed_customers() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  -- A sale of a known customer runs this too, without a row.
  if not exists (select from after) then return null; end if;
  perform apply_metric_deltas(array(
    select row(
      d.tenant_id, d.partner_id, d.day, d.rate_day, d.source, d.currency, {{figures: total(d.#)}}, d.link_id, d.campaign
    )::metric_delta
    from (
      select d.* from after n, metrics_of(n::customers) d
      union all
      select d.tenant_id, d.partner_id, d.day, d.rate_day, d.source, d.currency, {{figures: -d.#}}, d.link_id, d.campaign
      from before o, metrics_of(o::customers) d
    ) d
    group by d.tenant_id, d.partner_id, d.day, d.rate_day, d.source, d.currency, d.link_id, d.campaign
    having {{figures: total(d.#) <> 0 | or}}
  ));
  return null;
end
$$;

create or replace trigger count_changed after update on customers
  referencing old table as before new table as after
  for each statement execute function count_changed_customers();
