/** Inserts the sale items of commissions that were inserted directly: one for each commission of a sale, at its rate or its
 *  amount per unit, with an affiliate's own terms. */
export const INSERT_SALE_ITEMS = `
  insert into sale_items (id, tenant_id, created_at, partner_id, customer_id, purchase, order_id, conversion_id, line_number, product,
    occurred_at, day, time_zone, sold_minor, sold_currency, refunded_minor, base_minor, base_refunded, owed_currency, owed_minor,
    rounding_mode, flat_refund, is_purchase, is_out, facts, terms, is_windowed)
  select c.id, c.tenant_id, c.created_at, c.partner_id, c.customer_id, coalesce(c.order_id, c.conversion_id::text, c.id::text), c.order_id,
    c.conversion_id, c.line_number, c.product, c.occurred_at, (c.occurred_at at time zone g.time_zone)::date, g.time_zone,
    coalesce(c.sale_minor, c.base_minor), coalesce(c.sale_currency, c.base_currency), r.base, c.base_minor, r.base, c.amount_currency,
    case when c.status = 'REJECTED' then 0 else c.amount_minor - r.amount end, c.rounding_mode, g.flat_refund, c.type <> 'BONUS',
    c.status = 'REJECTED',
    jsonb_build_object('type', c.type, 'country', c.country, 'quantity', coalesce(c.quantity, 1), 'tier', c.tier, 'purchase', null, 'scale', null),
    jsonb_build_object('level', coalesce(c.rate_source, 'LINE'), 'rule', null, 'method', c.method, 'rateBps', c.rate_bps,
      'flat', case when c.method = 'FLAT' then jsonb_build_object('perUnit', c.per_unit_minor::text, 'quantity', c.quantity,
        'part', '1', 'whole', '1', 'amount', c.amount_minor::text) end,
      'tiered', null, 'windows', coalesce(w.windows, '[]'), 'cap', null), w.windows is not null
  from commissions c join programs g on g.tenant_id = c.tenant_id
  cross join lateral (select coalesce(-sum(x.base_minor), 0)::bigint as base, coalesce(-sum(x.amount_minor), 0)::bigint as amount
    from commissions x where x.reverses_id = c.id) r
  left join lateral (
    select jsonb_build_array(jsonb_build_object('firstPurchaseOnly', a.first_purchase_only, 'months', a.recurring_months,
      'count', null, 'stepDownRateBps', null)) as windows
    from affiliate_configs a join partners p on p.id = a.partner_id and p.partner_type = 'AFFILIATE'
    where a.partner_id = c.partner_id and c.type <> 'BONUS' and (a.first_purchase_only or a.recurring_months is not null)) w on true
  where c.reverses_id is null and c.adjusts_id is null and not exists (select from sale_items i where i.id = c.id)`;
