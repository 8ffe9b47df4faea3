import { randomUUID } from 'node:crypto';
import type { PoolClient, QueryConfig } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BoundPool } from '../../../src/kernel/data/bound-pool.ts';
import { system } from '../../../src/kernel/request/actor.ts';
import { proveAll } from '../../../src/proof.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { linesOf, makePartner, staffOf } from '../../support/make.ts';

const RULE = 'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }';
const EDIT =
  'mutation ($id: ID!, $input: CommissionRuleInput!) { updateCommissionRule(id: $id, input: $input) { id } }';
const RECORD =
  'mutation ($input: RecordSaleInput!) { recordSale(input: $input) { commissions { id amount { amount } } refused { reason } } }';
const REFUND = 'mutation ($input: RefundSaleInput!) { refundSale(input: $input) { id } }';
const VERIFY = `query ($id: ID!) { verifyCommission(id: $id) { equal differences { what stored { amount } recomputed { amount } } } }`;

const SALES =
  'every sale is owed what its terms and the sales that are left give, and the sums of each rule and period are theirs';
const SUMS = 'the commissions of each sale sum to what the sale is owed';
const ORDERS = 'an order that is refunded in full earns nothing';
const CAPS = 'no sales earn more than their cap';
const STATES = 'a correction is in the state of the commission that it corrects';
const SIGNS = 'no REVERSAL adds to what a partner is owed';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let client: PoolClient;
beforeAll(async () => {
  app = await createTestApp();
  staff = await staffOf(app);
  client = await app.database.pool.connect();
  await client.query('set session_replication_role = replica'); // no trigger and no reference refuses the faults
  await client.query("select set_config('portal.tenant', '*', false)"); // as the pool of the owner does
});
afterAll(async () => {
  client.release(true);
  await app.close();
});

/** A partner with one rule. */
async function partnerWith(terms: object) {
  const { id: partnerId } = await makePartner(app, staff.manager);
  const input = { name: 'rule', currency: 'USD', ...terms };
  const { createCommissionRule: rule } = await app.ask(staff.manager, RULE, {
    input: { ...input, partnerId, effectiveAt: '2020-01-01T00:00:00Z' },
  });
  let sold = 0;
  return {
    partnerId,
    edit: (changed: object) => app.ask(staff.manager, EDIT, { id: rule.id, input: { ...input, ...changed } }),
    /** Records an order of one item, a second later than the one before. Returns the item's id and the order's. */
    async sell(amount: string, more: object = {}) {
      const orderId = randomUUID();
      const occurredAt = new Date(Date.now() - 3_600_000 + 1_000 * sold++).toISOString();
      await app.ask(staff.manager, RECORD, {
        input: { partnerId, orderId, occurredAt, lines: [{ amount }], ...more },
      });
      const { rows } = await app.database.pool.query('select id from sale_items where order_id = $1', [
        orderId,
      ]);
      return { id: rows[0].id as string, orderId };
    },
    refund: (orderId: string, amount?: string) =>
      app.ask(staff.maria, REFUND, { input: { orderId, reason: 'back', ...(amount && { amount }) } }),
    net: async () =>
      (await linesOf(app, partnerId)).reduce(
        (sum, { status, minor }) => (status === 'REJECTED' || status === 'REVERSED' ? sum : sum + minor),
        0,
      ),
  };
}

/** What the check of the books finds, by name. */
async function broken(pool: Pick<BoundPool, 'query'>): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const { seals } = app.app.services;
  for await (const { name, faults } of proveAll({ pool: pool as BoundPool, actor: system, seals }))
    if (faults.length) found[name] = faults.join('\n');
  return found;
}
const holds = () => broken(app.app.services.pool);

/** Plants faults, checks the books, and takes the faults out again. */
async function planted(...statements: readonly string[]): Promise<Record<string, string>> {
  await client.query('begin');
  try {
    for (const statement of statements) expect((await client.query(statement)).rowCount).toBeGreaterThan(0);
    return await broken({
      query: async (_: unknown, { name, ...config }: QueryConfig) =>
        (await client.query(config)).rows as never,
    });
  } finally {
    await client.query('rollback');
  }
}

/** Adds a commission to an item, as a copy of its own commission, or of that of another item. */
const line = (item: string, minor: number, columns: Record<string, unknown> = {}, from = item): string => `
  insert into commissions select (jsonb_populate_record(c, jsonb_build_object('id', new_id(), 'item_id', '${item}', 'type', 'TRUE_UP', 'adjusts_id', '${item}',
    'reverses_id', null, 'order_id', null, 'conversion_id', null, 'status', 'PENDING', 'amount_minor', ${minor}, 'base_minor', 0, 'revenue_minor', 0)
    || '${JSON.stringify(columns)}')).* from commissions c where c.id = '${from}'`;
/** Makes the stored sums agree with a planted commission. */
const owed = (item: string, minor: number): string =>
  `update sale_items set owed_minor = owed_minor + ${minor} where id = '${item}'`;
const used = (item: string, minor: number): string =>
  `update rule_usage u set owed_minor = u.owed_minor + ${minor} from sale_items i
   where i.id = '${item}' and (u.partner_id, u.rule_key) = (i.partner_id, i.rule_key)`;

const retroactive = (high: number, more: object = {}) => ({
  ...{ method: 'TIERED', bandMode: 'RETROACTIVE', bandPeriod: 'MONTH', ...more },
  bands: [
    { from: '0', rate: 10 },
    { from: '5000', rate: high },
  ],
});

describe('a fault of an earlier engine is named by the check of the books', () => {
  test('what a partner keeps of a refunded period after an edit of its bands', async () => {
    const { edit, sell, refund, net } = await partnerWith(retroactive(20, { bandMode: 'PROGRESSIVE' }));
    const first = await sell('4000');
    await edit(retroactive(20));
    const second = await sell('2000');
    for (const { orderId } of [first, second]) await refund(orderId);
    expect(await net()).toBe(0);
    const rest = line(first.id, 50_000);
    expect(await holds()).toEqual({});
    const found = await planted(rest);
    expect(found[ORDERS]).toContain(`order ${first.orderId} `);
    expect(found[SUMS]).toContain(first.id);
    // The stored sums agree with the commission: only the sales that are left do not.
    const agreed = await planted(rest, owed(first.id, 50_000), used(first.id, 50_000));
    expect(agreed[SALES]).toMatch(
      new RegExp(`commission ${first.id} of order .*earns 500.00 USD, but .* give 0.00 USD`),
    );
    expect(agreed[ORDERS]).toContain(`order ${first.orderId} `);
  });

  test('what a refund leaves of a capped period of bands', async () => {
    const { sell, refund, net } = await partnerWith({
      ...retroactive(2, { cap: { amount: '100', per: 'PARTNER', period: 'MONTH' } }),
      bands: [
        { from: '0', rate: 1 },
        { from: '5000', rate: 2 },
      ],
    });
    const first = await sell('4000');
    const second = await sell('2000');
    await refund(second.orderId);
    expect(await net()).toBe(4_000);
    const more = await planted(line(first.id, 2_000), owed(first.id, 2_000), used(first.id, 2_000));
    expect(more[SALES]).toMatch(
      new RegExp(`commission ${first.id} of order .*earns 60.00 USD, but .* give 40.00 USD`),
    );
    await refund(first.orderId);
    expect(await holds()).toEqual({});
    const less = await planted(line(first.id, -4_000));
    expect(less[ORDERS]).toMatch(new RegExp(`order ${first.orderId} .*earns -4000 USD`));
    expect(less[SUMS]).toContain(first.id);
  });

  test('a stepped-down sale that moved the bands of its period', async () => {
    const { sell, refund, net } = await partnerWith(retroactive(15, { recurringCount: 1, stepDownRate: 5 }));
    const [c, d] = [randomUUID(), randomUUID()];
    const first = await sell('4000', { customerId: c });
    const second = await sell('2000', { customerId: c });
    const third = await sell('100', { customerId: d });
    expect(await net()).toBe(40_000 + 10_000 + 1_000);
    const agreed = await planted(line(third.id, 500), owed(third.id, 500), used(third.id, 500));
    expect(agreed[SALES]).toMatch(
      new RegExp(`commission ${third.id} of order .*earns 15.00 USD, but .* give 10.00 USD`),
    );
    for (const { orderId } of [first, second, third]) await refund(orderId);
    expect(await net()).toBe(0);
    expect(await holds()).toEqual({});
    expect((await planted(line(first.id, -30_000)))[ORDERS]).toContain(`order ${first.orderId} `);
  });

  test('a second first purchase', async () => {
    const { sell } = await partnerWith({ method: 'PERCENTAGE', rate: 10, firstPurchaseOnly: true });
    const customerId = randomUUID();
    const first = await sell('100', { customerId });
    const second = await sell('100', { customerId });
    expect(await holds()).toEqual({});
    const own = {
      id: second.id,
      item_id: null,
      type: 'ONE_TIME',
      adjusts_id: null,
      order_id: second.orderId,
      base_minor: 10_000,
    };
    const found = await planted(
      line(second.id, 1_000, own, first.id),
      `update sale_items set owed_minor = 1000, limited = null where id = '${second.id}'`,
    );
    expect(found[SALES]).toMatch(
      new RegExp(`commission ${second.id} of order .*earns 10.00 USD, but .* give 0.00 USD`),
    );
    expect(found[SALES]).toMatch(new RegExp(`commission ${second.id} .*its limit is NOT_FIRST_PURCHASE`));
  });

  test('a refund that adds, after a change of the setting for flat amounts', async () => {
    const { sell, refund } = await partnerWith({ method: 'FLAT', perUnit: '50' });
    const { id, orderId } = await sell('200');
    await refund(orderId, '100');
    expect(await holds()).toEqual({});
    const up = { type: 'REVERSAL', adjusts_id: null, reverses_id: id, base_minor: -100 };
    const found = await planted(line(id, 2_500, up), owed(id, 2_500));
    expect(found[SIGNS]).toContain(`of commission ${id} `);
    expect(found[SALES]).toMatch(
      new RegExp(`commission ${id} of order .*earns 50.00 USD, but .* give 25.00 USD`),
    );
  });

  test('a refund by the bands of another month, after a change of the time zone', async () => {
    const { sell, refund } = await partnerWith(retroactive(20));
    const first = await sell('4000');
    const second = await sell('2000');
    await refund(second.orderId);
    expect(await holds()).toEqual({});
    const agreed = await planted(line(first.id, 20_000), owed(first.id, 20_000), used(first.id, 20_000));
    expect(agreed[SALES]).toMatch(
      new RegExp(`commission ${first.id} of order .*earns 600.00 USD, but .* give 400.00 USD`),
    );
    expect((await planted(`update sale_items set day = day + 31 where id = '${first.id}'`))[SALES]).toContain(
      'MONTH from',
    );
  });

  test('a true-up that is approved without its mirror', async () => {
    const { partnerId, sell, refund } = await partnerWith(retroactive(20));
    await sell('4000');
    const second = await sell('2000');
    await refund(second.orderId);
    expect(await holds()).toEqual({});
    const lines = await linesOf(app, partnerId);
    const trueUp = lines.find(({ type, minor }) => type === 'TRUE_UP' && minor > 0)?.id;
    const mirror = lines.find(({ type, minor }) => type === 'TRUE_UP' && minor < 0)?.id;
    const approved = `update commissions set status = 'APPROVED', approved_at = now(), approved_by = 'tom' where id = '${trueUp}'`;
    const found = await planted(approved, `update commissions set status = 'PENDING' where id = '${mirror}'`);
    expect(found[STATES]).toMatch(
      new RegExp(`TRUE_UP ${mirror} \\(PENDING, -\\d+\\) corrects commission ${trueUp} \\(APPROVED\\)`),
    );
    const alone = await planted(
      approved,
      `update commissions set status = 'REVERSED' where id = '${mirror}'`,
    );
    expect(alone[STATES]).toContain(trueUp);
    expect(alone[SUMS]).toBeDefined();
  });

  test('a sale that earns more than its cap', async () => {
    const { sell } = await partnerWith({
      ...{ method: 'PERCENTAGE', rate: 20, cap: { amount: '100', per: 'PARTNER', period: 'MONTH' } },
    });
    const sales = [await sell('200'), await sell('200'), await sell('200'), await sell('200')];
    const last = sales[2] as (typeof sales)[number];
    expect(await holds()).toEqual({});
    const found = await planted(line(last.id, 2_000), owed(last.id, 2_000), used(last.id, 2_000));
    expect(found[CAPS]).toMatch(/12000 is earned of the cap of 10000/);
    expect(found[SALES]).toMatch(
      new RegExp(
        `commission ${last.id} of order .*earns 40.00 USD, but .* give 20.00 USD with a cap of 100.00 USD, of which 80.00 USD was used`,
      ),
    );
    expect((await planted(used(last.id, 100)))[SALES]).toMatch(
      /MONTH from .*: the owed is 101.00, but its sales sum to 100.00 USD/,
    );
  });

  test('the verification of a commission names the totals of its sale and period', async () => {
    const { sell } = await partnerWith(retroactive(20));
    const first = await sell('4000');
    const second = await sell('2000');
    for (const { id } of [first, second])
      expect((await app.ask(staff.analyst, VERIFY, { id })).verifyCommission).toEqual({
        equal: true,
        differences: [],
      });
    await client.query(line(first.id, 5_000));
    const differences = async (id: string) =>
      (await app.ask(staff.analyst, VERIFY, { id })).verifyCommission.differences.map(
        ({ what, stored, recomputed }: Record<string, { amount: string }>) =>
          `${what}: ${stored?.amount} instead of ${recomputed?.amount}`,
      );
    expect(await differences(first.id)).toEqual(['sale: 850.00 instead of 800.00']);
    await client.query(owed(first.id, 5_000));
    await client.query(used(second.id, 5_000));
    expect(await differences(first.id)).toEqual([
      'sale: 850.00 instead of 800.00',
      'owed: 850.00 instead of 800.00',
      expect.stringMatching(/^owed of MONTH from \S+: 1250.00 instead of 1200.00$/),
    ]);
    expect(await differences(second.id)).toEqual([
      expect.stringMatching(/^owed of MONTH from \S+: 1250.00 instead of 1200.00$/),
    ]);
  });
});
