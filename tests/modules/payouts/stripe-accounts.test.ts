import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { system } from '../../../src/kernel/request/actor.ts';
import { contextFor } from '../../../src/kernel/request/context.ts';
import { payeeChanged } from '../../../src/modules/payouts/accounts/onboarding.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  anAccount,
  CONNECT_PAYOUT_ACCOUNT,
  makePartner,
  SET_PAYOUT_ACCOUNT,
  staffOf,
} from '../../support/make.ts';
import {
  type SimulatedAccount,
  type StripeSimulator,
  stripeSimulator,
} from '../../support/stripe-simulator.ts';

let stripe: StripeSimulator;
let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
beforeAll(async () => {
  stripe = await stripeSimulator();
  app = await createTestApp(
    {},
    {
      STRIPE_SECRET_KEY: stripe.secretKey,
      STRIPE_WEBHOOK_SECRETS: stripe.webhookSecrets.join(),
      STRIPE_API_BASE: stripe.url,
    },
  );
  staff = await staffOf(app);
});
afterAll(async () => {
  await app.close();
  await stripe.close();
});
beforeEach(() => Object.assign(stripe, { readFault: () => 'none' }));

const REFRESH = `mutation ($id: ID!) { refreshPayoutAccount(id: $id) {
  id payoutsEnabled requirements checkedAt verifiedAt usableFrom } }`;
const newPartner = () => makePartner(app, staff.manager).then(({ id }) => id);
const anInput = (partnerId: string, more: object = {}) => ({
  input: { partnerId, holderName: 'Nancy Northwind', country: 'US', currency: 'USD', ...more },
});
const connect = (partnerId: string, more: object = {}, by = staff.maria) =>
  app.ask(by, CONNECT_PAYOUT_ACCOUNT, anInput(partnerId, more)).then((data) => data.connectPayoutAccount);
const refresh = (id: string, by = staff.maria) =>
  app.ask(by, REFRESH, { id }).then((data) => data.refreshPayoutAccount);
const openedFor = (partnerId: string): SimulatedAccount[] =>
  [...stripe.accounts.values()].filter(({ metadata }) => metadata['partner_id'] === partnerId);
const inUse = (partnerId: string) =>
  app.database.pool
    .query('select * from payout_accounts where partner_id = $1 and removed_at is null order by id', [
      partnerId,
    ])
    .then(({ rows }) => rows);
const audited = (partnerId: string): Promise<string[]> =>
  app.database.pool
    .query(
      `select action from audit_events where partner_id = $1 and action like 'payoutAccount.%' order by id`,
      [partnerId],
    )
    .then(({ rows }) => rows.map(({ action }) => action));
/** What the worker does once Stripe told of a change. */
const changed = (account: string) =>
  payeeChanged(contextFor(app.app.services, { actor: system, requestId: randomUUID() }), account);

function setUp(account: SimulatedAccount): void {
  Object.assign(account, {
    ...{ details_submitted: true, payouts_enabled: true, capabilities: { transfers: 'active' } },
    requirements: { currently_due: [], past_due: [], disabled_reason: null },
  });
}

test('pays the method STRIPE by Stripe when it is configured, and other methods by the sandbox', () => {
  expect(app.app.services.rail('STRIPE')?.name).toBe('stripe');
  expect(app.app.services.rail('PAYPAL')?.name).toBe('sandbox');
});

describe('a Stripe account', () => {
  test('opens a Stripe account for its partner with a single-use link, and pays to it after 72 hours', async () => {
    const partnerId = await newPartner();
    const before = Date.now();
    const { url, expiresAt, account } = await connect(
      partnerId,
      {},
      await app.token('PARTNER', { partner: partnerId }),
    );
    const [opened] = openedFor(partnerId);
    expect(url).toMatch(/^https:\/\//);
    expect(Date.parse(expiresAt)).toBeGreaterThan(before);
    expect(account).toMatchObject({
      ...{ method: 'STRIPE', lastFour: opened?.id.slice(-4), currency: 'USD', country: 'US' },
      ...{ payoutsEnabled: null, requirements: [] },
    });
    expect(Date.parse(account.usableFrom)).toBeGreaterThanOrEqual(before + 72 * 3_600_000);
    expect(opened?.metadata).toEqual({ tenant_id: 'acme', partner_id: partnerId });
    const [{ kept, heard }] = (
      await app.database.pool.query(
        `select (select json_agg(a)::text from payout_accounts a) as kept, (select json_agg(e)::text from audit_events e) as heard`,
      )
    ).rows;
    for (const text of [kept, heard, JSON.stringify(app.logged)])
      for (const secret of [opened?.id as string, url, stripe.secretKey]) expect(text).not.toContain(secret);
    expect(await audited(partnerId)).toEqual(['payoutAccount.set']);
  });

  test('opens one Stripe account for repeated and simultaneous requests, each with its own link', async () => {
    const partnerId = await newPartner();
    const all = await Promise.all(Array.from({ length: 10 }, () => connect(partnerId)));
    all.push(await connect(partnerId));
    expect(openedFor(partnerId)).toHaveLength(1);
    const rows = await inUse(partnerId);
    expect(rows).toHaveLength(1);
    expect(new Set(all.map(({ account }) => account.id))).toEqual(new Set([rows[0].id]));
    expect(new Set(all.map(({ url }) => url)).size).toBe(11);
    expect(await audited(partnerId)).toEqual([
      'payoutAccount.set',
      ...Array(10).fill('payoutAccount.connecting'),
    ]);
  });

  test('uses one Stripe account for a second currency, and another account for another country', async () => {
    const partnerId = await newPartner();
    await connect(partnerId);
    await connect(partnerId, { currency: 'EUR' });
    expect(openedFor(partnerId)).toHaveLength(1);
    await connect(partnerId, { country: 'DE', currency: 'EUR' });
    expect(openedFor(partnerId).map(({ country }) => country)).toEqual(['US', 'DE']);
    expect((await inUse(partnerId)).map(({ country, currency }) => [country, currency])).toEqual([
      ['US', 'USD'],
      ['DE', 'EUR'],
    ]);
  });

  test('opens a Stripe account of another country under the recipient agreement', async () => {
    const [home, abroad] = [await newPartner(), await newPartner()];
    await connect(home);
    await connect(abroad, { country: 'KE', currency: 'KES' });
    const opened = (partnerId: string) =>
      stripe.calls.find(
        ({ path, body }) =>
          path === '/v1/accounts' && (body['metadata'] as Record<string, string>)['partner_id'] === partnerId,
      )?.body;
    expect(opened(home)).not.toHaveProperty('tos_acceptance');
    expect(opened(abroad)).toMatchObject({ tos_acceptance: { service_agreement: 'recipient' } });
  });

  test('opens a new Stripe account after a removed one', async () => {
    const partnerId = await newPartner();
    const { account } = await connect(partnerId);
    await app.ask(staff.maria, 'mutation ($id: ID!) { removePayoutAccount(id: $id) { id } }', {
      id: account.id,
    });
    const again = await connect(partnerId);
    expect(again.account.id).not.toBe(account.id);
    expect(openedFor(partnerId)).toHaveLength(2);
  });

  test('refuses to open a Stripe account without a fresh sign-in', async () => {
    const partnerId = await newPartner();
    const old = await app.token('FINANCE', { user: 'maria', signedInAt: new Date(Date.now() - 16 * 60_000) });
    expect(await app.refusal(old, CONNECT_PAYOUT_ACCOUNT, anInput(partnerId))).toMatchObject({
      ...{ code: 'FORBIDDEN', reason: 'STEP_UP_REQUIRED' },
    });
    expect(openedFor(partnerId)).toEqual([]);
  });

  test.each([
    ['a country that is none', { country: 'XX' }, 'input.country'],
    ['a currency that is none', { currency: 'EURO' }, 'input.currency'],
    ['nobody who holds it', { holderName: ' ' }, 'input.holderName'],
    ['a partner that is none', { partnerId: randomUUID() }, 'input.partnerId'],
  ])('refuses to open a Stripe account for %s', async (_, more, field) => {
    const before = stripe.accounts.size;
    expect(
      await app.refusal(staff.maria, CONNECT_PAYOUT_ACCOUNT, anInput(await newPartner(), more)),
    ).toMatchObject({
      field,
    });
    expect(stripe.accounts.size).toBe(before);
  });

  test.each(['500-before', '429', 'reset-before'] as const)(
    'stores no account while Stripe answers %s, and gets the same account later',
    async (fault) => {
      const partnerId = await newPartner();
      let asked = 0;
      stripe.readFault = () => (++asked > 1 ? fault : 'none'); // after the account was opened
      expect(await app.refusal(staff.maria, CONNECT_PAYOUT_ACCOUNT, anInput(partnerId))).toMatchObject({
        ...{ code: 'SERVICE_UNAVAILABLE', message: expect.not.stringContaining('acct_') },
      });
      expect(await inUse(partnerId)).toEqual([]);
      stripe.readFault = () => 'none';
      await connect(partnerId);
      expect(openedFor(partnerId)).toHaveLength(1);
    },
  );

  test('refuses a link for an account that Stripe does not know, without naming the account', async () => {
    const partnerId = await newPartner();
    const typed = {
      method: 'STRIPE',
      country: 'US',
      currency: 'USD',
      iban: null,
      stripeAccount: 'acct_gone0000MARKED',
    };
    await app.ask(staff.maria, SET_PAYOUT_ACCOUNT, { input: anAccount({ partnerId, ...typed }) });
    const refusal = await app.refusal(staff.maria, CONNECT_PAYOUT_ACCOUNT, anInput(partnerId));
    expect(refusal).toMatchObject({ code: 'CONFLICT', reason: 'UNKNOWN_ACCOUNT' });
    expect(JSON.stringify([refusal, app.logged])).not.toContain('MARKED');
  });

  test.each([
    ['another partner of the program', 'acme'],
    ['a partner of another program', 'elsewhere'],
  ])('refuses to open a Stripe account of %s by its name', async (_, tenant) => {
    const victim = await newPartner();
    await connect(victim);
    const [opened] = openedFor(victim);
    if (tenant !== 'acme') Object.assign(opened?.metadata ?? {}, { tenant_id: tenant });
    const partnerId = tenant === 'acme' ? await newPartner() : victim;
    const thief = await app.token('PARTNER', { partner: partnerId });
    const typed = { method: 'STRIPE', country: 'US', currency: 'USD', iban: null, stripeAccount: opened?.id };
    if (partnerId !== victim)
      await app.ask(thief, SET_PAYOUT_ACCOUNT, { input: anAccount({ partnerId, ...typed }) });
    const links = () => stripe.calls.filter(({ path }) => path === '/v1/account_links').length;
    const before = links();
    const refusal = await app.refusal(thief, CONNECT_PAYOUT_ACCOUNT, anInput(partnerId));
    expect(refusal).toMatchObject({ code: 'CONFLICT', reason: 'UNKNOWN_ACCOUNT' });
    expect(links()).toBe(before);
  });
});

describe('the status of a Stripe account', () => {
  test('shows the status that Stripe reports, in words', async () => {
    const partnerId = await newPartner();
    const { account } = await connect(partnerId);
    expect(await refresh(account.id, await app.token('PARTNER', { partner: partnerId }))).toMatchObject({
      payoutsEnabled: false,
      requirements: [
        'Give Stripe the bank account that receives your payouts.',
        'Give Stripe an identity document.',
        "Accept Stripe's terms of service.",
      ],
      verifiedAt: null,
      checkedAt: expect.any(String),
      usableFrom: account.usableFrom,
    });
    expect(await audited(partnerId)).toEqual(['payoutAccount.set', 'payoutAccount.checked']);
  });

  test('follows the events of Stripe automatically, records each change once, and verifies the owner', async () => {
    const partnerId = await newPartner();
    const { account } = await connect(partnerId);
    const [opened] = openedFor(partnerId);
    setUp(opened as SimulatedAccount);
    for (let times = 0; times < 3; times++) await changed(opened?.id as string);
    expect(await inUse(partnerId)).toMatchObject([
      { id: account.id, payouts_enabled: true, requirements: [], verified_at: expect.any(Date) },
    ]);
    expect(await audited(partnerId)).toEqual(['payoutAccount.set', 'payoutAccount.checked']);
  });

  test('reports a bank that refused the money: the transfer stays, and the holder gets advice', async () => {
    const partnerId = await newPartner();
    const { account } = await connect(partnerId);
    const [opened] = openedFor(partnerId);
    setUp(opened as SimulatedAccount);
    stripe.bankPayouts.set(opened?.id as string, { status: 'failed', failure_code: 'account_closed' });
    await changed(opened?.id as string);
    const [row] = await inUse(partnerId);
    expect(row).toMatchObject({
      id: account.id,
      requirements: [expect.stringContaining('The bank refused the last payout')],
    });
    stripe.bankPayouts.set(opened?.id as string, { status: 'paid', failure_code: null });
    expect(await refresh(account.id)).toMatchObject({ requirements: [] });
  });

  test('does not verify an account that the product did not open, and ignores events about it', async () => {
    const partnerId = await newPartner();
    const typed = { method: 'STRIPE', country: 'US', currency: 'USD', iban: null };
    const { setPayoutAccount: account } = await app.ask(staff.maria, SET_PAYOUT_ACCOUNT, {
      input: anAccount({ partnerId, ...typed, stripeAccount: 'acct_1032D82eZvKYlo2C' }),
    });
    await changed('acct_1032D82eZvKYlo2C');
    expect(await inUse(partnerId)).toMatchObject([{ checked_at: null }]);
    expect(await refresh(account.id)).toMatchObject({ payoutsEnabled: true, verifiedAt: null });
  });

  test('reports a deleted Stripe account', async () => {
    const partnerId = await newPartner();
    const typed = { method: 'STRIPE', country: 'US', currency: 'USD', iban: null };
    const { setPayoutAccount: account } = await app.ask(staff.maria, SET_PAYOUT_ACCOUNT, {
      input: anAccount({ partnerId, ...typed, stripeAccount: 'acct_gone00000001' }),
    });
    await changed('acct_gone00000001');
    expect(await refresh(account.id)).toMatchObject({
      payoutsEnabled: false,
      requirements: [expect.stringContaining('connect a new one')],
    });
  });

  test('has no Stripe status for a bank account', async () => {
    const input = anAccount({ partnerId: await newPartner() });
    const { setPayoutAccount: account } = await app.ask(staff.maria, SET_PAYOUT_ACCOUNT, { input });
    expect(await app.refusal(staff.maria, REFRESH, { id: account.id })).toMatchObject({
      ...{ code: 'BAD_USER_INPUT', field: 'id' },
    });
  });
});

test('refuses to connect an account when Stripe is not configured', async () => {
  const without = await createTestApp({ onboarding: null });
  const { maria, manager } = await staffOf(without);
  const { id } = await makePartner(without, manager);
  expect(await without.refusal(maria, CONNECT_PAYOUT_ACCOUNT, anInput(id))).toMatchObject({
    ...{ code: 'CONFLICT', reason: 'RAIL_NOT_SET_UP' },
  });
  await without.close();
});
