import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { system } from '../../../src/kernel/request/actor.ts';
import { contextFor } from '../../../src/kernel/request/context.ts';
import {
  enqueueTierEvaluations,
  evaluateDueTiers,
} from '../../../src/modules/reporting/tiers/evaluate-tiers.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { CREATE_COMMISSION, DISPUTE, makePartner, RESOLVE, REVERSE, staffOf } from '../../support/make.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let clock = new Date('2026-01-01T00:00:00Z');
const at = (instant: string) => {
  clock = new Date(instant);
};
beforeAll(async () => {
  app = await createTestApp({ clock: { now: () => clock } });
  staff = await staffOf(app);
});
afterAll(() => app?.close());

const setTier = (id: string, tier: string) =>
  app.ask(
    staff.manager,
    'mutation ($id: ID!, $input: UpdatePartnerInput!) { updatePartner(id: $id, input: $input) { tier } }',
    {
      id,
      input: { tier },
    },
  );
const sell = async (
  partnerId: string,
  input: object,
): Promise<{ id: string; rate: number; amount: { amount: string } }> => {
  const { createCommission } = await app.ask(staff.manager, CREATE_COMMISSION, {
    input: { partnerId, type: 'ONE_TIME', amount: '100.00', ...input },
  });
  return createCommission;
};
const changeTier = (input: object) =>
  app.ask(
    staff.manager,
    'mutation ($input: UpdateTierConfigInput!) { updateTierConfig(input: $input) { tier } }',
    { input },
  );

describe('a sale earns by the terms in force at its time', () => {
  test('T38: SILVER until midnight, then GOLD: a sale in the last millisecond before, entered later, earns 15 %', async () => {
    at('2026-01-01T00:00:00Z');
    const { id } = await makePartner(app, staff.manager, { tier: 'SILVER' });
    at('2026-02-01T00:00:00Z');
    await setTier(id, 'GOLD');
    at('2026-02-01T00:05:00Z');
    const before = await sell(id, { occurredAt: '2026-01-31T23:59:59.999Z' });
    expect(before).toMatchObject({ rate: 15, amount: { amount: '15.00' } });
    const since = await sell(id, { occurredAt: '2026-02-01T00:00:00Z' });
    expect(since).toMatchObject({ rate: 20, amount: { amount: '20.00' } });
  });

  test('a tier with a higher rate from March on pays a February sale the February rate', async () => {
    at('2026-02-10T00:00:00Z');
    const { id } = await makePartner(app, staff.manager, { tier: 'PLATINUM' });
    at('2026-03-01T00:00:00Z');
    await changeTier({ tier: 'PLATINUM', commissionRate: 27.5 });
    at('2026-03-02T00:00:00Z');
    expect((await sell(id, { occurredAt: '2026-02-28T23:59:59.999Z' })).rate).toBe(25);
    expect((await sell(id, { occurredAt: '2026-03-01T00:00:00Z' })).rate).toBe(27.5);
    await changeTier({ tier: 'PLATINUM', commissionRate: 30 });
    expect((await sell(id, { occurredAt: '2026-03-01T00:00:00Z' })).rate).toBe(27.5);
    expect((await sell(id, { occurredAt: '2026-02-28T00:00:00Z' })).rate).toBe(25);
  });

  test('past terms of a tier never change', async () => {
    for (const statement of [
      'update tier_config_versions set rate_bps = 1',
      'delete from tier_config_versions',
    ])
      await expect(app.database.pool.query(statement)).rejects.toThrow();
  });
});

// Months of the future: a partner counts from the month in which it was made.
describe('a month raises and lowers tiers', () => {
  let tenants = 0;
  const program = async (settings: object = {}) => {
    staff = await staffOf(app, `tiers-${tenants++}`);
    at('2098-01-01T00:00:00Z');
    for (const [tier, minMonthlyRevenue, minCustomers] of [
      ['SILVER', '1000', 1],
      ['GOLD', '2000', 2],
      ['PLATINUM', '4000', 3],
      ['DIAMOND', '9000', 4],
    ])
      await changeTier({ tier, minMonthlyRevenue, minCustomers });
    await app.ask(
      staff.manager,
      'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { tenantId } }',
      { input: { timeZone: 'UTC', ...settings } },
    );
  };
  const buy = (partnerId: string, amount: string, customer: string, occurredAt: string, more: object = {}) =>
    sell(partnerId, { amount, customerId: customer, occurredAt, ...more });
  const EVALUATE =
    'mutation ($month: LocalDate!) { evaluateTiers(month: $month) { evaluated promoted demoted forgiven blocked reasons } }';
  const evaluate = async (month: string, now: string) => {
    at(now);
    return (await app.ask(staff.manager, EVALUATE, { month })).evaluateTiers;
  };
  const view = async (id: string) => {
    const { partner } = await app.ask(
      staff.manager,
      `query ($id: ID!) { partner(id: $id) { tier tierHistory { tier effectiveAt changedBy reason }
        tierProgress { month nextTier missingRevenue { amount currency } missingCustomers sentence } } }`,
      { id },
    );
    return partner;
  };
  const worth = async (saleId: string): Promise<number> => {
    const { rows } = await app.database.pool.query(
      `select sum(amount_minor)::int as minor from commissions
       where coalesce(item_id, id) = $1 and status not in ('REJECTED', 'REVERSED')`,
      [saleId],
    );
    return rows[0].minor;
  };
  const none = { evaluated: 0, promoted: 0, demoted: 0, forgiven: 0, blocked: 0, reasons: [] };

  test('both thresholds, inclusive, from the 1st of the next month on', async () => {
    await program();
    const { id } = await makePartner(app, staff.manager);
    const rich = await makePartner(app, staff.manager);
    const { partner } = await app.ask(staff.manager, 'query ($id: ID!) { partner(id: $id) { createdAt } }', {
      id,
    });
    const created = partner.createdAt;
    at('2098-02-01T00:00:00Z');
    await buy(id, '1200.00', 'a', '2098-01-10T00:00:00Z');
    await buy(id, '800.00', 'b', '2098-01-31T23:59:59.999Z');
    await buy(rich.id, '9000.00', 'c', '2098-01-10T00:00:00Z'); // one customer only
    expect(await evaluate('2098-01-15', '2098-02-04T00:00:00Z')).toEqual({
      ...none,
      evaluated: 2,
      promoted: 2,
    });
    expect(await view(id)).toMatchObject({
      tier: 'GOLD',
      tierHistory: [
        {
          tier: 'GOLD',
          effectiveAt: '2098-02-01T00:00:00.000Z',
          changedBy: 'manager',
          reason: 'reached in 2098-01',
        },
        { tier: 'BRONZE', changedBy: 'manager', effectiveAt: created },
      ],
    });
    expect((await view(rich.id)).tier).toBe('SILVER');
    expect(await evaluate('2098-01-15', '2098-02-05T00:00:00Z')).toEqual(none); // again changes nothing
    await expect(
      app.database.pool.query("update tier_evaluations set tier_after = 'DIAMOND'"),
    ).rejects.toThrow('The tier evaluation of a month cannot change.');
    expect((await view(id)).tierHistory).toHaveLength(2);
  });

  test('a month cannot be evaluated before it has settled', async () => {
    await program({ tierSettleDays: 5, timeZone: 'America/New_York' });
    at('2098-02-06T04:59:59Z');
    expect(await app.refusal(staff.manager, EVALUATE, { month: '2098-01-01' })).toMatchObject({
      code: 'CONFLICT',
      reason: 'NOT_SETTLED',
    });
    expect(await evaluate('2098-01-01', '2098-02-06T05:00:00Z')).toEqual(none);
  });

  test("the month is that of the program's time zone, net of refunds and tax", async () => {
    await program({ timeZone: 'America/New_York' });
    const late = await makePartner(app, staff.manager);
    const refunded = await makePartner(app, staff.manager);
    const taxed = await makePartner(app, staff.manager);
    at('2098-02-02T00:00:00Z');
    await buy(late.id, '1000.00', 'a', '2098-02-01T04:59:59.999Z'); // 31 January in New York
    await buy(taxed.id, '1000.00', 'b', '2098-01-10T00:00:00Z', { tax: '0.01' });
    await buy(refunded.id, '1500.00', 'c', '2098-01-10T00:00:00Z');
    const { rows } = await app.database.pool.query('select id from commissions where partner_id = $1', [
      refunded.id,
    ]);
    await app.ask(staff.maria, REVERSE, {
      id: rows[0].id,
      input: { amount: '500.01', occurredAt: '2098-01-20T00:00:00Z' },
    });
    expect(await evaluate('2098-01-01', '2098-02-05T00:00:00Z')).toMatchObject({ evaluated: 3, promoted: 1 });
    expect((await view(late.id)).tier).toBe('SILVER');
  });

  test('sales since the 1st get a true-up; a refund reverses its share of the true-up', async () => {
    await program();
    const { id } = await makePartner(app, staff.manager);
    at('2098-02-03T00:00:00Z');
    await buy(id, '1000.00', 'a', '2098-01-10T00:00:00Z');
    await buy(id, '100.00', 'a', '2098-02-02T00:00:00Z'); // 10 % then, 15 % by the tier it turns out to have
    await buy(id, '100.00', 'a', '2098-02-02T00:00:00Z', { commissionRate: 12 }); // a rate of its own
    await evaluate('2098-01-01', '2098-02-04T00:00:00Z');
    const lines = async () =>
      (
        await app.database.pool.query(
          `select id, type, amount_minor::int as minor, tier, adjusts_id from commissions where partner_id = $1 order by id`,
          [id],
        )
      ).rows;
    const [, sale, , trueUp, ...others] = await lines();
    expect(others).toEqual([]);
    expect(trueUp).toMatchObject({ type: 'TRUE_UP', minor: 500, tier: 'SILVER', adjusts_id: sale.id });
    const { commission, verifyCommission } = await app.ask(
      staff.manager,
      'query ($id: ID!) { commission(id: $id) { explanation { sentence } } verifyCommission(id: $id) { equal } }',
      { id: trueUp.id },
    );
    expect(commission.explanation.sentence).toMatch(
      /^5\.00 USD: this sale earned \S+ USD and now earns \S+ USD, because the partner reached the tier SILVER/,
    );
    expect(verifyCommission.equal).toBe(true);
    await app.ask(staff.maria, REVERSE, { id: sale.id, input: { amount: '50.00' } });
    expect(
      (await lines())
        .slice(4)
        .map(({ type, minor }: { type: string; minor: number }) => [type, minor])
        .sort(),
    ).toEqual([
      ['REVERSAL', -500],
      ['TRUE_UP', -250],
    ]);
    await app.ask(staff.maria, REVERSE, { id: sale.id, input: {} });
    const sum = (await lines()).filter(
      (row: { adjusts_id: string }) => row.adjusts_id === sale.id || row.adjusts_id === trueUp.id,
    );
    expect(sum.reduce((total: number, { minor }: { minor: number }) => total + minor, 0)).toBe(0);
  });

  test('a back-dated promotion also raises a sale that earns by the tier only later', async () => {
    await program();
    const { id } = await makePartner(app, staff.manager);
    await app.ask(
      staff.manager,
      'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }',
      {
        input: {
          partnerId: id,
          name: 'new',
          method: 'FLAT',
          currency: 'USD',
          perUnit: '1',
          customerKind: 'NEW',
        },
      },
    );
    at('2098-02-03T00:00:00Z');
    await buy(id, '1000.00', 'a', '2098-01-10T00:00:00Z');
    const first = await buy(id, '100.00', 'b', '2098-02-01T00:00:00Z');
    const lost = await buy(id, '200.00', 'b', '2098-02-02T00:00:00Z');
    const { openDispute } = await app.ask(staff.maria, DISPUTE, { id: lost.id, reason: 'chargeback' });
    const resolve = (outcome: string) =>
      app.ask(staff.maria, RESOLVE, { id: openDispute.holds[0].id, outcome, reason: 'the bank says so' });
    await resolve('LOST');
    expect(await evaluate('2098-01-01', '2098-02-04T00:00:00Z')).toMatchObject({ promoted: 1 });
    await resolve('WON');
    // 15 % of SILVER instead of 10 % of BRONZE, for the returning customer.
    expect(await worth(lost.id)).toBe(3_000);
    // The other sale is the customer's first one, and earns by the rule.
    expect(await worth(first.id)).toBe(100);
  });

  test('one missed month has no effect, the second lowers the tier by one, and earlier sales keep their rate', async () => {
    await program();
    const { id } = await makePartner(app, staff.manager, { tier: 'PLATINUM' });
    expect(await evaluate('2098-01-01', '2098-02-04T00:00:00Z')).toMatchObject({ forgiven: 1, demoted: 0 });
    expect((await view(id)).tier).toBe('PLATINUM');
    at('2098-03-02T00:00:00Z');
    const before = await sell(id, { occurredAt: '2098-03-01T12:00:00Z' });
    expect(await evaluate('2098-02-01', '2098-03-04T00:00:00Z')).toMatchObject({ forgiven: 0, demoted: 1 });
    expect((await view(id)).tier).toBe('GOLD');
    expect(before.rate).toBe(25);
    expect((await sell(id, { occurredAt: '2098-03-03T00:00:00Z' })).rate).toBe(25);
    expect((await sell(id, {})).rate).toBe(20);
  });

  test('a late refund never lowers the past', async () => {
    await program();
    const { id } = await makePartner(app, staff.manager);
    at('2098-02-01T00:00:00Z');
    await buy(id, '1000.00', 'a', '2098-01-10T00:00:00Z');
    await evaluate('2098-01-01', '2098-02-04T00:00:00Z');
    const { rows } = await app.database.pool.query('select id from commissions where partner_id = $1', [id]);
    await app.ask(staff.maria, REVERSE, { id: rows[0].id, input: {} });
    expect(await evaluate('2098-01-01', '2098-02-05T00:00:00Z')).toEqual(none);
    expect((await view(id)).tier).toBe('SILVER');
  });

  test('a locked tier stays in every evaluation', async () => {
    await program();
    const { id } = await makePartner(app, staff.manager, { tier: 'SILVER' });
    await app.ask(
      staff.manager,
      'mutation ($id: ID!) { lockPartnerTier(partnerId: $id, tier: GOLD, reason: "strategic") { id } }',
      { id },
    );
    await evaluate('2098-01-01', '2098-02-04T00:00:00Z');
    expect(await evaluate('2098-02-01', '2098-03-04T00:00:00Z')).toEqual({ ...none, evaluated: 1 });
    expect(await view(id)).toMatchObject({
      tier: 'GOLD',
      tierHistory: [{ tier: 'GOLD', reason: 'strategic' }, {}],
    });
    await app.ask(staff.manager, 'mutation ($id: ID!) { unlockPartnerTier(partnerId: $id) { id } }', { id });
    await evaluate('2098-03-01', '2098-04-04T00:00:00Z');
    expect(await evaluate('2098-04-01', '2098-05-04T00:00:00Z')).toMatchObject({ demoted: 1 });
  });

  test('a tier set by hand since the 1st stays, and other changes are kept', async () => {
    await program();
    const chosen = await makePartner(app, staff.manager);
    const suspended = await makePartner(app, staff.manager);
    at('2098-02-02T00:00:00Z');
    for (const { id } of [chosen, suspended]) await buy(id, '1000.00', 'a', '2098-01-10T00:00:00Z');
    await setTier(chosen.id, 'DIAMOND');
    await app.ask(
      staff.manager,
      'mutation ($id: ID!) { updatePartner(id: $id, input: { status: SUSPENDED }) { id } }',
      { id: suspended.id },
    );
    expect(await evaluate('2098-01-01', '2098-02-04T00:00:00Z')).toMatchObject({ promoted: 2 });
    expect((await view(chosen.id)).tierHistory.map(({ tier }: { tier: string }) => tier)).toEqual([
      'DIAMOND',
      'SILVER',
      'BRONZE',
    ]);
    expect((await view(chosen.id)).tier).toBe('DIAMOND');
    const { rows } = await app.database.pool.query(
      'select status, tier from partner_history where partner_id = $1 order by effective_at desc, id desc limit 1',
      [suspended.id],
    );
    expect(rows).toEqual([{ status: 'SUSPENDED', tier: 'SILVER' }]);
  });

  test('T70: a partner is not evaluated without an exchange rate, and the answer names the missing rate', async () => {
    await program();
    const { id } = await makePartner(app, staff.manager);
    at('2098-02-02T00:00:00Z');
    await buy(id, '1000.00', 'a', '2098-01-10T00:00:00Z', { currency: 'EUR' });
    const blocked = {
      ...none,
      blocked: 1,
      reasons: ['No exchange rate from EUR to USD is in force on 2098-01-01.'],
    };
    expect(await evaluate('2098-01-01', '2098-02-04T00:00:00Z')).toEqual(blocked);
    expect(await evaluate('2098-02-01', '2098-03-04T00:00:00Z')).toMatchObject({
      blocked: 1,
      reasons: ['The evaluation of the month 2098-01 is blocked.'],
    });
    expect((await view(id)).tier).toBe('BRONZE');
    await app.ask(
      staff.manager,
      'mutation ($input: SetExchangeRatesInput!) { setExchangeRates(input: $input) { count } }',
      { input: { rates: [{ base: 'USD', quote: 'EUR', rate: '0.8', effectiveOn: '2097-12-15' }] } },
    );
    at('2098-03-05T00:00:00Z');
    const tenant = `tiers-${tenants - 1}`;
    const job = contextFor(app.app.services, { actor: system, requestId: 'job' });
    await evaluateDueTiers(job, tenant, '2098-02-01'); // what was blocked first, then the month itself
    expect((await view(id)).tierHistory[0]).toMatchObject({
      tier: 'SILVER',
      effectiveAt: '2098-02-01T00:00:00.000Z',
      changedBy: 'system',
    });
  });

  test('shows the gap to the next tier in numbers and in words', async () => {
    await program();
    const { id } = await makePartner(app, staff.manager, { tier: 'GOLD' });
    at('2098-02-10T00:00:00Z');
    await buy(id, '2760.00', 'a', '2098-02-09T00:00:00Z');
    expect((await view(id)).tierProgress).toEqual({
      month: '2098-02-01',
      nextTier: 'PLATINUM',
      missingRevenue: { amount: '1240.00', currency: 'USD' },
      missingCustomers: 2,
      sentence:
        'The partner needs another 1,240.00 USD of revenue and 2 active customers this month for the tier PLATINUM.',
    });
    const partner = await app.token('PARTNER', { tenant: `tiers-${tenants - 1}`, partner: id });
    const own = await app.ask(
      partner,
      'query ($id: ID!) { partner(id: $id) { tierProgress { sentence } } }',
      { id },
    );
    expect(own.partner.tierProgress.sentence).toBe(
      'The partner needs another 1,240.00 USD of revenue and 2 active customers this month for the tier PLATINUM.',
    );
    await setTier(id, 'DIAMOND');
    expect((await view(id)).tierProgress).toMatchObject({
      nextTier: null,
      sentence: 'The partner has the highest tier.',
    });
  });

  test('the worker evaluates the settled month of programs with automatic tiers', async () => {
    await program();
    await makePartner(app, staff.manager);
    const automatic = `tiers-${tenants - 1}`;
    await program({ automaticTiers: false });
    await makePartner(app, staff.manager);
    at('2098-07-03T12:00:00Z');
    const job = contextFor(app.app.services, { actor: system, requestId: 'job' });
    await enqueueTierEvaluations(job);
    const { rows } = await app.database.pool.query(
      "select key from graphile_worker.jobs where key like 'evaluate_tiers:tiers-%'",
    );
    expect(rows.map(({ key }: { key: string }) => key)).toContain(`evaluate_tiers:${automatic}`);
    expect(rows.map(({ key }: { key: string }) => key)).not.toContain(`evaluate_tiers:tiers-${tenants - 1}`);
  });
});
