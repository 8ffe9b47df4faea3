import type { GraphQLResolveInfo } from 'graphql';
import { invalid } from '../../../domain/errors.ts';
import { account } from '../../../domain/posting.ts';
import { causeOf, sentenceOf } from '../../../domain/statement.ts';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { amountText, currencyOf } from '../../../kernel/request/currency.ts';
import type { PartnerStatement, StatementLine } from './statement.type.ts';

const MAX_LINES = 1_000;

export interface Days {
  readonly from: string;
  readonly to: string;
  /** null: the partner's currency. */
  readonly currency: string | null;
}

/** The statements of all partners of a request: one query on the ledger. */
export function loadStatement(
  ctx: Context,
  info: GraphQLResolveInfo,
  partnerId: string,
  days: Days,
): Promise<PartnerStatement> {
  checkDays(days);
  return loaderFor<string, PartnerStatement>(ctx, info, async (ids) => {
    const found = await loadStatements(ctx, ids, days, MAX_LINES);
    return ids.map((id) => found.get(id) ?? new Error(`no partner ${id}`)) as PartnerStatement[];
  }).load(partnerId);
}

export function checkDays({ from, to, currency }: Days): void {
  if (from > to) throw invalid('to', 'must not be before from');
  if (currency !== null) currencyOf(currency, 'currency');
}

export interface NamedStatement extends PartnerStatement {
  readonly companyName: string;
}

export const tooManyLines = (most: number, orPartners = ''): Error =>
  invalid('to', `must give at most ${most} lines: choose fewer days${orPartners}`);

const [before, behind] = account.payable('|').split('|') as [string, string];

/** Each partner's statement by partner id. Days are in the program's time zone. */
export async function loadStatements(
  ctx: Context,
  ids: readonly string[],
  { from, to, currency }: Days,
  most: number,
): Promise<Map<string, NamedStatement>> {
  const rows = await query(
    ctx,
    sql<Row>`
     with /* statements.lines */ owner as (
       select p.id, p.company_name, coalesce(${currency}, p.currency) as currency, ${before} || p.id || ${behind} as payable,
         (${from}::date)::timestamp at time zone g.time_zone as starts, (${to}::date + 1)::timestamp at time zone g.time_zone as ends
       from partners p join programs g on g.tenant_id = p.tenant_id where p.id = any(${ids})),
     line as (
       select m.partner_id, m.id, m.occurred_at, m.reference, case when m.to_account = o.payable then m.amount_minor else -m.amount_minor end as minor
       from owner o join postings m on m.partner_id = o.id and m.amount_currency = o.currency
         and m.occurred_at >= o.starts and m.occurred_at < o.ends and o.payable in (m.to_account, m.from_account)
       order by m.occurred_at, m.id limit ${sql.raw(most + 1)}),
     account as materialized (
       select o.*,
         (select coalesce(sum(case when m.to_account = o.payable then m.amount_minor else -m.amount_minor end), 0)::bigint from postings m
          where m.partner_id = o.id and m.amount_currency = o.currency and m.occurred_at < o.starts and o.payable in (m.to_account, m.from_account)) as opening,
         array(select distinct m.amount_currency from postings m
           where m.partner_id = o.id and (m.amount_currency < o.currency or m.amount_currency > o.currency)
             and m.occurred_at < o.ends and o.payable in (m.to_account, m.from_account) order by 1) as other_currencies
       from owner o)
     select o.id, o.company_name as "companyName", o.currency, o.opening, o.other_currencies as "otherCurrencies",
       l.occurred_at as at, l.reference, l.minor, c.type, c.order_id as "orderId", coalesce(c.sale_minor, c.base_minor) as "baseMinor",
       coalesce(c.sale_currency, c.base_currency) as "baseCurrency",
       exists (select from commission_holds h where h.refund_id = c.id) as "lostDispute",
       t.method, t.period_start as "periodStart", t.period_end as "periodEnd"
     from account o left join line l on l.partner_id = o.id
     left join commissions c on l.reference like 'commission:%' and c.id = split_part(l.reference, ':', 2)::uuid
     left join payouts t on l.reference like 'payout:%' and t.id = split_part(l.reference, ':', 2)::uuid
     -- a lost dispute releases the commission and reverses it at the same time
     order by o.id, l.occurred_at, c.type is not distinct from 'REVERSAL', l.id`,
  );
  if (rows.length > most && rows[most]?.at) throw tooManyLines(most, ids.length > 1 ? ' or partners' : '');
  const statements = new Map<string, NamedStatement>();
  for (const row of rows) {
    const opening = new MoneyColumn({ minor: row.opening, currency: row.currency });
    let found = statements.get(row.id);
    if (!found) {
      const { companyName, currency, otherCurrencies } = row;
      found = { companyName, from, to, currency, otherCurrencies, opening, lines: [], closing: opening };
      statements.set(row.id, found);
    }
    if (row.at === null) continue; // a partner without movements
    const line = lineOf(row, found.closing);
    found.lines.push(line);
    found.closing = line.balance;
  }
  return statements;
}

/** A movement of the account. */
interface Moved {
  readonly at: Date;
  readonly reference: string;
  readonly minor: bigint;
  readonly type: string | null;
  readonly orderId: string | null;
  readonly baseMinor: bigint | null;
  readonly baseCurrency: string | null;
  readonly lostDispute: boolean;
  readonly method: string | null;
  readonly periodStart: string | null;
  readonly periodEnd: string | null;
}

/** A partner whose account did not move has one row without a movement. */
type Row = {
  readonly id: string;
  readonly companyName: string;
  readonly currency: string;
  readonly opening: bigint;
  readonly otherCurrencies: string[];
} & (Moved | { readonly at: null });

function lineOf(moved: Moved, { minor: owed, currency }: MoneyColumn): StatementLine {
  const { at, reference, minor, type, orderId, baseMinor, baseCurrency, lostDispute, method } = moved;
  const { kind, id } = causeOf(reference, type === 'REVERSAL');
  const isPayout = kind.startsWith('PAYOUT_');
  const base =
    baseMinor === null || baseCurrency === null
      ? null
      : `${amountText({ minor: baseMinor, currency: baseCurrency })} ${baseCurrency}`;
  const period = moved.periodStart === null ? null : `${moved.periodStart} to ${moved.periodEnd}`;
  return {
    at,
    cause: { kind, commissionId: isPayout ? null : id, payoutId: isPayout ? id : null },
    sentence: sentenceOf({ kind, base, type, orderId, lostDispute, method, period }),
    amount: new MoneyColumn({ minor, currency }),
    balance: new MoneyColumn({ minor: owed + minor, currency }),
  };
}
