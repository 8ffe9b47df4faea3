import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { sandboxRail } from '../../../src/adapters/sandbox/sandbox-rail.ts';
import { NO_TERMS } from '../../../src/domain/terms.ts';
import { sql } from '../../../src/kernel/data/sql.ts';
import type { Run } from '../../../src/kernel/data/transact.ts';
import { system } from '../../../src/kernel/request/actor.ts';
import { contextFor } from '../../../src/kernel/request/context.ts';
import { itemsWhere } from '../../../src/modules/commissions/commission/sale-item.ts';
import { rateLines } from '../../../src/modules/commissions/sales/rate-lines.ts';
import { sendPayout } from '../../../src/modules/payouts/sending/send-payout.ts';
import type { PayoutRail, RailOutcome } from '../../../src/ports/payout-rail.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { newPartner } from '../../support/earn.ts';
import {
  balanceOf,
  DISPUTE,
  type MadePartner,
  REJECT,
  RESOLVE,
  REVERSE,
  staffOf,
  TRACK,
} from '../../support/make.ts';
import { naiveOwed } from '../../support/naive-owed.ts';

const nat = fc.nat(10_000);
const of = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const PERIODS = ['MONTH', 'QUARTER', 'YEAR', 'LIFETIME'] as const;

const ruleInput = fc
  .record({
    method: of('PERCENTAGE', 'FLAT', 'TIERED', 'TIERED'),
    rates: fc.tuple(of(0, 3.33, 10), of(5.5, 20), of(1, 25)),
    bandMode: of('PROGRESSIVE', 'RETROACTIVE'),
    bandPeriod: of(...PERIODS),
    window: of(
      {},
      {},
      { firstPurchaseOnly: true },
      { recurringCount: 2 },
      { recurringMonths: 1, recurringCount: 3 },
    ),
    stepDownRate: of(null, 5),
    cap: of(null, '7.77', '40.00', '100.00'),
    per: of('SALE', 'CUSTOMER', 'PARTNER'),
    period: of(...PERIODS),
    minimumPurchase: of(null, null, '60.00'),
    customerKind: of('ANY', 'ANY', 'NEW', 'RETURNING'),
    product: of(null, null, 'p1'),
  })
  .map(({ method, rates, bandMode, bandPeriod, window, stepDownRate, cap, per, period, ...rest }) => ({
    ...rest,
    ...window,
    ...('recurringCount' in window ? { stepDownRate } : {}),
    ...{ name: 'a rule', currency: 'USD', method, cap: cap && { amount: cap, per, period } },
    ...(method === 'PERCENTAGE' && { rate: rates[1] }),
    ...(method === 'FLAT' && { perUnit: '9.99' }),
    ...(method === 'TIERED' && {
      ...{ bandMode, bandPeriod },
      bands: ['0', '100.05', '400'].map((from, index) => ({ from, rate: rates[index] })),
    }),
  }));

const KINDS = [
  ...[
    'sell',
    'sell',
    'sell',
    'sell',
    'sell',
    'sell',
    'convert',
    'convert',
    'create',
    'edit',
    'edit',
    'setting',
  ],
  ...['refund', 'refund', 'product', 'whole', 'reverse', 'reject', 'dispute', 'lose', 'lose', 'win', 'win'],
  ...['approve', 'approve', 'approve', 'payout', 'tier'],
] as const;
const history = (steps: number) =>
  fc.array(
    fc.record({ kind: of(...KINDS), n: fc.array(nat, { minLength: 8, maxLength: 8 }), rule: ruleInput }),
    {
      minLength: steps,
      maxLength: steps,
    },
  );
interface Step {
  readonly kind: (typeof KINDS)[number];
  readonly n: readonly number[];
  readonly rule: object;
}

const AMOUNTS = ['0.01', '0.07', '33.33', '50.00', '99.99', '100.05', '250.00', '1234.56'];
const ZONES = ['UTC', 'Asia/Kolkata', 'Pacific/Kiritimati', 'Etc/GMT+12'];
const MODELS = ['LAST', 'FIRST', 'LINEAR', 'TIME_DECAY', 'POSITION'];
const DAY = 86_400_000;

const SELL = 'mutation ($input: RecordSaleInput!) { recordSale(input: $input) { commissions { id } } }';
const CONVERT = 'mutation ($input: RecordConversionInput!) { recordConversion(input: $input) { id } }';
const CREATE = 'mutation ($input: CreateCommissionInput!) { createCommission(input: $input) { id } }';
const REFUND = 'mutation ($input: RefundSaleInput!) { refundSale(input: $input) { id } }';
const RULE = 'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }';
const EDIT =
  'mutation ($id: ID!, $input: CommissionRuleInput!) { updateCommissionRule(id: $id, input: $input) { id } }';
const PROGRAM = 'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { tenantId } }';
const RATES = 'mutation ($input: SetExchangeRatesInput!) { setExchangeRates(input: $input) { count } }';
const APPROVE = 'mutation ($id: ID!) { approveCommission(id: $id) { id } }';
const TIER =
  'mutation ($id: ID!, $input: UpdatePartnerInput!) { updatePartner(id: $id, input: $input) { tier } }';
const PAYOUT = 'mutation ($input: CreatePayoutInput!) { createPayout(input: $input) { id } }';
const APPROVE_PAYOUT = 'mutation ($id: ID!) { approvePayout(id: $id) { id } }';

/** A product whose clock the histories move, and whose rail pays everything. */
export async function historiesApp(): Promise<{ app: TestApp; advance(by: number): Date }> {
  let now = Date.parse('2026-09-20T10:00:00Z');
  let rail: PayoutRail;
  const app = await createTestApp({ rail: () => rail, clock: { now: () => new Date(now) } });
  const confirmed = async ({ key }: { key: string }): Promise<RailOutcome> => ({
    ...{ status: 'CONFIRMED', reference: `ref_${key.slice(-12)}`, reason: '' },
  });
  rail = { ...(await sandboxRail(app.database.pool)), send: confirmed, lookup: confirmed };
  const advance = (by: number) => {
    now += by;
    return new Date(now);
  };
  return { app, advance };
}

/** Throws with the steps of the history when a sum is not what the naive computation says. */
export async function commissionHistory(
  { app, advance }: Awaited<ReturnType<typeof historiesApp>>,
  seed: number,
  steps = 30,
): Promise<void> {
  const [plan] = fc.sample(history(steps), { seed, numRuns: 1 }) as unknown as [Step[]];
  const tenant = `history-${seed}`;
  const staff = await staffOf(app, tenant);
  const partners: MadePartner[] = [];
  for (const name of ['p', 'q'])
    partners.push(
      await newPartner(app, staff.manager, { email: `${name}@example.com`, commissionRate: null }),
    );
  const rules: string[] = [];
  const orders: { id: string; products: string[] }[] = [];
  const done: string[] = [];
  const rows = async <T>(text: string, ...values: unknown[]): Promise<T[]> =>
    (await app.database.pool.query(text, [tenant, ...values])).rows as T[];

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
    rows<{
      id: string;
      sale: string;
    }>(`select id, abs(coalesce(sale_minor, base_minor))::text as sale from commissions
      where tenant_id = $1 and carried_by is null and ${where} order by id`);
  const pick = <T>(list: readonly T[], n = 0): T | undefined => list[n % (list.length || 1)];
  const rateLater = async () =>
    rateLines(contextFor(app.app.services, { actor: system, requestId: randomUUID() }), tenant);

  const acts: Record<Step['kind'], (step: Step) => Promise<unknown>> = {
    async sell({ n: [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] }) {
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
        ...{ partnerId: partners[e % 4 === 0 ? 1 : 0]?.id, orderId: order.id, occurredAt, currency },
        customerId: f % 5 === 0 ? null : `${seed} customer ${f % 3}`,
        lines: products.map((product, index) => ({
          ...{ product, quantity: 1 + ((d + index) % 3), amount: pick(AMOUNTS, c + index * 3) },
        })),
        ...(f % 4 === 0 ? { tax: '5.00', collected: '3.21' } : {}),
      };
      if (input.collected && Number(input.lines[0]?.amount) < 1) input.collected = '0.01';
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
      if (await tried(staff.manager, CONVERT, { input })) orders.push(order);
    },
    create: ({ n: [a = 0, b = 0, c = 0, d = 0] }) =>
      tried(staff.manager, CREATE, {
        input: {
          ...{ partnerId: partners[a % 2]?.id, type: pick(['ONE_TIME', 'RECURRING', 'SIGNUP'], b) },
          ...{ amount: pick(AMOUNTS, c), customerId: d % 3 ? `${seed} customer ${d % 3}` : null },
          occurredAt: new Date(+advance(a * 1_000) - (b % 20) * DAY).toISOString(),
        },
      }),
    async edit({ n: [a = 0], rule }) {
      const known = a % 3 > 0 ? pick(rules, a) : undefined;
      advance(1_000);
      if (known) return tried(staff.manager, EDIT, { id: known, input: rule });
      const input = { ...rule, partnerId: partners[a % 2]?.id, effectiveAt: '2020-01-01T00:00:00Z' };
      const made = await tried<{ createCommissionRule: { id: string } }>(staff.manager, RULE, { input });
      if (made) rules.push(made.createCommissionRule.id);
      return made;
    },
    setting: ({ n: [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] }) =>
      tried(staff.manager, PROGRAM, {
        input: {
          roundingMode: pick(['HALF_UP', 'HALF_EVEN', 'DOWN'], a),
          flatRefund: pick(['PROPORTIONAL', 'ALL_OR_NOTHING'], b),
          ...{ timeZone: pick(ZONES, c), attributionModel: pick(MODELS, d), holdDays: e % 40 },
          settlement: pick(['SALE', 'PARTNER'], f),
        },
      }),
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
      for (const { id } of await lines("status = 'PENDING'")) await tried(staff.maria, APPROVE, { id });
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
    tier: ({ n: [a = 0, b = 0] }) =>
      tried(staff.manager, TIER, {
        id: partners[a % 2]?.id,
        input: { tier: pick(['BRONZE', 'SILVER', 'GOLD', 'PLATINUM'], b) },
      }),
  };
  async function decide({ n: [a = 0] }: Step, outcome: 'LOST' | 'WON') {
    const open = await rows<{ id: string }>(
      `select id from commission_holds where tenant_id = $1 and kind = 'DISPUTE' order by id`,
    );
    const hold = pick(open, a);
    if (hold) await tried(staff.maria, RESOLVE, { id: hold.id, outcome, reason: 'the bank says so' });
  }

  const agree = async () => {
    const { pool } = app.database;
    const run: Run = async ({ texts, values }) =>
      (
        await pool.query(
          texts.reduce((text, next, index) => `${text}$${index}${next}`),
          [...values],
        )
      ).rows;
    const items = await itemsWhere(run, sql`i.tenant_id = ${tenant}`);
    const expected = naiveOwed(
      items
        .filter(({ isPurchase }) => isPurchase)
        .map((item) => {
          if (item.isRated && item.refused === null) return item;
          // It earns nothing, and is one of its customer's purchases all the same.
          return { ...item, base: item.sold, refunded: item.soldRefunded, terms: NO_TERMS, returning: null };
        }),
    );
    const sums = await rows<{ id: string; net: string }>(
      `select coalesce(item_id, id) as id, sum(amount_minor)::text as net from commissions
       where tenant_id = $1 and carried_by is null and status not in ('REJECTED', 'REVERSED') group by 1`,
    );
    const nets = new Map(sums.map(({ id, net }) => [id, BigInt(net)]));
    for (const { id, owed, ...item } of items) {
      const [right, net] = [expected.get(id) ?? 0n, nets.get(id) ?? 0n];
      if (owed !== right || net !== right)
        throw new Error(`item ${id} of ${item.order}: owed ${owed}, lines ${net}, right ${right}`);
    }
    for (const { id } of partners)
      for (const currency of ['USD', 'EUR']) {
        const balances = Object.values(await balanceOf(app, staff.tom, id, currency));
        const all = balances.reduce((sum, text) => sum + BigInt(text.replace('.', '')), 0n);
        const owed = items
          .filter((item) => item.partnerId === id && item.currency === currency)
          .reduce((sum, item) => sum + item.owed, 0n);
        if (all !== owed) throw new Error(`balances of ${id} in ${currency} sum to ${all}, owed ${owed}`);
      }
  };

  try {
    for (const step of plan) {
      await acts[step.kind](step);
      await agree();
    }
    for (const order of orders) {
      await tried(staff.maria, REFUND, { input: { orderId: order.id, reason: 'everything' } });
      await agree();
    }
    for (const { id } of await lines(
      "item_id is null and type not in ('REVERSAL', 'TRUE_UP', 'ADJUSTMENT') and order_id is null and unrated is null",
    ))
      await tried(staff.maria, REVERSE, { id, input: {} });
    await agree();
    const rest = await rows<{ id: string; owed: string }>(
      `select i.purchase as id, i.owed_minor::text as owed from sale_items i where tenant_id = $1 and owed_minor <> 0`,
    );
    if (rest.length > 0) throw new Error(`after everything was refunded there is ${JSON.stringify(rest)}`);
  } catch (error) {
    throw new Error(`history ${seed} after ${done.length} calls: ${error}\n${done.slice(-40).join('\n')}`);
  }
}
