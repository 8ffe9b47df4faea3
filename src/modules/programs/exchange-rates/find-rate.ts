import type { EntityManager } from '@mikro-orm/postgresql';
import { type EnteredRate, type ExchangeRate, inverse, parseRate } from '../../../domain/exchange.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Run } from '../../../kernel/data/transact.ts';

/** A rate older than this number of days is not used. */
export const MAX_AGE_DAYS = 31;

/** Finds the rate between two currencies on a day, as entered; null without a rate of that day or the 31 days before. */
export async function rateOn(
  run: Run,
  tenantId: string,
  { from, to, day }: { from: string; to: string; day: string },
): Promise<EnteredRate | null> {
  const [found] = await run<EnteredRate>(
    sql`select base, quote, trim_scale(rate)::text as rate, effective_on::text as "effectiveOn"
      from exchange_rates where tenant_id = ${tenantId} and least(base, quote) = least(${from}::text, ${to}::text) and greatest(base, quote) = greatest(${from}::text, ${to}::text)
        and effective_on <= ${day}::date and effective_on >= ${day}::date - ${sql.raw(MAX_AGE_DAYS)}
      order by effective_on desc, id desc limit 1`,
  );
  return found ?? null;
}

/** A join that adds to each row of `d` (tenant_id, rate_day, currency) the rate between its currency and `into` in force on
 *  its rate_day, as entered: x.base, x.quote, x.rate; all null without a rate, and for rows in `into` or `none`. */
export const rateOfItsDay = (into: Sql, none: string): Sql => sql`
  left join lateral (
    select x.base, x.quote, trim_scale(x.rate)::text as rate from exchange_rates x
    where d.currency not in (${into}, ${none}) and x.tenant_id = d.tenant_id
      and least(x.base, x.quote) = least(d.currency, ${into}) and greatest(x.base, x.quote) = greatest(d.currency, ${into})
      and x.effective_on <= d.rate_day and x.effective_on >= d.rate_day - ${sql.raw(MAX_AGE_DAYS)}
    order by x.effective_on desc, x.id desc limit 1) x on true`;

/** A rate in force, with the one person that vouches for it; null if a second person confirmed it. */
interface RateInForce extends ExchangeRate {
  readonly enteredBy: string | null;
}

/** Returns the rates of currencies into `to` on a day. A currency without a rate of the 31 days before is absent. */
export async function ratesInForce(
  em: EntityManager,
  tenantId: string,
  to: string,
  day: string,
): Promise<Map<string, RateInForce>> {
  const rows = await sql<{ base: string; quote: string; rate: string; enteredBy: string | null }>`
    select distinct on (least(base, quote), greatest(base, quote)) base, quote, trim_scale(rate)::text as rate,
      case when confirmed_by is null then created_by end as "enteredBy"
    from exchange_rates where tenant_id = ${tenantId} and ${to} in (base, quote)
      and effective_on <= ${day}::date and effective_on >= ${day}::date - ${MAX_AGE_DAYS}::int
    order by least(base, quote), greatest(base, quote), effective_on desc, id desc`.execute(em);
  return new Map(
    rows.map(({ base, quote, rate, enteredBy }) =>
      quote === to
        ? [base, { ...parseRate(rate), enteredBy }]
        : [quote, { ...inverse(parseRate(rate)), enteredBy }],
    ),
  );
}
