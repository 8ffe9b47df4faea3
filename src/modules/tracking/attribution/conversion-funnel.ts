import { invalid } from '../../../domain/errors.ts';
import { owned, query, Statement, scopeOf } from '../../../kernel/data/rows.ts';
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

const NONE = `'(none)'`;
const MAX_DAYS = 366;

/** The group key of a click, a lead and a conversion; `$` is the program's time zone. */
const keys: Record<FunnelBy, { readonly click: string; readonly lead: string; readonly sale: string }> = {
  PARTNER: { click: 'x.partner_id::text', lead: 'x.partner_id::text', sale: 'x.partner_id::text' },
  LINK: {
    click: `coalesce(x.link_id::text, ${NONE})`,
    lead: NONE,
    sale: `coalesce(t.link_id::text, ${NONE})`,
  },
  CAMPAIGN: { click: `coalesce(x.campaign, ${NONE})`, lead: NONE, sale: `coalesce(t.campaign, ${NONE})` },
  SOURCE: { click: 'x.source', lead: `'lead'`, sale: 'x.source' },
  COUNTRY: {
    click: `coalesce(x.country, ${NONE})`,
    lead: NONE,
    sale: `coalesce(t.country, (select min(c.country) from commissions c where c.conversion_id = x.id), ${NONE})`,
  },
  DEVICE: { click: 'x.device', lead: NONE, sale: `coalesce(t.device, ${NONE})` },
  DAY: {
    click: '(x.clicked_at at time zone $)::date::text',
    lead: '(x.created_at at time zone $)::date::text',
    sale: '(x.occurred_at at time zone $)::date::text',
  },
};

/** Counts clicks, leads, conversions, first purchases and repeats of whole days in the program's time zone, in groups: those
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
  const bounds = new Statement().add(
    `select g.time_zone, $::date::timestamp at time zone g.time_zone, ($::date + 1)::timestamp at time zone g.time_zone
    from programs g where g.tenant_id = $`,
    from,
    to,
    tenantId,
  );
  const [program] = await query(ctx, bounds);
  if (!program) return { steps: [], hasNextPage: false, endCursor: null };
  const [zone, starts, ends] = program;
  const scope = scopeOf(ctx.actor, { kind: 'referral', attributes: owned('x', 'x.partner_id') });
  const statement = new Statement().add('with event as (');
  const events = (key: string, figures: string, rows: string, at: string, condition: string) => {
    statement.add(`select ${key} as key, ${figures}`, ...(key.includes('$') ? [zone] : []));
    statement.add(
      ` from ${rows} where x.tenant_id = $ and ${at} >= $ and ${at} < $ and ${condition}`,
      ...[tenantId, starts, ends],
    );
    statement.and(scope);
  };
  const key = keys[by];
  events(
    key.click,
    '1 as clicks, 0 as leads, 0 as conversions, 0 as firsts',
    'touches x',
    'x.clicked_at',
    'not x.bot',
  );
  statement.add(' union all ');
  events(key.lead, '0, 1, 0, 0', 'leads x', 'x.created_at', 'true');
  statement.add(' union all ');
  events(
    key.sale,
    `0, 0, 1, case when exists (select from conversions e where e.customer_id = x.customer_id and e.part_of is null
       and (e.occurred_at, e.id) < (x.occurred_at, coalesce(x.part_of, x.id))) then 0 else 1 end`,
    `conversions x left join referrals f on f.id = x.referral_id left join touches t on t.id = f.id and t.clicked_at = f.clicked_at`,
    'x.occurred_at',
    'x.counted',
  );
  if (by === 'DAY')
    statement.add(
      ' union all select d::date::text, 0, 0, 0, 0 from generate_series($::date::timestamp, $::date::timestamp, $::interval) d',
      ...[from, to, '1 day'],
    );
  const [most, more] = by === 'DAY' ? ['0::int', '0::int'] : ['-g.clicks', '-g.conversions'];
  statement.add(
    `), g as (select key, sum(clicks)::int as clicks, sum(leads)::int as leads, sum(conversions)::int as conversions, sum(firsts)::int as firsts
      from event group by key)
    select g.key, g.clicks, g.leads, g.conversions, g.firsts, g.conversions - g.firsts from g`,
  );
  if (past) statement.add(` where (${most}, ${more}, g.key) > ($::int, $::int, $::text)`, ...past);
  statement.add(` order by ${most}, ${more}, g.key limit ${size + 1}`);
  const rows = await query(ctx, statement);
  const steps = rows.slice(0, size).map((row) => {
    const [name, clicks, leads, conversions, firstPayments, repeats] = row;
    return { key: name, clicks, leads, conversions, firstPayments, repeats } as FunnelStep;
  });
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
    if (
      whole(clicks) &&
      whole(conversions) &&
      typeof key === 'string' &&
      !key.includes('\0') &&
      key.isWellFormed()
    )
      return [clicks as number, conversions as number, key];
  } catch {} // no JSON
  throw invalid('after', 'must be a cursor of this list');
}
