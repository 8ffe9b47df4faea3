-- Returns who did what about a commission. A commission that comes from another one (an adjustment, true-up or reversal)
-- inherits the acts on that one and on everything that comes from it. So does a
-- commission that an act on another sale brought about. Their acts have of_source.
-- The plans are kept: to plan a statement again for each commission takes 100 times as long as the statement.
create or replace function acts_on_commission(c commissions)
returns table (act text, actor text, of_source boolean)
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
  root commissions := c;
  family uuid[] := '{}';
  causes uuid[] := '{}';
  tiers text[];
begin
  while coalesce(root.adjusts_id, root.reverses_id) is not null loop
    causes := causes || root.cause_id;
    select * into root from commissions s where s.id = coalesce(root.adjusts_id, root.reverses_id);
  end loop;
  causes := causes || root.cause_id;
  tiers := array[root.tier];
  -- What takes an amount back is approved with the commission that it corrects. The first commission of a sale that earned
  -- nothing until an act on another sale comes from that act.
  if (root.id <> c.id or root.caused_by is not null) and c.amount_minor > 0 then
    with recursive lines as (
      select root.id
      union all
      select d.id from lines l join commissions d on (d.adjusts_id = l.id or d.reverses_id = l.id) and d.carried_by is null)
    select array_agg(l.id) into family from lines l;
    select tiers || array_agg(d.tier::text) into tiers from commissions d where d.id = any(family);
    with recursive lines as (
      select x.id, x.adjusts_id from commissions x where x.id = any(causes)
      union all
      select d.id, d.adjusts_id from lines l join commissions d on d.id = l.adjusts_id)
    select array_agg(l.id) into causes from lines l;
  end if;
  return query
    select d.act, d.actor, false from (
      values ('MAKE', c.created_by), ('TELL', c.stated_by), ('MAKE', root.created_by), ('TELL', root.stated_by)) d (act, actor)
    where d.actor is not null;
  return query
    select t.act, t.actor, false from acts_on_terms(root, array[c.rule_id, root.rule_id], tiers) t where t.actor is not null;
  if root.exchange is not null then
    return query
      select a.act, a.actor, false from exchange_rates x
      cross join lateral (values ('SET_RATE', x.created_by), ('CONFIRM_RATE', x.confirmed_by)) a (act, actor)
      where x.tenant_id = root.tenant_id and x.base = root.exchange->>'base' and x.quote = root.exchange->>'quote'
        and x.rate = (root.exchange->>'rate')::numeric and x.effective_on <= root.occurred_at::date + 1
        and a.actor is not null;
  end if;
  return query
    select case h.kind when 'DISPUTE' then 'DISPUTE' else 'HOLD' end, h.placed_by, false
    from commission_holds h where h.commission_id = c.id
    union all
    select case h.kind when 'DISPUTE' then 'RESOLVE' else 'RELEASE' end, h.released_by, false
    from commission_holds h where h.commission_id = c.id and h.released_at is not null and not h.ended_with_line;
  if cardinality(family) = 0 then return; end if;
  return query
    select m.act, m.actor, false from commissions x
    cross join lateral (values ('MAKE', x.created_by), ('TELL', x.stated_by)) m (act, actor)
    where x.id = any(causes) and m.actor is not null
    union all
    select 'TAKE_BACK', d.caused_by, true from commissions d where d.id = any(family) and d.caused_by is not null
    union all
    select 'DISPUTE', h.placed_by, true from commission_holds h where h.commission_id = any(family || causes) and h.kind = 'DISPUTE'
    union all
    select case h.kind when 'DISPUTE' then 'RESOLVE' else 'RELEASE' end, h.released_by, true
    from commission_holds h
    where h.commission_id = any(family || causes) and h.commission_id <> c.id and h.released_at is not null and not h.ended_with_line;
end
$$;

revoke execute on function acts_on_commission(commissions) from public;
