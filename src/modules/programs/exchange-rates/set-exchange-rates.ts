import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import { type AppError, conflict, invalid } from '../../../domain/errors.ts';
import { parseRate } from '../../../domain/exchange.ts';
import { AmountError } from '../../../domain/money.ts';
import { readCsv } from '../../../kernel/data/csv.ts';
import { enqueue } from '../../../kernel/data/jobs.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { currencyOn } from '../../../kernel/request/currency.ts';
import { announceRates } from '../../../kernel/request/metrics-topic.ts';
import { LocalDate } from '../../../kernel/request/scalars.ts';
import { record } from '../../foundation/audit/public.ts';
import type { ExchangeRateInput } from './exchange-rate.inputs.ts';
import { MAX_AGE_DAYS } from './find-rate.ts';

const HEADER = 'base,quote,rate,date';

const MAX_BYTES = 100_000;

export interface Entered {
  /** Number of rates that count. */
  readonly count: number;
  /** Number of rates that wait for a second person, because they move by more than the limit of the program. */
  readonly waiting: number;
}

/** Enters rates, all or none. */
export function setExchangeRates(ctx: Context, rates: readonly ExchangeRateInput[]): Promise<Entered> {
  return enter(ctx, rates, (index, part) => `input.rates.${index}${part ? `.${part}` : ''}`);
}

/** Enters the rates of CSV text with the columns `base,quote,rate,date`. A refusal names the line and the cell. */
export function importExchangeRates(ctx: Context, csv: string): Promise<Entered> {
  if (Buffer.byteLength(csv) > MAX_BYTES) throw invalid('csv', 'must be at most 100 kB');
  const [header, ...rows] = readCsv(csv, 'csv');
  const cell = (index: number, part?: string) => `csv: line ${index + 2}${part ? `, ${part}` : ''}`;
  if (header?.join() !== HEADER) throw invalid('csv', `line 1 must be "${HEADER}"`);
  if (rows.length === 0) throw invalid('csv', 'must contain at least one rate');
  const rates = rows.map((row, index) => {
    const [base = '', quote = '', rate = '', date = ''] = row;
    if (row.length !== 4) throw invalid(cell(index), 'must have four values');
    return { base, quote, rate, effectiveOn: dayOf(date, cell(index, 'date')) };
  });
  return enter(ctx, rates, cell);
}

function dayOf(text: string, field: string): string {
  try {
    return LocalDate.parseValue(text);
  } catch (error) {
    throw error instanceof TypeError ? invalid(field, error.message) : error;
  }
}

type Named = (index: number, part?: string) => string;

async function enter(ctx: Context, rates: readonly ExchangeRateInput[], name: Named): Promise<Entered> {
  const tenantId = ctx.actor.tenantId ?? '';
  const seen = new Set<string>();
  const rows = rates.map(({ base, quote, rate, effectiveOn }, index) => {
    currencyOn(effectiveOn, base, name(index, 'base'));
    currencyOn(effectiveOn, quote, name(index, 'quote'));
    if (base === quote) throw invalid(name(index, 'quote'), 'must differ from base');
    checkRate(rate, name(index, 'rate'));
    const key = [...[base, quote].sort(), effectiveOn].join();
    if (seen.has(key))
      throw invalid(name(index), 'is given twice: two currencies have one rate for each day');
    seen.add(key);
    return { id: v7(), index, base, quote, rate, effective_on: effectiveOn };
  });
  const entered = await transact(ctx, async (em) => {
    const fixed = await findFixed(em, ctx, tenantId, rows);
    if (fixed) throw inForce(fixed.day, name(fixed.index).split(':')[0] as string, `${name(fixed.index)}: `);
    const waiting = new Set(
      (
        await sql<{ id: string }>`
          select id from enter_rates(${tenantId}, ${ctx.actor.id}, ${JSON.stringify(rows)}::jsonb) id`.execute(
          em,
        )
      ).map(({ id }) => id),
    );
    await rateWaitingLines(em, tenantId);
    const texts = (waits: boolean) =>
      rows
        .filter(({ id }) => waiting.has(id) === waits)
        .map((row) => `${row.base} ${row.quote} ${row.rate} ${row.effective_on}`);
    const after = { rates: texts(false), ...(waiting.size > 0 && { proposed: texts(true) }) };
    record(
      em,
      ctx,
      'exchangeRates.set',
      { id: null, tenantId },
      { after, subjects: rows.map(({ id }) => id) },
    );
    return { count: rows.length - waiting.size, waiting: waiting.size };
  });
  announceRates(ctx, tenantId);
  return entered;
}

/** Locks the rates of the tenant. Returns the first given rate for which a rate is in force: a rate of a past day stays, a
 *  gap may be filled, and today's rate may be entered once. */
export async function findFixed(
  em: EntityManager,
  { clock }: Context,
  tenantId: string,
  rates: readonly { index: number; base: string; quote: string; effective_on: string }[],
): Promise<{ index: number; day: string } | null> {
  await sql`select 1 from programs where tenant_id = ${tenantId} for no key update`.execute(em); // one at a time
  const [fixed] = await sql<{ index: number; day: string }>`
    select t.index, t.effective_on::text as day
    from jsonb_to_recordset(${JSON.stringify(rates)}::jsonb) t (index int, base text, quote text, effective_on date)
    join programs g on g.tenant_id = ${tenantId}
    cross join lateral (select (${clock.now()}::timestamptz at time zone g.time_zone)::date as today) now
    where t.effective_on <= today and exists (select from exchange_rates x where x.tenant_id = g.tenant_id
      and least(x.base, x.quote) = least(t.base, t.quote) and greatest(x.base, x.quote) = greatest(t.base, t.quote)
      and x.effective_on <= t.effective_on
      and x.effective_on >= t.effective_on - case when t.effective_on = today then 0 else ${MAX_AGE_DAYS}::int end)
    order by t.index limit 1`.execute(em);
  return fixed ?? null;
}

export const inForce = (day: string, field: string, prefix = ''): AppError =>
  conflict(`${prefix}A rate is already in force on ${day}, and rates of past days never change.`, {
    field,
    reason: 'RATE_IN_FORCE',
  });

/** A job computes the commissions that wait for a rate. */
export const rateWaitingLines = (em: EntityManager, tenantId: string): Promise<unknown> =>
  enqueue(em, 'rate_lines', { tenantId }, { key: `rate_lines:${tenantId}` });

function checkRate(text: string, field: string): void {
  try {
    parseRate(text);
  } catch (error) {
    throw error instanceof AmountError ? invalid(field, error.message) : error;
  }
}
