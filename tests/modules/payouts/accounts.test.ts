import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { system } from '../../../src/kernel/request/actor.ts';
import { contextFor } from '../../../src/kernel/request/context.ts';
import { loadPayoutDetails } from '../../../src/modules/payouts/accounts/manage-payout-account.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { anAccount, makePartner, SET_PAYOUT_ACCOUNT, staffOf } from '../../support/make.ts';
import { type RazorpaySimulator, startRazorpay } from '../../support/razorpay-simulator.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let bank: RazorpaySimulator;
beforeAll(async () => {
  bank = await startRazorpay();
  const { keyId, keySecret, accountNumber } = bank.access;
  const env = {
    RAZORPAY_KEY_ID: keyId,
    RAZORPAY_KEY_SECRET: keySecret,
    RAZORPAYX_ACCOUNT_NUMBER: accountNumber,
    RAZORPAY_BASE_URL: bank.url,
  };
  app = await createTestApp({}, env);
  staff = await staffOf(app);
});
afterAll(async () => {
  await app.close();
  await bank.close();
});

const newPartner = () => makePartner(app, staff.manager).then(({ id }) => id);
const set = (input: Parameters<typeof anAccount>[0], by = staff.maria) =>
  app.ask(by, SET_PAYOUT_ACCOUNT, { input: anAccount(input) }).then((data) => data.setPayoutAccount);
const accountsOf = (id: string, by = staff.maria) =>
  app
    .ask(
      by,
      `query ($id: ID!) { partner(id: $id) { payoutAccounts {
        id method holderName country currency lastFour usableFrom verifiedAt sharedWithPartners { id companyName } } } }`,
      { id },
    )
    .then(({ partner }) => partner.payoutAccounts);

const us = { country: 'US', currency: 'USD', iban: null };
const india = { country: 'IN', currency: 'INR', iban: null };
const uk = { country: 'GB', currency: 'GBP', iban: null };
const wallet = (method: string) => ({ method, country: 'US', currency: 'USD', iban: null });

const atRazorpay = { method: 'RAZORPAY', country: 'IN', currency: 'INR', iban: null };

describe('a Razorpay account by its number', () => {
  const ctx = () => contextFor(app.app.services, { actor: system, requestId: randomUUID() });

  test('creates a Razorpay account before storing anything, and stores only its token', async () => {
    const partnerId = await newPartner();
    const account = await set({
      ...{ partnerId, ...atRazorpay, holderName: 'Nancy Northwind' },
      ...{ accountNumber: '5010 0198 7654 321', ifsc: 'hdfc0000053' },
    });
    expect(account).toMatchObject({ method: 'RAZORPAY', lastFour: '4321', currency: 'INR' });
    const details = await loadPayoutDetails(ctx(), account.id);
    expect(details).toEqual({ razorpayFundAccount: expect.stringMatching(/^fa_/) });
    const contact = bank.contacts().find((one) => one['reference_id'] === partnerId.replaceAll('-', ''));
    expect(contact).toMatchObject({ name: 'Nancy Northwind' });
    expect(bank.fundAccounts().find((one) => one['id'] === details?.razorpayFundAccount)).toMatchObject({
      contact_id: contact?.['id'],
      bank_account: { account_number: '501001987654321', ifsc: 'HDFC0000053' },
    });
    const { rows } = await app.database.pool.query('select * from payout_accounts where id = $1', [
      account.id,
    ]);
    expect(JSON.stringify(rows)).not.toContain('501001987654321');
  });

  test('recognises a bank account that is also used for bank transfers', async () => {
    const [first, second] = [await newPartner(), await newPartner()];
    const number = { accountNumber: '50100111122223', ifsc: 'HDFC0000053' };
    await set({ partnerId: first, ...india, ...number });
    await set({ partnerId: second, ...atRazorpay, ...number });
    const [account] = await accountsOf(second);
    expect(account.sharedWithPartners).toMatchObject([{ id: first }]);
  });

  test('accepts a UPI address as a Razorpay account', async () => {
    const partnerId = await newPartner();
    const account = await set({ partnerId, ...atRazorpay, upiAddress: 'Nancy.Northwind@okbank' });
    expect(account).toMatchObject({ lastFour: 'wind' });
    const { razorpayFundAccount } = (await loadPayoutDetails(ctx(), account.id)) ?? {};
    expect(bank.fundAccounts().find(({ id }) => id === razorpayFundAccount)).toMatchObject({
      vpa: { address: 'nancy.northwind@okbank' },
    });
  });

  test.each([
    ['a branch that is none', { accountNumber: '50100123456789', ifsc: 'NONE0000001' }, 'input.ifsc'],
    ['half of it', { accountNumber: '50100123456789' }, 'input.ifsc'],
    ['both kinds', { accountNumber: '50100123456789', upiAddress: 'a.b@okbank' }, 'input.accountNumber'],
    [
      'a token beside it',
      { ifsc: 'HDFC0000053', razorpayFundAccount: 'fa_00000000000001' },
      'input.razorpayFundAccount',
    ],
    ['an e-mail address for UPI', { upiAddress: 'nancy@northwind.example' }, 'input.upiAddress'],
    ['another currency', { currency: 'USD', upiAddress: 'nancy@okbank' }, 'input.currency'],
    ['another country', { country: 'US', upiAddress: 'nancy@okbank' }, 'input.country'],
    [
      'a name without letters of ours',
      { holderName: '\u0928\u0948', upiAddress: 'nancy@okbank' },
      'input.holderName',
    ],
  ])('refuses a Razorpay account with %s and stores nothing', async (_, input, field) => {
    const partnerId = await newPartner();
    const refusal = await app.refusal(staff.maria, SET_PAYOUT_ACCOUNT, {
      input: anAccount({ partnerId, ...atRazorpay, ...input }),
    });
    expect(refusal).toMatchObject({ code: 'BAD_USER_INPUT', field });
    expect(refusal.message).not.toMatch(/501001|NONE|nancy/);
    expect(await accountsOf(partnerId)).toEqual([]);
  });

  test('pays by RazorpayX when it is configured, and by the sandbox for other methods', () => {
    const { rail } = app.app.services;
    expect(rail('RAZORPAY')?.name).toBe('razorpayx');
    expect(rail('PAYPAL')?.name).toBe('sandbox');
  });

  test('reports that Razorpay is not available, and never logs the account number', async () => {
    bank.server.mangle = () => '<html>';
    try {
      const partnerId = await newPartner();
      const input = anAccount({
        partnerId,
        ...atRazorpay,
        accountNumber: '50100198765001',
        ifsc: 'HDFC0000053',
      });
      expect(await app.refusal(staff.maria, SET_PAYOUT_ACCOUNT, { input })).toMatchObject({
        code: 'SERVICE_UNAVAILABLE',
      });
      expect(JSON.stringify(app.logged.splice(0))).not.toContain('50100198765001');
    } finally {
      bank.server.mangle = null;
    }
  });
});

describe('a payout account', () => {
  test('shows only the last characters of an account, and pays to it after 72 hours', async () => {
    const partnerId = await newPartner();
    const owner = await app.token('PARTNER', { partner: partnerId });
    const before = Date.now();
    const account = await set({ partnerId, holderName: ' Nancy Northwind ', bic: 'cobadeff xxx' }, owner);
    expect(account).toMatchObject({
      method: 'BANK_TRANSFER',
      holderName: 'Nancy Northwind',
      country: 'DE',
      currency: 'EUR',
      lastFour: '3000',
      removedAt: null,
    });
    expect(Date.parse(account.usableFrom)).toBeGreaterThanOrEqual(before + 72 * 3_600_000);
    expect(Date.parse(account.usableFrom)).toBeLessThanOrEqual(Date.now() + 72 * 3_600_000);
    expect(await accountsOf(partnerId, owner)).toMatchObject([{ id: account.id, lastFour: '3000' }]);
    const { rows } = await app.database.pool.query('select * from payout_accounts where id = $1', [
      account.id,
    ]);
    expect(JSON.stringify(rows)).not.toMatch(/DE89|0532013000|Nancy|COBADEFF/);
  });

  test('keeps the type of an account at a bank of the USA, and refuses it for any other account', async () => {
    const { id: partnerId } = await makePartner(app, staff.manager);
    const set = async (input: object) => {
      const query =
        'mutation ($input: SetPayoutAccountInput!) { setPayoutAccount(input: $input) { accountType } }';
      const { data, errors } = await app.send(staff.maria, query, {
        input: anAccount({ partnerId, ...input }),
      });
      return data?.setPayoutAccount?.accountType ?? errors?.[0]?.extensions.field ?? null;
    };
    const own = { ...us, accountNumber: '12345678', routingNumber: '110000000' };
    expect(await set({ ...own, accountType: 'SAVINGS' })).toBe('SAVINGS');
    expect(await set(own)).toBe('CHECKING');
    expect(await set({})).toBeNull();
    expect(await set({ accountType: 'SAVINGS' })).toBe('input.accountType');
    const paypal = { method: 'PAYPAL', iban: null, paypalEmail: 'a@pay.example', accountType: 'CHECKING' };
    expect(await set(paypal)).toBe('input.accountType');
  });

  test.each([
    ['an account of the USA', { ...us, accountNumber: '000123456789', routingNumber: '110000000' }, '6789'],
    [
      'a short account number, of which half is shown',
      { ...us, accountNumber: '1234', routingNumber: '021000021' },
      '34',
    ],
    ['an account of India', { ...india, accountNumber: '50100123456789', ifsc: 'hdfc0000001' }, '6789'],
    ['an account of the United Kingdom', { ...uk, accountNumber: '31926819', sortCode: '60-16-13' }, '6819'],
    ['a British IBAN', { country: 'GB', currency: 'GBP', iban: 'GB29 NWBK 6016 1331 9268 19' }, '6819'],
    [
      'an account of Japan',
      { country: 'JP', currency: 'JPY', iban: null, accountNumber: '1234567', bic: 'BOTKJPJT' },
      '567',
    ],
    ['a PayPal address', { ...wallet('PAYPAL'), paypalEmail: 'Nancy.Northwind@Example.com' }, 'wind'],
    ['a Stripe account', { ...wallet('STRIPE'), stripeAccount: 'acct_1032D82eZvKYlo2C' }, 'lo2C'],
    ['a Razorpay fund account', { ...wallet('RAZORPAY'), razorpayFundAccount: 'fa_00000000000001' }, '0001'],
  ])('accepts %s as a payout account', async (_, input, lastFour) => {
    expect(await set({ partnerId: await newPartner(), ...input })).toMatchObject({ lastFour });
  });

  test.each([
    ['an IBAN with a digit wrong', { iban: 'DE89 3704 0044 0532 0130 01' }, 'input.iban', 'must be an IBAN'],
    [
      'an IBAN of another country',
      { country: 'FR' },
      'input.iban',
      'must be of the country in input.country',
    ],
    ['no IBAN where there are some', { iban: null, accountNumber: '123456789' }, 'input.iban', 'is required'],
    ['a BIC that is none', { bic: 'MARKED99' }, 'input.bic', 'must be a BIC'],
    [
      'a routing number with a digit wrong',
      { ...us, accountNumber: '123456', routingNumber: '110000001' },
      'input.routingNumber',
      'must be an ABA routing number',
    ],
    ['no routing number', { ...us, accountNumber: '123456' }, 'input.routingNumber', 'is required'],
    [
      'letters in an American number',
      { ...us, accountNumber: 'MARKED1', routingNumber: '110000000' },
      'input.accountNumber',
      'must be 4 to 17 digits',
    ],
    [
      'an IFSC without its zero',
      { ...india, accountNumber: '501001234567', ifsc: 'HDFC1000001' },
      'input.ifsc',
      'must be an IFSC',
    ],
    [
      'a sort code of five digits',
      { ...uk, accountNumber: '31926819', sortCode: '60161' },
      'input.sortCode',
      'must be a sort code',
    ],
    [
      'a sort code in the USA',
      { ...us, accountNumber: '123456', routingNumber: '110000000', sortCode: '601613' },
      'input.sortCode',
      'must be empty for this kind of account',
    ],
    [
      'a PayPal address that is none',
      { ...wallet('PAYPAL'), paypalEmail: 'marked.example.com' },
      'input.paypalEmail',
      'is not an e-mail address',
    ],
    [
      'a Stripe secret in place of an account',
      { ...wallet('STRIPE'), stripeAccount: 'sk_live_MARKED000000' },
      'input.stripeAccount',
      'must be a Stripe account',
    ],
    [
      'a Razorpay contact',
      { ...wallet('RAZORPAY'), razorpayFundAccount: 'cont_MARKED00000' },
      'input.razorpayFundAccount',
      'must be a Razorpay fund account',
    ],
    [
      'an IBAN for PayPal',
      { ...wallet('PAYPAL'), iban: 'DE89370400440532013000', paypalEmail: 'a@b.example' },
      'input.iban',
      'must be empty for PAYPAL',
    ],
    ['a country that is none', { country: 'XX' }, 'input.country', 'must be an ISO 3166 code'],
    ['a currency that is none', { currency: 'EURO' }, 'input.currency', 'is not an ISO 4217'],
    ['nobody who holds it', { holderName: ' ' }, 'input.holderName', 'must not be blank'],
  ])('refuses a payout account with %s and names only the field', async (_, input, field, words) => {
    const partnerId = await newPartner();
    const refusal = await app.refusal(staff.maria, SET_PAYOUT_ACCOUNT, {
      input: anAccount({ partnerId, ...input }),
    });
    expect(refusal).toMatchObject({ code: 'BAD_USER_INPUT', field });
    expect(refusal.message).toContain(words);
    expect(refusal.message).not.toMatch(/DE89|1{3}0|MARKED|marked|6016|123456/);
    expect(await accountsOf(partnerId)).toEqual([]);
  });

  test('replaces only the previous account of the same method and currency', async () => {
    const partnerId = await newPartner();
    const first = await set({ partnerId });
    const paypal = await set({ partnerId, ...wallet('PAYPAL'), paypalEmail: 'nancy@northwind.example' });
    const second = await set({ partnerId, iban: 'DE75512108001245126199' });
    expect((await accountsOf(partnerId)).map(({ id }: { id: string }) => id)).toEqual([paypal.id, second.id]);
    const { rows } = await app.database.pool.query(
      `select action, before, after from audit_events where partner_id = $1 and action like 'payoutAccount.%' order by id`,
      [partnerId],
    );
    expect(rows.map(({ action }) => action)).toEqual(Array(3).fill('payoutAccount.set'));
    expect(rows[2]).toMatchObject({
      before: { account: first.id, lastFour: '3000' },
      after: { account: second.id, lastFour: '6199' },
    });
    expect(JSON.stringify(rows)).not.toMatch(/DE89|DE75|nancy|Acme/);
  });

  test('keeps one account when several are set at the same time', async () => {
    const partnerId = await newPartner();
    await Promise.all(Array.from({ length: 8 }, () => set({ partnerId })));
    expect(await accountsOf(partnerId)).toHaveLength(1);
    const { rows } = await app.database.pool.query(
      'select count(*)::int from data_keys where partner_id = $1',
      [partnerId],
    );
    expect(rows[0].count).toBe(1);
  });

  test('removes an account once', async () => {
    const partnerId = await newPartner();
    const { id } = await set({ partnerId });
    const REMOVE = 'mutation ($id: ID!) { removePayoutAccount(id: $id) { id removedAt lastFour } }';
    const { removePayoutAccount } = await app.ask(staff.maria, REMOVE, { id });
    expect(removePayoutAccount).toMatchObject({ id, lastFour: '3000', removedAt: expect.any(String) });
    expect(await accountsOf(partnerId)).toEqual([]);
    expect(await app.refusal(staff.maria, REMOVE, { id })).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('shows an account only to callers that may set it', async () => {
    const partnerId = await newPartner();
    await set({ partnerId });
    const owner = await app.token('PARTNER', { partner: partnerId });
    for (const [by, count] of [
      [staff.admin, 1],
      [staff.maria, 1],
      [owner, 1],
      [staff.manager, 0],
      [staff.analyst, 0],
    ] as const)
      expect(await accountsOf(partnerId, by)).toHaveLength(count);
  });

  test('refuses a change of an account without a fresh sign-in', async () => {
    const partnerId = await newPartner();
    const { id } = await set({ partnerId });
    const old = await app.token('FINANCE', { user: 'maria', signedInAt: new Date(Date.now() - 16 * 60_000) });
    for (const [document, variables] of [
      [SET_PAYOUT_ACCOUNT, { input: anAccount({ partnerId }) }],
      ['mutation ($id: ID!) { removePayoutAccount(id: $id) { id } }', { id }],
    ] as const)
      expect(await app.refusal(old, document, variables)).toMatchObject({
        code: 'FORBIDDEN',
        reason: 'STEP_UP_REQUIRED',
      });
    expect(await accountsOf(partnerId)).toHaveLength(1);
  });

  test('shows staff, but not the partners, that two partners share an account', async () => {
    const iban = 'DE02120300000000202051';
    const [one, two] = [await newPartner(), await newPartner()];
    await set({ partnerId: one, iban });
    await set({ partnerId: two, iban: 'de02 1203 0000 0000 2020 51', currency: 'USD' });
    await set({ partnerId: two, iban, currency: 'GBP' });
    const [seen] = await accountsOf(one);
    expect(seen.sharedWithPartners).toEqual([{ id: two, companyName: 'Acme Resellers Inc' }]);
    const [own] = await accountsOf(one, await app.token('PARTNER', { partner: one }));
    expect(own.sharedWithPartners).toEqual([]);

    const elsewhere = await staffOf(app, 'elsewhere');
    const { id: stranger } = await makePartner(app, elsewhere.manager);
    await set({ partnerId: stranger, iban }, elsewhere.maria);
    expect((await accountsOf(stranger, elsewhere.maria))[0].sharedWithPartners).toEqual([]);
    expect((await accountsOf(one, staff.admin))[0].sharedWithPartners).toHaveLength(1);
    const { rows } = await app.database.pool.query(
      'select tenant_id, count(distinct fingerprint)::int as kinds from payout_accounts where last_four = $1 group by 1',
      ['2051'],
    );
    expect(rows).toHaveLength(2);
    expect(rows.every(({ kinds }) => kinds === 1)).toBe(true);
    const all = await app.database.pool.query(
      'select distinct fingerprint from payout_accounts where last_four = $1',
      ['2051'],
    );
    expect(all.rows).toHaveLength(2); // the same account, and no two tenants can tell
  });

  test('loads the accounts of a page of partners with three queries', async () => {
    const query = '{ partners(first: 100) { edges { node { payoutAccounts { lastFour holderName } } } } }';
    await app.ask(staff.maria, query);
    app.statements.length = 0;
    await app.ask(staff.maria, query);
    expect(
      app.statements.filter((text) => /from (partners|payout_accounts|data_keys)/.test(text)),
    ).toHaveLength(3);
  });
});
