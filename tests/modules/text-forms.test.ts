import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../support/app.ts';
import { aPartner, makePartner, staffOf } from '../support/make.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partnerId: string;
beforeAll(async () => {
  app = await createTestApp();
  staff = await staffOf(app);
  ({ id: partnerId } = await makePartner(app, staff.manager, { commissionRate: 20 }));
});
afterAll(() => app.close());

const CREATE =
  'mutation ($input: CreatePartnerInput!) { createPartner(input: $input) { id email currency companyName } }';
const SALE = 'mutation ($input: RecordSaleInput!) { recordSale(input: $input) { __typename } }';
const rows = async (text: string, ...values: unknown[]) => (await app.database.pool.query(text, values)).rows;

describe('an order', () => {
  test.each([
    ['a space behind', 'Ord-1', 'Ord-1 '],
    ['a no-break space before', 'Ord-2', '\u00a0Ord-2'],
    ['a line end', 'Ord-3', 'Ord-3\r\n'],
    ['another composition', 'Ord-\u00e9', 'Ord-e\u0301'],
  ])('is one order when its id is repeated with %s', async (_, orderId, again) => {
    for (const id of [orderId, again])
      await app.send(staff.manager, SALE, {
        input: {
          partnerId,
          orderId: id,
          customerId: `c ${orderId}`,
          lines: [{ product: 'p', amount: '10' }],
        },
      });
    expect(await rows('select order_id from commissions where order_id in ($1, $2)', orderId, again)).toEqual(
      [{ order_id: orderId }],
    );
  });

  test('is one customer, product and key whatever the spaces around their ids', async () => {
    const input = { partnerId, customerId: 'kate', orderId: 'Ord-9', idempotencyKey: 'k9' };
    const lines = [{ product: 'p', amount: '10' }];
    await app.ask(staff.manager, SALE, { input: { ...input, lines } });
    const spaced = { ...input, customerId: 'kate ', orderId: ' Ord-9', idempotencyKey: 'k9\u00a0' };
    await app.ask(staff.manager, SALE, { input: { ...spaced, lines: [{ product: 'p ', amount: '10' }] } });
    expect(await rows(`select external_id from customers where external_id like '%kate%'`)).toHaveLength(1);
    expect(await rows(`select 1 from commissions where order_id = 'Ord-9'`)).toHaveLength(1);
  });
});

describe('an e-mail address', () => {
  test('of an international domain is stored in ASCII and shown as typed', async () => {
    const { createPartner } = await app.ask(staff.manager, CREATE, {
      input: aPartner({ email: 'info@müller-shop.example' }),
    });
    expect(createPartner.email).toBe('info@müller-shop.example');
    expect(await rows('select email from partners where id = $1', createPartner.id)).toEqual([
      { email: 'info@xn--mller-shop-9db.example' },
    ]);
  });

  test('of an international domain is taken with a conversion, and finds the deal of its company', async () => {
    await app.ask(
      staff.manager,
      'mutation ($input: RegisterDealInput!) { registerDeal(input: $input) { domain } }',
      { input: { partnerId, company: 'Müller', domain: 'müller-shop.example' } },
    );
    const { recordConversion } = await app.ask(
      staff.manager,
      'mutation ($input: RecordConversionInput!) { recordConversion(input: $input) { origin partner { id } } }',
      { input: { customerId: randomUUID(), customerEmail: 'kasse@MÜLLER-shop.example', amount: '10' } },
    );
    expect(recordConversion).toEqual({ origin: 'DEAL', partner: { id: partnerId } });
  });
});

describe('a country', () => {
  const named = { UK: 'GB', EL: 'GR' };
  test.each(Object.entries(named))(
    '%s is refused and %s is proposed, in every list and field',
    async (code, right) => {
      for (const [query, input] of [
        [CREATE, aPartner({ reseller: { countries: ['DE', code] } })],
        [SALE, { partnerId, orderId: randomUUID(), country: code, lines: [{ amount: '1' }] }],
        [
          'mutation ($input: SetPayoutAccountInput!) { setPayoutAccount(input: $input) { id } }',
          { partnerId, method: 'BANK_TRANSFER', holderName: 'A', country: code, currency: 'GBP' },
        ],
        [
          'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }',
          { partnerId, name: 'R', countries: [code], method: 'PERCENTAGE', rate: 30 },
        ],
      ] as const)
        expect((await app.refusal(staff.admin, query, { input })).message, query).toContain(`use "${right}"`);
    },
  );

  test('Kosovo is a country of sales, rules and payout accounts', async () => {
    await app.ask(staff.manager, SALE, {
      input: { partnerId, orderId: randomUUID(), country: 'XK', lines: [{ amount: '1' }] },
    });
    const { setPayoutAccount } = await app.ask(
      staff.admin,
      'mutation ($input: SetPayoutAccountInput!) { setPayoutAccount(input: $input) { country lastFour } }',
      {
        input: {
          ...{ partnerId, method: 'BANK_TRANSFER', holderName: 'Arta', country: 'XK', currency: 'EUR' },
          ...{ iban: 'XK05 1212 0123 4567 8906', bic: 'NCBVXKPR' },
        },
      },
    );
    expect(setPayoutAccount).toEqual({ country: 'XK', lastFour: '8906' });
  });
});

describe('a currency', () => {
  test('XCG is taken and has two digits; ANG, CUC and BGN are refused for new rows', async () => {
    const input = aPartner({ currency: 'XCG' });
    const { createPartner } = await app.ask(staff.manager, CREATE, { input });
    expect(createPartner.currency).toBe('XCG');
    await app.ask(staff.manager, SALE, {
      input: { partnerId: createPartner.id, orderId: randomUUID(), lines: [{ amount: '10.05' }] },
    });
    for (const currency of ['ANG', 'CUC', 'BGN'])
      expect(await app.refusal(staff.manager, CREATE, { input: aPartner({ currency }) })).toMatchObject({
        code: 'BAD_USER_INPUT',
        field: 'input.currency',
      });
  });

  test('that ended is shown, filtered, refunded and stated for rows of before', async () => {
    const { id } = await makePartner(app, staff.manager, { currency: 'EUR', commissionRate: 20 });
    await app.ask(staff.manager, SALE, {
      input: { partnerId: id, orderId: 'old', currency: 'EUR', lines: [{ amount: '100' }] },
    });
    // As the row of a sale of 2025 would be; amounts of a line never change, so the triggers are off.
    await rows(`do $$ begin set local session_replication_role = replica;
         update partners set currency = 'BGN' where id = '${id}';
         update commissions set base_currency = 'BGN', amount_currency = 'BGN' where partner_id = '${id}'; end $$`);
    const { partner, commissions } = await app.ask(
      staff.manager,
      `query ($id: ID!) { partner(id: $id) { currency statement(from: "2026-01-01", to: "2026-12-31", currency: "BGN") { currency } }
        commissions(filter: { partnerId: $id, currency: "BGN" }) { edges { node { amount { amount currency } } } } }`,
      { id },
    );
    expect(partner.currency).toBe('BGN');
    expect(commissions.edges).toEqual([{ node: { amount: { amount: '20.00', currency: 'BGN' } } }]);
  });
});

test('a time zone that only the database knows is refused', async () => {
  const set = 'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { timeZone } }';
  expect(await rows(`select 1 from pg_timezone_names where name = 'Factory'`)).toHaveLength(1);
  expect(await app.refusal(staff.manager, set, { input: { timeZone: 'Factory' } })).toMatchObject({
    code: 'BAD_USER_INPUT',
    field: 'input.timeZone',
  });
});
