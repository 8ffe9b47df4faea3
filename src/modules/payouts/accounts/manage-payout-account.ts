import { type EntityManager, LockMode, sql } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import { usableFrom } from '../../../domain/bank-account.ts';
import { AppError, conflict, invalid, notFound } from '../../../domain/errors.ts';
import type { PayoutMethod } from '../../../domain/payout.ts';
import { authorize, authorizeRow } from '../../../kernel/data/authorize.ts';
import { where } from '../../../kernel/data/condition.ts';
import { from, query } from '../../../kernel/data/rows.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { currencyOf } from '../../../kernel/request/currency.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { requireFreshSignIn } from '../../../kernel/request/permission.ts';
import { type Payee, PayeeRefused } from '../../../ports/payee-enrolment.ts';
import type { PayoutInstruction } from '../../../ports/payout-rail.ts';
import { record } from '../../foundation/audit/public.ts';
import { blindIndexOf, openAll, transactSealing } from '../../foundation/data-keys/public.ts';
import { lockPartner, partnerOwner } from '../../partners/partner/public.ts';
import { PayoutAccount, payoutAccountTable } from './payout-account.entity.ts';
import type { SetPayoutAccountInput } from './payout-account.inputs.ts';
import { accountGiven, type PayoutDetails } from './payout-details.ts';

/** Takes the place of the partner's account of that method and currency; answers with the new one's id. `keepSame`: where
 *  it is the very account that is in use, that stays, with its cool-off as it was. */
export async function setPayoutAccount(
  ctx: Context,
  input: SetPayoutAccountInput,
  { keepSame = false } = {},
): Promise<string> {
  requireFreshSignIn(ctx.actor);
  const owner = await partnerOwner(ctx, input.partnerId, 'input.partnerId');
  await authorize(ctx, 'edit', { kind: 'payoutAccount', id: '(new)', attributes: owner });
  const { method, country } = input;
  const currency = currencyOf(input.currency, 'input.currency');
  const { details: given, lastFour, identity, enrol } = accountGiven(input);
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
    const [replaced] = await em.execute<{ id: string; country: string; last_four: string }[]>(sql`
      update payout_accounts set removed_at = ${now}
      where partner_id = ${partner.id} and method = ${method} and currency = ${currency} and removed_at is null
      returning id, country, last_four`);
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

/** Gives the account to the rail that pays to it: what is left of it here is the rail's token. */
async function enrolled(
  ctx: Context,
  partnerId: string,
  { method, holderName }: SetPayoutAccountInput,
  account: Payee['account'],
): Promise<PayoutDetails> {
  const [given] = Object.keys(account);
  const enrolment = ctx.enrolment(method);
  if (!enrolment) throw invalid(`input.${given}`, `is not for ${method} here: give its token`);
  try {
    const reference = partnerId.replaceAll('-', '');
    return { razorpayFundAccount: await enrolment.enrol({ reference, holderName, account }) };
  } catch (error) {
    if (error instanceof PayeeRefused) throw invalid(`input.${error.field}`, error.message);
    ctx.log.warn({ method, error }, 'an account could not be enrolled');
    throw new AppError('SERVICE_UNAVAILABLE', 'the account could not be checked now: try again later', {
      retryAfter: 60,
    });
  }
}

/** Nothing is paid to it any more; payouts under way are not called back. */
export async function removePayoutAccount(ctx: Context, id: string): Promise<string> {
  requireFreshSignIn(ctx.actor);
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

/** Approved payouts of a partner that were kept back are looked at at once. */
export async function wakePayouts(em: EntityManager, partnerId: string): Promise<void> {
  await em.execute(sql`
    select enqueue_send_payout(id)
    from payouts where partner_id = ${partnerId} and status = 'APPROVED'`);
}

/** Says that an account which money came back from is right after all: money goes there again. */
export async function confirmPayoutAccount(ctx: Context, id: string): Promise<string> {
  requireFreshSignIn(ctx.actor);
  await authorizeRow(ctx, 'edit', payoutAccountTable, id);
  return transact(ctx, async (em) => {
    const account = await em.findOne(
      PayoutAccount,
      { id: idOf(id), removedAt: null },
      { lockMode: LockMode.PESSIMISTIC_WRITE },
    );
    if (!account) throw notFound('payout account');
    if (!account.checkAskedAt) throw conflict('nobody asked for it to be checked', { reason: 'NOT_ASKED' });
    const { method, currency, lastFour, checkAskedAt } = account;
    Object.assign(account, { checkAskedAt: null, checkReason: null });
    await em.flush();
    await wakePayouts(em, account.partnerId);
    record(em, ctx, 'payoutAccount.confirmed', account, {
      before: { account: id, method, currency, lastFour, checkAskedAt },
      after: { account: id, method, currency, lastFour, checkAskedAt: null },
    });
    return account.id;
  });
}

interface ToPay {
  readonly partnerId: string;
  readonly method: PayoutMethod;
  readonly currency: string;
  /** The one that the payout was approved for; null: it was made before the partner had any. */
  readonly accountId: string | null;
}

/** The account which money may go to now; null where there is none, or it was replaced since the payout was approved. */
export async function accountToPay(
  em: EntityManager,
  { partnerId, method, currency, accountId }: ToPay,
): Promise<string | null> {
  const [account] = await em.execute<{ id: string }[]>(sql`
    select id from payout_accounts
    where partner_id = ${partnerId} and method = ${method} and currency = ${currency} and removed_at is null
      and usable_from <= now() and check_asked_at is null and (${accountId}::uuid is null or id = ${accountId})`);
  return account?.id ?? null;
}

/** Money came back from an account: nothing goes there until its owner has looked. */
export async function askToCheck(em: EntityManager, id: string, reason: string): Promise<void> {
  await em.execute(sql`
    update payout_accounts set check_asked_at = now(), check_reason = ${reason}
    where id = ${id} and removed_at is null`);
}

/** An account as a rail needs it, opened; null once the partner was erased. It is not for the graph. */
export async function destinationOf(ctx: Context, id: string): Promise<PayoutInstruction['destination']> {
  const list = 'a.tenant_id, a.country, a.currency, a.holder_name, a.details';
  const account = from(payoutAccountTable, ctx.actor, { list, joins: '' });
  const [row] = await query(ctx, account.and([where('a.id = $', idOf(id))]));
  if (!row) throw notFound('payout account');
  const [tenantId, country, currency, sealedName, sealedDetails] = row as string[] as [
    string,
    string,
    string,
    string,
    string,
  ];
  const place = (column: string) => ({ tenantId, table: 'payout_accounts', column, rowId: id });
  const [holderName, details] = await openAll(ctx, [
    { place: place('holder_name'), envelope: sealedName },
    { place: place('details'), envelope: sealedDetails },
  ]);
  if (holderName == null || details == null) return null;
  return { accountId: id, holderName, country, currency, details: JSON.parse(details) };
}

/** What a rail needs to pay to an account; null once the partner was erased. It is not for the graph. */
export async function payoutDetailsOf(ctx: Context, id: string): Promise<PayoutDetails | null> {
  const account = from(payoutAccountTable, ctx.actor, { list: 'a.tenant_id, a.details', joins: '' });
  const [row] = await query(ctx, account.and([where('a.id = $', idOf(id))]));
  if (!row) throw notFound('payout account');
  const [tenantId, envelope] = row as [string, string];
  const place = { tenantId, table: 'payout_accounts', column: 'details', rowId: id };
  const [details] = await openAll(ctx, [{ place, envelope }]);
  return details == null ? null : JSON.parse(details);
}
