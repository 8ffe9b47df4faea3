-- Adds the change of updated rows to the metrics.
create or replace function count_changed_payouts() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform apply_metric_deltas(array(
    select row(
      d.tenant_id, d.partner_id, d.day, d.rate_day, d.source, d.currency, {{figures: total(d.#)}}, d.link_id, d.campaign
    )::metric_delta
    from (
      select d.* from after n, metrics_of(n::payouts) d
      union all
      select d.tenant_id, d.partner_id, d.day, d.rate_day, d.source, d.currency, {{figures: -d.#}}, d.link_id, d.campaign
      from before o, metrics_of(o::payouts) d
    ) d
    group by d.tenant_id, d.partner_id, d.day, d.rate_day, d.source, d.currency, d.link_id, d.campaign
    having {{figures: total(d.#) <> 0 | or}}
  ));
  return null;
end
$$;

create or replace trigger count_changed after update on payouts
  referencing old table as before new table as after
  for each statement execute function count_changed_payouts();
