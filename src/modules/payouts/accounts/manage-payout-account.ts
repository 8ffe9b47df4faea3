import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import { usableFrom } from '../../../domain/bank-account.ts';
import { refusedBy } from '../../../domain/duties.ts';
import { AppError, conflict, invalid, notFound } from '../../../domain/errors.ts';
import type { PayoutMethod } from '../../../domain/payout.ts';
import { authorize, authorizeRow } from '../../../kernel/data/authorize.ts';
import { query, scopeOf } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { currencyOf } from '../../../kernel/request/currency.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { type Payee, PayeeRefused } from '../../../ports/payee-enrolment.ts';
import type { PayoutInstruction } from '../../../ports/payout-rail.ts';
import { record } from '../../foundation/audit/public.ts';
import { blindIndexOf, openAll, transactSealing } from '../../foundation/data-keys/public.ts';
import { lockPartner, partnerOwner } from '../../partners/partner/public.ts';
import { PayoutAccount, payoutAccountTable } from './payout-account.entity.ts';
import type { SetPayoutAccountInput } from './payout-account.inputs.ts';
import { accountGiven, type PayoutDetails } from './payout-details.ts';

/** Replaces the partner's account for the method and currency and returns the new account's id. `keepSame`: when it is the
 *  account in use, that account stays with its cooling-off period. */
export async function setPayoutAccount(
  ctx: Context,
  input: SetPayoutAccountInput,
  { keepSame = false } = {},
): Promise<string> {
  const owner = await partnerOwner(ctx, input.partnerId, 'input.partnerId');
  await authorize(ctx, 'edit', { kind: 'payoutAccount', id: '(new)', attributes: owner });
  const { method, country } = input;
  const currency = currencyOf(input.currency, 'input.currency');
  const { details: given, lastFour, identity, enrol, accountType } = accountGiven(input);
  const fingerprint = await blindIndexOf(ctx, owner.tenantId, 'payout_accounts.fingerprint', identity);
  const details = enrol ? await enrolled(ctx, owner.partnerId, input, enrol) : given;

  return transactSealing(ctx, owner, async (em, seal) => {
    const partner = await lockPartner(em, owner.partnerId, 'input.partnerId');
    const now = ctx.clock.now();
    const same = { partnerId: partner.id, method, currency, fingerprint, country, removedAt: null };
    const kept = keepSame ? await em.findOne(PayoutAccount, same) : null;
    if (kept) {
      record(em, ctx, 'payoutAccount.connecting', kept, { after: { account: kept.id, method, currency } });
      return kept.id;
    }
    const [replaced] = await sql<{ id: string; country: string; last_four: string }>`
      update payout_accounts set removed_at = ${now}
      where partner_id = ${partner.id} and method = ${method} and currency = ${currency} and removed_at is null
      returning id, country, last_four`.execute(em);
    const id = v7();
    const account = em.create(PayoutAccount, {
      id,
      tenantId: partner.tenantId,
      partnerId: partner.id,
      method,
      country,
      currency,
      sealedHolderName: seal('payout_accounts', 'holder_name', id, input.holderName.trim()),
      sealedDetails: seal('payout_accounts', 'details', id, JSON.stringify(details)),
      lastFour,
      accountType,
      fingerprint,
      usableFrom: usableFrom(now),
      setBy: ctx.actor.id,
    });
    record(em, ctx, 'payoutAccount.set', account, {
      before: replaced
        ? { account: replaced.id, method, currency, country: replaced.country, lastFour: replaced.last_four }
        : null,
      after: { account: id, method, currency, country, lastFour },
    });
    return id;
  });
}

/** Enrols the account at its rail. Only the rail's token is stored here. */
async function enrolled(
  ctx: Context,
  partnerId: string,
  { method, holderName }: SetPayoutAccountInput,
  account: Payee['account'],
): Promise<PayoutDetails> {
  const [given] = Object.keys(account);
  const enrolment = ctx.enrolment(method);
  if (!enrolment)
    throw invalid(`input.${given}`, `must be empty for ${method} here: give the rail's token instead`);
  try {
    const reference = partnerId.replaceAll('-', '');
    return { razorpayFundAccount: await enrolment.enrol({ reference, holderName, account }) };
  } catch (error) {
    if (error instanceof PayeeRefused) throw invalid(`input.${error.field}`, error.message);
    ctx.log.warn({ method, error }, 'a payout account could not be enrolled');
    throw new AppError(
      'SERVICE_UNAVAILABLE',
      'The payout account cannot be checked at the moment. Try again later.',
      {
        retryAfter: 60,
      },
    );
  }
}

/** Removes a payout account. Payouts that are already with the rail are not recalled. */
export async function removePayoutAccount(ctx: Context, id: string): Promise<string> {
  await authorizeRow(ctx, 'edit', payoutAccountTable, id);
  return transact(ctx, async (em) => {
    const account = await em.findOne(PayoutAccount, { id: idOf(id), removedAt: null });
    if (!account) throw notFound('payout account');
    account.removedAt = ctx.clock.now();
    const { method, currency, lastFour, removedAt } = account;
    record(em, ctx, 'payoutAccount.removed', account, {
      before: { account: id, method, currency, lastFour },
      after: { removedAt },
    });
    return account.id;
  });
}

/** Starts the jobs of the partner's approved payouts, so that waiting payouts are checked immediately. */
export async function wakePayouts(em: EntityManager, partnerId: string): Promise<void> {
  await sql`
    select enqueue_send_payout(id) from payouts where partner_id = ${partnerId} and status = 'APPROVED'`.execute(
    em,
  );
}

/** Confirms an account after a returned payment, so that it receives payouts again. */
export async function confirmPayoutAccount(ctx: Context, id: string): Promise<string> {
  await authorizeRow(ctx, 'edit', payoutAccountTable, id);
  return transact(ctx, async (em) => {
    const account = await em.findOne(
      PayoutAccount,
      { id: idOf(id), removedAt: null },
      { lockMode: LockMode.PESSIMISTIC_WRITE },
    );
    if (!account) throw notFound('payout account');
    if (!account.checkAskedAt)
      throw conflict('The payout account needs no confirmation.', { reason: 'NOT_ASKED' });
    await requireOtherConfirmer(em, ctx, account);
    const { method, currency, lastFour, checkAskedAt } = account;
    Object.assign(account, { checkAskedAt: null, checkReason: null, confirmedBy: ctx.actor.id });
    await em.flush();
    await wakePayouts(em, account.partnerId);
    record(em, ctx, 'payoutAccount.confirmed', account, {
      before: { account: id, method, currency, lastFour, checkAskedAt },
      after: { account: id, method, currency, lastFour, checkAskedAt: null },
    });
    return account.id;
  });
}

/** Staff who entered an account must not confirm it. A partner's own members know whether their account is right. */
async function requireOtherConfirmer(
  em: EntityManager,
  { actor }: Context,
  { setBy = null }: PayoutAccount,
): Promise<void> {
  if (actor.partnerId !== null) return;
  const [same] = await sql`select 1 where may_be_one(${setBy}, ${actor.id})`.execute(em);
  if (same) throw refusedBy('CONFIRM_ACCOUNT', 'OWN_ACCOUNT');
}

interface ToPay {
  readonly partnerId: string;
  readonly method: PayoutMethod;
  readonly currency: string;
  /** The account for which the payout was approved; null when the payout was created before the partner had an account. */
  readonly accountId: string | null;
}

/** The id of the account that can receive a payout now; null when there is none or it was replaced after the approval. */
export async function accountToPay(
  em: EntityManager,
  { partnerId, method, currency, accountId }: ToPay,
): Promise<string | null> {
  const [account] = await sql<{ id: string }>`
    select id from payout_accounts
    where partner_id = ${partnerId} and method = ${method} and currency = ${currency} and removed_at is null
      and usable_from <= now() and check_asked_at is null and (${accountId}::uuid is null or id = ${accountId})
  `.execute(em);
  return account?.id ?? null;
}

/** Requires a confirmation of an account after a returned payment. No payout is sent to it before. */
export async function askToCheck(em: EntityManager, id: string, reason: string): Promise<void> {
  await sql`
    update payout_accounts set check_asked_at = now(), check_reason = ${reason}
    where id = ${id} and removed_at is null`.execute(em);
}

/** An account with decrypted details, as a rail requires it; null after the partner was erased. Never returned by the API. */
export async function loadDestination(ctx: Context, id: string): Promise<PayoutInstruction['destination']> {
  const [account] = await query(
    ctx,
    sql<{ tenantId: string; country: string; currency: string; holderName: string; details: string }>`
      select a.tenant_id as "tenantId", a.country, a.currency, a.holder_name as "holderName", a.details
      from payout_accounts a where ${scopeOf(ctx.actor, payoutAccountTable)} and a.id = ${idOf(id)}`,
  );
  if (!account) throw notFound('payout account');
  const { tenantId, country, currency } = account;
  const place = (column: string) => ({ tenantId, table: 'payout_accounts', column, rowId: id });
  const [holderName, details] = await openAll(ctx, [
    { place: place('holder_name'), envelope: account.holderName },
    { place: place('details'), envelope: account.details },
  ]);
  if (holderName == null || details == null) return null;
  return { accountId: id, holderName, country, currency, details: JSON.parse(details) };
}

/** The decrypted details of an account; null after the partner was erased. Never returned by the API. */
export async function loadPayoutDetails(ctx: Context, id: string): Promise<PayoutDetails | null> {
  const [account] = await query(
    ctx,
    sql<{ tenantId: string; envelope: string }>`
      select a.tenant_id as "tenantId", a.details as envelope
      from payout_accounts a where ${scopeOf(ctx.actor, payoutAccountTable)} and a.id = ${idOf(id)}`,
  );
  if (!account) throw notFound('payout account');
  const { tenantId, envelope } = account;
  const place = { tenantId, table: 'payout_accounts', column: 'details', rowId: id };
  const [details] = await openAll(ctx, [{ place, envelope }]);
  return details == null ? null : JSON.parse(details);
}
