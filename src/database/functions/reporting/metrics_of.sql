-- What a row contributes to the metrics of its partner. A change adds the new contribution and takes off the old one,
-- so it costs what changed; a recalculation adds up all contributions again. XXX is the ISO 4217 code for "no
-- currency".

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
create or replace function metrics_of(v conversions) returns setof metric_delta
language sql stable
as $$
  select v.tenant_id, v.partner_id, t.day, t.day, v.source, v.amount_currency, 0::bigint,
    v.counted::int::bigint, (v.counted and not v.is_trial)::int::bigint, 0::bigint, v.amount_minor, 0::bigint, 0::bigint, r.link_id,
      r.campaign
  from programs g cross join lateral (select (v.occurred_at at time zone g.time_zone)::date as day) t
  left join referrals r on r.id = v.referral_id where g.tenant_id = v.tenant_id and v.refused is null
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
-- at the exchange rates of the day of its sale.
create or replace function metrics_of(c commissions) returns setof metric_delta
language sql stable
as $$
  select c.tenant_id, c.partner_id, (c.occurred_at at time zone g.time_zone)::date,
    (coalesce(i.occurred_at, c.occurred_at) at time zone g.time_zone)::date, c.source, s.currency, 0::bigint, 0::bigint,
  case when s.sold and c.revenue_minor > 0 and c.line_number = 0 and c.type <> 'ADJUSTMENT' and c.status <> 'REJECTED'
    then 1 else 0 end::bigint, 0::bigint,
  case when not s.sold or c.status = 'REJECTED' and c.conversion_id is null then 0 else c.revenue_minor end,
  case when not s.earned or c.status = 'REJECTED' then 0 else c.amount_minor end, 0::bigint, r.link_id, r.campaign
  from programs g cross join (values (c.amount_currency, c.sale_currency is null, true),
    (c.sale_currency, true, false)) s (currency, sold, earned)
  left join referrals r on r.id = c.referral_id
  left join commissions i on i.id = c.item_id
  where g.tenant_id = c.tenant_id and s.currency is not null
$$;

create or replace function metrics_of(o payouts) returns setof metric_delta
language sql stable
as $$
  select o.tenant_id, o.partner_id, t.day, t.day, '(none)', o.amount_currency, 0::bigint,
    0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, o.amount_minor, null::uuid, null::text
  from programs g cross join lateral (select (o.paid_at at time zone g.time_zone)::date as day) t
  where g.tenant_id = o.tenant_id and o.status = 'PAID'
$$;
