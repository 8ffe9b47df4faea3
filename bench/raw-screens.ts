import type { Pool, PoolClient, QueryConfig } from 'pg';
import { v4, v7 } from 'uuid';
import { TENANT } from './data.ts';

type Row = readonly string[]; // in the text form of PostgreSQL; null for NULL
type Input = Record<string, string>;
type Screen = (pool: Pool, variables: { id: string; filter: Input; input: Input }) => Promise<object>;

const types = { getTypeParser: () => (text: string) => text } as unknown as NonNullable<QueryConfig['types']>;

/** A query of fixed text: planned once for each connection, with rows as arrays of text. */
const statement = (name: string, text: string) => async (on: Pool | PoolClient, values: unknown[]) =>
  (await on.query({ name, text, values, rowMode: 'array', types })).rows as Row[];

function money(minor = '0', currency = ''): object {
  if (currency === 'JPY') return { amount: minor, currency };
  const digits = minor.padStart(3, '0'); // the benchmark stores no negative amounts
  return { amount: `${digits.slice(0, -2)}.${digits.slice(-2)}`, currency };
}

const instant = (text: string | undefined) => (text ? new Date(text).toISOString() : null);
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

const partnersOfTier = statement(
  'partners',
  `select id, company_name, tier, status, currency from partners
  where tenant_id = '${TENANT}' and deleted_at is null and tier = $1 order by id desc limit 50`,
);
const metricsOf = statement(
  'metrics',
  'select partner_id, currency, clicks, conversions, revenue_minor from partner_metrics where partner_id = any($1)',
);
const linesOf = statement(
  'lines',
  `select owner.id, c.*, k.external_id from unnest($1::uuid[]) owner(id)
  cross join lateral (
    select c.id, case when o.id is null then c.status when o.status = 'PAID' then 'PAID' else 'ALLOCATED' end,
      c.amount_minor, c.amount_currency, c.customer_id
    from commissions c left join payout_items i on i.commission_id = c.id and i.voided_at is null
    left join payouts o on o.id = i.payout_id
    where c.partner_id = owner.id order by c.id desc limit 10) c
  left join customers k on k.id = c.customer_id`,
);
const payoutsOf = statement(
  'payouts',
  `select owner.id, o.* from unnest($1::uuid[]) owner(id)
  cross join lateral (
    select id, status, amount_minor, amount_currency from payouts
    where partner_id = owner.id order by id desc limit 3) o`,
);

const Q2: Screen = async (pool, { filter }) => {
  const found = await partnersOfTier(pool, [filter['tier']]);
  const partners = found.map(([id, companyName, tier, status, currency]) => ({
    ...{ id, companyName, tier, status, currency, clicks: 0, conversions: 0, revenue: '0' },
    ...{ lines: [] as object[], payouts: [] as object[] },
  }));
  const byId = new Map(partners.map((partner) => [partner.id, partner]));
  const ids = [partners.map(({ id }) => id)];
  const [metrics, lines, payouts] = await Promise.all([
    metricsOf(pool, ids),
    linesOf(pool, ids),
    payoutsOf(pool, ids),
  ]);
  for (const [partnerId, currency, clicks, conversions, revenue] of metrics) {
    const partner = byId.get(partnerId);
    if (!partner) continue;
    partner.clicks += Number(clicks);
    partner.conversions += Number(conversions);
    if (currency === partner.currency && revenue) partner.revenue = revenue;
  }
  for (const [partnerId, id, status, minor, currency, customerId, externalId] of lines) {
    const customer = customerId ? { id: customerId, externalId } : null;
    byId.get(partnerId)?.lines.push({ id, status, amount: money(minor, currency), customer });
  }
  for (const [partnerId, id, status, minor, currency] of payouts) {
    byId.get(partnerId)?.payouts.push({ id, status, amount: money(minor, currency) });
  }
  const nodes = partners.map(
    ({ id, companyName, tier, status, currency, clicks, conversions, revenue, lines, payouts }) => ({
      ...{ id, companyName, tier, status },
      metrics: {
        conversionRate: clicks ? Math.round((conversions * 10_000) / clicks) / 100 : null,
        revenue: money(revenue, currency),
      },
      commissions: edges(lines),
      payouts: edges(payouts),
    }),
  );
  return { partners: edges(nodes) };
};

// First the page, then its relations: in one join with a limit, the planner would prepare for every pending commission.
const pendingOfType = statement(
  'review',
  `select c.id, c.amount_minor, c.amount_currency, p.id, p.company_name, k.id, k.external_id, f.id, f.landing_url, f.converted_at
  from (
    select id, amount_minor, amount_currency, partner_id, customer_id, referral_id from commissions
    where tenant_id = '${TENANT}' and status = 'PENDING' and type = $1 order by id desc limit 20) c
  join partners p on p.id = c.partner_id left join customers k on k.id = c.customer_id
  left join referrals f on f.id = c.referral_id order by c.id desc`,
);

const Q3: Screen = async (pool, { filter }) => {
  const rows = await pendingOfType(pool, [filter['type']]);
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

const insertLine = statement(
  'line',
  `insert into commissions (id, tenant_id, partner_id, customer_id, type, method, status, base_minor, base_currency, rate_bps,
    rate_source, tier, rounding_mode, amount_minor, amount_currency, revenue_minor, source, occurred_at, hold_until, created_by, metadata)
  select $1, p.tenant_id, p.id, k.id, $4, 'PERCENTAGE', 'PENDING', s.base, p.currency, s.rate,
    case when p.rate_bps is null then 'TIER' else 'PARTNER' end, p.tier, g.rounding_mode, round(s.base * s.rate / 10000.0), p.currency,
    case $4 when 'BONUS' then 0 else s.base end, '(none)', $6, $6::timestamptz + g.hold_days * interval '24 hours', 'bench', '{}'
  from partners p join programs g using (tenant_id) join partner_tier_configs t using (tenant_id, tier)
  join customers k on k.tenant_id = p.tenant_id and k.external_id = $3
  cross join lateral (
    select $5::bigint * case p.currency when 'JPY' then 1 else 100 end as base, coalesce(p.rate_bps, t.rate_bps) as rate) s
  where p.id = $2
  returning base_minor, base_currency, rate_bps, amount_minor, amount_currency, hold_until, created_at, customer_id`,
);
const insertEvent = statement(
  'event',
  `insert into audit_events (id, tenant_id, actor_id, actor_role, request_id, action, subject_id, after, credential, subjects)
  values ($1, '${TENANT}', 'bench', 'PROGRAM_MANAGER', $2, 'commission.created', $3, $4, 'TOKEN', '{}')`,
);

const W2: Screen = async (pool, { input: { partnerId, customerId: externalId, type, amount } }) => {
  const client = await pool.connect();
  try {
    const [id, occurredAt] = [v7(), new Date().toISOString()];
    await client.query('begin');
    const [row] = await insertLine(client, [id, partnerId, externalId, type, amount, occurredAt]);
    const [base, baseCurrency, rate, minor, currency, hold, created, customerId] = row ?? [];
    const details = { amount: { minor, currency }, base: { minor: base, currency: baseCurrency } };
    await insertEvent(client, [v7(), v4(), id, JSON.stringify(details)]);
    await client.query('commit');
    return {
      createCommission: {
        ...{ id, type, method: 'PERCENTAGE', status: 'PENDING', baseAmount: money(base, baseCurrency) },
        ...{ rate: Number(rate) / 100, amount: money(minor, currency), occurredAt, holdUntil: instant(hold) },
        ...{ approvedAt: null, approvedBy: null, createdAt: instant(created) },
        ...{ partner: { id: partnerId }, customer: { id: customerId, externalId } },
      },
    };
  } finally {
    client.release();
  }
};

export const screens: Record<string, Screen> = { '/Q1': Q1, '/Q2': Q2, '/Q3': Q3, '/W1': W1, '/W2': W2 };
