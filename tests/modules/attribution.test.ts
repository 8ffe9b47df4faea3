import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../support/app.ts';
import { CONVERT, type MadePartner, makePartner, staffOf, TRACK, tally } from '../support/make.ts';

const DAY_MS = 86_400_000;
const now = new Date('2026-06-30T12:00:00.000Z');
const ago = (days: number, ms = 0) => new Date(now.getTime() - days * DAY_MS - ms).toISOString();

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let a: MadePartner;
let b: MadePartner;
let c: MadePartner;
beforeAll(async () => {
  app = await createTestApp({ clock: { now: () => now } });
  staff = await staffOf(app);
  const made = (commissionRate: number, name: string) =>
    makePartner(app, staff.manager, { commissionRate, companyName: name, email: `${name}@partners.example` });
  [a, b, c] = await Promise.all([made(20, 'a'), made(10, 'b'), made(5, 'c')]);
});
afterAll(() => app.close());

const program = (attributionModel: string, attributionUnit = 'TOUCH') =>
  app.ask(
    staff.manager,
    'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { attributionModel attributionUnit } }',
    { input: { attributionModel, attributionUnit } },
  );
const click = async ({ referralCode }: MadePartner, visitorId: string, occurredAt: string): Promise<string> =>
  (await app.ask(staff.manager, TRACK, { input: { referralCode, visitorId, occurredAt } })).trackReferral.id;
const RECORD = `mutation ($input: RecordConversionInput!) { recordConversion(input: $input) {
  id origin partner { id } commissions { id amount { amount } }
  attribution { basis model unit sale { amount } touchCount otherTouches
    shares { partner { id } share { amount } touchCount touches { id weight excluded } } } } }`;
const purchase = (input: object) => ({
  customerId: `cust ${randomUUID()}`,
  amount: '100.00',
  occurredAt: now.toISOString(),
  ...input,
});
const record = async (input: object) =>
  (await app.ask(staff.manager, RECORD, { input: purchase(input) })).recordConversion;
const rows = async <T = Record<string, unknown>>(text: string, ...values: unknown[]): Promise<T[]> =>
  (await app.database.pool.query(text, values)).rows;
/** What every line of an order is computed on and earns, its refunds included, in minor units. */
const linesOfOrder = async (orderId: string) =>
  rows<{ id: string; partner: string; base: number; minor: number; type: string }>(
    `select c.id, c.partner_id as partner, c.base_minor::int as base, c.amount_minor::int as minor, c.type from commissions c
     join conversions v on v.id = c.conversion_id where v.order_id = $1 order by c.id`,
    orderId,
  );
const nameOf = (id: string) => ({ [a.id]: 'a', [b.id]: 'b', [c.id]: 'c' })[id];
const metrics = async ({ id }: MadePartner) => {
  const { partner } = await app.ask(
    staff.manager,
    'query ($id: ID!) { partner(id: $id) { metrics { conversions revenue { amount } commissionEarned { amount } } } }',
    { id },
  );
  return partner.metrics as { conversions: number; revenue: { amount: string } };
};
const proves = async () => {
  const [{ faults } = { faults: '' }] = await rows<{ faults: string }>(`
    select coalesce(string_agg(format('%s %s', sale_id, n), '; '), '') as faults from (
      select sale_id, sum(share_minor) - max(sale_minor) as n from attribution_shares group by sale_id) s where n <> 0`);
  return faults;
};
/** The figures as triggers kept them and as a recalculation makes them. */
const recalculated = async () => {
  const read = () =>
    rows(
      'select * from partner_metrics_daily where tenant_id = $1 order by partner_id, day, source, currency',
      'acme',
    );
  const kept = await read();
  await rows(
    'select recalculate_partner_metrics(array(select id from partners where tenant_id = $1))',
    'acme',
  );
  expect(await read()).toEqual(kept);
};

/** A, B and C twenty, ten and three days before the sale, as in T71. */
async function path(visitorId: string) {
  return [
    await click(a, visitorId, ago(20)),
    await click(b, visitorId, ago(10)),
    await click(c, visitorId, ago(3)),
  ] as const;
}

describe('a model splits a sale', () => {
  test.each([
    ['FIRST', { a: 10_000 }],
    ['LAST', { c: 10_000 }],
    ['LINEAR', { a: 3_334, b: 3_333, c: 3_333 }],
    ['POSITION', { a: 4_000, b: 2_000, c: 4_000 }],
    ['TIME_DECAY', { a: 1_102, b: 2_966, c: 5_932 }],
  ])('%s, each part by its own partner’s rate (T71)', async (model, expected) => {
    await program(model);
    const [visitorId, orderId] = [randomUUID(), randomUUID()];
    await path(visitorId);
    const sale = await record({ visitorId, orderId });
    const lines = await linesOfOrder(orderId);
    expect(Object.fromEntries(lines.map(({ partner, base }) => [nameOf(partner), base]))).toEqual(expected);
    const rates: Record<string, number> = { a: 0.2, b: 0.1, c: 0.05 };
    for (const { partner, base, minor } of lines)
      expect(minor).toBe(Math.round(base * (rates[nameOf(partner) ?? ''] ?? 0)));
    expect(nameOf(sale.partner.id)).toBe(model === 'FIRST' ? 'a' : 'c');
    expect(sale.attribution).toMatchObject({
      basis: 'CLICK',
      model,
      unit: 'TOUCH',
      sale: { amount: '100.00' },
      touchCount: 3,
    });
    for (const { id } of lines) {
      const { verifyCommission } = await app.ask(
        staff.maria,
        'query ($id: ID!) { verifyCommission(id: $id) { equal differences { what } } }',
        { id },
      );
      expect(verifyCommission).toEqual({ equal: true, differences: [] });
    }
  });

  test('by touches or by partners, as the program counts them (T77)', async () => {
    for (const [unit, expected] of [
      ['TOUCH', { a: 6_667, b: 3_333 }],
      ['PARTNER', { a: 5_000, b: 5_000 }],
    ] as const) {
      await program('LINEAR', unit);
      const [visitorId, orderId] = [randomUUID(), randomUUID()];
      for (const [partner, days] of [
        [a, 9],
        [b, 5],
        [a, 1],
      ] as const)
        await click(partner, visitorId, ago(days));
      await record({ visitorId, orderId });
      const lines = await linesOfOrder(orderId);
      expect(Object.fromEntries(lines.map(({ partner, base }) => [nameOf(partner), base]))).toEqual(expected);
    }
  });

  test('and says so with every line, and to every partner what is its own', async () => {
    await program('LINEAR');
    const [visitorId, orderId] = [randomUUID(), randomUUID()];
    const [first] = await path(visitorId);
    await record({ visitorId, orderId });
    const line = (await linesOfOrder(orderId)).find(({ partner }) => partner === a.id);
    const asA = await app.token('PARTNER', { partner: a.id });
    const { commission } = await app.ask(
      asA,
      `query ($id: ID!) { commission(id: $id) { explanation { sentence steps { label detail } } referral { id }
        customer { attributions { sale { amount } } }
        attribution { touchCount otherTouches shares { partner { id } share { amount } touches { id weight source excluded } } } } }`,
      { id: line?.id },
    );
    expect(commission.explanation.sentence).toContain('33.34 of 100.00 USD, 1 of 3 touches, LINEAR');
    expect(commission.explanation.steps[0]).toMatchObject({ label: 'Share' });
    expect(commission.referral.id).toBe(first);
    expect(commission.customer.attributions).toEqual([{ sale: { amount: '100.00' } }]);
    expect(commission.attribution).toEqual({
      touchCount: 3,
      otherTouches: 2,
      shares: [
        {
          partner: { id: a.id },
          share: { amount: '33.34' },
          touches: [{ id: first, weight: '0.333333', source: 'direct', excluded: null }],
        },
      ],
    });
  });

  test('counts one conversion, splits the revenue, and a recalculation says the same', async () => {
    await program('LINEAR');
    const was = await Promise.all([a, b, c].map(metrics));
    const visitorId = randomUUID();
    await path(visitorId);
    await record({ visitorId });
    const is = await Promise.all([a, b, c].map(metrics));
    expect(is.map(({ conversions }, index) => conversions - (was[index]?.conversions ?? 0))).toEqual([
      0, 0, 1,
    ]);
    expect(
      is.map(({ revenue }, index) =>
        Math.round(100 * (Number(revenue.amount) - Number(was[index]?.revenue.amount))),
      ),
    ).toEqual([3_334, 3_333, 3_333]);
    await recalculated();
    expect(await proves()).toBe('');
  });

  test('once, with twenty-five at once', async () => {
    await program('LINEAR');
    const [visitorId, orderId] = [randomUUID(), randomUUID()];
    await path(visitorId);
    const input = purchase({ visitorId, orderId });
    const replies = await Promise.all(
      Array.from({ length: 25 }, () => app.send(staff.manager, RECORD, { input })),
    );
    expect(tally(replies)).toEqual({ ok: 1, CONFLICT: 24 });
    expect(await linesOfOrder(orderId)).toHaveLength(3);
  });

  test('of five hundred touches to the cent', async () => {
    await program('LINEAR');
    const [visitorId, orderId] = [randomUUID(), randomUUID()];
    const codes = [a, b];
    for (let i = 0; i < 500; i += 50)
      await Promise.all(
        Array.from({ length: 50 }, (_, j) =>
          click(codes[(i + j) % 2] as MadePartner, visitorId, ago(20, (i + j) * 60_000)),
        ),
      );
    const sale = await record({ visitorId, orderId, amount: '1.01' });
    expect(sale.attribution.touchCount).toBe(500);
    expect((await linesOfOrder(orderId)).map(({ base }) => base).sort()).toEqual([50, 51]);
  });
});

describe('a refund of a shared sale', () => {
  const REFUND = `mutation ($input: RefundSaleInput!) { refundSale(input: $input) { id } }`;
  test('mirrors every share, in parts and then whole, whichever partner it names', async () => {
    await program('LINEAR');
    const [visitorId, orderId] = [randomUUID(), randomUUID()];
    await path(visitorId);
    await record({ visitorId, orderId });
    await app.ask(staff.maria, REFUND, { input: { orderId, amount: '30.00', reason: 'a part' } });
    const parts = (await linesOfOrder(orderId)).filter(({ type }) => type === 'REVERSAL');
    expect(parts.map(({ base }) => base).sort()).toEqual([-1000, -1000, -1000]);
    await app.ask(staff.maria, REFUND, { input: { orderId, partnerId: b.id, reason: 'all of it' } });
    const all = await linesOfOrder(orderId);
    for (const partner of [a, b, c]) {
      const own = all.filter((line) => line.partner === partner.id);
      expect(own.reduce((sum, { minor }) => sum + minor, 0)).toBe(0);
      expect(own.reduce((sum, { base }) => sum + base, 0)).toBe(0);
    }
    await recalculated();
  });

  test('that came before its sale waits for it and takes from every share', async () => {
    await program('LINEAR');
    const [visitorId, orderId] = [randomUUID(), randomUUID()];
    await app.ask(staff.maria, REFUND, {
      input: { orderId, amount: '60.00', currency: 'USD', reason: 'early' },
    });
    await path(visitorId);
    await record({ visitorId, orderId });
    const taken = (await linesOfOrder(orderId)).filter(({ type }) => type === 'REVERSAL');
    expect(taken.map(({ base }) => base).sort()).toEqual([-2000, -2000, -2000]);
  });
});

describe('who is credited', () => {
  test('a coupon has the whole sale before any click (T80), which are shown as outranked', async () => {
    await program('LINEAR');
    const visitorId = randomUUID();
    await click(a, visitorId, ago(1));
    const code = `SAVE-${randomUUID().slice(0, 8)}`;
    await app.ask(
      staff.manager,
      'mutation ($input: CreateCouponInput!) { createCoupon(input: $input) { id } }',
      {
        input: { partnerId: b.id, code, startsAt: ago(5) },
      },
    );
    const orderId = randomUUID();
    const sale = await record({ visitorId, couponCode: code, orderId });
    expect(sale).toMatchObject({ partner: { id: b.id }, attribution: { basis: 'COUPON' } });
    expect((await linesOfOrder(orderId)).map(({ partner, base }) => [nameOf(partner), base])).toEqual([
      ['b', 10_000],
    ]);
    const share = sale.attribution.shares.find(
      (each: { partner: { id: string } }) => each.partner.id === a.id,
    );
    expect(share).toMatchObject({ share: { amount: '0.00' }, touches: [{ excluded: 'OUTRANKED' }] });
  });

  test('also by its own click a coupon’s partner has the whole, and nobody else a part', async () => {
    await program('LINEAR');
    const visitorId = randomUUID();
    await click(a, visitorId, ago(2));
    await click(b, visitorId, ago(1));
    const code = `SAVE-${randomUUID().slice(0, 8)}`;
    await app.ask(
      staff.manager,
      'mutation ($input: CreateCouponInput!) { createCoupon(input: $input) { id } }',
      {
        input: { partnerId: b.id, code, startsAt: ago(5) },
      },
    );
    const orderId = randomUUID();
    await record({ visitorId, couponCode: code, orderId });
    expect((await linesOfOrder(orderId)).map(({ base }) => base)).toEqual([10_000]);
  });

  test('the first purchase binds the customer, and what it buys later is its partner’s alone, without a window', async () => {
    await program('LINEAR');
    const [visitorId, customerId] = [randomUUID(), `cust ${randomUUID()}`];
    await path(visitorId);
    await record({ visitorId, customerId });
    const orderId = randomUUID();
    await click(a, visitorId, ago(0));
    const renewal = await record({ customerId, visitorId, orderId });
    expect(renewal).toMatchObject({ origin: 'CUSTOMER', partner: { id: c.id } });
    expect((await linesOfOrder(orderId)).map(({ partner, base }) => [nameOf(partner), base])).toEqual([
      ['c', 10_000],
    ]);
  });

  test('a touch counts in its own partner’s window, to the millisecond (T79)', async () => {
    await program('LINEAR');
    const short = await makePartner(app, staff.manager, {
      partnerType: 'AFFILIATE',
      commissionRate: 10,
      email: 'short@partners.example',
      affiliate: { cookieDays: 7 },
    });
    for (const [ms, count] of [
      [0, 1],
      [-1, 2],
    ] as const) {
      const visitorId = randomUUID();
      await click(short, visitorId, ago(7, ms));
      await click(a, visitorId, ago(1));
      const { attribution } = await record({ visitorId });
      expect(attribution.touchCount).toBe(count);
      const reasons = attribution.shares.flatMap((each: { touches: { excluded: string | null }[] }) =>
        each.touches.map(({ excluded }) => excluded),
      );
      expect(reasons.sort()).toEqual(count === 2 ? [null, null] : ['WINDOW', null]);
    }
  });

  test('a partner who is the customer earns nothing by its own click, also under LAST and however it spells its address', async () => {
    for (const model of ['LAST', 'LINEAR']) {
      await program(model);
      const self = await makePartner(app, staff.manager, {
        commissionRate: 30,
        email: `jo.${model}@gmail.com`,
      });
      const visitorId = randomUUID();
      await click(a, visitorId, ago(2));
      const own = await click(self, visitorId, ago(1));
      const orderId = randomUUID();
      const mail = `Jo${model}+shop@googlemail.com`;
      expect(await record({ visitorId, customerEmail: mail, orderId })).toMatchObject({
        partner: { id: a.id },
      });
      const alone = randomUUID();
      await app.ask(staff.manager, CONVERT, {
        id: own,
        input: { ...purchase({}), customerEmail: mail, orderId: alone },
      });
      expect((await linesOfOrder(alone)).filter(({ partner }) => partner === self.id)).toEqual([]);
    }
  });

  test('a click that was named ends the path; what came later has no part', async () => {
    await program('LINEAR');
    const visitorId = randomUUID();
    const [, second] = await path(visitorId);
    const orderId = randomUUID();
    await app.ask(staff.manager, CONVERT, { id: second, input: purchase({ orderId }) });
    const parts = (await linesOfOrder(orderId)).map(({ partner, base }) => [nameOf(partner), base]);
    expect(Object.fromEntries(parts)).toEqual({ a: 5_000, b: 5_000 });
  });

  test('under FIRST a named click is closed, and the first one has the sale, the customer and the conversion', async () => {
    await program('FIRST');
    const [visitorId, orderId] = [randomUUID(), randomUUID()];
    const was = await metrics(a);
    const [, , third] = await path(visitorId);
    const { convertReferral } = await app.ask(staff.manager, CONVERT, {
      id: third,
      input: purchase({ orderId }),
    });
    expect(convertReferral).toMatchObject({ id: third, status: 'CONVERTED', commissions: [] });
    expect((await linesOfOrder(orderId)).map(({ partner, base }) => [nameOf(partner), base])).toEqual([
      ['a', 10_000],
    ]);
    expect((await metrics(a)).conversions).toBe(was.conversions + 1);
    await recalculated();
  });
});
