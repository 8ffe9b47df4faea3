import { FlatRefund, reversalDue } from '../../../domain/commission.ts';
import { money } from '../../../domain/money.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { amountText } from '../../../kernel/request/currency.ts';
import type { Commission } from '../commission/public.ts';
import { computedLineOf, differencesOf } from './explain-commission.ts';

const CHUNK = 2_000;
const FIRST = '00000000-0000-0000-0000-000000000000';

type Line = Parameters<typeof differencesOf>[0] & Pick<Commission, 'id'>;

/** Later changes of a commission, in minor units. */
interface Sequel {
  readonly refunded: bigint;
  readonly reversed: bigint;
  /** Null when a waiting refund was applied with the sale, because its true-up cannot be separated from that of the sale. */
  readonly trueUp: bigint | null;
}

/** Recomputes every commission of the database with its refunds and its true-up. Yields one sentence per difference. */
export async function* faultyLines(ctx: Pick<Context, 'pool' | 'actor'>): AsyncGenerator<string> {
  for (let last = FIRST; ; ) {
    const lines = await linesAfter(ctx, last);
    const end = lines.at(-1);
    if (!end) return;
    for (const [line, sequel] of lines) {
      const text = (minor: bigint) => amountText(money(minor, line.amount.currency));
      for (const { what, stored, recomputed } of differences(line, sequel))
        yield `commission ${line.id}: ${what} is ${text(stored)}, but recomputes to ${text(recomputed)} ${line.amount.currency}`;
    }
    last = end[0].id;
  }
}

function differences(line: Line, { refunded, reversed, trueUp }: Sequel) {
  const found = differencesOf(line);
  const due = computedLineOf(line).trueUp;
  if (trueUp !== null && trueUp !== due) found.push({ what: 'true-up', stored: trueUp, recomputed: due });
  if (refunded === 0n || line.method === 'TIERED') return found; // the period of a tiered commission has changed since
  // The setting for refunds of flat commissions may have changed since, so both values are accepted.
  const [taken, otherwise] = Object.values(FlatRefund).map((flatRefund) =>
    reversalDue({
      base: line.baseAmount.minor,
      original: line.amount.minor,
      refunded,
      reversed: 0n,
      method: line.method,
      flatRefund,
      mode: line.roundingMode,
    }),
  ) as [bigint, bigint];
  if (reversed !== taken && reversed !== otherwise)
    found.push({ what: 'reversed amount', stored: reversed, recomputed: taken });
  return found;
}

/** Returns the next commissions, by id, that are neither refunds nor true-ups. */
async function linesAfter(ctx: Pick<Context, 'pool' | 'actor'>, last: string): Promise<[Line, Sequel][]> {
  const rows = await query(
    ctx,
    sql<Row>`
     select /* commissions.verified */ c.id, c.amount_minor as "amountMinor", c.amount_currency as "amountCurrency", c.base_minor as "baseMinor",
       c.base_currency as "baseCurrency", c.tier, c.rounding_mode as "roundingMode", c.method, c.rate_bps as "rateBps",
       c.rate_source as "rateSource", c.per_unit_minor as "perUnitMinor", c.quantity, c.product, c.computation, c.reverses_id as "reversesId",
       c.sale_minor as "saleMinor", c.sale_currency as "saleCurrency", c.exchange, c.unrated, coalesce(r.base, 0)::bigint as refunded,
       coalesce(r.amount, 0)::bigint as reversed, coalesce(t.amount, 0)::bigint as "trueUp", coalesce(r.at_once, false) as "atOnce"
     from (select * from commissions where id > ${last} and reverses_id is null and adjusts_id is null order by id limit ${sql.raw(CHUNK)}) c
     left join lateral (
       select -sum(base_minor) as base, sum(amount_minor) as amount, bool_or(created_at = c.created_at) as at_once
       from commissions where reverses_id = c.id) r on true
     left join lateral (
       select sum(amount_minor) as amount from commissions where adjusts_id = c.id and type = 'TRUE_UP' and created_at = c.created_at) t on true
     order by c.id`,
  );
  return rows.map(
    ({
      amountMinor,
      amountCurrency,
      baseMinor,
      baseCurrency,
      refunded,
      reversed,
      trueUp,
      atOnce,
      ...line
    }) => [
      {
        ...line,
        amount: new MoneyColumn({ minor: amountMinor, currency: amountCurrency }),
        baseAmount: new MoneyColumn({ minor: baseMinor, currency: baseCurrency }),
      },
      { refunded, reversed, trueUp: atOnce ? null : trueUp },
    ],
  );
}

interface Row extends Omit<Line, 'amount' | 'baseAmount'> {
  readonly amountMinor: bigint;
  readonly amountCurrency: string;
  readonly baseMinor: bigint;
  readonly baseCurrency: string;
  readonly refunded: bigint;
  readonly reversed: bigint;
  readonly trueUp: bigint;
  /** Whether a refund came with the sale itself. */
  readonly atOnce: boolean;
}
