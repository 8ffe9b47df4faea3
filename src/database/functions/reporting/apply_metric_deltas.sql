-- Adds changes to all metrics. Rows are taken in one order, so that two batches never wait for each other in a circle.
-- The key-share lock makes a change wait for a recalculation of its partner, which starts by locking the partner.
create or replace function apply_metric_deltas(deltas metric_delta[]) returns void
language plpgsql
as $$
declare one metric_delta := deltas[1];
begin
  if deltas is null or cardinality(deltas) = 0 then return; end if;

  -- A single change, as that of most sales, has nothing to sum or to sort. PostgreSQL plans the statement below again for each
  -- call, which takes longer than to run these. The total comes first in both, so no other session changes the rows after it.
  if cardinality(deltas) = 1 then
    perform from partners where id = one.partner_id for key share;
    insert into partner_metrics as t (tenant_id, partner_id, currency, {{figures: #}})
    values (one.tenant_id, one.partner_id, one.currency, {{figures: one.#}})
    on conflict (partner_id, currency, tenant_id) do update
    set {{figures: # = t.# + excluded.#}}, updated_at = now();
    insert into partner_metrics_daily as d (tenant_id, partner_id, day, rate_day, source, currency, {{figures: #}})
    values (one.tenant_id, one.partner_id, one.day, one.rate_day, one.source, one.currency, {{figures: one.#}})
    on conflict (partner_id, day, rate_day, source, currency, tenant_id) do update
    set {{figures: # = d.# + excluded.#}};
    if one.link_id is not null or one.campaign is not null then
      insert into partner_metrics_by as b (tenant_id, partner_id, kind, day, rate_day, name, currency, {{figures: #}})
      select one.tenant_id, one.partner_id, n.kind, one.day, one.rate_day, n.name, one.currency, {{figures: one.#}}
      from (values ('CAMPAIGN', one.campaign), ('LINK', one.link_id::text)) n (kind, name)
      where n.name is not null
      on conflict (partner_id, kind, day, rate_day, name, currency, tenant_id) do update
      set {{figures: # = b.# + excluded.#}};
    end if;
    insert into program_metric_changes (tenant_id, day, rate_day, currency, {{figures: #}})
    select one.tenant_id, one.day, one.rate_day, one.currency, {{figures: one.#}}
    where {{figures: one.# <> 0 | or}};
    return;
  end if;

  perform from partners where id in (select partner_id from unnest(deltas)) order by id for key share;

  with delta as materialized (select * from unnest(deltas)),
  program as (
    insert into program_metric_changes (tenant_id, day, rate_day, currency, {{figures: #}})
    select tenant_id, day, rate_day, currency, {{figures: total(#)}}
    from delta
    group by tenant_id, day, rate_day, currency
    having {{figures: total(#) <> 0 | or}}
  ),
  named as (
    insert into partner_metrics_by as b (tenant_id, partner_id, kind, day, rate_day, name, currency, {{figures: #}})
    select tenant_id, partner_id, n.kind, day, rate_day, n.name, currency, {{figures: total(#)}}
    from delta
    cross join lateral (values ('LINK', link_id::text), ('CAMPAIGN', campaign)) n (kind, name)
    where n.name is not null
    group by tenant_id, partner_id, n.kind, day, rate_day, n.name, currency
    order by partner_id, n.kind, day, rate_day, n.name, currency
    on conflict (partner_id, kind, day, rate_day, name, currency, tenant_id) do update
    set {{figures: # = b.# + excluded.#}}
  ),
  daily as (
    insert into partner_metrics_daily as d (tenant_id, partner_id, day, rate_day, source, currency, {{figures: #}})
    select tenant_id, partner_id, day, rate_day, source, currency, {{figures: total(#)}}
    from delta
    group by tenant_id, partner_id, day, rate_day, source, currency
    order by partner_id, day, rate_day, source, currency
    on conflict (partner_id, day, rate_day, source, currency, tenant_id) do update
    set {{figures: # = d.# + excluded.#}}
  )
  insert into partner_metrics as t (tenant_id, partner_id, currency, {{figures: #}})
  select tenant_id, partner_id, currency, {{figures: total(#)}}
  from delta
  group by tenant_id, partner_id, currency
  order by partner_id, currency
  on conflict (partner_id, currency, tenant_id) do update
  set {{figures: # = t.# + excluded.#}}, updated_at = now();
end
$$;
