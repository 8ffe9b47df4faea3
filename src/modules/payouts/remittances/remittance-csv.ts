import { writeCsv } from '../../../kernel/data/csv.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { amountText } from '../../../kernel/request/currency.ts';
import { linesPaidBy } from '../../commissions/explain/public.ts';
import type { RemittanceHead } from './remittance.loader.ts';

const MAX_LINES = 50_000;
const HEAD = [
  'Payout',
  'Partner',
  'At',
  'Type',
  'Line',
  'Order',
  'Explanation',
  'Currency',
  'Credit',
  'Debit',
];

/** All commissions of a payout and the total as CSV. No cell is a formula: negative amounts are in their own column
 *  instead of having a sign. */
export async function remittanceCsv(ctx: Context, head: RemittanceHead): Promise<string> {
  const { payoutId, companyName, amount } = head;
  const lines = await linesPaidBy(ctx, payoutId, MAX_LINES);
  const text = (minor: bigint) =>
    amountText({ minor: minor < 0n ? -minor : minor, currency: amount.currency });
  return writeCsv([
    HEAD,
    ...lines.map(({ id, type, occurredAt, orderId, sentence, amount: { minor, currency } }) => [
      ...[payoutId, companyName, occurredAt.toISOString(), type, id, orderId ?? '', sentence, currency],
      ...(minor < 0n ? ['', text(minor)] : [text(minor), '']),
    ]),
    [
      payoutId,
      companyName,
      head.paidAt?.toISOString() ?? '',
      'TOTAL',
      '',
      '',
      totalOf(head),
      amount.currency,
      text(amount.minor),
      '',
    ],
  ]);
}

/** The description of the total. */
export function totalOf({ status, method, lastFour, periodStart, periodEnd }: RemittanceHead): string {
  const to = lastFour === null ? '' : ` to the account that ends in ${lastFour}`;
  return `Payout for ${periodStart} to ${periodEnd} by ${method}${to}: ${status}`;
}
