import { createHash } from 'node:crypto';
import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { conflict, invalid, notFound } from '../../../domain/errors.ts';
import { authorize, authorizeRow } from '../../../kernel/data/authorize.ts';
import { query, scopeOf } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { currencyOf } from '../../../kernel/request/currency.ts';
import { idOf } from '../../../kernel/request/input.ts';
import type { PayeeOnboarding, PayeeState } from '../../../ports/payee-onboarding.ts';
import { record } from '../../foundation/audit/public.ts';
import { blindIndexOf } from '../../foundation/data-keys/public.ts';
import { partnerOwner, partnerTable } from '../../partners/partner/public.ts';

import { loadPayoutDetails, setPayoutAccount } from './manage-payout-account.ts';
import type { ConnectPayoutAccountInput } from './onboarding.inputs.ts';
import { PayoutAccount, payoutAccountTable } from './payout-account.entity.ts';
import { accountGiven } from './payout-details.ts';

const GONE = 'Stripe no longer allows payments to this account. Remove the account and connect a new one.';

export interface Connecting {
  readonly id: string;
  readonly url: string;
  readonly expiresAt: Date;
}

/** Opens an account at the rail, or reuses the partner's account, and returns the link to the rail's form.
 *  Two calls give one account and two links. */
export async function connectPayoutAccount(
  ctx: Context,
  { partnerId, country, currency: code, holderName }: ConnectPayoutAccountInput,
): Promise<Connecting> {
  const owner = await partnerOwner(ctx, partnerId, 'input.partnerId');
  await authorize(ctx, 'edit', { kind: 'payoutAccount', id: '(new)', attributes: owner });
  const currency = currencyOf(code, 'input.currency');
  const rail = onboardingOf(ctx);
  const used = await loadStripeAccounts(ctx, owner.partnerId);
  const known = used.find((account) => account.country === country && account.removedAt === null);
  const email = await loadEmail(ctx, owner.partnerId);
  // The id of the last account is part of the key, so that a new account is opened after a removal.
  const key = keyOf([owner.tenantId, owner.partnerId, country, email, used.at(-1)?.id ?? '']);
  const stripeAccount = known
    ? await requireOpenedFor(rail, owner, await loadStripeAccountId(ctx, known.id))
    : await rail.open({ ...owner, country, email, key });
  const at = `${ctx.portalUrl}/payout-accounts?partner=${owner.partnerId}&stripe=`;
  const link = await rail.link(stripeAccount, { again: `${at}again`, done: `${at}done` });
  const id = await setPayoutAccount(
    ctx,
    { partnerId: owner.partnerId, method: 'STRIPE', holderName, country, currency, stripeAccount },
    { keepSame: true },
  );
  return { id, ...link };
}

/** The account, if we opened it for this partner. A link to the form of another holder's account would show that holder's details
 *  and accept other bank details, and an account id that was typed in may belong to any holder. */
async function requireOpenedFor(
  rail: PayeeOnboarding,
  { tenantId, partnerId }: Awaited<ReturnType<typeof partnerOwner>>,
  stripeAccount: string,
): Promise<string> {
  const state = await rail.state(stripeAccount);
  // The error does not reveal whether the account exists.
  if (state?.tenantId !== tenantId || state.partnerId !== partnerId)
    throw conflict(
      'The account was not opened here for this partner. Remove the account and connect a new one.',
      {
        reason: 'UNKNOWN_ACCOUNT',
      },
    );
  return stripeAccount;
}

/** Asks the rail for the status of an account and stores it. */
export async function refreshPayoutAccount(ctx: Context, id: string): Promise<string> {
  await authorizeRow(ctx, 'edit', payoutAccountTable, id);
  const { stripeAccount } = (await loadPayoutDetails(ctx, id)) ?? {};
  if (!stripeAccount)
    throw invalid('id', 'must be a Stripe account; other accounts have no status at the rail');
  const state = await onboardingOf(ctx).state(stripeAccount);
  return transact(ctx, async (em) => {
    const account = await keepState(em, ctx, idOf(id), state);
    if (!account) throw notFound('payout account');
    return account.id;
  });
}

/** Handles a rail event about an account: asks the rail for the account's status and stores it,
 *  if we opened the account. */
export async function payeeChanged(ctx: Context, stripeAccount: string): Promise<void> {
  const state = await onboardingOf(ctx).state(stripeAccount);
  if (!state?.tenantId) return;
  const { identity } = accountGiven({ method: 'STRIPE', country: '', currency: '', stripeAccount });
  const fingerprint = await blindIndexOf(ctx, state.tenantId, 'payout_accounts.fingerprint', identity);
  const accounts = await query(
    ctx,
    sql<{ id: string }>`
      select a.id from payout_accounts a
      where ${scopeOf(ctx.actor, payoutAccountTable)} and a.tenant_id = ${state.tenantId} and a.fingerprint = ${fingerprint}
        and a.removed_at is null`,
  );
  for (const { id } of accounts)
    await transact(ctx, (em) => keepState(em, ctx, id, state, { onlyNews: true }));
}

async function keepState(
  em: EntityManager,
  ctx: Context,
  id: string,
  state: PayeeState | null,
  { onlyNews = false } = {},
): Promise<PayoutAccount | null> {
  const account = await em.findOne(
    PayoutAccount,
    { id, removedAt: null },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
  if (!account) return null;
  const view = ({ payoutsEnabled = null, requirements, verifiedAt = null }: PayoutAccount) => ({
    ...{ payoutsEnabled, requirements, verified: verifiedAt !== null },
  });
  const before = view(account);
  const now = ctx.clock.now();
  account.payoutsEnabled = (state?.receives && state.paysOut) ?? false;
  account.requirements = state === null ? [GONE] : [...state.required];
  account.checkedAt = now;
  // The holder who completed the rail's form through our link is the partner for which we opened the account.
  if (state?.receives && state.partnerId === account.partnerId) account.verifiedAt ??= now;
  const after = view(account);
  if (!onlyNews || JSON.stringify(before) !== JSON.stringify(after))
    record(em, ctx, 'payoutAccount.checked', account, { before, after });
  return account;
}

function onboardingOf({ onboarding }: Context): PayeeOnboarding {
  if (!onboarding) throw conflict('Stripe is not configured on this server.', { reason: 'RAIL_NOT_SET_UP' });
  return onboarding;
}

interface Used {
  readonly id: string;
  readonly country: string;
  readonly removedAt: Date | null;
}

/** All current and former Stripe accounts of the partner, the last removed one at the end. */
const loadStripeAccounts = (ctx: Context, partnerId: string): Promise<Used[]> =>
  query(
    ctx,
    sql<Used>`
      select a.id, a.country, a.removed_at as "removedAt" from payout_accounts a
      where ${scopeOf(ctx.actor, payoutAccountTable)} and a.partner_id = ${partnerId} and a.method = 'STRIPE'
      order by a.removed_at nulls first, a.id`,
  );

async function loadStripeAccountId(ctx: Context, id: string): Promise<string> {
  const details = await loadPayoutDetails(ctx, id);
  if (!details?.stripeAccount) throw notFound('payout account');
  return details.stripeAccount;
}

async function loadEmail(ctx: Context, partnerId: string): Promise<string> {
  const [partner] = await query(
    ctx,
    sql<{
      email: string;
    }>`select p.email from partners p where ${scopeOf(ctx.actor, partnerTable)} and p.id = ${partnerId}`,
  );
  if (!partner) throw notFound('partner', { field: 'input.partnerId' });
  return partner.email;
}

const keyOf = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
