import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { CONVERT, type MadePartner, makePartner, staffOf, TRACK, tally } from '../../support/make.ts';

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
    shares { partner { id } share { amount } touchCount touches { touchId weight excluded } } } } }`;
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
      'select * from partner_metrics_daily where tenant_id = $1 order by partner_id, day, rate_day, source, currency',
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
  ])('%s, each share with its own partner’s rate (T71)', async (model, expected) => {
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

  test('divides by touches or by partners, as the program decides (T77)', async () => {
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

  test('shows the shares with every commission, and to each partner only its own', async () => {
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
        attribution { touchCount otherTouches shares { partner { id } share { amount } touches { touchId weight source excluded } } } } }`,
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
          touches: [{ touchId: first, weight: '0.333333', source: 'direct', excluded: null }],
        },
      ],
    });
  });

  test('counts one conversion, divides the revenue, and a recalculation gives the same', async () => {
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

  test('divides a sale once with twenty-five simultaneous requests', async () => {
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

  test('divides a sale of five hundred touches exactly', async () => {
    await program('LINEAR');
    const [visitorId, orderId] = [randomUUID(), randomUUID()];
    const ids = [a.id, b.id];
    await rows(
      `insert into touches (id, tenant_id, partner_id, visitor_id, clicked_at, code, source, device, bot)
       select gen_random_uuid(), 'acme', ($1::uuid[])[1 + i % 2], $2, $3::timestamptz - i * interval '1 minute', 'x', 'direct', 'UNKNOWN', false
       from generate_series(1, 498) i`,
      ids,
      visitorId,
      ago(10),
    );
    await click(b, visitorId, ago(9.5));
    await click(a, visitorId, ago(9));
    const sale = await record({ visitorId, orderId, amount: '1.01' });
    expect(sale.attribution.touchCount).toBe(500);
    expect(new Set((await linesOfOrder(orderId)).map(({ base }) => base))).toEqual(new Set([50, 51]));
  });
});

describe('a refund of a shared sale', () => {
  const REFUND = `mutation ($input: RefundSaleInput!) { refundSale(input: $input) { id } }`;
  test('a refund of a shared sale reverses every share, in parts and then fully, whichever partner it names', async () => {
    await program('LINEAR');
    const [visitorId, orderId] = [randomUUID(), randomUUID()];
    await path(visitorId);
    await record({ visitorId, orderId });
    await app.ask(staff.maria, REFUND, { input: { orderId, amount: '30.00', reason: 'a part' } });
    const parts = (await linesOfOrder(orderId)).filter(({ type }) => type === 'REVERSAL');
    expect(parts.map(({ base }) => base)).toEqual([-1000, -1000, -1000]);
    await app.ask(staff.maria, REFUND, { input: { orderId, partnerId: b.id, reason: 'all of it' } });
    const all = await linesOfOrder(orderId);
    for (const partner of [a, b, c]) {
      const own = all.filter((line) => line.partner === partner.id);
      expect(own.reduce((sum, { minor }) => sum + minor, 0)).toBe(0);
      expect(own.reduce((sum, { base }) => sum + base, 0)).toBe(0);
    }
    await recalculated();
  });

  test('an early refund of a shared sale waits and reverses every share', async () => {
    await program('LINEAR');
    const [visitorId, orderId] = [randomUUID(), randomUUID()];
    await app.ask(staff.maria, REFUND, {
      input: { orderId, amount: '60.00', currency: 'USD', reason: 'early' },
    });
    await path(visitorId);
    await record({ visitorId, orderId });
    const taken = (await linesOfOrder(orderId)).filter(({ type }) => type === 'REVERSAL');
    expect(taken.map(({ base }) => base)).toEqual([-2000, -2000, -2000]);
  });
});

describe('the credited partner', () => {
  test('a coupon gets the whole sale before any click (T80); the clicks are shown as outranked', async () => {
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

  test('a purchase of the partner itself is no use of its coupon, and the next customer is credited', async () => {
    const owner = await makePartner(app, staff.manager, { email: 'owner@coupon-owner.example' });
    const code = `ONCE-${randomUUID().slice(0, 8)}`;
    const { createCoupon } = await app.ask(
      staff.manager,
      'mutation ($input: CreateCouponInput!) { createCoupon(input: $input) { id } }',
      { input: { partnerId: owner.id, code, startsAt: ago(5), maxUses: 1 } },
    );
    const uses = async () =>
      (await app.database.pool.query('select uses from coupons where id = $1', [createCoupon.id])).rows[0]
        .uses;
    const own = randomUUID();
    await record({ couponCode: code, orderId: own, customerEmail: 'owner@coupon-owner.example' });
    expect([await uses(), await linesOfOrder(own)]).toEqual([0, []]);
    const sold = randomUUID();
    await record({ couponCode: code, orderId: sold, customerEmail: 'kate@buyer.example' });
    expect([await uses(), (await linesOfOrder(sold)).length]).toEqual([1, 1]);
  });

  test('credits the whole sale to the partner of a coupon, also after other clicks', async () => {
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

  test('the first purchase binds the customer, whose later purchases credit its partner only, without a window', async () => {
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

  test('a touch counts within its own partner’s window, exact to the millisecond (T79)', async () => {
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
      expect(new Set(reasons)).toEqual(new Set(count === 2 ? [null] : ['WINDOW', null]));
    }
  });

  test('a partner that is the customer earns nothing by its own click, also under LAST and with any spelling of its address', async () => {
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

  test('a partner gets no share of a sale outside of its territory, also by a named click', async () => {
    const german = await makePartner(app, staff.manager, {
      ...{ partnerType: 'RESELLER', commissionRate: 30, reseller: { countries: ['DE', 'AT'] } },
    });
    for (const model of ['LAST', 'LINEAR', 'FIRST']) {
      await program(model);
      const visitorId = randomUUID();
      const own = await click(german, visitorId, ago(2));
      await click(a, visitorId, ago(1));
      const sold = async (country: string | null, more: object = { visitorId }) => {
        const orderId = randomUUID();
        const sale = await record({ ...more, orderId, country });
        return { sale, partners: (await linesOfOrder(orderId)).map(({ partner }) => partner) };
      };
      const french = await sold('FR');
      expect(french.partners).toEqual([a.id]);
      const { shares } = french.sale.attribution;
      const kept = shares.find(({ partner }: { partner: { id: string } }) => partner.id === german.id);
      expect(kept.touches).toEqual([{ touchId: own, weight: '0.000000', excluded: 'TERRITORY' }]);
      for (const country of ['AT', null]) expect((await sold(country)).sale.attribution.touchCount).toBe(2);
    }
    await program('LAST');
    const alone = async (country: string) => {
      const id = await click(german, randomUUID(), ago(1));
      const orderId = randomUUID();
      await app.ask(staff.manager, CONVERT, { id, input: purchase({ orderId, country }) });
      return linesOfOrder(orderId);
    };
    expect(await alone('FR')).toEqual([]);
    expect(await alone('DE')).toHaveLength(1);
    const stranger = randomUUID();
    await click(german, stranger, ago(1));
    const input = purchase({ visitorId: stranger, country: 'FR' });
    expect(await app.refusal(staff.manager, RECORD, { input })).toMatchObject({ reason: 'NOT_ATTRIBUTED' });
  });

  test('a named click ends the path; later clicks get no share', async () => {
    await program('LINEAR');
    const visitorId = randomUUID();
    const [, second] = await path(visitorId);
    const orderId = randomUUID();
    await app.ask(staff.manager, CONVERT, { id: second, input: purchase({ orderId }) });
    const parts = (await linesOfOrder(orderId)).map(({ partner, base }) => [nameOf(partner), base]);
    expect(Object.fromEntries(parts)).toEqual({ a: 5_000, b: 5_000 });
  });

  test('under FIRST a named click is closed, and the first click gets the sale, the customer and the conversion', async () => {
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

const REPLAY = `query ($input: ReplayAttributionInput!, $first: Int, $after: String) { replayAttribution(input: $input) {
  model unit sales changed late unknown costs { now { amount currency } replayed { amount } difference { amount } }
  winners(first: $first, after: $after) { partners { partner { id } now { amount } replayed { amount } difference { amount } } hasNextPage endCursor }
  losers { partners { partner { id } difference { amount } } } } }`;
interface Replayed {
  readonly sales: number;
  readonly changed: number;
  readonly late: number;
  readonly costs: { now: { amount: string }; replayed: { amount: string } }[];
  readonly winners: { partners: Gain[]; hasNextPage: boolean; endCursor: string | null };
  readonly losers: { partners: Gain[] };
}
interface Gain {
  readonly partner: { id: string };
  readonly difference: { amount: string };
}

describe('a replay', () => {
  const replay = async (by: string, input: object, page: object = {}): Promise<Replayed> =>
    (
      await app.ask(by, REPLAY, {
        input: { from: '2026-06-01', to: '2026-06-30', ...input },
        ...page,
      })
    ).replayAttribution;
  /** A program of its own with partners of different terms, and histories that are the same again for every model. */
  const world = async () => {
    const tenant = `replay-${randomUUID().slice(0, 8)}`;
    const manager = await app.token('PROGRAM_MANAGER', { tenant, user: 'manager' });
    const finance = await app.token('FINANCE', { tenant, user: 'maria' });
    const terms = [
      { commissionRate: 20 },
      { commissionRate: 12.5 },
      {},
      { partnerType: 'AFFILIATE', commissionRate: 7, affiliate: { cookieDays: 10, minimumPurchase: 40 } },
    ];
    const partners = await Promise.all(
      terms.map((input, index) =>
        makePartner(app, manager, { email: `p${index}@partners.example`, ...input }),
      ),
    );
    const set = (attributionModel: string, attributionUnit: string) =>
      app.ask(
        manager,
        'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { attributionModel } }',
        {
          input: { attributionModel, attributionUnit },
        },
      );
    return { tenant, manager, finance, partners, set };
  };
  type World = Awaited<ReturnType<typeof world>>;
  const random = (seed: number) => {
    let state = seed;
    return (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % below;
    };
  };
  /** Eight sales with up to six clicks before each, some of them refunded in part. */
  const history = async ({ manager, finance, partners }: World, seed: number) => {
    const below = random(seed);
    for (let sale = 0; sale < 8; sale++) {
      const [visitorId, orderId] = [randomUUID(), randomUUID()];
      const clicks = Array.from({ length: 1 + below(6) }, () => ({
        referralCode: partners[below(partners.length)]?.referralCode,
        visitorId,
        occurredAt: ago(1 + below(14), below(80_000_000)),
      }));
      await Promise.all(clicks.map((input) => app.ask(manager, TRACK, { input })));
      const amount = `${10 + below(90)}.${10 + below(90)}`;
      const { errors } = await app.send(manager, RECORD, { input: purchase({ visitorId, orderId, amount }) });
      if (!errors && below(3) === 0)
        await app.ask(finance, 'mutation ($input: RefundSaleInput!) { refundSale(input: $input) { id } }', {
          input: { orderId, amount: `${1 + below(9)}.37`, reason: 'a part' },
        });
    }
  };
  const earned = async ({ partners }: World): Promise<number[]> =>
    Promise.all(
      partners.map(async ({ id }) =>
        Number(
          (
            await rows(
              'select coalesce(sum(amount_minor), 0)::int as minor from commissions where partner_id = $1',
              id,
            )
          )[0]?.['minor'],
        ),
      ),
    );

  test.each([['POSITION', 'PARTNER']])(
    'agrees exactly with the paid commissions under the model in force: %s by %s',
    async (model, unit) => {
      const own = await world();
      await own.set(model, unit);
      await history(own, 7 + model.length);
      const made = await replay(own.manager, {});
      expect(made).toMatchObject({
        changed: 0,
        late: 0,
        winners: { partners: [] },
        losers: { partners: [] },
      });
      const paid = (await earned(own)).reduce((sum, minor) => sum + minor, 0);
      expect(made.costs).toMatchObject([
        { now: { amount: (paid / 100).toFixed(2) }, replayed: { amount: (paid / 100).toFixed(2) } },
      ]);
    },
  );

  test('a replay shows the result of another model for the same clicks and sales, and writes nothing', async () => {
    const [seed, count] = [
      4_242,
      () =>
        rows(
          'select (select count(*) from commissions)::int as lines, (select count(*) from audit_events)::int as entries',
        ),
    ];
    const last = await world();
    await history(last, seed);
    for (const [model, unit] of [
      ['LINEAR', 'TOUCH'],
      ['TIME_DECAY', 'PARTNER'],
      ['FIRST', 'PARTNER'],
    ] as const) {
      const twin = await world();
      await twin.set(model, unit);
      await history(twin, seed);
      expect(await replay(twin.manager, {})).toMatchObject({ changed: 0, winners: { partners: [] } });
      const was = await count();
      const { winners, losers } = await replay(last.manager, { model, unit });
      expect(await count()).toEqual(was);
      const [now, then] = [await earned(last), await earned(twin)];
      const told = new Map(
        [...winners.partners, ...losers.partners].map(({ partner, difference }) => [
          partner.id,
          Math.round(100 * Number(difference.amount)),
        ]),
      );
      // A part that changes is refunded as a whole sum of the sale, which may round a line by a cent.
      last.partners.forEach(({ id }, index) => {
        const gap = (told.get(id) ?? 0) - ((then[index] ?? 0) - (now[index] ?? 0));
        expect(Math.abs(gap)).toBeLessThanOrEqual(1);
      });
    }
  }, 120_000);

  test('includes a click that was reported only after its sale', async () => {
    const own = await world();
    const visitorId = randomUUID();
    const track = ({ referralCode } = own.partners[0] as MadePartner, days = 5) =>
      app.ask(own.manager, TRACK, { input: { referralCode, visitorId, occurredAt: ago(days) } });
    await track();
    await app.ask(own.manager, RECORD, { input: purchase({ visitorId }) });
    await track(own.partners[1], 1);
    const made = await replay(own.manager, {});
    expect(made).toMatchObject({ sales: 1, changed: 1, late: 1 });
    expect(made.winners.partners).toMatchObject([
      { partner: { id: own.partners[1]?.id }, difference: { amount: '12.50' } },
    ]);
    expect(made.losers.partners).toMatchObject([
      { partner: { id: own.partners[0]?.id }, difference: { amount: '-20.00' } },
    ]);
  });

  test("compares an affiliate's smallest purchase in another currency by the rate of the day", async () => {
    const own = await world();
    for (const amount of ['45', '60']) {
      const visitorId = randomUUID();
      for (const [index, days] of [
        [3, 5],
        [0, 1],
      ] as const)
        await app.ask(own.manager, TRACK, {
          input: { referralCode: own.partners[index]?.referralCode, visitorId, occurredAt: ago(days) },
        });
      await app.ask(own.manager, RECORD, { input: purchase({ visitorId, amount, currency: 'EUR' }) });
    }
    const gains = async () => (await replay(own.manager, { model: 'FIRST' })).winners.partners;
    expect(await gains()).toEqual([]);
    await app.ask(
      own.manager,
      'mutation ($input: SetExchangeRatesInput!) { setExchangeRates(input: $input) { count } }',
      { input: { rates: [{ base: 'EUR', quote: 'USD', rate: '0.8', effectiveOn: '2026-06-30' }] } },
    );
    expect(await gains()).toMatchObject([
      { partner: { id: own.partners[3]?.id }, difference: { amount: '4.20' } }, // 7 % of 60.00 EUR, worth 48.00 USD
    ]);
  });

  test('a replay pages its results, and refuses an invalid period or cursor', async () => {
    const own = await world();
    const visitorId = randomUUID();
    for (const [index, partner] of own.partners.entries())
      await app.ask(own.manager, TRACK, {
        input: { referralCode: partner.referralCode, visitorId, occurredAt: ago(9 - index) },
      });
    await app.ask(own.manager, RECORD, { input: purchase({ visitorId }) });
    const first = await replay(own.manager, { model: 'LINEAR' }, { first: 2 });
    expect(first.winners).toMatchObject({ hasNextPage: true });
    const second = await replay(
      own.manager,
      { model: 'LINEAR' },
      { first: 2, after: first.winners.endCursor },
    );
    expect(second.winners).toMatchObject({ hasNextPage: false });
    const ids = [...first.winners.partners, ...second.winners.partners].map(({ partner }) => partner.id);
    expect(new Set(ids)).toEqual(new Set(own.partners.slice(0, 3).map(({ id }) => id)));
    const input = { from: '2026-06-30', to: '2026-06-01' };
    expect(await app.refusal(own.manager, REPLAY, { input })).toMatchObject({ field: 'input.to' });
    const whole = { from: '2026-06-01', to: '2026-06-30' };
    expect(await app.refusal(own.manager, REPLAY, { input: whole, after: 'x' })).toMatchObject({
      field: 'after',
    });
    expect(await app.refusal(own.manager, REPLAY, { input: { ...whole, windowDays: 0 } })).toMatchObject({
      field: 'input.windowDays',
    });
    const shut = await replay(own.manager, { windowDays: 1 });
    expect(shut.changed).toBe(0); // no click counts, so its partner keeps it
  });
});

describe('a funnel', () => {
  const FUNNEL = `query ($from: LocalDate!, $to: LocalDate!, $by: FunnelBy!, $first: Int, $after: String) {
    conversionFunnel(from: $from, to: $to, by: $by, first: $first, after: $after) {
      steps { key clicks leads conversions firstPayments repeats } hasNextPage endCursor } }`;
  const tenant = 'funnel';
  let manager: string;
  let one: MadePartner;
  let two: MadePartner;
  const funnel = async (by: string, variables: object = {}, who = manager) =>
    (await app.ask(who, FUNNEL, { from: '2026-03-27', to: '2026-03-31', by, ...variables })).conversionFunnel;
  beforeAll(async () => {
    manager = await app.token('PROGRAM_MANAGER', { tenant, user: 'manager' });
    await app.ask(
      manager,
      'mutation { updateProgram(input: { timeZone: "Europe/Berlin", attributionModel: LINEAR }) { timeZone } }',
    );
    one = await makePartner(app, manager, { commissionRate: 20, email: 'one@partners.example' });
    two = await makePartner(app, manager, { commissionRate: 10, email: 'two@partners.example' });
    const touch = ({ referralCode }: MadePartner, visitorId: string, occurredAt: string, source: string) =>
      app.ask(manager, TRACK, {
        input: { referralCode, visitorId, occurredAt, landingUrl: `https://x.example/?utm_source=${source}` },
      });
    const visitorId = randomUUID();
    // The clocks of Berlin go forward on 29 March: that day has 23 hours, from 23:00 to 22:00 UTC.
    await touch(one, visitorId, '2026-03-28T22:59:57.000Z', 'mail');
    await touch(one, visitorId, '2026-03-28T23:00:00.000Z', 'mail');
    await touch(two, visitorId, '2026-03-29T21:59:59.999Z', 'blog');
    await touch(two, randomUUID(), '2026-03-29T22:00:00.000Z', 'blog');
    await touch(two, randomUUID(), '2026-03-29T23:00:00.000Z', 'news');
    const customerId = `cust ${randomUUID()}`;
    for (const occurredAt of ['2026-03-29T21:59:59.999Z', '2026-03-31T10:00:00Z'])
      await app.ask(manager, RECORD, { input: { customerId, visitorId, amount: '100.00', occurredAt } });
  });

  test('a funnel counts a shared sale once, with its first payment and its repetition', async () => {
    expect(await funnel('PARTNER')).toEqual({
      steps: [
        { key: two.id, clicks: 3, leads: 0, conversions: 2, firstPayments: 1, repeats: 1 },
        { key: one.id, clicks: 2, leads: 0, conversions: 0, firstPayments: 0, repeats: 0 },
      ],
      hasNextPage: false,
      endCursor: expect.any(String),
    });
    expect((await funnel('DEVICE')).steps).toEqual([
      { key: 'UNKNOWN', clicks: 5, leads: 0, conversions: 1, firstPayments: 1, repeats: 0 },
      { key: '(none)', clicks: 0, leads: 0, conversions: 1, firstPayments: 0, repeats: 1 },
    ]);
  });

  test('a funnel has all days of the program, including one of 23 hours', async () => {
    const { steps } = await funnel('DAY');
    expect(
      steps.map(({ key, clicks, conversions }: { key: string; clicks: number; conversions: number }) => [
        key,
        clicks,
        conversions,
      ]),
    ).toEqual([
      ['2026-03-27', 0, 0],
      ['2026-03-28', 1, 0],
      ['2026-03-29', 2, 1],
      ['2026-03-30', 2, 0],
      ['2026-03-31', 0, 1],
    ]);
  });

  test.each(['LINK', 'CAMPAIGN', 'SOURCE', 'COUNTRY', 'DEVICE'])(
    'a funnel has the same sum by %s',
    async (by) => {
      const { steps } = await funnel(by);
      const sum = (of: 'clicks' | 'conversions') =>
        steps.reduce((total: number, each: Record<string, number>) => total + (each[of] ?? 0), 0);
      expect([sum('clicks'), sum('conversions')]).toEqual([5, 2]);
    },
  );

  test('pages a long grouping, names the fault of a request, and is empty without events', async () => {
    for (const by of ['SOURCE', 'DAY']) {
      const all = (await funnel(by)).steps;
      const paged: object[] = [];
      for (let after: string | null = null; ; ) {
        const page = await funnel(by, { first: 2, after });
        paged.push(...page.steps);
        if (!page.hasNextPage) break;
        after = page.endCursor;
      }
      expect(paged).toEqual(all);
    }
    expect(await funnel('PARTNER', { from: '2025-01-01', to: '2025-01-31' })).toEqual({
      ...{ steps: [], hasNextPage: false, endCursor: null },
    });
    const wrong = { from: '2026-03-31', to: '2026-03-01', by: 'DAY' };
    for (const [variables, field] of [
      [wrong, 'to'],
      [{ ...wrong, from: '2020-01-01' }, 'to'],
      [{ ...wrong, to: '2026-04-01', after: 'eyJ4IjoxfQ' }, 'after'],
      [{ ...wrong, to: '2026-04-01', first: 0 }, 'first'],
    ] as const)
      expect(await app.refusal(manager, FUNNEL, variables)).toMatchObject({ code: 'BAD_USER_INPUT', field });
  });

  test('a funnel shows a partner its own clicks and sales', async () => {
    const own = await app.token('PARTNER', { tenant, partner: one.id });
    expect((await funnel('PARTNER', {}, own)).steps).toEqual([
      { key: one.id, clicks: 2, leads: 0, conversions: 0, firstPayments: 0, repeats: 0 },
    ]);
  });
});

describe('queries of attribution use an index', () => {
  /** Whether a statement is answered without walking the whole of a table, whatever its size. */
  const walks = async (statement: string, ...values: unknown[]): Promise<string[]> => {
    const client = await app.database.pool.connect();
    try {
      await client.query('begin');
      await client.query('set local enable_seqscan = off');
      await client.query('set local role partner_portal_api');
      await client.query(
        "select set_config('portal.tenant', 'acme', true), set_config('portal.partner', '', true)",
      );
      const { rows } = await client.query(`explain ${statement}`, values);
      return rows.map((row) => row['QUERY PLAN'] as string).filter((line) => line.includes('Seq Scan'));
    } finally {
      await client.query('rollback');
      client.release();
    }
  };

  test.each([
    [
      'a visitor’s path',
      'select * from touches where tenant_id = $1 and visitor_id = $2 and clicked_at <= now() order by clicked_at desc, id desc limit 1000',
      ['acme', randomUUID()],
    ],
    [
      'the sale of a referral',
      'select coalesce(part_of, id) from conversions where referral_id = $1',
      [randomUUID()],
    ],
    ['the parts of a sale', 'select * from conversions where part_of = $1', [randomUUID()]],
    [
      'the parts of an order',
      'select * from conversions where tenant_id = $1 and order_id = $2',
      ['acme', 'x'],
    ],
    ['the shares of a sale', 'select * from attribution_shares where sale_id = $1', [randomUUID()]],
    ['the share of a line', 'select * from attribution_shares where conversion_id = $1', [randomUUID()]],
    [
      'the sales of a period',
      "select * from conversions where tenant_id = $1 and occurred_at >= now() - interval '30 days'",
      ['acme'],
    ],
    [
      'the clicks of a period',
      "select * from touches where tenant_id = $1 and clicked_at >= now() and clicked_at < now() + interval '1 day'",
      ['acme'],
    ],
  ])('finds %s', async (_, statement, values) => {
    expect(await walks(statement, ...values)).toEqual([]);
  });
});
