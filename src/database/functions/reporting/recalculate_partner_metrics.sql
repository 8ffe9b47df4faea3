-- Adds up the metrics of partners from all rows and writes only what differs, which is nothing most of the time.
create or replace function recalculate_partner_metrics(targets uuid[]) returns void
language plpgsql
set work_mem = '64MB'
as $$
begin
  perform from partners where id = any(targets) order by id for update;
  with delta as materialized (
    select d.* from referrals n, metrics_of(n) d where n.partner_id = any(targets)
    union all select d.* from conversions n, metrics_of(n) d where n.partner_id = any(targets)
    union all select d.* from customers n, metrics_of(n) d where n.partner_id = any(targets)
    union all select d.* from commissions n, metrics_of(n) d where n.partner_id = any(targets)
    union all select d.* from payouts n, metrics_of(n) d where n.partner_id = any(targets)
  ),
  days as materialized (
    select tenant_id, partner_id, day, rate_day, source, currency, {{figures: sum(#)::bigint as #}}
    from delta
    group by 1, 2, 3, 4, 5, 6
  ),
  partner_metrics_daily_diff as materialized (
    select tenant_id, partner_id, day, rate_day, source, currency, f.tenant_id is null as gone, {{figures: f.#}},
      {{figures: coalesce(f.#, 0) - coalesce(d.#, 0) as #_diff}}
    from (select * from days) f
    full join (select * from partner_metrics_daily where partner_id = any(targets)) d
      using (tenant_id, partner_id, day, rate_day, source, currency)
    where ({{figures: f.#}}) is distinct from ({{figures: d.#}})
  ),
  partner_metrics_daily_gone as (
    delete from partner_metrics_daily d using partner_metrics_daily_diff x
    where x.gone and (d.partner_id, d.day, d.rate_day, d.source, d.currency) = (x.partner_id, x.day, x.rate_day, x.source, x.currency)
  ),
  partner_metrics_daily_put as (
    insert into partner_metrics_daily (tenant_id, partner_id, day, rate_day, source, currency, {{figures: #}})
    select tenant_id, partner_id, day, rate_day, source, currency, {{figures: #}} from partner_metrics_daily_diff where not gone
    order by partner_id, day, rate_day, source, currency
    on conflict (partner_id, day, rate_day, source, currency, tenant_id) do update
    set {{figures: # = excluded.#}}
  ),
  partner_metrics_by_diff as materialized (
    select tenant_id, partner_id, kind, day, rate_day, name, currency, f.tenant_id is null as gone, {{figures: f.#}},
      {{figures: coalesce(f.#, 0) - coalesce(d.#, 0) as #_diff}}
    from (
      select tenant_id, partner_id, n.kind, day, rate_day, n.name, currency, {{figures: sum(#)::bigint as #}}
      from delta
      cross join lateral (values ('LINK', link_id::text), ('CAMPAIGN', campaign)) n (kind, name)
      where (link_id is not null or campaign is not null) and n.name is not null
      group by 1, 2, 3, 4, 5, 6, 7
    ) f
    full join (select * from partner_metrics_by where partner_id = any(targets)) d
      using (tenant_id, partner_id, kind, day, rate_day, name, currency)
    where ({{figures: f.#}}) is distinct from ({{figures: d.#}})
  ),
  partner_metrics_by_gone as (
    delete from partner_metrics_by d using partner_metrics_by_diff x
    where x.gone and (d.partner_id, d.kind, d.day, d.rate_day, d.name, d.currency) = (x.partner_id, x.kind, x.day, x.rate_day, x.name, x.currency)
  ),
  partner_metrics_by_put as (
    insert into partner_metrics_by (tenant_id, partner_id, kind, day, rate_day, name, currency, {{figures: #}})
    select tenant_id, partner_id, kind, day, rate_day, name, currency, {{figures: #}} from partner_metrics_by_diff where not gone
    order by partner_id, kind, day, rate_day, name, currency
    on conflict (partner_id, kind, day, rate_day, name, currency, tenant_id) do update
    set {{figures: # = excluded.#}}
  ),
  partner_metrics_diff as materialized (
    select tenant_id, partner_id, currency, f.tenant_id is null as gone, {{figures: f.#}},
      {{figures: coalesce(f.#, 0) - coalesce(d.#, 0) as #_diff}}
    from (
      select tenant_id, partner_id, currency, {{figures: sum(#)::bigint as #}}
      from days
      group by 1, 2, 3
    ) f
    full join (select * from partner_metrics where partner_id = any(targets)) d
      using (tenant_id, partner_id, currency)
    where ({{figures: f.#}}) is distinct from ({{figures: d.#}})
  ),
  partner_metrics_gone as (
    delete from partner_metrics d using partner_metrics_diff x
    where x.gone and (d.partner_id, d.currency) = (x.partner_id, x.currency)
  ),
  partner_metrics_put as (
    insert into partner_metrics (tenant_id, partner_id, currency, {{figures: #}})
    select tenant_id, partner_id, currency, {{figures: #}} from partner_metrics_diff where not gone
    order by partner_id, currency
    on conflict (partner_id, currency, tenant_id) do update
    set {{figures: # = excluded.#}}, updated_at = now()
  )
  insert into program_metric_changes (tenant_id, day, rate_day, currency, {{figures: #}})
  select tenant_id, day, rate_day, currency, {{figures: sum(#_diff)::bigint}}
  from partner_metrics_daily_diff
  group by tenant_id, day, rate_day, currency
  having {{figures: sum(#_diff) <> 0 | or}};
end
$$;
