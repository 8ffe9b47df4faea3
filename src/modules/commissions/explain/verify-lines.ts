import { FlatRefund, reversalDue } from '../../../domain/commission.ts';
import { money } from '../../../domain/money.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { query, Statement } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { amountText } from '../../../kernel/request/currency.ts';
import type { Commission } from '../commission/public.ts';
import { computedLineOf, differencesOf } from './explain-commission.ts';

const CHUNK = 2_000;
const FIRST = '00000000-0000-0000-0000-000000000000';

type Line = Parameters<typeof differencesOf>[0] & Pick<Commission, 'id'>;

type Of<Key extends keyof Line> = Exclude<Line[Key], undefined>;

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
  const statement = new Statement().add(
    `select c.id, c.amount_minor, c.amount_currency, c.base_minor, c.base_currency, c.tier, c.rounding_mode, c.method, c.rate_bps,
       c.rate_source, c.per_unit_minor, c.quantity, c.product, c.computation,
       c.sale_minor, c.sale_currency, c.exchange, c.unrated,
       coalesce(r.base, 0)::bigint, coalesce(r.amount, 0)::bigint, coalesce(t.amount, 0)::bigint, coalesce(r.at_once, false)
     from (select * from commissions where id > $ and reverses_id is null and adjusts_id is null order by id limit ${CHUNK}) c
     left join lateral (
       select -sum(base_minor) as base, sum(amount_minor) as amount, bool_or(created_at = c.created_at) as at_once
       from commissions where reverses_id = c.id) r on true
     left join lateral (
       select sum(amount_minor) as amount from commissions where adjusts_id = c.id and type = 'TRUE_UP' and created_at = c.created_at) t on true
     order by c.id`,
    last,
  );
  return (await query(ctx, statement)).map((row) => {
    const [id, minor, currency, baseMinor, baseCurrency, ...terms] = row as [
      string,
      bigint,
      string,
      bigint,
      string,
    ];
    const [
      tier,
      roundingMode,
      method,
      rateBps,
      rateSource,
      perUnitMinor,
      quantity,
      product,
      computation,
      saleMinor,
      saleCurrency,
      exchange,
      unrated,
      ...sequel
    ] = terms as unknown[] as [
      Of<'tier'>,
      Of<'roundingMode'>,
      Of<'method'>,
      Of<'rateBps'>,
      Of<'rateSource'>,
      Of<'perUnitMinor'>,
      Of<'quantity'>,
      Of<'product'>,
      Of<'computation'>,
      Of<'saleMinor'>,
      Of<'saleCurrency'>,
      Of<'exchange'>,
      Of<'unrated'>,
    ];
    const [refunded, reversed, trueUp, atOnce] = sequel as unknown[] as [bigint, bigint, bigint, boolean];
    const amount = new MoneyColumn({ minor, currency });
    const baseAmount = new MoneyColumn({ minor: baseMinor, currency: baseCurrency });
    return [
      {
        ...{ id, amount, baseAmount, tier, roundingMode, method, rateBps, rateSource, perUnitMinor },
        ...{ quantity, product, computation, reversesId: null, saleMinor, saleCurrency, exchange, unrated },
      },
      { refunded, reversed, trueUp: atOnce ? null : trueUp },
    ];
  });
}
