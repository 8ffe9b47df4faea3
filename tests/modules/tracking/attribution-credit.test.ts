import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { CONVERT, type MadePartner, makePartner, staffOf, TRACK, tally } from '../../support/make.ts';

const DAY_MS = 86_400_000;
const now = new Date('2026-06-30T12:00:00.000Z');
const ago = (days: number, ms = 0) => new Date(now.getTime() - days * DAY_MS - ms).toISOString();
const MODELS = ['LAST', 'FIRST', 'LINEAR', 'POSITION', 'TIME_DECAY'];
const GOOGLE = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let a: MadePartner;
let b: MadePartner;
beforeAll(async () => {
  app = await createTestApp({ clock: { now: () => now } });
  staff = await staffOf(app);
  [a, b] = await Promise.all([makePartner(app, staff.manager), makePartner(app, staff.manager)]);
});
afterAll(() => app.close());

const program = (attributionModel: string) =>
  app.ask(
    staff.manager,
    'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { attributionModel } }',
    { input: { attributionModel } },
  );
const click = async (
  { referralCode }: MadePartner,
  { visitorId = randomUUID() as string, occurredAt = ago(1), ...more }: Record<string, string> = {},
): Promise<string> =>
  (await app.ask(staff.manager, TRACK, { input: { referralCode, visitorId, occurredAt, ...more } }))
    .trackReferral.id;
const RECORD = `mutation ($input: RecordConversionInput!) { recordConversion(input: $input) {
  id origin partner { id } commissions { id orderId } } }`;
const SALE = 'mutation ($input: RecordSaleInput!) { recordSale(input: $input) { commissions { id } } }';
const purchase = (input: object) => ({
  customerId: `cust ${randomUUID()}`,
  amount: '100.00',
  occurredAt: now.toISOString(),
  orderId: randomUUID() as string,
  ...input,
});
const record = async (input: object) =>
  (await app.ask(staff.manager, RECORD, { input: purchase(input) })).recordConversion;
const rows = async <T = Record<string, unknown>>(text: string, ...values: unknown[]): Promise<T[]> =>
  (await app.database.pool.query(text, values)).rows;
/** Who earns on an order, and on how much of it, in minor units. */
const earners = async (orderId: string) =>
  Object.fromEntries(
    (
      await rows<{ partner: string; base: number }>(
        `select v.partner_id as partner, c.base_minor::int as base from commissions c join conversions v on v.id = c.conversion_id
         where v.order_id = $1`,
        orderId,
      )
    ).map(({ partner, base }) => [partner, base]),
  );
const convert = async (id: string, input: object = {}) => {
  const bought = purchase(input);
  await app.ask(staff.manager, CONVERT, { id, input: bought });
  return earners(bought.orderId);
};

describe('a named click does not override a higher attribution basis', () => {
  const customer = () => ({ customerId: `cust ${randomUUID()}` });

  test.each(MODELS)('an existing customer stays with its partner, under %s', async (model) => {
    await program(model);
    const who = customer();
    await convert(await click(a), who);
    const named = await click(b);
    const orderId = randomUUID();
    const { convertReferral } = await app.ask(staff.manager, CONVERT, {
      id: named,
      input: purchase({ ...who, orderId }),
    });
    expect(convertReferral).toMatchObject({ id: named, status: 'CONVERTED', commissions: [] });
    expect(await earners(orderId)).toEqual({ [a.id]: 10_000 });
    const referrals = await rows(
      `select r.origin, r.partner_id, r.converted_at is not null as converted from conversions v join referrals r on r.id = v.referral_id
       where v.order_id = $1 and v.amount_minor > 0`,
      orderId,
    );
    expect(referrals).toEqual([{ origin: 'CUSTOMER', partner_id: a.id, converted: true }]);
  });

  test('an assigned customer belongs to its partner', async () => {
    await program('LAST');
    const who = customer();
    await app.ask(
      staff.manager,
      'mutation ($input: AssignCustomerInput!) { assignCustomer(input: $input, reason: "met at the fair") { id } }',
      { input: { ...who, partnerId: a.id } },
    );
    expect(await convert(await click(b), who)).toEqual({ [a.id]: 10_000 });
  });

  test('a deal gets one sale', async () => {
    await program('LINEAR');
    const domain = `${randomUUID()}.example`;
    const { registerDeal } = await app.ask(
      staff.manager,
      'mutation ($input: RegisterDealInput!) { registerDeal(input: $input) { id } }',
      { input: { partnerId: a.id, company: 'Globex', domain } },
    );
    expect(await convert(await click(b), { customerEmail: `ann@mail.${domain}` })).toEqual({
      [a.id]: 10_000,
    });
    expect(
      await rows(
        'select status from (select closed_at is not null and referral_id is not null as status from deals where id = $1) d',
        registerDeal.id,
      ),
    ).toEqual([{ status: true }]);
    expect(await convert(await click(b), { customerEmail: `bob@${domain}` })).toEqual({ [b.id]: 10_000 });
  });
});

describe('a partner that buys from itself', () => {
  const SETTINGS = `mutation ($input: UpdateFraudSettingsInput!) { updateFraudSettings(input: $input) { threshold } }`;
  test.each(['OFF', 'SHADOW', 'HOLD', 'BLOCK'])(
    'gets no share of its own purchase, with its risk rule on %s',
    async (mode) => {
      await app.ask(staff.manager, SETTINGS, { input: { rules: [{ rule: 'SAME_EMAIL', mode }] } });
      for (const model of MODELS) {
        await program(model);
        const email = `self.${randomUUID()}@partners.example`;
        const self = await makePartner(app, staff.manager, { email });
        const visitorId = randomUUID();
        await click(self, { visitorId, occurredAt: ago(3) });
        await click(a, { visitorId, occurredAt: ago(2) });
        const named = await click(self, { visitorId });
        const orderId = randomUUID();
        await record({ visitorId, orderId, customerEmail: email.replace('@', '+x@') });
        expect(await earners(orderId), model).toEqual({ [a.id]: 10_000 });
        expect(await convert(named, { customerEmail: email }), model).toEqual({ [a.id]: 10_000 });
        expect(await convert(await click(self), { customerEmail: email }), model).toEqual({});
      }
      await app.ask(staff.manager, SETTINGS, { input: { rules: [{ rule: 'SAME_EMAIL', mode: 'OFF' }] } });
    },
  );

  test('earns nothing on its own purchase by its coupon or its deal', async () => {
    await program('LAST');
    const domain = `${randomUUID()}.example`;
    const email = `jo@${domain}`;
    const self = await makePartner(app, staff.manager, { email });
    const code = `OWN-${randomUUID().slice(0, 8)}`;
    await app.ask(
      staff.manager,
      'mutation ($input: CreateCouponInput!) { createCoupon(input: $input) { id } }',
      {
        input: { partnerId: self.id, code, startsAt: ago(5) },
      },
    );
    const sale = await record({ couponCode: code, customerEmail: email });
    expect(sale).toMatchObject({ origin: 'COUPON', partner: { id: self.id }, commissions: [] });
    await app.ask(
      staff.manager,
      'mutation ($input: RegisterDealInput!) { registerDeal(input: $input) { id } }',
      {
        input: { partnerId: self.id, company: 'Own', domain },
      },
    );
    expect(await record({ customerEmail: email })).toMatchObject({ origin: 'DEAL', commissions: [] });
    expect((await record({ couponCode: code, customerEmail: `x@${domain}` })).commissions).toEqual([]);
  });
});

test.each(MODELS)('a click of a bot earns nothing, also when it is named, under %s', async (model) => {
  await program(model);
  const visitorId = randomUUID();
  await click(a, { visitorId, occurredAt: ago(2) });
  const bot = await click(b, { visitorId, userAgent: GOOGLE });
  expect(await convert(bot)).toEqual({ [a.id]: 10_000 });
  const alone = await click(b, { userAgent: GOOGLE });
  const orderId = randomUUID();
  await record({ clickId: alone, orderId }).catch(() => null);
  expect(await earners(orderId)).toEqual({});
});

describe('one click', () => {
  test('one click can bring twenty-five simultaneous customers', async () => {
    await program('LAST');
    const clickId = await click(a);
    const replies = await Promise.all(
      Array.from({ length: 25 }, () => app.send(staff.manager, RECORD, { input: purchase({ clickId }) })),
    );
    expect(tally(replies)).toEqual({ ok: 25 });
    const origins = replies.map(({ data }) => data?.recordConversion.origin).sort();
    expect(origins).toEqual(['CLICK', ...Array.from({ length: 24 }, () => 'REPEAT')]);
  });

  test('one click is converted by its id once, with twenty-five simultaneous customers', async () => {
    const id = await click(a);
    const replies = await Promise.all(
      Array.from({ length: 25 }, () => app.send(staff.manager, CONVERT, { id, input: purchase({}) })),
    );
    expect(tally(replies)).toEqual({ ok: 1, CONFLICT: 24 });
  });
});

test.each(['LINEAR', 'POSITION', 'TIME_DECAY'])(
  'a sale of one or two cents is divided without remainder, under %s',
  async (model) => {
    await program(model);
    const partners = await Promise.all(Array.from({ length: 5 }, () => makePartner(app, staff.manager)));
    for (const [amount, minor] of [
      ['0.01', 1],
      ['0.02', 2],
      ['0.04', 4],
    ] as const) {
      const visitorId = randomUUID();
      for (const [index, partner] of partners.entries())
        await click(partner, { visitorId, occurredAt: ago(9 - index) });
      const orderId = randomUUID();
      await record({ visitorId, orderId, amount });
      const kept = await rows<{ sum: number; parts: number }>(
        `select sum(amount_minor)::int as sum, count(*) filter (where counted)::int as parts from conversions where order_id = $1`,
        orderId,
      );
      expect(kept).toEqual([{ sum: minor, parts: 1 }]);
    }
  },
);

describe('an order', () => {
  test('refuses to convert a recorded sale and to record a converted one, for every partner', async () => {
    await program('LAST');
    const sale = (partnerId: string, orderId: string) => ({
      input: { partnerId, orderId, lines: [{ amount: '100.00' }] },
    });
    const [recorded, converted] = [randomUUID(), randomUUID()];
    await app.ask(staff.manager, SALE, sale(a.id, recorded));
    for (const [mutation, asked] of [
      [RECORD, { input: purchase({ clickId: await click(b), orderId: recorded }) }],
      [CONVERT, { id: await click(b), input: purchase({ orderId: recorded }) }],
    ] as const)
      expect(await app.refusal(staff.manager, mutation, asked)).toMatchObject({ reason: 'ORDER_RECORDED' });
    await convert(await click(b), { orderId: converted });
    expect(await app.refusal(staff.manager, SALE, sale(a.id, converted))).toMatchObject({
      field: 'input.orderId',
      reason: 'ORDER_RECORDED',
    });
  });

  test('the commission of a conversion names its order', async () => {
    const orderId = randomUUID();
    const { commissions } = await record({ clickId: await click(a), orderId });
    expect(commissions).toEqual([{ id: expect.any(String), orderId }]);
  });
});

test('ignores a lead of another tenant, also for a caller of all tenants', async () => {
  const other = await staffOf(app, 'other');
  const theirs = await makePartner(app, other.manager);
  const { submitLead } = await app.ask(
    other.manager,
    'mutation ($input: SubmitLeadInput!) { submitLead(input: $input) { id } }',
    { input: { partnerId: theirs.id, company: 'Globex' } },
  );
  await app.ask(other.manager, 'mutation ($id: ID!) { acceptLead(id: $id) { status } }', {
    id: submitLead.id,
  });
  const asked = { input: purchase({ leadId: submitLead.id }) };
  expect(await app.refusal(staff.admin, RECORD, asked)).toMatchObject({
    code: 'NOT_FOUND',
    field: 'input.leadId',
  });
});

describe('a sale without a credited partner', () => {
  const figures = async ({ id }: MadePartner) =>
    (
      await app.ask(
        staff.manager,
        'query ($id: ID!) { partner(id: $id) { metrics { conversions revenue { amount } } } }',
        { id },
      )
    ).partner.metrics;

  test.each(['LAST', 'LINEAR'])(
    'binds its customer to no partner and counts in no metric, under %s',
    async (model) => {
      await program(model);
      const german = await makePartner(app, staff.manager, { reseller: { countries: ['DE'] } });
      const quiet = await makePartner(app, staff.manager);
      for (const [partner, more, country] of [
        [quiet, { userAgent: GOOGLE }, null],
        [german, {}, 'FR'],
      ] as const) {
        const customerId = `cust ${randomUUID()}`;
        expect(await convert(await click(partner, more), { customerId, country })).toEqual({});
        expect(await figures(partner)).toEqual({ conversions: 0, revenue: { amount: '0.00' } });
        const again = { input: purchase({ customerId, country }) };
        expect(await app.refusal(staff.manager, RECORD, again)).toMatchObject({ reason: 'NOT_ATTRIBUTED' });
        const visitorId = randomUUID();
        await click(a, { visitorId });
        const sale = await record({ customerId, visitorId, country });
        expect(sale).toMatchObject({ origin: 'CLICK', partner: { id: a.id } });
        expect(sale.commissions).toHaveLength(1);
      }
    },
  );

  test('earns a partner nothing on its own purchase, also when entered by hand', async () => {
    const email = `hand.${randomUUID()}@partners.example`;
    const self = await makePartner(app, staff.manager, { email });
    const customerId = `cust ${randomUUID()}`;
    await convert(await click(a), { customerId, customerEmail: email });
    const input = { partnerId: self.id, orderId: randomUUID(), customerId, lines: [{ amount: '100.00' }] };
    const { recordSale } = await app.ask(
      staff.manager,
      'mutation ($input: RecordSaleInput!) { recordSale(input: $input) { commissions { id } refused { reason } } }',
      { input },
    );
    expect(recordSale).toEqual({ commissions: [], refused: [{ reason: 'SELF_REFERRAL' }] });
  });
});

test('members and the own id of a partner count as the partner, with every rule OFF', async () => {
  await program('LAST');
  const self = await makePartner(app, staff.manager, { email: `x${randomUUID()}@partners.example` });
  const mate = `mia.${randomUUID()}@home.example`;
  await rows(
    `insert into members (id, tenant_id, partner_id, email, name, role, status, invited_by, issuer, subject, accepted_at)
     values (gen_random_uuid(), 'acme', $1, $2, 'Mia', 'MANAGER', 'ACTIVE', 'x', 'https://id.example', $2, now())`,
    ...[self.id, mate],
  );
  expect(await convert(await click(self), { customerEmail: mate.replace('@', '+shop@') })).toEqual({});
  expect(await convert(await click(self), { customerId: self.id })).toEqual({});
  expect(Object.keys(await convert(await click(self)))).toEqual([self.id]);
});

describe('a partner', () => {
  const READ = `query ($id: ID!) { referral(id: $id) { visitorId status convertedAt customer { externalId }
    attribution { basis sale { amount } shares { share { amount } } } } }`;

  test('a partner cannot add clicks to a visitor’s path with the ids that it reads', async () => {
    await program('LAST');
    const visitorId = randomUUID();
    const [mine] = [
      await click(a, { visitorId, occurredAt: ago(20) }),
      await click(b, { visitorId, occurredAt: ago(1) }),
    ];
    const own = await app.token('PARTNER', { partner: a.id });
    const { referral } = await app.ask(own, READ, { id: mine });
    const second = await click(a, { visitorId, occurredAt: ago(19) });
    expect((await app.ask(own, READ, { id: second })).referral.visitorId).toBe(referral.visitorId);
    for (const by of [null, own])
      await app.ask(by, TRACK, { input: { referralCode: a.referralCode, visitorId: referral.visitorId } });
    const orderId = randomUUID();
    await record({ visitorId, orderId });
    expect(await earners(orderId)).toEqual({ [b.id]: 10_000 });
  });

  test('a partner that loses a sale sees neither the winner nor the amount', async () => {
    await program('LAST');
    const domain = `${randomUUID()}.example`;
    await app.ask(
      staff.manager,
      'mutation ($input: RegisterDealInput!) { registerDeal(input: $input) { id } }',
      {
        input: { partnerId: a.id, company: 'Globex', domain },
      },
    );
    const lost = await click(b);
    await convert(lost, { amount: '98765.43', customerEmail: `ann@${domain}` });
    const { referral } = await app.ask(await app.token('PARTNER', { partner: b.id }), READ, { id: lost });
    expect(referral).toMatchObject({
      ...{ status: 'CONVERTED', customer: null },
      attribution: { basis: 'DEAL', sale: null, shares: [{ share: { amount: '0.00' } }] },
    });
    expect(JSON.stringify(referral)).not.toContain('98765');
    expect((await app.ask(staff.analyst, READ, { id: lost })).referral.attribution.sale).toEqual({
      amount: '98765.43',
    });
  });
});

test('a repeated sale of a click is checked like the first one', async () => {
  await program('LAST');
  const SETTINGS = `mutation ($input: UpdateFraudSettingsInput!) { updateFraudSettings(input: $input) { threshold } }`;
  const mode = (to: string) =>
    app.ask(staff.manager, SETTINGS, {
      input: {
        rules: [
          { rule: 'FAST_PURCHASE', mode: to, limit: 600 },
          { rule: 'SAME_ADDRESS', mode: to },
        ],
      },
    });
  await mode('HOLD');
  const of = async (clickId: string) => {
    const { id } = await record({ clickId });
    const [line] = await rows<{ status: string }>(
      'select status from commissions where referral_id = $1',
      id,
    );
    return line?.status;
  };
  const fast = await click(a, { occurredAt: ago(0, 5_000) });
  expect([await of(fast), await of(fast)]).toEqual(['HELD', 'HELD']);
  const admin = await app.token('PLATFORM_ADMIN', { tenant: 'acme' });
  const input = { referralCode: a.referralCode, occurredAt: ago(0, 3_600_000), ipAddress: '198.51.100.77' };
  const slow = (await app.ask(admin, TRACK, { input })).trackReferral.id;
  expect([await of(slow), await of(slow)]).toEqual(['PENDING', 'HELD']);
  await mode('OFF');
});
