import type { Pool, QueryConfig } from 'pg';
import { v4, v7 } from 'uuid';
import { TENANT } from './data.ts';

type Row = readonly string[]; // in the text form of PostgreSQL; null for NULL
type Input = Record<string, string>;
type Screen = (pool: Pool, variables: { id: string; filter: Input; input: Input }) => Promise<object>;

const types = { getTypeParser: () => (text: string) => text } as unknown as NonNullable<QueryConfig['types']>;

/** A query of fixed text: planned once for each connection, with rows as arrays of text. */
const statement = (name: string, text: string) => async (pool: Pool, values: unknown[]) =>
  (await pool.query({ name, text, values, rowMode: 'array', types })).rows as Row[];

function money(minor = '0', currency = ''): object {
  if (currency === 'JPY') return { amount: minor, currency };
  const [sign, digits] = minor.startsWith('-') ? ['-', minor.slice(1)] : ['', minor];
  const padded = digits.padStart(3, '0');
  return { amount: `${sign}${padded.slice(0, -2)}.${padded.slice(-2)}`, currency };
}

const instant = (text: string | undefined) => (text ? new Date(text).toISOString() : null);
const jsonRows = (text: string | undefined) => JSON.parse(text ?? '[]') as Row[];
const edges = (nodes: object[]) => ({ edges: nodes.map((node) => ({ node })) });

const partnerById = statement(
  'partner',
  `select id, partner_type, status, tier, company_name, email, referral_code, rate_bps, currency, created_at
  from partners where tenant_id = '${TENANT}' and id = $1 and deleted_at is null`,
);

const Q1: Screen = async (pool, { id: asked }) => {
  const [row] = await partnerById(pool, [asked]);
  if (!row) return { partner: null };
  const [id, partnerType, status, tier, companyName, email, referralCode, rateBps, currency, createdAt] = row;
  const commissionRate = rateBps ? Number(rateBps) / 100 : null;
  return {
    partner: {
      ...{ id, partnerType, status, tier, companyName, email, referralCode, commissionRate, currency },
      createdAt: instant(createdAt),
    },
  };
};

// One statement with its relations as JSON arrays: measured faster than a statement for each relation, side by side or
// pipelined behind one another, and than a union of all rows.
const dashboard = statement(
  'dashboard',
  `select p.id, p.company_name, p.tier, p.status, p.currency, m.clicks, m.conversions, m.revenue, c.lines, o.payouts
  from (
    select id, company_name, tier, status, currency from partners
    where tenant_id = '${TENANT}' and deleted_at is null and tier = $1 order by id desc limit 50) p
  cross join lateral (
    select sum(clicks) as clicks, sum(conversions) as conversions,
      sum(revenue_minor) filter (where currency = p.currency) as revenue
    from partner_metrics where partner_id = p.id) m
  cross join lateral (
    select json_agg(json_build_array(c.id,
      case when o.id is null then c.status when o.status = 'PAID' then 'PAID' else 'ALLOCATED' end,
      c.amount_minor::text, c.amount_currency, k.id, k.external_id) order by c.id desc) as lines
    from (
      select id, status, amount_minor, amount_currency, customer_id from commissions
      where partner_id = p.id order by id desc limit 10) c
    left join customers k on k.id = c.customer_id
    left join payout_items i on i.commission_id = c.id and i.voided_at is null
    left join payouts o on o.id = i.payout_id) c
  cross join lateral (
    select json_agg(json_build_array(o.id, o.status, o.amount_minor::text, o.amount_currency) order by o.id desc) as payouts
    from (
      select id, status, amount_minor, amount_currency from payouts
      where partner_id = p.id order by id desc limit 3) o) o
  order by p.id desc`,
);

const Q2: Screen = async (pool, { filter }) => {
  const rows = await dashboard(pool, [filter['tier']]);
  const nodes = rows.map(
    ([id, companyName, tier, status, currency, clicks, conversions, revenue, lines, payouts]) => ({
      ...{ id, companyName, tier, status },
      metrics: {
        conversionRate: Number(clicks)
          ? Math.round((Number(conversions) * 10_000) / Number(clicks)) / 100
          : null,
        revenue: money(revenue ?? '0', currency),
      },
      commissions: edges(
        jsonRows(lines).map(([id, status, minor, currency, customerId, externalId]) => ({
          ...{ id, status, amount: money(minor, currency) },
          customer: customerId ? { id: customerId, externalId } : null,
        })),
      ),
      payouts: edges(
        jsonRows(payouts).map(([id, status, minor, currency]) => ({
          ...{ id, status, amount: money(minor, currency) },
        })),
      ),
    }),
  );
  return { partners: edges(nodes) };
};

// First the page, then its relations: in one join with a limit, the planner would prepare for every paid commission.
const paidOfType = statement(
  'review',
  `select c.id, c.amount_minor, c.amount_currency, p.id, p.company_name, k.id, k.external_id, f.id, f.landing_url, f.converted_at
  from (
    select c.* from paid_lines l
    cross join lateral (
      select id, amount_minor, amount_currency, partner_id, customer_id, referral_id, type from commissions
      where id = l.commission_id limit 1) c
    where l.tenant_id = '${TENANT}' and c.type = $1 order by l.commission_id desc limit 20) c
  join partners p on p.id = c.partner_id left join customers k on k.id = c.customer_id
  left join referrals f on f.id = c.referral_id order by c.id desc`,
);

const Q3: Screen = async (pool, { filter }) => {
  const rows = await paidOfType(pool, [filter['type']]);
  const nodes = rows.map(
    ([id, minor, currency, partner, companyName, customer, externalId, referral, landingUrl, converted]) => ({
      id,
      amount: money(minor, currency),
      partner: { id: partner, companyName },
      customer: customer ? { id: customer, externalId } : null,
      referral: referral ? { id: referral, landingUrl, convertedAt: instant(converted) } : null,
    }),
  );
  return { commissions: edges(nodes) };
};

const insertClick = statement(
  'click',
  `insert into referrals (id, tenant_id, partner_id, referral_code, visitor_id, landing_url, referrer_url, source, user_agent,
    clicked_at, expires_at, metadata)
  select $1, p.tenant_id, p.id, p.referral_code, $2, $3, $4, $5, $6, $7,
    $7::timestamptz + coalesce(a.cookie_days, 30) * interval '24 hours', '{}'
  from partners p left join affiliate_configs a on a.partner_id = p.id
  where p.referral_code = $8 and p.status = 'ACTIVE' and p.deleted_at is null
  returning partner_id, expires_at`,
);

const W1: Screen = async (pool, { input: { referralCode, landingUrl = '', referrerUrl, userAgent } }) => {
  const [id, visitorId, clickedAt] = [v7(), v4(), new Date().toISOString()];
  const source = new URL(landingUrl).searchParams.get('utm_source');
  const values = [id, visitorId, landingUrl, referrerUrl, source, userAgent, clickedAt, referralCode];
  const [[partnerId, expires] = []] = await insertClick(pool, values);
  return {
    trackReferral: {
      ...{ id, referralCode, status: 'CLICKED', landingUrl, referrerUrl, source, clickedAt },
      ...{ expiresAt: instant(expires), convertedAt: null, visitorId, partner: { id: partnerId } },
    },
  };
};

// The commission, its sale item and its audit event; the triggers of the tables count the metrics, as they do for the product.
const createLine = statement(
  'line',
  `with line as (
    insert into commissions (id, tenant_id, partner_id, customer_id, type, method, status, base_minor, base_currency, rate_bps,
      rate_source, tier, rounding_mode, amount_minor, amount_currency, revenue_minor, source, occurred_at, hold_until, created_by, metadata)
    select $1, p.tenant_id, p.id, k.id, $4, 'PERCENTAGE', 'PENDING', s.base, p.currency, s.rate,
      case when p.rate_bps is null then 'TIER' else 'PARTNER' end, p.tier, g.rounding_mode, round(s.base * s.rate / 10000.0), p.currency,
      case $4 when 'BONUS' then 0 else s.base end, '(none)', $6, $6::timestamptz + g.hold_days * interval '24 hours', 'bench', '{}'
    from partners p join programs g using (tenant_id) join partner_tier_configs t using (tenant_id, tier)
    join customers k on k.tenant_id = p.tenant_id and k.external_id = $3
    cross join lateral (
      select $5::bigint * case p.currency when 'JPY' then 1 else 100 end as base, coalesce(p.rate_bps, t.rate_bps) as rate) s
    where p.id = $2
    returning *),
  item as (
    insert into sale_items (id, tenant_id, partner_id, customer_id, purchase, line_number, occurred_at, day, time_zone, sold_minor,
      sold_currency, refunded_minor, base_minor, base_refunded, owed_currency, owed_minor, rounding_mode, flat_refund, is_purchase,
      is_out, is_windowed, facts, terms)
    select l.id, l.tenant_id, l.partner_id, l.customer_id, l.id, 0, l.occurred_at, (l.occurred_at at time zone g.time_zone)::date,
      g.time_zone, l.base_minor, l.base_currency, 0, l.base_minor, 0, l.amount_currency, l.amount_minor, l.rounding_mode,
      g.flat_refund, l.type <> 'BONUS', false, false,
      jsonb_build_object('type', l.type, 'country', null, 'quantity', 1, 'tier', l.tier, 'purchase', null, 'scale', null),
      jsonb_build_object('level', l.rate_source, 'rule', null, 'method', l.method, 'rateBps', l.rate_bps, 'flat', null,
        'tiered', null, 'windows', '[]'::jsonb, 'cap', null)
    from line l join programs g using (tenant_id)),
  event as (
    insert into audit_events (id, tenant_id, actor_id, actor_role, request_id, action, subject_id, after, credential, subjects)
    select $7, l.tenant_id, 'bench', 'PROGRAM_MANAGER', $8, 'commission.created', l.id,
      jsonb_build_object('amount', jsonb_build_object('minor', l.amount_minor::text, 'currency', l.amount_currency),
        'base', jsonb_build_object('minor', l.base_minor::text, 'currency', l.base_currency)), 'TOKEN', '{}'
    from line l)
  select base_minor, base_currency, rate_bps, amount_minor, amount_currency, hold_until, created_at, customer_id from line`,
);

const W2: Screen = async (pool, { input: { partnerId, customerId: externalId, type, amount } }) => {
  const [id, occurredAt] = [v7(), new Date().toISOString()];
  const [row = []] = await createLine(pool, [
    id,
    partnerId,
    externalId,
    type,
    amount,
    occurredAt,
    v7(),
    v4(),
  ]);
  const [base, baseCurrency, rate, minor, currency, hold, created, customerId] = row;
  return {
    createCommission: {
      ...{ id, type, method: 'PERCENTAGE', status: 'PENDING', baseAmount: money(base, baseCurrency) },
      ...{ rate: Number(rate) / 100, amount: money(minor, currency), occurredAt, holdUntil: instant(hold) },
      ...{ approvedAt: null, approvedBy: null, createdAt: instant(created) },
      ...{ partner: { id: partnerId }, customer: { id: customerId, externalId } },
    },
  };
};

export const screens: Record<string, Screen> = { '/Q1': Q1, '/Q2': Q2, '/Q3': Q3, '/W1': W1, '/W2': W2 };
