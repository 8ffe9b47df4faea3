-- Returns who decided about the terms of a sale: the rules, the rates, the tiers and the plan. The person who set a term
-- stays its author until another person changes the term: other changes of the same row do not clear the name.
-- The plans are kept: to plan a statement again for each commission takes 100 times as long as the statement.
create or replace function acts_on_terms(sale commissions, rules uuid[], tiers text[])
returns table (act text, actor text)
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
  used commission_rules;
  plan uuid;
begin
  return query
    select 'EDIT_RULE', r.created_by from commission_rules u
    join commission_rules r on r.rule_key = u.rule_key and r.tenant_id = u.tenant_id and r.version <= u.version
    where u.id = any(rules) and (r.id = u.id or exists (
      select from unnest(pricing_terms(u)) t (term) where not exists (
        select from commission_rules g
        where g.rule_key = u.rule_key and g.tenant_id = u.tenant_id and g.version between r.version and u.version
          and t.term <> all (pricing_terms(g)))));
  if sale.rate_source is null or sale.rate_source = 'LINE' then return; end if;
  select * into used from commission_rules r where r.id = sale.rule_id;
  plan := coalesce(
    (select m.plan_id from plan_memberships m where m.partner_id = sale.partner_id and m.effective_at <= sale.occurred_at
      order by m.effective_at desc, m.id desc limit 1),
    (select n.id from commission_plans n where n.tenant_id = sale.tenant_id and n.is_default));
  -- A rule that paid less and would have come first, had it not been ended or edited.
  return query
    select 'EDIT_RULE', l.created_by from (
      select distinct on (u.rule_key) u.* from commission_rules u
      where u.tenant_id = sale.tenant_id and u.effective_at <= sale.occurred_at and u.rule_key is distinct from used.rule_key
        and (u.partner_id = sale.partner_id or u.plan_id = plan and sale.rate_source in ('PLAN', 'TIER'))
      order by u.rule_key, u.effective_at desc, u.version desc) v
    cross join lateral (
      select w.* from commission_rules w
      where w.rule_key = v.rule_key and w.tenant_id = v.tenant_id and w.version < v.version and rule_fits(w, sale)
        and (w.product is not null or used.product is null or w.partner_id is not null and used.partner_id is null)
        and (w.method <> 'PERCENTAGE' or w.first_purchase_only
          or num_nonnulls(w.recurring_months, w.recurring_count, w.cap_minor) > 0
          or case when sale.rate_bps is null then w.rate_bps * sale.base_minor::numeric < sale.amount_minor * 10000::numeric
            else w.rate_bps < sale.rate_bps end)
      order by w.version desc limit 1) w
    join commission_rules l on l.rule_key = v.rule_key and l.tenant_id = v.tenant_id and l.version > w.version and l.version <= v.version
    where v.ended or v.customer_kind not in ('ANY', w.customer_kind)
      or not rule_fits((select x from commission_rules x where x.id = v.id), sale);
  if sale.rate_source in ('PLAN', 'TIER') then
    return query
      (select 'EDIT_SETTING', m.created_by from (
        select p.*, lag(p.plan_id) over (order by p.effective_at, p.id) as before
        from plan_memberships p where p.partner_id = sale.partner_id and p.effective_at <= sale.occurred_at) m
      where m.plan_id is distinct from m.before
      order by m.effective_at desc, m.id desc limit 1)
      union all
      select 'EDIT_SETTING', n.created_by from commission_plans n where n.id = plan and n.is_default and sale.rate_source = 'PLAN'
      union all
      -- The own rate of the partner, which came first until a person removed it.
      select 'EDIT_SETTING', h.changed_by from (
        select * from partner_history p
        where p.partner_id = sale.partner_id and p.created_at <= sale.created_at and num_nonnulls(p.rate_bps, p.rate_before_bps) > 0
        order by p.created_at desc, p.id desc limit 1) h
      where h.rate_bps is null and (sale.rate_bps is null or h.rate_before_bps < sale.rate_bps);
  end if;
  if sale.rate_source = 'TIER' then
    return query
      select 'EDIT_SETTING', a.created_by from unnest(tiers) k (tier)
      cross join lateral (
        (select v.created_by from tier_config_versions v
        where v.tenant_id = sale.tenant_id and v.tier = k.tier::partner_tier and v.effective_at <= sale.occurred_at
        order by v.effective_at desc, v.id desc limit 1)
        union all
        (select s.created_by from (
          select v.*, lag(v.rate_bps) over (order by v.effective_at, v.id) as before from tier_config_versions v
          where v.tenant_id = sale.tenant_id and v.tier = k.tier::partner_tier and v.effective_at <= sale.occurred_at) s
        where s.rate_bps is distinct from s.before
        order by s.effective_at desc, s.id desc limit 1)) a;
    -- The tier of the partner at the sale, when a person chose it. A tier evaluation follows the figures, and the tier of a
    -- new partner is BRONZE unless a person says otherwise.
    return query
      select 'EDIT_SETTING', t.changed_by from (
        select h.*, lag(h.tier, 1, 'BRONZE') over (order by h.effective_at, h.id) as before
        from partner_history h where h.partner_id = sale.partner_id and h.effective_at <= sale.occurred_at) t
      where t.tier <> t.before and t.changed_by is not null
        and (t.reason is null or exists (select from tier_locks k where k.partner_id = sale.partner_id and k.locked_by = t.changed_by and k.tier = t.tier))
      order by t.effective_at desc, t.id desc limit 1;
  elsif sale.rate_source = 'PARTNER' then
    return query
      select 'EDIT_SETTING', h.changed_by from partner_history h
      where h.partner_id = sale.partner_id and h.rate_bps = sale.rate_bps and h.created_at <= sale.created_at;
  end if;
end
$$;

revoke execute on function acts_on_terms(commissions, uuid[], text[]) from public;
