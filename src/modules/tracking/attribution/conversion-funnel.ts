import { invalid } from '../../../domain/errors.ts';
import { isStorable } from '../../../domain/storable.ts';
import { owned, query, scopeOf } from '../../../kernel/data/rows.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';

export const FunnelBy = {
  PARTNER: 'PARTNER',
  LINK: 'LINK',
  CAMPAIGN: 'CAMPAIGN',
  SOURCE: 'SOURCE',
  COUNTRY: 'COUNTRY',
  DEVICE: 'DEVICE',
  DAY: 'DAY',
} as const;
export type FunnelBy = (typeof FunnelBy)[keyof typeof FunnelBy];

interface FunnelStep {
  readonly key: string;
  readonly clicks: number;
  readonly leads: number;
  readonly conversions: number;
  readonly trials: number;
  readonly firstPayments: number;
  readonly repeats: number;
}

export interface FunnelPage {
  readonly steps: FunnelStep[];
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
}

interface Asked {
  readonly from: string;
  readonly to: string;
  readonly by: FunnelBy;
  readonly first?: number | null;
  readonly after?: string | null;
}

const NONE = sql`'(none)'`;
const MAX_DAYS = 366;

interface Key {
  readonly click: Sql;
  readonly lead: Sql;
  readonly sale: Sql;
}

/** The group key of a click, a lead and a conversion, in the program's time zone. */
const keysIn = (zone: string): Record<FunnelBy, Key> => ({
  PARTNER: { click: sql`x.partner_id::text`, lead: sql`x.partner_id::text`, sale: sql`x.partner_id::text` },
  LINK: {
    click: sql`coalesce(x.link_id::text, ${NONE})`,
    lead: NONE,
    sale: sql`coalesce(t.link_id::text, ${NONE})`,
  },
  CAMPAIGN: {
    click: sql`coalesce(x.campaign, ${NONE})`,
    lead: NONE,
    sale: sql`coalesce(t.campaign, ${NONE})`,
  },
  SOURCE: { click: sql`x.source`, lead: sql`'lead'`, sale: sql`x.source` },
  COUNTRY: {
    click: sql`coalesce(x.country, ${NONE})`,
    lead: NONE,
    sale: sql`coalesce(t.country, (select min(c.country) from commissions c where c.conversion_id = x.id), ${NONE})`,
  },
  DEVICE: { click: sql`x.device`, lead: NONE, sale: sql`coalesce(t.device, ${NONE})` },
  DAY: {
    click: sql`(x.clicked_at at time zone ${zone})::date::text`,
    lead: sql`(x.created_at at time zone ${zone})::date::text`,
    sale: sql`(x.occurred_at at time zone ${zone})::date::text`,
  },
});

/** Counts clicks, leads, conversions, free trials, first purchases and repeats of whole days in the program's time zone, in groups: those
 *  with the most clicks first; days in order and without gaps. One query for the period. A partner sees only its own. */
export async function conversionFunnel(
  ctx: Context,
  { from, to, by, first, after }: Asked,
): Promise<FunnelPage> {
  const size = first ?? 50;
  if (size < 1 || size > 100) throw invalid('first', 'must be from 1 to 100');
  if (from > to) throw invalid('to', 'must not be before from');
  if (Date.parse(to) - Date.parse(from) >= MAX_DAYS * 86_400_000)
    throw invalid('to', `must be at most ${MAX_DAYS} days after from`);
  const past = after == null ? null : cursorOf(after);
  const { tenantId } = ctx.actor;
  const [program] = await query(
    ctx,
    sql<{ zone: string; starts: Date; ends: Date }>`
      select g.time_zone as zone, ${from}::date::timestamp at time zone g.time_zone as starts,
        (${to}::date + 1)::timestamp at time zone g.time_zone as ends
      from programs g where g.tenant_id = ${tenantId}`,
  );
  if (!program) return { steps: [], hasNextPage: false, endCursor: null };
  const { zone, starts, ends } = program;
  const scope = scopeOf(ctx.actor, { kind: 'referral', attributes: owned('x', 'x.partner_id') });
  const within = (at: Sql) =>
    sql`x.tenant_id = ${tenantId} and ${at} >= ${starts} and ${at} < ${ends} and ${scope}`;
  const key = keysIn(zone)[by];
  const emptyDays =
    by === 'DAY'
      ? sql`union all
        select d::date::text, 0, 0, 0, 0, 0 from generate_series(${from}::date::timestamp, ${to}::date::timestamp, interval '1 day') d`
      : sql``;
  const [most, more] = by === 'DAY' ? [sql`0::int`, sql`0::int`] : [sql`-g.clicks`, sql`-g.conversions`];
  const beyond = past
    ? sql`(${most}, ${more}, g.key) > (${past[0]}::int, ${past[1]}::int, ${past[2]}::text)`
    : sql`true`;
  const rows = await query(
    ctx,
    sql<FunnelStep>`
      with /* attribution.funnel */ event as (
        select ${key.click} as key, 1 as clicks, 0 as leads, 0 as conversions, 0 as trials, 0 as firsts
        from touches x where ${within(sql`x.clicked_at`)} and not x.bot
        union all
        select ${key.lead}, 0, 1, 0, 0, 0 from leads x where ${within(sql`x.created_at`)}
        union all
        select ${key.sale}, 0, 0, 1, x.is_trial::int, case when x.is_trial or exists (select from conversions e where e.customer_id = x.customer_id and e.part_of is null
            and not e.is_trial and (e.occurred_at, e.id) < (x.occurred_at, coalesce(x.part_of, x.id))) then 0 else 1 end
        from conversions x left join referrals f on f.id = x.referral_id left join touches t on t.id = f.id and t.clicked_at = f.clicked_at
        where ${within(sql`x.occurred_at`)} and x.counted
        ${emptyDays}),
      g as (
        select key, sum(clicks)::int as clicks, sum(leads)::int as leads, sum(conversions)::int as conversions, sum(trials)::int as trials,
          sum(firsts)::int as firsts
        from event group by key)
      select g.key, g.clicks, g.leads, g.conversions, g.trials, g.firsts as "firstPayments", g.conversions - g.trials - g.firsts as repeats from g
      where ${beyond} order by ${most}, ${more}, g.key limit ${sql.raw(size + 1)}`,
  );
  const steps = rows.slice(0, size);
  const last = steps.at(-1);
  const place = last && (by === 'DAY' ? [0, 0] : [-last.clicks, -last.conversions]);
  return {
    steps,
    hasNextPage: rows.length > size,
    endCursor: last ? Buffer.from(JSON.stringify([...(place ?? []), last.key])).toString('base64url') : null,
  };
}

function cursorOf(text: string): [number, number, string] {
  try {
    const [clicks, conversions, key] = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[];
    const whole = (value: unknown) => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31;
    if (whole(clicks) && whole(conversions) && typeof key === 'string' && isStorable(key))
      return [clicks as number, conversions as number, key];
  } catch {} // no JSON
  throw invalid('after', 'must be a cursor of this list');
}
