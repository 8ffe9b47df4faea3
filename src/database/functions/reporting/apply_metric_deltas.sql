-- Adds changes to all metrics. Rows are taken in one order, so that two batches never wait for each other in a
-- circle. The key-share lock makes a change wait for a recalculation of its partner, which starts by locking the
-- partner.
create or replace function apply_metric_deltas(deltas metric_delta[]) returns void
language plpgsql
as $$
begin
  if deltas is null or cardinality(deltas) = 0 then return; end if;
  perform from partners where id in (select partner_id from unnest(deltas)) order by id for key share;
  with delta as materialized (select * from unnest(deltas)),
  program as (
    insert into program_metric_changes (tenant_id, day, currency, clicks, conversions, orders, customers,
      revenue_minor, earned_minor, paid_minor)
    select tenant_id, day, currency, sum(clicks)::bigint as clicks, sum(conversions)::bigint as conversions,
      sum(orders)::bigint as orders, sum(customers)::bigint as customers,
      sum(revenue_minor)::bigint as revenue_minor, sum(earned_minor)::bigint as earned_minor,
      sum(paid_minor)::bigint as paid_minor from delta group by tenant_id, day, currency
      having sum(clicks) <> 0 or sum(conversions) <> 0 or sum(orders) <> 0 or sum(customers) <> 0
      or sum(revenue_minor) <> 0 or sum(earned_minor) <> 0 or sum(paid_minor) <> 0),
  named as (
    insert into partner_metrics_by as b (tenant_id, partner_id, kind, day, name, currency, clicks, conversions,
      orders, customers, revenue_minor, earned_minor, paid_minor)
    select tenant_id, partner_id, n.kind, day, n.name, currency, sum(clicks)::bigint as clicks,
      sum(conversions)::bigint as conversions, sum(orders)::bigint as orders, sum(customers)::bigint as customers,
      sum(revenue_minor)::bigint as revenue_minor, sum(earned_minor)::bigint as earned_minor,
      sum(paid_minor)::bigint as paid_minor
    from delta cross join lateral (values ('LINK', link_id::text), ('CAMPAIGN', campaign)) n (kind, name)
      where n.name is not null
    group by tenant_id, partner_id, n.kind, day, n.name, currency order by partner_id, n.kind, day, n.name, currency
    on conflict (partner_id, kind, day, name, currency, tenant_id) do update
      set clicks = b.clicks + excluded.clicks, conversions = b.conversions + excluded.conversions,
      orders = b.orders + excluded.orders, customers = b.customers + excluded.customers,
      revenue_minor = b.revenue_minor + excluded.revenue_minor,
      earned_minor = b.earned_minor + excluded.earned_minor, paid_minor = b.paid_minor + excluded.paid_minor),
  daily as (
    insert into partner_metrics_daily as d (tenant_id, partner_id, day, source, currency, clicks, conversions,
      orders, customers, revenue_minor, earned_minor, paid_minor)
    select tenant_id, partner_id, day, source, currency, sum(clicks)::bigint as clicks,
      sum(conversions)::bigint as conversions, sum(orders)::bigint as orders, sum(customers)::bigint as customers,
      sum(revenue_minor)::bigint as revenue_minor, sum(earned_minor)::bigint as earned_minor,
      sum(paid_minor)::bigint as paid_minor from delta
    group by tenant_id, partner_id, day, source, currency order by partner_id, day, source, currency
    on conflict (partner_id, day, source, currency, tenant_id) do update
      set clicks = d.clicks + excluded.clicks, conversions = d.conversions + excluded.conversions,
      orders = d.orders + excluded.orders, customers = d.customers + excluded.customers,
      revenue_minor = d.revenue_minor + excluded.revenue_minor,
      earned_minor = d.earned_minor + excluded.earned_minor, paid_minor = d.paid_minor + excluded.paid_minor)
  insert into partner_metrics as t (tenant_id, partner_id, currency, clicks, conversions, orders, customers,
    revenue_minor, earned_minor, paid_minor)
  select tenant_id, partner_id, currency, sum(clicks)::bigint as clicks, sum(conversions)::bigint as conversions,
    sum(orders)::bigint as orders, sum(customers)::bigint as customers, sum(revenue_minor)::bigint as revenue_minor,
    sum(earned_minor)::bigint as earned_minor, sum(paid_minor)::bigint as paid_minor from delta
  group by tenant_id, partner_id, currency order by partner_id, currency
  on conflict (partner_id, currency, tenant_id) do update
    set clicks = t.clicks + excluded.clicks, conversions = t.conversions + excluded.conversions,
    orders = t.orders + excluded.orders, customers = t.customers + excluded.customers,
    revenue_minor = t.revenue_minor + excluded.revenue_minor, earned_minor = t.earned_minor + excluded.earned_minor,
    paid_minor = t.paid_minor + excluded.paid_minor, updated_at = now();
end
$$;
