-- Adds up the metrics of partners from all rows and writes only what differs, which is nothing most of the time.
create or replace function recalculate_partner_metrics(targets uuid[]) returns void
language plpgsql
set work_mem = '64MB'
as $$
begin
  perform from partners where id = any(targets) order by id for update;
  with delta as materialized (select d.* from referrals n, metrics_of(n) d
    where n.partner_id = any(targets) union all select d.* from conversions n, metrics_of(n) d
    where n.partner_id = any(targets) union all select d.* from customers n, metrics_of(n) d
    where n.partner_id = any(targets) union all select d.* from commissions n, metrics_of(n) d
    where n.partner_id = any(targets) union all select d.* from payouts n, metrics_of(n) d
    where n.partner_id = any(targets)),
  days as materialized (
    select tenant_id, partner_id, day, source, currency, sum(clicks)::bigint as clicks,
      sum(conversions)::bigint as conversions, sum(orders)::bigint as orders, sum(customers)::bigint as customers,
      sum(revenue_minor)::bigint as revenue_minor, sum(earned_minor)::bigint as earned_minor,
      sum(paid_minor)::bigint as paid_minor from delta group by 1, 2, 3, 4, 5),
  partner_metrics_daily_diff as materialized (
    select tenant_id, partner_id, day, source, currency, f.tenant_id is null as gone, f.clicks, f.conversions,
      f.orders, f.customers, f.revenue_minor, f.earned_minor, f.paid_minor,
      coalesce(f.clicks, 0) - coalesce(d.clicks, 0) as clicks_diff,
      coalesce(f.conversions, 0) - coalesce(d.conversions, 0) as conversions_diff,
      coalesce(f.orders, 0) - coalesce(d.orders, 0) as orders_diff,
      coalesce(f.customers, 0) - coalesce(d.customers, 0) as customers_diff,
      coalesce(f.revenue_minor, 0) - coalesce(d.revenue_minor, 0) as revenue_minor_diff,
      coalesce(f.earned_minor, 0) - coalesce(d.earned_minor, 0) as earned_minor_diff,
      coalesce(f.paid_minor, 0) - coalesce(d.paid_minor, 0) as paid_minor_diff
    from (select * from days) f full
      join (select * from partner_metrics_daily
      where partner_id = any(targets)) d using (tenant_id, partner_id, day, source, currency)
    where (f.clicks, f.conversions, f.orders, f.customers, f.revenue_minor, f.earned_minor, f.paid_minor)
    is distinct from (d.clicks, d.conversions, d.orders, d.customers, d.revenue_minor, d.earned_minor, d.paid_minor)),
  partner_metrics_daily_gone as (
    delete from partner_metrics_daily d using partner_metrics_daily_diff x
      where x.gone and (d.partner_id, d.day, d.source, d.currency) = (x.partner_id, x.day, x.source, x.currency)),
  partner_metrics_daily_put as (
    insert into partner_metrics_daily (tenant_id, partner_id, day, source, currency, clicks, conversions, orders,
      customers, revenue_minor, earned_minor, paid_minor)
    select tenant_id, partner_id, day, source, currency, clicks, conversions, orders, customers, revenue_minor,
      earned_minor, paid_minor from partner_metrics_daily_diff where not gone
      order by partner_id, day, source, currency
    on conflict (partner_id, day, source, currency, tenant_id) do update
      set clicks = excluded.clicks, conversions = excluded.conversions, orders = excluded.orders,
      customers = excluded.customers, revenue_minor = excluded.revenue_minor, earned_minor = excluded.earned_minor,
      paid_minor = excluded.paid_minor),
  partner_metrics_by_diff as materialized (
    select tenant_id, partner_id, kind, day, name, currency, f.tenant_id is null as gone, f.clicks, f.conversions,
      f.orders, f.customers, f.revenue_minor, f.earned_minor, f.paid_minor,
      coalesce(f.clicks, 0) - coalesce(d.clicks, 0) as clicks_diff,
      coalesce(f.conversions, 0) - coalesce(d.conversions, 0) as conversions_diff,
      coalesce(f.orders, 0) - coalesce(d.orders, 0) as orders_diff,
      coalesce(f.customers, 0) - coalesce(d.customers, 0) as customers_diff,
      coalesce(f.revenue_minor, 0) - coalesce(d.revenue_minor, 0) as revenue_minor_diff,
      coalesce(f.earned_minor, 0) - coalesce(d.earned_minor, 0) as earned_minor_diff,
      coalesce(f.paid_minor, 0) - coalesce(d.paid_minor, 0) as paid_minor_diff
    from (select tenant_id, partner_id, n.kind, day, n.name, currency, sum(clicks)::bigint as clicks,
      sum(conversions)::bigint as conversions, sum(orders)::bigint as orders, sum(customers)::bigint as customers,
      sum(revenue_minor)::bigint as revenue_minor, sum(earned_minor)::bigint as earned_minor,
      sum(paid_minor)::bigint as paid_minor
    from delta cross join lateral (values ('LINK', link_id::text), ('CAMPAIGN', campaign)) n (kind, name)
    where (link_id is not null or campaign is not null) and n.name is not null group by 1, 2, 3, 4, 5, 6) f full
      join (select * from partner_metrics_by
      where partner_id = any(targets)) d using (tenant_id, partner_id, kind, day, name, currency)
    where (f.clicks, f.conversions, f.orders, f.customers, f.revenue_minor, f.earned_minor, f.paid_minor)
    is distinct from (d.clicks, d.conversions, d.orders, d.customers, d.revenue_minor, d.earned_minor, d.paid_minor)),
  partner_metrics_by_gone as (
    delete from partner_metrics_by d using partner_metrics_by_diff x
      where x.gone and (d.partner_id, d.kind, d.day, d.name, d.currency) = (x.partner_id, x.kind, x.day, x.name,
      x.currency)),
  partner_metrics_by_put as (
    insert into partner_metrics_by (tenant_id, partner_id, kind, day, name, currency, clicks, conversions, orders,
      customers, revenue_minor, earned_minor, paid_minor)
    select tenant_id, partner_id, kind, day, name, currency, clicks, conversions, orders, customers, revenue_minor,
      earned_minor, paid_minor from partner_metrics_by_diff where not gone
      order by partner_id, kind, day, name, currency
    on conflict (partner_id, kind, day, name, currency, tenant_id) do update
      set clicks = excluded.clicks, conversions = excluded.conversions, orders = excluded.orders,
      customers = excluded.customers, revenue_minor = excluded.revenue_minor, earned_minor = excluded.earned_minor,
      paid_minor = excluded.paid_minor),
  partner_metrics_diff as materialized (
    select tenant_id, partner_id, currency, f.tenant_id is null as gone, f.clicks, f.conversions, f.orders,
      f.customers, f.revenue_minor, f.earned_minor, f.paid_minor,
      coalesce(f.clicks, 0) - coalesce(d.clicks, 0) as clicks_diff,
      coalesce(f.conversions, 0) - coalesce(d.conversions, 0) as conversions_diff,
      coalesce(f.orders, 0) - coalesce(d.orders, 0) as orders_diff,
      coalesce(f.customers, 0) - coalesce(d.customers, 0) as customers_diff,
      coalesce(f.revenue_minor, 0) - coalesce(d.revenue_minor, 0) as revenue_minor_diff,
      coalesce(f.earned_minor, 0) - coalesce(d.earned_minor, 0) as earned_minor_diff,
      coalesce(f.paid_minor, 0) - coalesce(d.paid_minor, 0) as paid_minor_diff
    from (select tenant_id, partner_id, currency, sum(clicks)::bigint as clicks,
      sum(conversions)::bigint as conversions, sum(orders)::bigint as orders, sum(customers)::bigint as customers,
      sum(revenue_minor)::bigint as revenue_minor, sum(earned_minor)::bigint as earned_minor,
      sum(paid_minor)::bigint as paid_minor from days group by 1, 2, 3) f full
      join (select * from partner_metrics where partner_id = any(targets)) d using (tenant_id, partner_id, currency)
    where (f.clicks, f.conversions, f.orders, f.customers, f.revenue_minor, f.earned_minor, f.paid_minor)
    is distinct from (d.clicks, d.conversions, d.orders, d.customers, d.revenue_minor, d.earned_minor, d.paid_minor)),
  partner_metrics_gone as (
    delete from partner_metrics d using partner_metrics_diff x
      where x.gone and (d.partner_id, d.currency) = (x.partner_id, x.currency)),
  partner_metrics_put as (
    insert into partner_metrics (tenant_id, partner_id, currency, clicks, conversions, orders, customers,
      revenue_minor, earned_minor, paid_minor)
    select tenant_id, partner_id, currency, clicks, conversions, orders, customers, revenue_minor, earned_minor,
      paid_minor from partner_metrics_diff where not gone order by partner_id, currency
    on conflict (partner_id, currency, tenant_id) do update
      set clicks = excluded.clicks, conversions = excluded.conversions, orders = excluded.orders,
      customers = excluded.customers, revenue_minor = excluded.revenue_minor, earned_minor = excluded.earned_minor,
      paid_minor = excluded.paid_minor, updated_at = now())
  insert into program_metric_changes (tenant_id, day, currency, clicks, conversions, orders, customers,
    revenue_minor, earned_minor, paid_minor)
  select tenant_id, day, currency, sum(clicks_diff)::bigint, sum(conversions_diff)::bigint, sum(orders_diff)::bigint,
    sum(customers_diff)::bigint, sum(revenue_minor_diff)::bigint, sum(earned_minor_diff)::bigint,
    sum(paid_minor_diff)::bigint from partner_metrics_daily_diff
  group by tenant_id, day, currency
    having sum(clicks_diff) <> 0 or sum(conversions_diff) <> 0 or sum(orders_diff) <> 0 or sum(customers_diff) <> 0
    or sum(revenue_minor_diff) <> 0 or sum(earned_minor_diff) <> 0 or sum(paid_minor_diff) <> 0;
end
$$;
