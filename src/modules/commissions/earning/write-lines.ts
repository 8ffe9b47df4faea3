import type { Money } from '../../../domain/money.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Run } from '../../../kernel/data/transact.ts';
import type { Commission } from '../commission/public.ts';

/** A line as it is made; what is left out is null, and money lies in two columns. */
export type NewLine = Pick<
  Commission,
  | ('id' | 'tenantId' | 'partnerId' | 'customerId' | 'referralId' | 'conversionId' | 'orderId' | 'adjustsId')
  | ('type' | 'method' | 'status' | 'revenueMinor' | 'saleMinor' | 'saleCurrency')
  | ('rateBps' | 'rateSource' | 'ruleId' | 'perUnitMinor' | 'quantity' | 'tier' | 'roundingMode')
  | (
      | 'product'
      | 'country'
      | 'lineNumber'
      | 'source'
      | 'subscriptionId'
      | 'exchange'
      | 'unrated'
      | 'computation'
    )
  | ('occurredAt' | 'holdUntil' | 'createdBy' | 'statedBy' | 'metadata')
> & { readonly baseAmount: Money; readonly amount: Money };

type Value = string | number | object | null | undefined;

const COLUMNS: readonly (readonly [name: string, type: string, of: (line: NewLine) => Value])[] = [
  ['id', 'uuid', (line) => line.id],
  ['tenant_id', 'text', (line) => line.tenantId],
  ['partner_id', 'uuid', (line) => line.partnerId],
  ['customer_id', 'uuid', (line) => line.customerId],
  ['referral_id', 'uuid', (line) => line.referralId],
  ['conversion_id', 'uuid', (line) => line.conversionId],
  ['order_id', 'text', (line) => line.orderId],
  ['line_number', 'int', (line) => line.lineNumber],
  ['adjusts_id', 'uuid', (line) => line.adjustsId],
  ['type', 'text', (line) => line.type],
  ['method', 'text', (line) => line.method],
  ['status', 'text', (line) => line.status],
  ['base_minor', 'bigint', (line) => textOf(line.baseAmount.minor)],
  ['base_currency', 'text', (line) => line.baseAmount.currency],
  ['amount_minor', 'bigint', (line) => textOf(line.amount.minor)],
  ['amount_currency', 'text', (line) => line.amount.currency],
  ['revenue_minor', 'bigint', (line) => textOf(line.revenueMinor)],
  ['sale_minor', 'bigint', (line) => textOf(line.saleMinor)],
  ['sale_currency', 'text', (line) => line.saleCurrency],
  ['rate_bps', 'int', (line) => line.rateBps],
  ['rate_source', 'text', (line) => line.rateSource],
  ['rule_id', 'uuid', (line) => line.ruleId],
  ['per_unit_minor', 'bigint', (line) => textOf(line.perUnitMinor)],
  ['quantity', 'int', (line) => line.quantity],
  ['tier', 'text', (line) => line.tier],
  ['rounding_mode', 'text', (line) => line.roundingMode],
  ['product', 'text', (line) => line.product],
  ['country', 'text', (line) => line.country],
  ['source', 'text', (line) => line.source],
  ['subscription_id', 'text', (line) => line.subscriptionId],
  ['exchange', 'jsonb', (line) => line.exchange],
  ['unrated', 'jsonb', (line) => line.unrated],
  ['computation', 'jsonb', (line) => line.computation],
  ['occurred_at', 'timestamptz', (line) => line.occurredAt],
  ['hold_until', 'timestamptz', (line) => line.holdUntil],
  ['created_by', 'text', (line) => line.createdBy],
  ['stated_by', 'text', (line) => line.statedBy],
  ['metadata', 'jsonb', (line) => line.metadata],
];
const textOf = (minor: bigint | null | undefined): string | null => (minor == null ? null : `${minor}`);

const names = sql.raw(COLUMNS.map(([name]) => name).join(', '));
const types = sql.raw(COLUMNS.map(([name, type]) => `${name} ${type}`).join(', '));

/** One statement, however many lines; `beside` is a further `with` that stores more with them; `last` commits. Answers with when
 *  they were made. */
export async function writeLines(
  run: Run,
  lines: readonly NewLine[],
  beside: Sql = sql``,
  last?: boolean,
): Promise<Date> {
  const rows = lines.map((line) =>
    Object.fromEntries(COLUMNS.map(([name, , of]) => [name, of(line) ?? null])),
  );
  const [made] = await run(
    sql<{ at: string | Date }>`
      with /* commissions.write */ line as (insert into commissions (${names})
        select ${names} from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as t (${types}) returning id, created_at)${beside}
      select created_at as at from line limit 1`,
    last,
  );
  if (!made) throw new Error('an insert always returns its rows');
  return new Date(made.at);
}
