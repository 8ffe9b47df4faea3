-- Adds the change of updated rows to the metrics.
create or replace function count_changed_payouts() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform apply_metric_deltas(array(
    select row(d.tenant_id, d.partner_id, d.day, d.source, d.currency, sum(d.clicks)::bigint,
      sum(d.conversions)::bigint, sum(d.orders)::bigint, sum(d.customers)::bigint, sum(d.revenue_minor)::bigint,
      sum(d.earned_minor)::bigint, sum(d.paid_minor)::bigint, d.link_id, d.campaign)::metric_delta
    from (
      select d.* from after n, metrics_of(n::payouts) d
      union all
      select d.tenant_id, d.partner_id, d.day, d.source, d.currency, -d.clicks, -d.conversions, -d.orders,
        -d.customers, -d.revenue_minor, -d.earned_minor, -d.paid_minor, d.link_id, d.campaign
        from before o, metrics_of(o::payouts) d
    ) d
    group by d.tenant_id, d.partner_id, d.day, d.source, d.currency, d.link_id, d.campaign
    having sum(d.clicks) <> 0 or sum(d.conversions) <> 0 or sum(d.orders) <> 0 or sum(d.customers) <> 0
      or sum(d.revenue_minor) <> 0 or sum(d.earned_minor) <> 0 or sum(d.paid_minor) <> 0));
  return null;
end
$$;

create or replace trigger count_changed after update on payouts
  referencing old table as before new table as after
  for each statement execute function count_changed_payouts();
