import { notFound } from '../../../domain/errors.ts';
import { where } from '../../../kernel/data/condition.ts';
import { writeCsv } from '../../../kernel/data/csv.ts';
import { from, query } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { amountText } from '../../../kernel/request/currency.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { partnerTable } from '../../partners/partner/public.ts';
import { checkDays, type Days, statementsOf } from './statement.loader.ts';

const MAX_LINES = 10_000;
const HEAD = [
  'Partner',
  'At',
  'Event',
  'Reference',
  'Description',
  'Currency',
  'Credit',
  'Debit',
  'Balance',
  'Side',
];

/** A statement as CSV. No cell is a formula: amounts are in the column Credit or Debit instead of having a sign, and the
 *  balance has a column for its side (CR: owed to the partner, DR: owed by the partner). */
export async function statementCsv(ctx: Context, partnerId: string, days: Days): Promise<string> {
  checkDays(days);
  const theirs = where('p.id = $ and p.deleted_at is null', idOf(partnerId, 'partnerId'));
  const scoped = from(partnerTable, ctx.actor, { list: 'p.id', joins: '' }).and([theirs]);
  const [found] = (await query(ctx, scoped)) as [string][];
  const statement = found && (await statementsOf(ctx, found, days, MAX_LINES)).get(found[0]);
  if (!statement) throw notFound('partner');
  const { companyName, currency, opening, closing, lines } = statement;
  const text = (minor: bigint) => amountText({ minor: minor < 0n ? -minor : minor, currency });
  const balance = (minor: bigint) => [text(minor), minor < 0n ? 'DR' : 'CR'];
  return writeCsv([
    HEAD,
    [companyName, days.from, 'OPENING', '', 'Opening balance', currency, '', '', ...balance(opening.minor)],
    ...lines.map(({ at, cause, sentence, amount: { minor }, balance: { minor: owed } }) => [
      ...[companyName, at.toISOString(), cause.kind, cause.id, sentence, currency],
      ...(minor < 0n ? ['', text(minor)] : [text(minor), '']),
      ...balance(owed),
    ]),
    [companyName, days.to, 'CLOSING', '', 'Closing balance', currency, '', '', ...balance(closing.minor)],
  ]);
}
