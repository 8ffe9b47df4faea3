import { randomUUID } from 'node:crypto';
import { v7 } from 'uuid';
import type { BankPaymentStatus } from '../../../domain/bank-status.ts';
import { money } from '../../../domain/money.ts';
import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import { system } from '../../../kernel/request/actor.ts';
import { type Context, contextFor, type Services } from '../../../kernel/request/context.ts';
import type { BankDesk } from '../../../ports/bank-desk.ts';
import type { PayoutInstruction, PayoutRail, RailOutcome } from '../../../ports/payout-rail.ts';

const PAGE = 1_000;
const LOOK_AGAIN_SECONDS = 6 * 3_600; // a bank takes days, and an imported status starts the payout's job

/** Pays by files for the company's bank. `send` only stores the payment, once per key. Then people create,
 *  approve and submit files, and imported bank statuses move the payment. The rail calls no other system. */
export function bankRail(services: Services, desk: BankDesk): PayoutRail {
  const context = () => contextFor(services, { actor: system, requestId: randomUUID() });
  return {
    name: 'bank',
    keyLifetimeSeconds: null,
    settleSeconds: 0,
    recheckSeconds: null,
    needsAccount: true,
    currencySupport: (currency) => desk.currencySupport(currency),
    verifyEvent: null,

    async send(instruction) {
      const ctx = context();
      return (await find(ctx, instruction)) ?? (await take(ctx, desk, instruction));
    },

    lookup: (instruction) => find(context(), instruction),

    async *list(from, to) {
      const ctx = context();
      for (let last = '00000000-0000-0000-0000-000000000000'; ; ) {
        const rows = await query(
          ctx,
          sql<{
            id: string;
            key: string;
            minor: bigint;
            currency: string;
            status: BankPaymentStatus;
            at: Date;
          }>`
            select id, key, amount_minor as minor, amount_currency as currency, status, created_at as at from bank_payments
            where created_at >= ${from} and created_at < ${to} and id > ${last}::uuid order by id limit ${sql.raw(PAGE)}`,
        );
        for (const { key, minor, currency, status, at } of rows)
          yield { key, reference: key, at, amount: money(minor, currency), status: outcomes[status] };
        const end = rows.at(-1);
        if (!end || rows.length < PAGE) return;
        last = end.id;
      }
    },
  };
}

const outcomes = {
  WAITING: 'ACCEPTED',
  IN_FILE: 'ACCEPTED',
  ACCEPTED: 'ACCEPTED',
  PAID: 'CONFIRMED',
  REJECTED: 'REFUSED',
  RETURNED: 'RETURNED',
} as const satisfies Record<BankPaymentStatus, RailOutcome['status']>;

async function find(ctx: Context, { key: reference }: PayoutInstruction): Promise<RailOutcome | null> {
  const [row] = await query(
    ctx,
    sql<{ status: BankPaymentStatus; code: string | null; reason: string | null; differs: boolean }>`
      select status, code, reason, difference is not null as differs from bank_payments where key = ${reference}`,
  );
  if (!row) return null;
  const status = outcomes[row.status];
  const reason = row.reason ?? '';
  if (status === 'REFUSED') return { status, code: row.code ?? 'rejected', reason };
  if (status === 'RETURNED') return { status, reference, reason };
  if (status === 'CONFIRMED') return { status, reference };
  return {
    ...{ status, reference, lookAgainSeconds: LOOK_AGAIN_SECONDS },
    ...(row.differs && {
      actionRequired:
        'The bank status contradicts our records: see `difference` of the bank payment. Two people must state the outcome with `resolvePayout`.',
    }),
  };
}

/** Stores the payment. Two simultaneous calls store one payment. */
async function take(ctx: Context, desk: BankDesk, instruction: PayoutInstruction): Promise<RailOutcome> {
  const { key, payoutId, tenantId, partnerId, runId, amount } = instruction;
  const account = await findAccount(ctx, instruction);
  if (!account) return refused('no_account', 'There is no usable bank account. Set a payout account.');
  const format = desk.formatOf(amount.currency, account.country);
  const support = desk.currencySupport(amount.currency);
  if (!format || !support)
    return refused(
      'account_not_payable',
      'A bank transfer to the payout account is not possible in this currency. Set another payout account.',
    );
  if (amount.minor < support.minimum || (support.maximum !== null && amount.minor > support.maximum))
    return refused(
      'amount_not_carried',
      'A bank transfer of this amount is not possible. We pay the amount in another way.',
    );
  await transact(ctx, (em) =>
    sql`
      insert into bank_payments (id, tenant_id, partner_id, payout_id, run_id, account_id, key, format, amount_minor, amount_currency)
      values (${v7()}, ${tenantId}, ${partnerId}, ${payoutId}, ${runId}, ${account.id}, ${key}, ${format}, ${amount.minor.toString()},
        ${amount.currency})
      on conflict (key, tenant_id) do nothing`.execute(em),
  );
  return (await find(ctx, instruction)) as RailOutcome;
}

const refused = (code: string, reason: string): RailOutcome => ({ status: 'REFUSED', code, reason });

/** The account of the instruction, otherwise the partner's account in use. */
async function findAccount(
  ctx: Context,
  { tenantId, partnerId, amount, destination }: PayoutInstruction,
): Promise<{ id: string; country: string } | null> {
  const [account] = await query(
    ctx,
    sql<{ id: string; country: string }>`
      select id, country from payout_accounts
      where tenant_id = ${tenantId} and partner_id = ${partnerId} and method = 'BANK_TRANSFER' and currency = ${amount.currency}
        and removed_at is null and usable_from <= ${ctx.clock.now()}
        and ${destination ? sql`id = ${destination.accountId}` : sql`true`}`,
  );
  return account ?? null;
}
