-- Adds up the metrics of partners from all rows and writes only what differs, which is nothing most of the time. Stored
-- rows are subtracted from calculated ones in the same sum, so that one pass finds the differences: `side` is 1 for a key
-- that is only calculated, 2 for one that is only stored, and 3 for both. Rows are read by indexes, so that a call takes the
-- time of its partners, however large the program is.
create or replace function recalculate_partner_metrics(targets uuid[]) returns void
language plpgsql
set work_mem = '64MB'
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  perform from partners where id = any(targets) order by id for update;
  with delta as materialized (select * from metrics_of_all() where partner_id = any(targets)),
  daily as materialized (
    select tenant_id, partner_id, day, rate_day, source, currency, bit_or(side) as side, {{figures: total(#) as #}}
    from (
      select tenant_id, partner_id, day, rate_day, source, currency, 1 as side, {{figures: #}} from delta
      union all
      select tenant_id, partner_id, day, rate_day, source, currency, 2, {{figures: -#}}
      from partner_metrics_daily where partner_id = any(targets)
    ) d
    group by 1, 2, 3, 4, 5, 6
    having bit_or(side) <> 3 or {{figures: total(#) <> 0 | or}}
  ),
  daily_gone as (
    delete from partner_metrics_daily d using daily x
    where x.side = 2 and (d.partner_id, d.day, d.rate_day, d.source, d.currency) = (x.partner_id, x.day, x.rate_day, x.source, x.currency)
  ),
  daily_put as (
    insert into partner_metrics_daily as d (tenant_id, partner_id, day, rate_day, source, currency, {{figures: #}})
    select tenant_id, partner_id, day, rate_day, source, currency, {{figures: #}} from daily where side <> 2
    order by partner_id, day, rate_day, source, currency
    on conflict (partner_id, day, rate_day, source, currency, tenant_id) do update
    set {{figures: # = d.# + excluded.#}}
  ),
  named as materialized (
    select tenant_id, partner_id, kind, day, rate_day, name, currency, bit_or(side) as side, {{figures: total(#) as #}}
    from (
      select tenant_id, partner_id, n.kind, day, rate_day, n.name, currency, 1 as side, {{figures: #}}
      from delta
      cross join lateral (values ('LINK', link_id::text), ('CAMPAIGN', campaign)) n (kind, name)
      where (link_id is not null or campaign is not null) and n.name is not null
      union all
      select tenant_id, partner_id, kind, day, rate_day, name, currency, 2, {{figures: -#}}
      from partner_metrics_by where partner_id = any(targets)
    ) d
    group by 1, 2, 3, 4, 5, 6, 7
    having bit_or(side) <> 3 or {{figures: total(#) <> 0 | or}}
  ),
  named_gone as (
    delete from partner_metrics_by d using named x
    where x.side = 2 and (d.partner_id, d.kind, d.day, d.rate_day, d.name, d.currency) = (x.partner_id, x.kind, x.day, x.rate_day, x.name, x.currency)
  ),
  named_put as (
    insert into partner_metrics_by as d (tenant_id, partner_id, kind, day, rate_day, name, currency, {{figures: #}})
    select tenant_id, partner_id, kind, day, rate_day, name, currency, {{figures: #}} from named where side <> 2
    order by partner_id, kind, day, rate_day, name, currency
    on conflict (partner_id, kind, day, rate_day, name, currency, tenant_id) do update
    set {{figures: # = d.# + excluded.#}}
  ),
  totals as materialized (
    select tenant_id, partner_id, currency, bit_or(side) as side, {{figures: total(#) as #}}
    from (
      select tenant_id, partner_id, currency, 1 as side, {{figures: #}} from delta
      union all
      select tenant_id, partner_id, currency, 2, {{figures: -#}} from partner_metrics where partner_id = any(targets)
    ) d
    group by 1, 2, 3
    having bit_or(side) <> 3 or {{figures: total(#) <> 0 | or}}
  ),
  totals_gone as (
    delete from partner_metrics d using totals x
    where x.side = 2 and (d.partner_id, d.currency) = (x.partner_id, x.currency)
  ),
  totals_put as (
    insert into partner_metrics as d (tenant_id, partner_id, currency, {{figures: #}})
    select tenant_id, partner_id, currency, {{figures: #}} from totals where side <> 2
    order by partner_id, currency
    on conflict (partner_id, currency, tenant_id) do update
    set {{figures: # = d.# + excluded.#}}, updated_at = now()
  )
  insert into program_metric_changes (tenant_id, day, rate_day, currency, {{figures: #}})
  select tenant_id, day, rate_day, currency, {{figures: total(#)}}
  from daily
  group by tenant_id, day, rate_day, currency
  having {{figures: total(#) <> 0 | or}};
end
$$;
