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
  with gone as (delete from program_metric_changes returning *),
  folded as (
    insert into program_metrics_daily as d (tenant_id, day, rate_day, currency, {{figures: #}})
    select tenant_id, day, rate_day, currency, {{figures: total(#)}}
    from gone
    group by tenant_id, day, rate_day, currency
    on conflict (tenant_id, day, rate_day, currency) do update
    set {{figures: # = d.# + excluded.#}}
  )
  select count(*) into folded from gone;
  return folded;
end
$$;

revoke execute on function fold_program_metrics() from public;
grant execute on function fold_program_metrics() to partner_portal_api;
