import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  APPROVE,
  balanceOf,
  CONVERT,
  CREATE_COMMISSION,
  CREATE_PAYOUT,
  DISPUTE,
  linesOf,
  makeApproved,
  makeClick,
  makePartner,
  RESOLVE,
  REVERSE,
  staffOf,
} from '../../support/make.ts';
import { until } from '../../support/until.ts';

const file = join(import.meta.dirname, '../../../../shared/oracle.json');
const present = existsSync(file);
if (!present) process.stderr.write(`Skipped: the oracle is not at ${file}.\n`);

// biome-ignore lint/suspicious/noExplicitAny: each vector has fields of its own
type Vector = { given: any; expect: any };
const vectors = new Map<string, Vector>(
  present
    ? JSON.parse(readFileSync(file, 'utf8')).vectors.map((vector: Vector & { id: string }) => [
        vector.id,
        vector,
      ])
    : [],
);
const vector = (id: string): Vector => {
  const found = vectors.get(id);
  if (!found) throw new Error(`the oracle has no ${id}`);
  return found;
};

const decimal = (minor: number, digits = 2) =>
  digits === 0
    ? `${minor}`
    : `${Math.trunc(minor / 10 ** digits)}.${`${minor % 10 ** digits}`.padStart(digits, '0')}`;

describe.skipIf(!present)("the oracle's vectors, through the graph", () => {
  let app: TestApp;
  let staff: Awaited<ReturnType<typeof staffOf>>;
  beforeAll(async () => {
    app = await createTestApp();
    staff = await staffOf(app);
    await app.app.startWorker();
  });
  afterAll(() => app?.close());

  const settings = (input: object, by = staff.manager) =>
    app.ask(by, 'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { tenantId } }', {
      input,
    });
  const earn = async (amount: string, bps: number, more: object = {}, by = staff.manager) => {
    const { id } = await makePartner(app, by);
    const { createCommission } = await app.ask(by, CREATE_COMMISSION, {
      input: { partnerId: id, type: 'ONE_TIME', amount, commissionRate: bps / 100, ...more },
    });
    return createCommission.amount;
  };
  /** A line of `original` on `base`, approved, in the hands of a new partner. */
  const line = async ({ base, original }: { base: number; original: number }, more: object = {}) => {
    const { id: partnerId } = await makePartner(app, staff.manager, { payoutMethod: 'STRIPE' });
    const terms = { amount: decimal(base), commissionRate: (original / base) * 100, ...more };
    return { partnerId, id: await makeApproved(app, staff, partnerId, terms) };
  };
  const refund = (id: string, amount?: string) => app.ask(staff.maria, REVERSE, { id, input: { amount } });
  const refunds = async (partnerId: string) =>
    (await linesOf(app, partnerId)).filter(({ type }) => type === 'REVERSAL').map(({ minor }) => minor);

  test('T01: 20 % of 999.00', async () => {
    const { given, expect: answer } = vector('T01');
    expect((await earn(decimal(given.amount), given.bps)).amount).toBe(decimal(answer.commission));
  });

  test.each(['HALF_UP', 'HALF_EVEN', 'DOWN'])(
    'T03: a half, in a program that rounds %s',
    async (roundingMode) => {
      const { given, expect: answer } = vector('T03');
      const manager = await app.token('PROGRAM_MANAGER', { tenant: `rounds-${roundingMode}` });
      await settings({ roundingMode }, manager);
      const { amount } = await earn(decimal(given.amount), given.bps, {}, manager);
      expect(amount).toBe(decimal(answer[roundingMode.toLowerCase()]));
    },
  );

  test('T03: a line is taken back as it was rounded, whatever the program does since', async () => {
    const { given, expect: answer } = vector('T03');
    const tenant = 'rounds-otherwise';
    const own = await staffOf(app, tenant);
    await settings({ roundingMode: 'DOWN' }, own.manager);
    const { id } = await makePartner(app, own.manager);
    const made = await makeApproved(app, own, id, {
      amount: decimal(given.amount),
      commissionRate: given.bps / 100,
    });
    await settings({ roundingMode: 'HALF_UP' }, own.manager);
    await app.ask(own.maria, REVERSE, { id: made, input: { amount: '5.35' } });
    await app.ask(own.maria, REVERSE, { id: made, input: {} });
    expect(await refunds(id)).toEqual([-answer.down / 2, -answer.down / 2]);
  });

  test('T08: a currency without decimals', async () => {
    const { given, expect: answer } = vector('T08');
    const amount = await earn(decimal(given.amount, 0), given.bps, { currency: given.currency });
    expect(amount).toEqual({ amount: `${answer.commission}`, currency: given.currency });
    expect(`${amount.currency} ${amount.amount}`).toBe(answer.display);
  });

  test('T14: tax earns nothing', async () => {
    const { given, expect: answer } = vector('T14');
    const { amount } = await earn(decimal(given.total), given.bps, { tax: decimal(given.tax) });
    expect(amount).toBe(decimal(answer.commission));
  });

  test('T53: three refunds that sum to the whole', async () => {
    const { given, expect: answer } = vector('T53');
    const { id, partnerId } = await line(given);
    for (const part of given.refunds) await refund(id, decimal(part));
    const lines = await refunds(partnerId);
    expect(lines).toEqual(answer.reversals);
    expect(lines.reduce((sum, minor) => sum + minor, 0)).toBe(answer.sum);
    expect(await balanceOf(app, staff.maria, partnerId)).toMatchObject({ payable: '0.00' });
  });

  test('T55: what a provider reports as totals', async () => {
    const { given, expect: answer } = vector('T55');
    const { id, partnerId } = await line(given);
    let before = 0;
    for (const [index, total] of given.amount_refunded_events.entries()) {
      await refund(id, decimal(total - before));
      before = total;
      expect(await balanceOf(app, staff.maria, partnerId)).toMatchObject({
        payable: decimal(answer.net_after[index]),
      });
    }
  });

  test('T57: a refund of a part leaves the rest', async () => {
    const { given, expect: answer } = vector('T57');
    const { id, partnerId } = await line(given);
    const { reverseCommission } = await refund(id, decimal(given.refund));
    expect(reverseCommission).toMatchObject({
      status: 'APPROVED',
      amount: { amount: decimal(given.original) },
    });
    expect(await balanceOf(app, staff.maria, partnerId)).toMatchObject({ payable: decimal(answer.net) });
  });

  test('T58: a refund after the payout: the paid line stays, and the next payout pays less', async () => {
    const { given, expect: answer } = vector('T58');
    const { id, partnerId } = await line({ base: 10_000, original: given.paid_commission });
    const payout = async () =>
      (
        await app.ask(staff.maria, CREATE_PAYOUT, {
          input: { partnerId, periodStart: '2026-01-01', periodEnd: '2100-01-01' },
        })
      ).createPayout;
    const first = await payout();
    await app.ask(staff.tom, 'mutation ($id: ID!) { approvePayout(id: $id) { id } }', { id: first.id });
    const status = async () =>
      (await app.ask(staff.maria, 'query ($id: ID!) { commission(id: $id) { status } }', { id })).commission
        .status;
    await until(async () => (await status()) === 'PAID');

    await refund(id);
    expect(await status()).toBe(answer.original_status.toUpperCase());
    expect(await refunds(partnerId)).toEqual([answer.new_line]);
    expect(await balanceOf(app, staff.maria, partnerId)).toMatchObject({
      payable: `-${decimal(given.paid_commission)}`,
    });
    await makeApproved(app, staff, partnerId, { amount: '100.00', commissionRate: 50 });
    expect(await payout()).toMatchObject({
      commissionCount: 2,
      amount: { amount: decimal(5_000 - given.paid_commission) },
    });
  });

  describe('in a program that settles in the partner’s currency', () => {
    let own: Awaited<ReturnType<typeof staffOf>>;
    const today = new Date().toISOString().slice(0, 10);
    const enter = (base: string, quote: string, rate: string, effectiveOn = today) =>
      app.ask(
        own.manager,
        'mutation ($input: SetExchangeRatesInput!) { setExchangeRates(input: $input) { count } }',
        { input: { rates: [{ base, quote, rate, effectiveOn }] } },
      );
    beforeAll(async () => {
      own = await staffOf(app, 'settles');
      await settings({ settlement: 'PARTNER' }, own.manager);
    });
    const sell = async (input: object, partner: object = {}) => {
      const { id: partnerId } = await makePartner(app, own.manager, partner);
      return { partnerId, id: await makeApproved(app, own, partnerId, { type: 'ONE_TIME', ...input }) };
    };
    const amountsOf = async (id: string) =>
      (
        await app.ask(
          own.maria,
          'query ($id: ID!) { commission(id: $id) { amount { amount currency } baseAmount { amount currency } } }',
          { id },
        )
      ).commission;

    test('T66: a sale in JPY to a partner that is paid in USD', async () => {
      const { given, expect: answer } = vector('T66');
      await enter('USD', 'JPY', `${given.jpy_per_usd}`);
      const terms = { amount: `${given.amount}`, currency: 'JPY', commissionRate: given.bps / 100 };
      const { id } = await sell(terms);
      expect(await amountsOf(id)).toEqual({
        baseAmount: { amount: decimal(answer.usd_minor), currency: 'USD' },
        amount: { amount: decimal(answer.commission), currency: 'USD' },
      });
    });

    test('T68: a sale in USD to a partner that is paid in JPY', async () => {
      const { given, expect: answer } = vector('T68');
      const other = await staffOf(app, 'settles-too');
      await settings({ settlement: 'PARTNER' }, other.manager);
      own = other;
      await enter('USD', 'JPY', `${given.jpy_per_usd}`);
      const terms = { amount: decimal(given.amount), currency: 'USD', commissionRate: 100 };
      const { id } = await sell(terms, { currency: 'JPY' });
      expect((await amountsOf(id)).amount).toEqual({ amount: `${answer.jpy}`, currency: 'JPY' });
    });

    test('T61: a refund is exchanged as the sale was', async () => {
      const { given, expect: answer } = vector('T61');
      const before = new Date(Date.now() - 40 * 86_400_000).toISOString();
      await enter('EUR', 'USD', given.rate_at_sale, before.slice(0, 10));
      const { id, partnerId } = await sell({
        ...{ amount: decimal(given.sale_eur), currency: 'EUR', occurredAt: before },
        commissionRate: given.bps / 100,
      });
      await enter('EUR', 'USD', given.rate_now);
      await app.ask(own.maria, REVERSE, { id, input: { amount: decimal(given.refund_eur) } });
      const lines = await linesOf(app, partnerId);
      expect(lines.map(({ minor }) => minor)).toEqual([answer.commission, answer.reversal]);
    });

    test('T70: a missing rate blocks the line, and says so', async () => {
      const { id: partnerId } = await makePartner(app, own.manager);
      const { createCommission } = await app.ask(own.manager, CREATE_COMMISSION, {
        input: { partnerId, type: 'ONE_TIME', amount: '100.00', currency: 'CHF', commissionRate: 20 },
      });
      expect(createCommission).toMatchObject({ status: 'HELD', amount: { amount: '0.00', currency: 'USD' } });
      expect(await app.refusal(own.maria, APPROVE, { id: createCommission.id })).toMatchObject({
        reason: 'HELD',
        message: expect.stringContaining('no exchange rate between CHF and USD'),
      });
    });
  });

  test('T103, T104: one invoice, reported by two events, each of them twice', async () => {
    const { id: partnerId, referralCode } = await makePartner(app, staff.manager);
    const orderId = 'inv_9';
    const id = await makeClick(app, referralCode);
    const input = { customerId: 'cust_9', amount: '100.00', orderId };
    const record = 'mutation ($input: RecordSaleInput!) { recordSale(input: $input) { commissions { id } } }';
    const sale = { input: { partnerId, orderId, lines: [{ amount: '100.00' }] } };
    for (const _ of [1, 2]) {
      await app.send(staff.manager, CONVERT, { id, input });
      await app.send(staff.manager, record, sale);
    }
    expect(await linesOf(app, partnerId)).toHaveLength(vector('T104').expect.commissions);
    expect(vector('T103').expect.commissions).toBe(1);
  });

  test('T106: the same key with other input writes nothing', async () => {
    const { id: partnerId } = await makePartner(app, staff.manager);
    const input = { partnerId, type: 'ONE_TIME', amount: '100.00', idempotencyKey: vector('T106').given.key };
    await app.ask(staff.manager, CREATE_COMMISSION, { input });
    const other = { input: { ...input, amount: '200.00' } };
    expect(await app.refusal(staff.manager, CREATE_COMMISSION, other)).toMatchObject({ code: 'CONFLICT' });
    expect(await linesOf(app, partnerId)).toHaveLength(1);
  });

  const statusOf = async (id: string): Promise<string> =>
    (await app.ask(staff.maria, 'query ($id: ID!) { commission(id: $id) { status } }', { id })).commission
      .status;
  const dispute = async (id: string): Promise<string> =>
    (await app.ask(staff.maria, DISPUTE, { id, reason: 'chargeback' })).openDispute.holds[0].id;
  const resolve = (id: string, outcome: string) =>
    app.ask(staff.maria, RESOLVE, { id, outcome, reason: 'decided' });

  test('T63: a dispute of an approved line holds it, and won it is approved as before', async () => {
    const { given, expect: answer } = vector('T63');
    const { id, partnerId } = await line({ base: 10_000, original: given.commission });
    expect(await statusOf(id)).toBe(given.status.toUpperCase());
    const opened = await dispute(id);
    expect(await statusOf(id)).toBe(answer.on_open.toUpperCase());
    const input = { partnerId, periodStart: '2026-01-01', periodEnd: '2100-01-01' };
    expect(await app.refusal(staff.maria, CREATE_PAYOUT, { input })).toMatchObject({
      reason: 'NOTHING_TO_PAY',
    });
    await resolve(opened, 'WON');
    expect(await statusOf(id)).toBe(answer.on_won.toUpperCase());
    expect((await linesOf(app, partnerId)).reduce((sum, { minor }) => sum + minor, 0)).toBe(answer.net);
    expect((await app.ask(staff.maria, CREATE_PAYOUT, { input })).createPayout.amount.amount).toBe(
      decimal(answer.net),
    );
  });

  test('T64: a dispute of a paid line that is lost, and decided for us after all', async () => {
    const { given, expect: answer } = vector('T64');
    const { id, partnerId } = await line({ base: 10_000, original: given.paid });
    const { createPayout } = await app.ask(staff.maria, CREATE_PAYOUT, {
      input: { partnerId, periodStart: '2026-01-01', periodEnd: '2100-01-01' },
    });
    await app.ask(staff.tom, 'mutation ($id: ID!) { approvePayout(id: $id) { id } }', {
      id: createPayout.id,
    });
    await until(async () => (await statusOf(id)) === 'PAID');
    const opened = await dispute(id);
    expect(await statusOf(id)).toBe('PAID');
    await resolve(opened, 'LOST');
    await resolve(opened, 'WON');
    const lines = await linesOf(app, partnerId);
    expect(lines.map(({ type, status, minor }) => [type, status, minor])).toEqual([
      ['ONE_TIME', 'APPROVED', given.paid],
      ['REVERSAL', 'APPROVED', answer.on_lost],
      ['ADJUSTMENT', 'APPROVED', answer.on_reinstated],
    ]);
    expect(lines.reduce((sum, { minor }) => sum + minor, 0)).toBe(answer.net);
    expect(await balanceOf(app, staff.maria, partnerId)).toMatchObject({
      payable: '0.00',
      paid: decimal(given.paid),
    });
  });

  test.each(['PROPORTIONAL', 'ALL_OR_NOTHING'])(
    'T60: a quarter of a flat line is refunded, in a program that is %s',
    async (flatRefund) => {
      const { given, expect: answer } = vector('T60');
      const tenant = `flat-${flatRefund}`;
      const own = await staffOf(app, tenant);
      await settings({ flatRefund }, own.manager);
      const { id } = await makePartner(app, own.manager);
      const made = await makeApproved(app, own, id, {
        amount: decimal(given.base),
        flatAmount: decimal(given.flat),
      });
      await app.ask(own.maria, REVERSE, { id: made, input: { amount: decimal(given.refund) } });
      expect(await refunds(id)).toEqual([
        flatRefund === 'PROPORTIONAL' ? answer.proportional : answer.all_or_nothing,
      ]);
      await app.ask(own.maria, REVERSE, { id: made, input: {} });
      expect((await refunds(id)).reduce((sum, minor) => sum + minor, 0)).toBe(-given.flat);
    },
  );
});
