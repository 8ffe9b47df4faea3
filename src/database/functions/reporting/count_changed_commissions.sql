-- Adds the change of updated rows to the metrics. One function for each table: the rows of a transition table have no
-- type, so each function names its own to find its metrics_of.
create or replace function count_changed_commissions() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
set enable_hashjoin = off set enable_mergejoin = off -- a plan is kept: for many rows first, it would read all referrals for one
as $$
begin
  perform apply_metric_deltas(array(
    select row(
      d.tenant_id, d.partner_id, d.day, d.rate_day, d.source, d.currency, {{figures: total(d.#)}}, d.link_id, d.campaign
    )::metric_delta
    from (
      select d.*
      from after n left join referrals r on r.id = n.referral_id left join commissions i on i.id = n.item_id,
        metrics_of(n::commissions, r, i) d
      union all
      select d.tenant_id, d.partner_id, d.day, d.rate_day, d.source, d.currency, {{figures: -d.#}}, d.link_id, d.campaign
      from before o left join referrals r on r.id = o.referral_id left join commissions i on i.id = o.item_id,
        metrics_of(o::commissions, r, i) d
    ) d
    group by d.tenant_id, d.partner_id, d.day, d.rate_day, d.source, d.currency, d.link_id, d.campaign
    having {{figures: total(d.#) <> 0 | or}}
  ));
  return null;
end
$$;

create or replace trigger count_changed after update on commissions
  referencing old table as before new table as after
  for each statement execute function count_changed_commissions();
