-- Adds the changes of program metrics to the days. Only a session for all tenants may call this; one at a time.
create or replace function fold_program_metrics() returns bigint
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare folded bigint;
begin
  if coalesce(current_setting('portal.tenant', true), '') <> '*' then
    raise exception 'Only a session for all tenants may fold the metrics.' using errcode = 'insufficient_privilege';
  end if;
  if not pg_try_advisory_xact_lock(hashtextextended('fold_program_metrics', 0)) then return 0; end if;
  with gone as (delete from program_metric_changes returning *), folded as (
    insert into program_metrics_daily as d (tenant_id, day, currency, clicks, conversions, orders, customers,
      revenue_minor, earned_minor, paid_minor)
    select tenant_id, day, currency, sum(clicks)::bigint as clicks, sum(conversions)::bigint as conversions,
      sum(orders)::bigint as orders, sum(customers)::bigint as customers,
      sum(revenue_minor)::bigint as revenue_minor, sum(earned_minor)::bigint as earned_minor,
      sum(paid_minor)::bigint as paid_minor from gone group by tenant_id, day, currency
    on conflict (tenant_id, day, currency) do update
      set clicks = d.clicks + excluded.clicks, conversions = d.conversions + excluded.conversions,
      orders = d.orders + excluded.orders, customers = d.customers + excluded.customers,
      revenue_minor = d.revenue_minor + excluded.revenue_minor,
      earned_minor = d.earned_minor + excluded.earned_minor, paid_minor = d.paid_minor + excluded.paid_minor)
  select count(*) into folded from gone;
  return folded;
end
$$;

revoke execute on function fold_program_metrics() from public;
grant execute on function fold_program_metrics() to partner_portal_api;
