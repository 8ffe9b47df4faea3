import type { GraphQLResolveInfo } from 'graphql';
import { invalid } from '../../../domain/errors.ts';
import { account } from '../../../domain/posting.ts';
import { causeOf, sentenceOf } from '../../../domain/statement.ts';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { query, Statement } from '../../../kernel/data/rows.ts';
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
export function statementOf(
  ctx: Context,
  info: GraphQLResolveInfo,
  partnerId: string,
  days: Days,
): Promise<PartnerStatement> {
  checkDays(days);
  return loaderFor<string, PartnerStatement>(ctx, info, async (ids) => {
    const found = await statementsOf(ctx, ids, days, MAX_LINES);
    return ids.map((id) => found.get(id) ?? new Error(`no partner ${id}`)) as PartnerStatement[];
  }).load(partnerId);
}

export function checkDays({ from, to, currency }: Days): void {
  if (from > to) throw invalid('to', 'must not be before from');
  if (currency !== null) currencyOf(currency, 'currency');
}

const [before, behind] = account.payable('|').split('|') as [string, string];

/** Each partner's statement by partner id. Days are in the program's time zone. */
export async function statementsOf(
  ctx: Context,
  ids: readonly string[],
  { from, to, currency }: Days,
  most: number,
): Promise<Map<string, PartnerStatement & { companyName: string }>> {
  const statement = new Statement().add(
    `with owner as (
       select p.id, p.company_name, coalesce($, p.currency) as currency, $ || p.id || $ as payable,
         ($::date)::timestamp at time zone g.time_zone as starts, ($::date + 1)::timestamp at time zone g.time_zone as ends
       from partners p join programs g on g.tenant_id = p.tenant_id where p.id = any($)),
     line as (
       select m.partner_id, m.id, m.occurred_at, m.reference, case when m.to_account = o.payable then m.amount_minor else -m.amount_minor end as minor
       from owner o join postings m on m.partner_id = o.id and m.amount_currency = o.currency
         and m.occurred_at >= o.starts and m.occurred_at < o.ends and o.payable in (m.to_account, m.from_account)
       order by m.occurred_at, m.id limit ${most + 1})
     select o.id, o.company_name, o.currency,
       (select coalesce(sum(case when m.to_account = o.payable then m.amount_minor else -m.amount_minor end), 0)::bigint from postings m
        where m.partner_id = o.id and m.amount_currency = o.currency and m.occurred_at < o.starts and o.payable in (m.to_account, m.from_account)),
       l.occurred_at, l.reference, l.minor, c.type, c.order_id, coalesce(c.sale_minor, c.base_minor), coalesce(c.sale_currency, c.base_currency),
       exists (select from commission_holds h where h.refund_id = c.id), t.method, t.period_start, t.period_end
     from owner o left join line l on l.partner_id = o.id
     left join commissions c on l.reference like 'commission:%' and c.id = split_part(l.reference, ':', 2)::uuid
     left join payouts t on l.reference like 'payout:%' and t.id = split_part(l.reference, ':', 2)::uuid
     order by o.id, l.occurred_at, l.id`,
    ...[currency, before, behind, from, to, ids],
  );
  const rows = (await query(ctx, statement)) as Row[];
  if (rows.length > most && rows[most]?.[4])
    throw invalid(
      'to',
      `must give at most ${most} lines: choose fewer days${ids.length > 1 ? ' or partners' : ''}`,
    );
  const statements = new Map<string, PartnerStatement & { companyName: string }>();
  for (const [id, companyName, code, opening, at, ...rest] of rows) {
    const of = (minor: bigint) => new MoneyColumn({ minor, currency: code });
    let found = statements.get(id);
    if (!found) {
      found = {
        companyName,
        from,
        to,
        currency: code,
        opening: of(opening),
        lines: [],
        closing: of(opening),
      };
      statements.set(id, found);
    }
    if (at === null) continue; // a partner without movements
    const line = lineOf(at, rest as Moved, found.closing);
    found.lines.push(line);
    found.closing = line.balance;
  }
  return statements;
}

type Moved = [
  reference: string,
  minor: bigint,
  type: string | null,
  orderId: string | null,
  baseMinor: bigint | null,
  baseCurrency: string | null,
  lostDispute: boolean,
  method: string | null,
  periodStart: string | null,
  periodEnd: string | null,
];
type Row = [
  id: string,
  companyName: string,
  currency: string,
  opening: bigint,
  at: Date | null,
  ...rest: unknown[],
];

function lineOf(at: Date, moved: Moved, { minor: owed, currency }: MoneyColumn): StatementLine {
  const [reference, minor, type, orderId, baseMinor, baseCurrency, lostDispute, ...payout] = moved;
  const [method, start, end] = payout;
  const cause = causeOf(reference, type === 'REVERSAL');
  const base =
    baseMinor === null || baseCurrency === null
      ? null
      : `${amountText({ minor: baseMinor, currency: baseCurrency })} ${baseCurrency}`;
  const period = start === null ? null : `${start} to ${end}`;
  return {
    at,
    cause,
    sentence: sentenceOf({ kind: cause.kind, base, type, orderId, lostDispute, method, period }),
    amount: new MoneyColumn({ minor, currency }),
    balance: new MoneyColumn({ minor: owed + minor, currency }),
  };
}
