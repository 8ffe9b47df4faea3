import { recompute } from '../../../domain/computed.ts';
import { exchange, rateInto } from '../../../domain/exchange.ts';
import { money } from '../../../domain/money.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { amountText } from '../../../kernel/request/currency.ts';
import { type Commission, digitsOf, soldFor } from '../commission/public.ts';
import { computedOfLine, type Stored } from './explain-commission.ts';
import type { Progress } from './verify-sales.ts';

const CHUNK = 2_000;
const FIRST = '00000000-0000-0000-0000-000000000000';

export interface Difference {
  readonly what: string;
  readonly stored: bigint;
  readonly recomputed: bigint;
}

/** Recomputes a commission from its stored terms alone. Returns the differences; there are none unless stored data was changed. */
export function differencesOf(line: Stored): Difference[] {
  if (line.unrated || line.carriedBy) return []; // not computed until the exchange rate is entered; a payout's remainder
  if (line.type === 'REVERSAL' && !line.computation) return [];
  const computed = computedOfLine(line);
  const { change } = computed;
  const { minor } = line.amount;
  const isSale = line.type !== 'REVERSAL' && line.type !== 'TRUE_UP' && line.type !== 'ADJUSTMENT';
  const again = recompute(computed, line.roundingMode);
  const compared: Difference[] = [
    { what: 'amount', stored: isSale ? minor : computed.amount, recomputed: again },
    ...(change ? [{ what: 'amount', stored: change.to, recomputed: again }] : []),
    ...(isSale
      ? [
          { what: 'base', stored: line.baseAmount.minor, recomputed: computed.base - computed.refunded },
          ...baseByRate(line),
        ]
      : []),
  ];
  return compared.filter(({ stored, recomputed }) => stored !== recomputed);
}

/** Recomputes the base by the stored exchange rate. An item of an order has its part of the order, which is exchanged once: it
 *  may differ by one minor unit. */
function baseByRate(line: Stored): Difference[] {
  const { baseAmount, roundingMode } = line;
  if (!line.exchange || line.saleMinor == null) return [];
  const sold = soldFor(line);
  const { minor } = exchange(
    sold,
    rateInto(line.exchange, baseAmount.currency),
    digitsOf(sold, baseAmount),
    roundingMode,
  );
  const off = baseAmount.minor - minor;
  return off >= -1n && off <= 1n ? [] : [{ what: 'base', stored: baseAmount.minor, recomputed: minor }];
}

/** Recomputes every commission of the database from the computation that is stored with it. Yields one sentence per
 *  difference. */
export async function* faultyLines(
  ctx: Pick<Context, 'pool' | 'actor'>,
  progress: Progress = () => {},
): AsyncGenerator<string> {
  const [{ all } = { all: 0 }] = await query(
    ctx,
    sql<{ all: number }>`select count(*)::int as all from commissions`,
  );
  let done = 0;
  for (let last = FIRST; ; ) {
    const lines = await linesAfter(ctx, last);
    const end = lines.at(-1);
    if (!end) return;
    for (const line of lines) {
      const text = (minor: bigint) => amountText(money(minor, line.amount.currency));
      for (const { what, stored, recomputed } of differencesOf(line))
        yield `commission ${line.id}: ${what} is ${text(stored)}, but recomputes to ${text(recomputed)} ${line.amount.currency}`;
    }
    last = end.id;
    done += lines.length;
    progress(done, all);
  }
}

type Line = Stored & Pick<Commission, 'id'>;

interface Row extends Omit<Line, 'amount' | 'baseAmount'> {
  readonly amountMinor: bigint;
  readonly amountCurrency: string;
  readonly baseMinor: bigint;
  readonly baseCurrency: string;
}

/** Returns the next commissions by id. */
async function linesAfter(ctx: Pick<Context, 'pool' | 'actor'>, last: string): Promise<Line[]> {
  const rows = await query(
    ctx,
    sql<Row>`
     select /* commissions.verified */ c.id, c.type, c.amount_minor as "amountMinor", c.amount_currency as "amountCurrency",
       c.base_minor as "baseMinor", c.base_currency as "baseCurrency", c.tier, c.rounding_mode as "roundingMode", c.method,
       c.rate_bps as "rateBps", c.rate_source as "rateSource", c.per_unit_minor as "perUnitMinor", c.quantity, c.product, c.computation,
       c.reverses_id as "reversesId", c.carried_by as "carriedBy", c.sale_minor as "saleMinor", c.sale_currency as "saleCurrency",
       c.exchange, c.unrated
     from commissions c where c.id > ${last} order by c.id limit ${sql.raw(CHUNK)}`,
  );
  return rows.map(({ amountMinor, amountCurrency, baseMinor, baseCurrency, ...line }) => ({
    ...line,
    amount: new MoneyColumn({ minor: amountMinor, currency: amountCurrency }),
    baseAmount: new MoneyColumn({ minor: baseMinor, currency: baseCurrency }),
  }));
}
