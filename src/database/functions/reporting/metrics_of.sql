-- What a row contributes to the metrics of its partner. A change adds the new contribution and takes off the old one,
-- so it costs what changed; a recalculation adds up all contributions again. XXX is the ISO 4217 code for "no
-- currency". The caller joins the referral and the sale, because an outer join in here would be planned for each row alone.

-- Only clicks count, and not those of bots.
create or replace function metrics_of(f referrals) returns setof metric_delta
language sql stable
as $$
  select f.tenant_id, f.partner_id, t.day, t.day, f.source, 'XXX', 1::bigint,
    0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, f.link_id, f.campaign
  from programs g cross join lateral (select (f.clicked_at at time zone g.time_zone)::date as day) t
  where g.tenant_id = f.tenant_id and f.origin = 'CLICK' and not f.bot
$$;

-- When several partners share a sale, one row is counted as the conversion. A refused conversion counts nowhere. A free
-- trial is a conversion, but not an order.
create or replace function metrics_of(v conversions, r referrals) returns setof metric_delta
language sql stable
as $$
  select v.tenant_id, v.partner_id, t.day, t.day, v.source, v.amount_currency, 0::bigint,
    v.counted::int::bigint, (v.counted and not v.is_trial)::int::bigint, 0::bigint, v.amount_minor, 0::bigint, 0::bigint, r.link_id,
      r.campaign
  from programs g cross join lateral (select (v.occurred_at at time zone g.time_zone)::date as day) t
  where g.tenant_id = v.tenant_id and v.refused is null
$$;

create or replace function metrics_of(k customers) returns setof metric_delta
language sql stable
as $$
  select k.tenant_id, k.partner_id, t.day, t.day, '(none)', 'XXX', 0::bigint, 0::bigint,
    0::bigint, 1::bigint, 0::bigint, 0::bigint, 0::bigint, null::uuid, null::text
  from programs g cross join lateral (select (k.bound_at at time zone g.time_zone)::date as day) t
  where g.tenant_id = k.tenant_id and k.partner_id is not null
$$;

-- Several line items of an order are one order. Revenue counts in the currency of the sale, earnings in that of the
-- commission. The revenue of a rejected commission does not count, unless its conversion counts it anyway. A sale
-- that a dispute gives back counts its revenue again, but not its order. A refund or correction counts on its own day,
-- at the exchange rates of the day of its sale, which is `i`.
create or replace function metrics_of(c commissions, r referrals, i commissions) returns setof metric_delta
language sql stable
as $$
  select c.tenant_id, c.partner_id, (c.occurred_at at time zone g.time_zone)::date,
    (coalesce(i.occurred_at, c.occurred_at) at time zone g.time_zone)::date, c.source,
    case when s.foreign_sale then c.sale_currency else c.amount_currency end, 0::bigint, 0::bigint,
  case when (s.foreign_sale or c.sale_currency is null) and c.revenue_minor > 0 and c.line_number = 0
    and c.type <> 'ADJUSTMENT' and c.status <> 'REJECTED' then 1 else 0 end::bigint, 0::bigint,
  case when not s.foreign_sale and c.sale_currency is not null or c.status = 'REJECTED' and c.conversion_id is null
    then 0 else c.revenue_minor end,
  case when s.foreign_sale or c.status = 'REJECTED' then 0 else c.amount_minor end, 0::bigint, r.link_id, r.campaign
  from programs g cross join (values (false), (true)) s (foreign_sale)
  where g.tenant_id = c.tenant_id and (not s.foreign_sale or c.sale_currency is not null)
$$;

create or replace function metrics_of(o payouts) returns setof metric_delta
language sql stable
as $$
  select o.tenant_id, o.partner_id, t.day, t.day, '(none)', o.amount_currency, 0::bigint,
    0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, o.amount_minor, null::uuid, null::text
  from programs g cross join lateral (select (o.paid_at at time zone g.time_zone)::date as day) t
  where g.tenant_id = o.tenant_id and o.status = 'PAID'
$$;

-- What all rows contribute. A condition on the partner goes to the indexes of the tables.
create or replace function metrics_of_all() returns setof metric_delta
language sql stable
as $$
  select d.* from referrals n, metrics_of(n) d
  union all
  select d.* from conversions n left join referrals r on r.id = n.referral_id, metrics_of(n, r) d
  union all
  select d.* from customers n, metrics_of(n) d
  union all
  select d.*
  from commissions n left join referrals r on r.id = n.referral_id left join commissions i on i.id = n.item_id, metrics_of(n, r, i) d
  union all
  select d.* from payouts n, metrics_of(n) d
$$;
