import { randomUUID } from 'node:crypto';
import { system } from '../../src/kernel/request/actor.ts';
import { contextFor } from '../../src/kernel/request/context.ts';
import { writeExport } from '../../src/modules/privacy/privacy/export-person.ts';
import { TENANT, type TestApp } from './app.ts';

/** Credentials of one tenant's staff; `maria` and `tom` are two people of FINANCE. */
export async function staffOf(app: TestApp, tenant = TENANT) {
  return {
    admin: await app.token('PLATFORM_ADMIN', { tenant }),
    manager: await app.token('PROGRAM_MANAGER', { tenant, user: 'manager' }),
    maria: await app.token('FINANCE', { tenant, user: 'maria' }),
    tom: await app.token('FINANCE', { tenant, user: 'tom' }),
    analyst: await app.token('ANALYST', { tenant }),
  };
}

export interface MadePartner {
  readonly id: string;
  readonly referralCode: string;
}

export const aPartner = (more: object = {}) => ({
  partnerType: 'RESELLER',
  companyName: 'Acme Resellers Inc',
  email: 'john@acme.com',
  ...more,
});

/** A RESELLER at BRONZE unless `input` says otherwise. `by` is a manager of the tenant that gets it. */
export async function makePartner(app: TestApp, by: string, input: object = {}): Promise<MadePartner> {
  const { createPartner } = await app.ask(
    by,
    'mutation ($input: CreatePartnerInput!) { createPartner(input: $input) { id referralCode } }',
    { input: aPartner(input) },
  );
  return createPartner;
}

export const CREATE_COMMISSION = `mutation ($input: CreateCommissionInput!) {
  createCommission(input: $input) {
    id type method status rate quantity subscriptionId occurredAt holdUntil approvedAt approvedBy
    baseAmount { amount currency } amount { amount currency } reversedAmount { amount }
    partner { id } customer { id externalId }
  }
}`;

export const INVITE = `mutation ($partnerId: ID!, $input: InviteMemberInput!) {
  inviteMember(partnerId: $partnerId, input: $input) {
    id name email role status invitedBy acceptedAt removedAt invitationExpiresAt partner { id }
  }
}`;
export const CREATE_API_KEY = `mutation ($input: CreateApiKeyInput!) {
  createApiKey(input: $input) {
    secret
    apiKey {
      id name prefix scopes expiresAt rotatedAt overlapEndsAt revokedAt lastUsedAt createdBy createdAt partner { id }
    }
  }
}`;

/** A PENDING line on a sale of 100.00 unless `input` says otherwise; answers with its id. */
export async function makeCommission(
  app: TestApp,
  by: string,
  partnerId: string,
  input: object = {},
): Promise<string> {
  const { createCommission } = await app.ask(by, CREATE_COMMISSION, {
    input: { partnerId, type: 'ONE_TIME', amount: '100.00', ...input },
  });
  return createCommission.id;
}

export const APPROVE = 'mutation ($id: ID!) { approveCommission(id: $id) { id status } }';
export const REJECT =
  'mutation ($id: ID!, $reason: String!) { rejectCommission(id: $id, reason: $reason) { id status } }';
export const REVERSE = `mutation ($id: ID!, $input: ReverseCommissionInput!) {
  reverseCommission(id: $id, input: $input) { id status amount { amount } reversedAmount { amount } }
}`;
export const HOLD =
  'mutation ($id: ID!, $reason: String!) { holdCommission(id: $id, reason: $reason) { id status holds { id } } }';
export const RELEASE =
  'mutation ($id: ID!, $reason: String!) { releaseHold(id: $id, reason: $reason) { id status } }';
export const DISPUTE =
  'mutation ($id: ID!, $reason: String!) { openDispute(commissionId: $id, reason: $reason) { id status holds { id } } }';
export const RESOLVE = `mutation ($id: ID!, $outcome: DisputeOutcome!, $reason: String!) {
  resolveDispute(id: $id, outcome: $outcome, reason: $reason) { id status }
}`;
export const CREATE_PAYOUT = `mutation ($input: CreatePayoutInput!) {
  createPayout(input: $input) { id status amount { amount currency } commissionCount initiatedBy }
}`;
export const TRACK = `mutation ($input: TrackReferralInput!) {
  trackReferral(input: $input) {
    id referralCode status source visitorId landingUrl referrerUrl clickedAt expiresAt convertedAt
    partner { id } customer { id } commissions { id }
  }
}`;
export const CONVERT = `mutation ($id: ID!, $input: ConvertReferralInput!) {
  convertReferral(id: $id, input: $input) {
    id status convertedAt customer { id externalId }
    commissions { id type status rate amount { amount currency } baseAmount { amount } subscriptionId }
  }
}`;

export async function makeApproved(
  app: TestApp,
  by: { manager: string; maria: string },
  partnerId: string,
  input: object = {},
): Promise<string> {
  const id = await makeCommission(app, by.manager, partnerId, input);
  await app.ask(by.maria, APPROVE, { id });
  return id;
}

export const SET_PAYOUT_ACCOUNT = `mutation ($input: SetPayoutAccountInput!) {
  setPayoutAccount(input: $input) { id method holderName country currency lastFour usableFrom createdAt removedAt }
}`;

export const CONNECT_PAYOUT_ACCOUNT = `mutation ($input: ConnectPayoutAccountInput!) {
  connectPayoutAccount(input: $input) { url expiresAt account { id method lastFour country currency usableFrom payoutsEnabled requirements } }
}`;

/** A German bank account unless `input` says otherwise. */
export const anAccount = (input: { partnerId: string } & Record<string, unknown>) => ({
  method: 'BANK_TRANSFER',
  holderName: 'Acme Resellers Inc',
  country: 'DE',
  currency: 'EUR',
  iban: 'DE89 3704 0044 0532 0130 00',
  ...input,
});

export const SET_TAX_ID =
  'mutation ($input: SetTaxIdInput!) { setTaxId(input: $input) { id taxIdLastFour taxCountry } }';

/** A click now; `at` needs a credential of staff. Answers with the referral's id. */
export async function makeClick(
  app: TestApp,
  code: string,
  { by = null, at }: { by?: string | null; at?: Date } = {},
): Promise<string> {
  const { trackReferral } = await app.ask(by, TRACK, {
    input: { referralCode: code, occurredAt: at?.toISOString() },
  });
  return trackReferral.id;
}

export const EXPORT_PERSON =
  'mutation ($input: PersonInput!) { exportPerson(input: $input) { token export { id status expiresAt } } }';
export const TAKE_EXPORT =
  'mutation ($id: ID!, $token: String!) { takePersonExport(id: $id, token: $token) }';
export const ERASE_PERSON = `mutation ($input: PersonInput!, $reason: String!) {
  erasePerson(input: $input, reason: $reason) { id kind personId erasedAt erasedBy reason kept { what reason until } }
}`;

/** An export that is written already, as the worker would. */
export async function makeExport(
  app: TestApp,
  by: string,
  input: object,
): Promise<{ id: string; token: string }> {
  const { exportPerson } = await app.ask(by, EXPORT_PERSON, { input });
  const { id } = exportPerson.export;
  await writeExport(contextFor(app.app.services, { actor: system, requestId: randomUUID() }), id);
  return { id, token: exportPerson.token };
}

/** Every line of a partner with its refunds, oldest first, straight from the table. */
export async function linesOf(
  { database }: TestApp,
  partnerId: string,
): Promise<{ id: string; type: string; status: string; minor: number }[]> {
  const { rows } = await database.pool.query(
    'select id, type, status, amount_minor::int as minor from commissions where partner_id = $1 order by id',
    [partnerId],
  );
  return rows;
}

/** The ledger's figures for one currency, as decimal text; nothing where it has no row. */
export async function balanceOf(
  app: TestApp,
  by: string,
  partnerId: string,
  currency = 'USD',
): Promise<Record<string, string>> {
  const { partner } = await app.ask(
    by,
    `query ($id: ID!) { partner(id: $id) { balances {
      currency pending { amount } payable { amount } inTransit { amount } paid { amount } } } }`,
    { id: partnerId },
  );
  const row = partner.balances.find((balance: { currency: string }) => balance.currency === currency);
  const nothing = { pending: '0.00', payable: '0.00', inTransit: '0.00', paid: '0.00' };
  if (!row) return nothing;
  const { currency: _, ...figures } = row as Record<string, { amount: string }>;
  return Object.fromEntries(Object.entries(figures).map(([name, { amount }]) => [name, amount]));
}

/** How often each code was answered; a success counts as `ok`. */
export function tally(answers: readonly { errors?: { extensions: { code: string } }[] }[]) {
  const counts: Record<string, number> = {};
  for (const { errors } of answers) {
    const name = errors?.[0]?.extensions.code ?? 'ok';
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

export const unknownId = (): string => randomUUID();
