import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { sandboxRail } from '../../../src/adapters/sandbox/sandbox-rail.ts';
import { BoundPool } from '../../../src/kernel/data/bound-pool.ts';
import { system } from '../../../src/kernel/request/actor.ts';
import { contextFor } from '../../../src/kernel/request/context.ts';
import { rateLines } from '../../../src/modules/commissions/sales/rate-lines.ts';
import { linkAudit } from '../../../src/modules/foundation/audit/seal-audit.ts';
import { sendPayout } from '../../../src/modules/payouts/sending/send-payout.ts';
import { calculateAllMetrics } from '../../../src/modules/reporting/metrics/calculate-metrics.ts';
import type { PayoutRail, RailOutcome } from '../../../src/ports/payout-rail.ts';
import { proveAll } from '../../../src/proof.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  aPartner,
  DISPUTE,
  type MadePartner,
  REJECT,
  RESOLVE,
  REVERSE,
  staffOf,
  TRACK,
} from '../../support/make.ts';
import type { RuleVersion } from '../../support/naive-terms.ts';
import { Checks } from './commission-checks.ts';
import { history as historyOf, type Step } from './commission-steps.ts';

const AMOUNTS = ['0.01', '0.07', '33.33', '50.00', '99.99', '100.05', '250.00', '1234.56'];
const ZONES = ['UTC', 'Asia/Kolkata', 'Pacific/Kiritimati', 'Etc/GMT+12'];
const MODELS = ['LAST', 'FIRST', 'LINEAR', 'TIME_DECAY', 'POSITION'];
const DAY = 86_400_000;

const SELL = 'mutation ($input: RecordSaleInput!) { recordSale(input: $input) { commissions { id } } }';
const CONVERT = 'mutation ($input: RecordConversionInput!) { recordConversion(input: $input) { id } }';
const CREATE = 'mutation ($input: CreateCommissionInput!) { createCommission(input: $input) { id } }';
const REFUND = 'mutation ($input: RefundSaleInput!) { refundSale(input: $input) { id } }';
const VERSION = '{ id ruleKey version effectiveAt }';
const RULE = `mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) ${VERSION} }`;
const EDIT = `mutation ($id: ID!, $input: CommissionRuleInput!) { updateCommissionRule(id: $id, input: $input) ${VERSION} }`;
const OPEN = `mutation ($p: CreatePartnerInput!, $q: CreatePartnerInput!) {
  p: createPartner(input: $p) { id referralCode } q: createPartner(input: $q) { id referralCode }
  plan: createCommissionPlan(input: { name: "the plan", isDefault: true }) { id }
  silver: updateTierConfig(input: { tier: SILVER, minMonthlyRevenue: "1", minCustomers: 0 }) { tier }
  gold: updateTierConfig(input: { tier: GOLD, minMonthlyRevenue: "100", minCustomers: 0 }) { tier }
  platinum: updateTierConfig(input: { tier: PLATINUM, minMonthlyRevenue: "300", minCustomers: 0 }) { tier }
  updateProgram(input: { tierSettleDays: 0 }) { tenantId } }`;
const EVALUATE = 'mutation ($month: LocalDate!) { evaluateTiers(month: $month) { promoted } }';
const PROGRAM = 'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { tenantId } }';
const RATES = 'mutation ($input: SetExchangeRatesInput!) { setExchangeRates(input: $input) { count } }';
const APPROVE_ALL = 'mutation ($filter: CommissionFilter) { approveAll(filter: $filter) { approved } }';
const APPROVE = 'mutation ($id: ID!) { approveCommission(id: $id) { id } }';
const TIER =
  'mutation ($id: ID!, $input: UpdatePartnerInput!) { updatePartner(id: $id, input: $input) { tier } }';
const PAYOUT = 'mutation ($input: CreatePayoutInput!) { createPayout(input: $input) { id } }';
const APPROVE_PAYOUT = 'mutation ($id: ID!) { approvePayout(id: $id) { id } }';

interface Opened {
  readonly p: MadePartner;
  readonly q: MadePartner;
  readonly plan: { readonly id: string };
}
type Version = Pick<RuleVersion, 'id' | 'ruleKey' | 'version' | 'effectiveAt'>;

/** A product in which each history has a clock of its own, and whose rail pays everything. */
export interface World {
  readonly app: TestApp;
  readonly clock: AsyncLocalStorage<{ now: number }>;
  /** Programs whose time zone may have changed, so that the days of their metrics are counted again. */
  readonly rezoned: Set<string>;
}

// In the future: a partner's tier is evaluated for the months after the one in which it was made.
const START = Date.parse('2091-09-20T10:00:00Z');

export async function historiesApp(): Promise<World> {
  const clock = new AsyncLocalStorage<{ now: number }>();
  let rail: PayoutRail;
  const app = await createTestApp({
    rail: () => rail,
    clock: { now: () => new Date(clock.getStore()?.now ?? START) },
  });
  const confirmed = async ({ key }: { key: string }): Promise<RailOutcome> => ({
    ...{ status: 'CONFIRMED', reference: `ref_${key.slice(-12)}`, reason: '' },
  });
  rail = { ...(await sandboxRail(app.database.pool)), send: confirmed, lookup: confirmed };
  return { app, clock, rezoned: new Set() };
}

/** Runs histories, four at a time, and then checks the books. Returns one text for each fault. */
export async function runHistories(
  world: World,
  { seed, count }: { readonly seed: number; readonly count: number },
  report: (done: number) => void = () => {},
): Promise<string[]> {
  const wrong: string[] = [];
  let next = 0;
  const work = async () => {
    while (next < count) {
      await commissionHistory(world, seed + next++).catch((error: Error) => wrong.push(error.message));
      report(next);
    }
  };
  await Promise.all(Array.from({ length: 4 }, work));
  const { services } = world.app.app;
  const ctx = contextFor(services, { actor: system, requestId: randomUUID() });
  for (const tenant of world.rezoned) await calculateAllMetrics(ctx, tenant);
  await linkAudit(ctx);
  const pool = new BoundPool(world.app.database.pool);
  for await (const { name, faults } of proveAll({ pool, actor: system, seals: services.seals }))
    if (faults.length > 0) wrong.push(`not proved: ${name}\n${faults.join('\n')}`);
  return wrong;
}

/** Throws with the steps of the history when a sum, or the terms of a sale, are not those of the naive computations. */
const commissionHistory = ({ app, clock, rezoned }: World, seed: number): Promise<void> => {
  const own = { now: START };
  const advance = (by: number) => {
    own.now += by;
    return new Date(own.now);
  };
  return clock.run(own, () => history({ app, advance, rezoned }, seed));
};

async function history(
  { app, advance, rezoned }: Pick<World, 'app' | 'rezoned'> & { advance(by: number): Date },
  seed: number,
  steps = 30,
): Promise<void> {
  const [plan] = fc.sample(historyOf(steps), { seed, numRuns: 1 }) as unknown as [Step[]];
  const tenant = `history-${seed}`;
  const staff = await staffOf(app, tenant);
  const partnerOf = (name: string) =>
    aPartner({ email: `${name}@example.com`, partnerType: 'REFERRAL', payoutMethod: 'STRIPE' });
  const opened = await app.ask<Opened>(staff.manager, OPEN, { p: partnerOf('p'), q: partnerOf('q') });
  // Without a rate a sale is held, and the month of its revenue is not evaluated.
  if (seed % 2)
    await app.ask(staff.manager, RATES, {
      input: { rates: [{ base: 'EUR', quote: 'USD', rate: '1.085', effectiveOn: '2091-01-01' }] },
    });
  const partners = [opened.p, opened.q] as const;
  const checks = new Checks(
    app,
    tenant,
    partners.map(({ id }) => id),
    staff.tom,
  );
  const rules: Pick<RuleVersion, 'id' | 'partnerId'>[] = [];
  const orders: { id: string; products: string[] }[] = [];
  const done: string[] = [];
  /** Asks for it. A refusal with CONFLICT, or because another person must decide, changes nothing. Any other one is a fault. */
  const tried = async <T>(by: string, query: string, variables: object): Promise<T | null> => {
    const { data, errors } = await app.send<T>(by, query, variables);
    const code = errors?.[0]?.extensions.code;
    done.push(`${/\{\s*(\w+)\(/.exec(query)?.[1]} ${JSON.stringify(variables)} ${code ?? 'ok'}`);
    if (errors && code !== 'CONFLICT' && !(code === 'FORBIDDEN' && query === APPROVE))
      throw new Error(JSON.stringify([errors, app.logged.splice(0)]).slice(0, 3_000));
    return errors ? null : data;
  };
  const lines = (where: string) =>
    checks.rows<{
      id: string;
      sale: string;
    }>(`select id, abs(coalesce(sale_minor, base_minor))::text as sale from commissions
      where tenant_id = $1 and carried_by is null and ${where} order by id`);
  const pick = <T>(list: readonly T[], n = 0): T | undefined => list[n % (list.length || 1)];
  const rateLater = async () =>
    rateLines(contextFor(app.app.services, { actor: system, requestId: randomUUID() }), tenant);

  const acts: Record<Step['kind'], (step: Step) => Promise<unknown>> = {
    async sell({ n: [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] }) {
      const at = advance((a % 9) * DAY + b * 1_000);
      const occurredAt =
        c % 3 === 0 ? null : new Date(+at - (c % 3 === 1 ? 0 : (b % 30) * DAY)).toISOString();
      const products = ['p0', 'p1', 'p2'].slice(0, 1 + (d % 3));
      const order = { id: `${seed} ${orders.length}`, products };
      const currency = e % 5 === 0 ? 'EUR' : 'USD';
      if (currency === 'EUR' && f % 3 > 0)
        await tried(staff.manager, RATES, {
          input: {
            rates: [{ base: 'EUR', quote: 'USD', rate: '1.085', effectiveOn: at.toISOString().slice(0, 10) }],
          },
        });
      const input = {
        ...{ partnerId: partners[e % 4 === 0 ? 1 : 0].id, orderId: order.id, occurredAt, currency },
        ...{ type: pick(['ONE_TIME', 'ONE_TIME', 'RECURRING'], g), country: pick([null, 'DE', 'US'], h) },
        customerId: f % 5 === 0 ? null : `${seed} customer ${f % 3}`,
        lines: products.map((product, index) => ({
          ...{ product, quantity: 1 + ((d + index) % 3), amount: pick(AMOUNTS, c + index * 3) },
        })),
        ...(f % 4 === 0 ? { tax: '5.00', collected: '3.21' } : {}),
      };
      if (input.collected && Number(input.lines[0]?.amount) < 1) input.collected = '0.01';
      const net = input.lines.reduce((sum, { amount = '' }) => sum + BigInt(amount.replace('.', '')), 0n);
      checks.told.set(order.id, { ...input, net });
      if (await tried(staff.manager, SELL, { input })) orders.push(order);
      await rateLater();
    },
    async convert({ n: [a = 0, b = 0, c = 0, d = 0] }) {
      const at = advance((a % 5) * DAY + b * 1_000);
      const visitorId = randomUUID();
      for (const [index, { referralCode }] of [...partners, partners[a % 2] as MadePartner].entries())
        await app.ask(staff.manager, TRACK, {
          input: {
            referralCode,
            visitorId,
            occurredAt: new Date(+at - (9 - index) * 3_600_000).toISOString(),
          },
        });
      const order = { id: `${seed} ${orders.length}`, products: [] };
      const input = {
        ...{
          visitorId,
          customerId: `${seed} visitor ${d % 4} ${d % 4 === 3 ? b : ''}`,
          amount: pick(AMOUNTS, c),
        },
        ...{ orderId: order.id, occurredAt: d % 2 ? at.toISOString() : null },
      };
      checks.told.set(order.id, { net: BigInt((input.amount ?? '').replace('.', '')) });
      if (await tried(staff.manager, CONVERT, { input })) orders.push(order);
    },
    async create({ n: [a = 0, b = 0, c = 0, d = 0, e = 0] }) {
      const type = pick(['ONE_TIME', 'RECURRING', 'SIGNUP'], b) ?? '';
      const amount = pick(AMOUNTS, c) ?? '';
      const commissionRate = e % 4 ? null : 7.5;
      const made = await tried<{ createCommission: { id: string } }>(staff.manager, CREATE, {
        input: {
          ...{ partnerId: partners[a % 2]?.id, type, amount, commissionRate },
          customerId: d % 3 ? `${seed} customer ${d % 3}` : null,
          occurredAt: new Date(+advance(a * 1_000) - (b % 20) * DAY).toISOString(),
        },
      });
      const told = { net: BigInt(amount.replace('.', '')), type, line: commissionRate && 750 };
      if (made) checks.told.set(made.createCommission.id, told);
    },
    async edit({ n: [a = 0, b = 0], rule }) {
      const known = a % 3 > 0 ? pick(rules, a) : undefined;
      advance(1_000);
      const partnerId = known ? known.partnerId : b % 3 ? (partners[a % 2]?.id ?? '') : null;
      const owner = partnerId === null ? { planId: opened.plan.id } : { partnerId };
      const made = known
        ? await tried<Record<string, Version>>(staff.manager, EDIT, { id: known.id, input: rule })
        : await tried<Record<string, Version>>(staff.manager, RULE, {
            input: { ...rule, ...owner, effectiveAt: '2020-01-01T00:00:00Z' },
          });
      for (const version of Object.values(made ?? {})) {
        if (!known) rules.push({ id: version.id, partnerId });
        checks.versions.push({ ...version, partnerId, input: rule });
      }
    },
    async setting({ n: [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] }) {
      rezoned.add(tenant);
      await tried(staff.manager, PROGRAM, {
        input: {
          roundingMode: pick(['HALF_UP', 'HALF_EVEN', 'DOWN'], a),
          flatRefund: pick(['PROPORTIONAL', 'ALL_OR_NOTHING'], b),
          ...{ timeZone: pick(ZONES, c), attributionModel: pick(MODELS, d), holdDays: e % 40 },
          settlement: pick(['SALE', 'PARTNER'], f),
        },
      });
    },
    async refund({ n: [a = 0, b = 0, c = 0] }) {
      const order = pick(orders, a);
      if (!order) return;
      const amount = pick(['0.01', '3.33', '20.00', '77.77', '400.00'], b);
      const how = c % 2 ? { amount } : { amountRefundedSoFar: amount };
      await tried(staff.maria, REFUND, { input: { orderId: order.id, reason: 'returned', ...how } });
    },
    async product({ n: [a = 0, b = 0] }) {
      const order = pick(orders, a);
      const product = order && pick(order.products, b);
      if (product)
        await tried(staff.maria, REFUND, { input: { orderId: order.id, reason: 'returned', product } });
    },
    async whole({ n: [a = 0] }) {
      const order = pick(orders, a);
      if (order) await tried(staff.maria, REFUND, { input: { orderId: order.id, reason: 'returned' } });
    },
    async reverse({ n: [a = 0, b = 0] }) {
      const line = pick(await lines("type not in ('REVERSAL', 'TRUE_UP')"), a);
      if (!line) return;
      const part = (BigInt(line.sale) * BigInt(1 + (b % 100))) / 100n || 1n;
      const amount = `${part / 100n}.${String(part % 100n).padStart(2, '0')}`;
      await tried(staff.maria, REVERSE, { id: line.id, input: b % 4 ? { amount } : {} });
    },
    async reject({ n: [a = 0] }) {
      const line = pick(await lines("type not in ('REVERSAL', 'TRUE_UP')"), a);
      if (line) await tried(staff.maria, REJECT, { id: line.id, reason: 'not a true sale' });
    },
    async dispute({ n: [a = 0] }) {
      const line = pick(await lines("type not in ('REVERSAL', 'TRUE_UP')"), a);
      if (line) await tried(staff.maria, DISPUTE, { id: line.id, reason: 'chargeback' });
    },
    lose: (step) => decide(step, 'LOST'),
    win: (step) => decide(step, 'WON'),
    async approve({ n: [a = 0] }) {
      const line = pick(await lines("status = 'PENDING'"), a);
      if (line) await tried(staff.maria, APPROVE, { id: line.id });
    },
    async payout({ n: [a = 0] }) {
      const input = { partnerId: partners[a % 2]?.id, periodStart: '2020-01-01', periodEnd: '2099-12-31' };
      await tried(staff.maria, APPROVE_ALL, { filter: { partnerId: input.partnerId } });
      const made = await tried<{ createPayout: { id: string } }>(staff.maria, PAYOUT, { input });
      if (!made) return;
      if (!(await tried(staff.tom, APPROVE_PAYOUT, { id: made.createPayout.id }))) return;
      if (a % 3)
        await sendPayout(
          contextFor(app.app.services, { actor: system, requestId: randomUUID() }),
          made.createPayout.id,
          5,
        );
    },
    async tier({ n: [a = 0, b = 0, c = 0] }) {
      advance(1_000);
      checks.tiersMoved = true;
      const id = partners[a % 2]?.id ?? '';
      const commissionRate = pick([null, null, 12.5], c) ?? null;
      const input =
        b % 2 ? { tier: pick(['BRONZE', 'SILVER', 'GOLD', 'PLATINUM'], a + c) } : { commissionRate };
      if ((await tried(staff.manager, TIER, { id, input })) && 'commissionRate' in input)
        checks.partnerRates.set(id, commissionRate && 1_250);
    },
    /** A month ends, and is evaluated after a sale of the next one, in a currency that no rule has. */
    async evaluate({ n: [a = 0, c = 0] }) {
      const now = advance(1_000);
      const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 2));
      const at = advance(+first - +now);
      const amount = pick(AMOUNTS, c) ?? '';
      const made = await tried<{ createCommission: { id: string } }>(staff.manager, CREATE, {
        input: { partnerId: partners[a % 2]?.id, type: 'ONE_TIME', amount, currency: 'EUR' },
      });
      const told = { net: BigInt(amount.replace('.', '')), type: 'ONE_TIME' };
      if (made) checks.told.set(made.createCommission.id, told);
      await checks.agree();
      checks.tiersMoved = true;
      advance(1_000); // a demotion starts now
      const month = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - 1, 1));
      await tried(staff.manager, EVALUATE, { month: month.toISOString().slice(0, 10) });
    },
  };
  async function decide({ n: [a = 0] }: Step, outcome: 'LOST' | 'WON') {
    const open = await checks.rows<{ id: string }>(
      `select id from commission_holds where tenant_id = $1 and kind = 'DISPUTE' order by id`,
    );
    const hold = pick(open, a);
    if (hold) await tried(staff.maria, RESOLVE, { id: hold.id, outcome, reason: 'the bank says so' });
  }

  try {
    for (const step of plan) {
      const before = done.length;
      await acts[step.kind](step);
      if (done.length > before) await checks.agree();
    }
    for (const order of orders) {
      await tried(staff.maria, REFUND, { input: { orderId: order.id, reason: 'everything' } });
      await checks.agree();
    }
    for (const { id } of await lines(
      "item_id is null and type not in ('REVERSAL', 'TRUE_UP', 'ADJUSTMENT') and order_id is null and unrated is null",
    ))
      await tried(staff.maria, REVERSE, { id, input: {} });
    await checks.agree(true);
    const rest = await checks.rows<{ id: string; owed: string }>(
      `select i.purchase as id, i.owed_minor::text as owed from sale_items i where tenant_id = $1 and owed_minor <> 0`,
    );
    if (rest.length > 0) throw new Error(`after everything was refunded there is ${JSON.stringify(rest)}`);
  } catch (error) {
    throw new Error(`history ${seed} after ${done.length} calls: ${error}\n${done.slice(-40).join('\n')}`);
  }
}
