-- The one place that decides which partners are paid, with the reason for the others: for a manual payout, a run and
-- its preview. In a run, the period of each partner is the last whole period of its frequency before as_of, with the
-- amounts carried over from before. A manual payout covers starts to the day before ends, and the amounts from before
-- only as a whole and only when their balance is negative. rails: method -> {account:
-- whether an account is needed, <currency>: [step, minimum, maximum]}. Nested loops by indexes, planned at each call,
-- because a batch is small and a table may have grown since the last one.
create or replace function payout_balances(
  tenant text,
  targets uuid[],
  as_of timestamptz,
  at timestamptz,
  rails jsonb,
  starts date,
  ends date,
  only_currency text,
  by_method text
)
returns table (
  partner_id uuid,
  method text,
  currency text,
  lines int,
  total bigint,
  amount bigint,
  line_ids uuid[],
  last_at timestamptz,
  period_start date,
  period_end date,
  account_id uuid,
  tier text,
  reason text
)
language sql stable
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_custom_plan
set jit = off
as $$
  with due as materialized (
    select p.id, p.status, p.tier, p.payout_frequency, coalesce(by_method, p.payout_method) as method, g.time_zone,
      g.currency as program_currency, g.minimum_payout_minor, g.payout_minimums, e.ends,
      starts::timestamp at time zone g.time_zone as starts_at, e.ends::timestamp at time zone g.time_zone as ends_at,
      exists (select from payout_holds h where h.partner_id = p.id and h.released_at is null) as held,
      exists (select from commission_holds h where h.partner_id = p.id and h.released_at is null) as has_holds
    from unnest(targets) t (id) join partners p on p.id = t.id join programs g on g.tenant_id = p.tenant_id
    cross join lateral (select coalesce(payout_balances.ends,
      payout_period_end(p.payout_frequency, (as_of at time zone g.time_zone)::date)) as ends) e
    where p.tenant_id = tenant),
  owed as materialized (
    select d.*, o.currency, coalesce(o.lines, 0) as lines, o.total, o.line_ids, o.first_at, o.last_at
    from due d left join lateral (
      select s.currency, sum(s.lines)::int as lines, sum(s.total)::bigint as total,
        max(s.line_ids) filter (where s.inside) || max(s.line_ids) filter (where not s.inside) as line_ids,
        min(s.first_at) as first_at, max(s.last_at) as last_at
      from (
        select l.currency, starts is null or l.counts_at >= d.starts_at and l.counts_at < d.ends_at as inside,
          count(*) as lines, sum(l.minor) as total, array_agg(l.id) as line_ids,
          min(l.occurred_at) as first_at, max(l.occurred_at) as last_at
        from claimable_lines(d.id, only_currency, d.ends_at, d.has_holds) l
        group by 1, 2) s
      where s.inside or s.total < 0
      group by s.currency) o on true),
  judged as (
    select o.*, rails->o.method->o.currency as carriage,
      o.total - o.total % coalesce((rails->o.method->o.currency->>0)::bigint, 1) as amount, a.id as account_id,
        a.usable_from, a.check_asked_at,
      case when o.currency = o.program_currency
        then o.minimum_payout_minor else coalesce((o.payout_minimums->>o.currency)::bigint, 0) end as minimum
    from owed o
    left join payout_accounts a on a.partner_id = o.id and a.method = o.method and a.currency = o.currency
      and a.removed_at is null)
  select id, method, currency, lines, total, amount, line_ids, last_at,
    coalesce(starts, least(payout_period_start(payout_frequency, ends), (first_at at time zone time_zone)::date)),
      ends - 1, account_id, tier,
    case
      when status <> 'ACTIVE' then 'NOT_ACTIVE'
      when held then 'PAYOUTS_HELD'
      when lines = 0 and exists (select from payouts o
        where o.partner_id = judged.id and o.status = 'FAILED' and o.released_at is null
        and o.period_start < judged.ends) then 'IN_FAILED_PAYOUT'
      when lines = 0 then 'NOTHING_TO_PAY'
      when method is null then 'NO_PAYOUT_METHOD'
      when rails->method is null then 'NO_RAIL'
      when total <= 0 then 'NOT_POSITIVE'
      when total < minimum then 'BELOW_MINIMUM'
      when carriage is null then 'CURRENCY_NOT_CARRIED'
      when amount <= 0 or amount < (carriage->>1)::bigint then 'BELOW_RAIL_MINIMUM'
      when amount > (carriage->>2)::bigint then 'ABOVE_RAIL_MAXIMUM'
      when usable_from > at then 'ACCOUNT_COOLING_OFF'
      when check_asked_at is not null then 'ACCOUNT_TO_CHECK'
      when account_id is null and (rails->method->>'account')::boolean then 'NO_ACCOUNT'
    end
  from judged
$$;
