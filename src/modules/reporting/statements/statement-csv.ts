import { notFound } from '../../../domain/errors.ts';
import { writeCsv } from '../../../kernel/data/csv.ts';
import { query, scopeOf } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { amountText } from '../../../kernel/request/currency.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { partnerTable } from '../../partners/partner/public.ts';
import {
  checkDays,
  type Days,
  loadStatements,
  type NamedStatement,
  tooManyLines,
} from './statement.loader.ts';

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
 *  balance has a column for its side (CR: owed to the partner, DR: owed by the partner). Without a currency, each currency of
 *  the account has its own opening and closing balance. */
export async function statementCsv(ctx: Context, partnerId: string, days: Days): Promise<string> {
  checkDays(days);
  const [found] = await query(
    ctx,
    sql<{ id: string }>`
      select p.id from partners p
      where ${scopeOf(ctx.actor, partnerTable)} and p.id = ${idOf(partnerId, 'partnerId')} and p.deleted_at is null`,
  );
  if (!found) throw notFound('partner');
  const read = async (currency: string | null, most: number) =>
    (await loadStatements(ctx, [found.id], { ...days, currency }, most)).get(found.id) as NamedStatement;
  const statements = [await read(days.currency, MAX_LINES)];
  for (const currency of days.currency === null ? (statements[0]?.otherCurrencies ?? []) : [])
    statements.push(await read(currency, MAX_LINES));
  if (statements.reduce((sum, { lines }) => sum + lines.length, 0) > MAX_LINES) throw tooManyLines(MAX_LINES);
  return writeCsv([HEAD, ...statements.flatMap(rowsOf)]);
}

function rowsOf({ companyName, from, to, currency, opening, closing, lines }: NamedStatement): string[][] {
  const text = (minor: bigint) => amountText({ minor: minor < 0n ? -minor : minor, currency });
  const balance = (minor: bigint) => [text(minor), minor < 0n ? 'DR' : 'CR'];
  return [
    [companyName, from, 'OPENING', '', 'Opening balance', currency, '', '', ...balance(opening.minor)],
    ...lines.map(({ at, cause, sentence, amount: { minor }, balance: { minor: owed } }) => [
      ...[
        companyName,
        at.toISOString(),
        cause.kind,
        cause.commissionId ?? cause.payoutId ?? '',
        sentence,
        currency,
      ],
      ...(minor < 0n ? ['', text(minor)] : [text(minor), '']),
      ...balance(owed),
    ]),
    [companyName, to, 'CLOSING', '', 'Closing balance', currency, '', '', ...balance(closing.minor)],
  ];
}
