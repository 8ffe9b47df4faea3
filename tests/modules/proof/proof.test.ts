import { execFile } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import type { PoolClient, QueryConfig } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeDemoData } from '../../../src/demo/demo-data.ts';
import { BoundPool } from '../../../src/kernel/data/bound-pool.ts';
import { system } from '../../../src/kernel/request/actor.ts';
import { contextFor } from '../../../src/kernel/request/context.ts';
import { linkAudit } from '../../../src/modules/foundation/audit/seal-audit.ts';
import { proveMoved } from '../../../src/modules/proof/proof/prove.ts';
import { proveAll } from '../../../src/proof.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  CREATE_COMMISSION,
  CREATE_PAYOUT,
  DISPUTE,
  makeApproved,
  makePartner,
  REJECT,
  REVERSE,
  staffOf,
} from '../../support/make.ts';
import { until } from '../../support/until.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
beforeAll(async () => {
  app = await createTestApp();
  staff = await staffOf(app);
  await makeDemoData(app.database.pool, { now: new Date('2026-11-22T12:00:00Z') });
  await app.app.startWorker();
}, 60_000);
afterAll(() => app.close());

/** What does not hold, and the first rows that say so. */
async function broken(pool = new BoundPool(app.database.pool)): Promise<Record<string, readonly string[]>> {
  const found: Record<string, readonly string[]> = {};
  for await (const { name, faults } of proveAll({ pool, actor: system, seals: app.app.services.seals }))
    if (faults.length) found[name] = faults;
  return found;
}

const RULE =
  'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id ruleKey } }';
const EDIT =
  'mutation ($id: ID!, $input: CommissionRuleInput!) { updateCommissionRule(id: $id, input: $input) { id } }';
const BANDS = {
  name: 'bands',
  method: 'TIERED',
  bandMode: 'RETROACTIVE',
  bandPeriod: 'MONTH',
  currency: 'USD',
  bands: [
    { from: '0', rate: 5 },
    { from: '300', rate: 10 },
    { from: '900', rate: 20 },
  ],
};

test('the books check passes on the demo data', async () => {
  expect(await broken()).toEqual({});
}, 60_000);

test('the books check passes while a dispute holds an approved commission with a refund', async () => {
  const { id: partnerId } = await makePartner(app, staff.manager, { payoutMethod: 'STRIPE' });
  const id = await makeApproved(app, staff, partnerId);
  await app.ask(staff.maria, REVERSE, { id, input: { amount: '30' } });
  await app.ask(staff.maria, DISPUTE, { id, reason: 'chargeback' });
  expect(await broken()).toEqual({});
}, 60_000);

const seed = randomInt(2 ** 31);
test(`a history of whatever people do proves, at every moment of it (seed ${seed})`, {
  tags: ['slow'],
  timeout: 120_000,
}, async () => {
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  const one = <T>(list: readonly T[]): T => list[random(list.length)] as T;

  const partners = await Promise.all(
    [1, 2, 3].map(() => makePartner(app, staff.manager, { payoutMethod: 'STRIPE', commissionRate: 12.5 })),
  );
  await app.ask(staff.manager, RULE, {
    input: { ...BANDS, partnerId: partners[0]?.id, effectiveAt: '2026-01-01' },
  });
  const lines: string[] = [];
  const payouts: string[] = [];
  const done: Record<string, number> = {};
  const attempt = async (what: string, by: string, query: string, variables: object) => {
    const { data, errors } = await app.send(by, query, variables);
    if (errors?.some(({ extensions }) => extensions.code === 'INTERNAL_SERVER_ERROR'))
      throw new Error(JSON.stringify([what, errors, app.logged]));
    if (!errors) done[what] = (done[what] ?? 0) + 1;
    return errors ? null : data;
  };
  const sell = async () => {
    const flat = random(4) === 0;
    const made = await attempt('sell', staff.manager, CREATE_COMMISSION, {
      input: {
        partnerId: one(partners).id,
        type: one(['ONE_TIME', 'RECURRING', 'SIGNUP']),
        amount: `${10 + random(400)}.${10 + random(90)}`,
        ...(flat && { flatAmount: '3.33', quantity: 3 }),
        occurredAt: `2026-0${1 + random(6)}-15T12:00:00Z`,
      },
    });
    if (made) lines.push(made.createCommission.id);
  };
  const acts: (() => Promise<unknown>)[] = [
    sell,
    sell,
    sell,
    () =>
      attempt('approve', staff.maria, 'mutation ($id: ID!) { approveCommission(id: $id) { id } }', {
        id: one(lines),
      }),
    () =>
      attempt('approve', staff.maria, 'mutation ($id: ID!) { approveCommission(id: $id) { id } }', {
        id: one(lines),
      }),
    () => attempt('reject', staff.maria, REJECT, { id: one(lines), reason: 'no sale' }),
    () =>
      attempt('refund', staff.maria, REVERSE, {
        id: one(lines),
        input: { amount: `${1 + random(80)}.05` },
      }),
    () => attempt('take back', staff.maria, REVERSE, { id: one(lines), input: {} }),
    async () => {
      const made = await attempt('pay', staff.maria, CREATE_PAYOUT, {
        input: {
          partnerId: one(partners).id,
          periodStart: '2026-01-01',
          periodEnd: '2100-01-01',
          metadata: { sandbox: one([undefined, undefined, 'fail', 'fail_once', 'return']) },
        },
      });
      if (!made) return;
      payouts.push(made.createPayout.id);
      await attempt('send', staff.tom, 'mutation ($id: ID!) { approvePayout(id: $id) { id } }', {
        id: made.createPayout.id,
      });
    },
    () =>
      attempt('call off', staff.tom, 'mutation ($id: ID!) { cancelPayout(id: $id, reason: "no") { id } }', {
        id: payouts.length ? one(payouts) : randomUUID(),
      }),
  ];
  for (let i = 0; i < 10; i++) await sell();
  for (let i = 0; i < 160; i++) {
    await one(acts)();
    if (i % 40 === 0) expect(await broken()).toEqual({});
  }
  expect(done).toMatchObject({
    sell: expect.any(Number),
    approve: expect.any(Number),
    refund: expect.any(Number),
  });
  await until(async () => {
    const { rows } = await app.database.pool.query(
      `select 1 from payouts where tenant_id = 'acme' and status in ('PROCESSING') limit 1`,
    );
    return rows.length === 0;
  });
  expect(await broken()).toEqual({});
});

describe('a manual change of the database is found', () => {
  let client: PoolClient;
  let partner: string;
  beforeAll(async () => {
    ({ id: partner } = await makePartner(app, staff.manager));
    const made = await app.ask(staff.manager, RULE, {
      input: { ...BANDS, partnerId: partner, effectiveAt: '2026-01-01' },
    });
    await app.ask(staff.manager, EDIT, {
      id: made.createCommissionRule.id,
      input: { ...BANDS, effectiveAt: '2100-01-01' },
    });
    await makeApproved(app, staff, partner, { amount: '200.00', occurredAt: '2026-02-01' });
    await makeApproved(app, staff, partner, { amount: '200.00', occurredAt: '2026-02-02' });
    await linkAudit(contextFor(app.app.services, { actor: system, requestId: 'test' }));
    client = await app.database.pool.connect();
  });
  afterAll(() => client.release());

  /** Within a transaction that never ends well, without triggers and references. */
  async function after(statement: string): Promise<Record<string, readonly string[]>> {
    await client.query('begin');
    try {
      await client.query('set local session_replication_role = replica');
      await client.query(
        'alter table postings drop constraint postings_reference, drop constraint posting_moves_something',
      );
      await client.query('drop index commissions_one_each_order, commissions_one_each_conversion');
      const { rowCount } = await client.query(statement);
      expect(rowCount).toBeGreaterThan(0);
      const pool = {
        query: async (_: unknown, { name, ...config }: QueryConfig) => (await client.query(config)).rows,
      };
      return await broken(pool as unknown as BoundPool);
    } finally {
      await client.query('rollback');
    }
  }
  const someLine = (where: string) => `(select id from commissions where ${where} order by id limit 1)`;
  const approved = someLine(
    `status = 'APPROVED' and reverses_id is null and adjusts_id is null and method = 'PERCENTAGE' and amount_minor > 100`,
  );
  const derived = (type: string) =>
    someLine(`type = '${type}' and computation is not null and status not in ('REJECTED', 'REVERSED')`);

  test.each([
    [
      'postings sum to zero over all known accounts',
      `insert into postings (id, tenant_id, partner_id, reference, from_account, to_account, amount_minor, amount_currency)
       select new_id(), tenant_id, id, 'x', 'partner:' || id || ':payable', 'pocket', 500, 'USD' from partners limit 1`,
      /sum to -500/,
    ],
    [
      'every posting moves an amount between two accounts of its own partner',
      `update postings set amount_minor = 0 where reference = 'commission:' || ${approved} || ':accrued'`,
      /moves 0 from program:commission-expense/,
    ],
    [
      'every business fact is posted once',
      `insert into postings (id, tenant_id, partner_id, reference, from_account, to_account, amount_minor, amount_currency)
       select new_id(), tenant_id, partner_id, reference, from_account, to_account, amount_minor, amount_currency from postings limit 1`,
      /is posted 2 times/,
    ],
    [
      'every posting names an existing commission, refund or payout',
      `update postings set reference = 'gift' where reference = 'commission:' || ${approved} || ':accrued'`,
      /\(gift\) has no cause/,
    ],
    [
      'payable equals approved commissions less payouts and holds; held, in transit and paid equal holds and payouts',
      `update postings set amount_minor = amount_minor + 1 where reference = 'commission:' || ${approved} || ':accrued'`,
      /payable is \d+ by its postings/,
    ],
    [
      'payable equals approved commissions less payouts and holds; held, in transit and paid equal holds and payouts',
      `delete from postings where reference like 'commission:%:held'`,
      /held is 0 by its postings|payable is \d+ by its postings/,
    ],
    [
      'every approved commission is posted exactly, and no other commission is',
      `delete from postings where reference = 'commission:' || ${approved} || ':accrued'`,
      /\(APPROVED, \d+\) is posted as 0/,
    ],
    [
      'every commission rejected after its approval has a reversing posting',
      `update commissions set status = 'REJECTED' where id = ${approved}`,
      /accrued \d+, withdrawn 0/,
    ],
    [
      'a fully reversed commission and its refunds sum to zero',
      `update commissions set status = 'REVERSED' where id = ${approved}`,
      /and its refunds sum to \d+/,
    ],
    [
      'refunds of a commission never exceed it',
      `update commissions set base_minor = -900000000 where id = (select id from commissions where reverses_id is not null limit 1)`,
      /9000\d+ of \d+ refunded/,
    ],
    [
      'a payout is the sum of its commissions, of one partner and currency',
      `update payouts set amount_minor = amount_minor + 1 where id = (select id from payouts limit 1)`,
      /its commissions sum to/,
    ],
    [
      'no commission is in two live payouts, and each commission in a payout is approved',
      `update commissions set status = 'PENDING' where id = (select commission_id from payout_items where voided_at is null limit 1)`,
      /\(PENDING\) is in 1 live payouts/,
    ],
    [
      'the paid lines are the commissions of paid payouts',
      `delete from paid_lines where commission_id = (select commission_id from paid_lines limit 1)`,
      /is in 1 paid payouts, and 0 of the paid lines/,
    ],
    [
      'every ended payout has released its commissions, and no other payout has',
      `update payout_items set voided_at = now() where payout_id = (select id from payouts where status = 'PAID' limit 1)`,
      /is PAID, and \d+ of its \d+ commissions are released/,
    ],
    [
      'the postings of every payout match its status',
      `update payouts set status = 'PROCESSING' where id = (select id from payouts where status = 'PAID' limit 1)`,
      /is PROCESSING of \d+: in transit 0, paid \d+/,
    ],
    [
      'no two payouts share a reference of the provider',
      `update payouts set provider_reference = 'same' where status = 'PAID'`,
      /are same/,
    ],
    [
      'no sale earns the same commission twice',
      `update commissions set order_id = 'twice' where partner_id = (select partner_id from commissions limit 1) and reverses_id is null and adjusts_id is null`,
      /order twice earned commission number 0/,
    ],
    [
      'the shares of a sale sum to the sale, and each is computed from its own share',
      `insert into attribution_shares (id, tenant_id, partner_id, sale_id, basis, model, unit, sale_minor, share_minor, currency, occurred_at,
         own_touches, all_touches, other_touches, touches)
       select new_id(), tenant_id, partner_id, id, 'CLICK', 'LINEAR', 'TOUCH', amount_minor, amount_minor - 1, amount_currency, occurred_at, 1, 2, 1, '[]'
       from conversions order by id limit 1`,
      /the shares of sale .* sum to \d+ of \d+/,
    ],
    [
      'exactly one share of each sale is counted',
      `update conversions set counted = false where id = (select id from conversions limit 1)`,
      /0 shares of sale/,
    ],
    [
      'daily metrics of partners equal the sums of their rows',
      `update partner_metrics_daily set revenue_minor = revenue_minor + 7 where partner_id = (select partner_id from partner_metrics_daily limit 1)`,
      /revenue_minor is \d+, its rows sum to \d+/,
    ],
    [
      'total metrics of partners equal the sums of their days',
      `delete from partner_metrics where partner_id = (select partner_id from partner_metrics where clicks > 0 limit 1)`,
      /clicks is 0, its rows sum to \d+/,
    ],
    [
      'the versions of every rule follow each other without gaps',
      `update commission_rules set version = 5 where version = 2`,
      /version 5, in force from .*, follows version 1/,
    ],
    [
      'no commission used a rule before the rule was in force',
      `update commission_rules set effective_at = '2026-02-02T00:00:00Z' where version = 1 and rule_key = (select r.rule_key from commission_rules r join commissions c on c.rule_id = r.id order by r.id desc limit 1)`,
      /used version 1/,
    ],
    [
      'no partner has a negative amount in transit or paid',
      `insert into postings (id, tenant_id, partner_id, reference, from_account, to_account, amount_minor, amount_currency)
       select new_id(), tenant_id, id, 'x', 'partner:' || id || ':paid', 'partner:' || id || ':payable', 900000000000, 'USD' from partners limit 1`,
      /paid is -\d+ by its postings/,
    ],
    [
      'a commission is held exactly while it has an open hold',
      `update commissions set status = 'HELD' where id = ${someLine(`status = 'PENDING' and reverses_id is null`)}`,
      /is HELD and has 0 open holds/,
    ],
    [
      'every partner matches the last entry of its history',
      `update partners set tier = 'DIAMOND' where id = (select id from partners where tier = 'BRONZE' limit 1)`,
      /is DIAMOND, ACTIVE; its history says BRONZE, ACTIVE/,
    ],
    [
      'every account manager assignment has an active manager and a partner whose tier includes one',
      `with w as (insert into account_managers (id, tenant_id, name, email, added_by) select new_id(), tenant_id, 'w', 'w@x.example', 'x' from partners limit 1 returning *)
       insert into manager_assignments (id, tenant_id, partner_id, manager_id, assigned_at, assigned_by)
       select new_id(), p.tenant_id, p.id, w.id, now(), 'x' from w, partners p where p.tier = 'BRONZE' limit 1`,
      /\(BRONZE\) has account manager/,
    ],
    [
      'no partner is its own sponsor, directly or indirectly',
      `with p as (select array_agg(id) as ids, tenant_id from (select id, tenant_id from partners where tenant_id = (
         select tenant_id from partners group by tenant_id order by count(*) desc limit 1) limit 3) o group by tenant_id)
       insert into sponsorships (id, tenant_id, partner_id, sponsor_id, assigned_at, assigned_by, reason)
       select new_id(), tenant_id, ids[n], ids[n % 3 + 1], now(), 'x', 'x' from p, generate_series(1, 3) n`,
      /is its own sponsor/,
    ],
    [
      'every stored explanation recomputes to the amount of its commission',
      `update commissions set amount_minor = amount_minor - 1 where id = ${approved}`,
      /amount is .*, but recomputes to/,
    ],
    [
      'every stored explanation recomputes to the amount of its commission',
      `update commissions set computation = jsonb_set(computation, '{base}', '"12345678"') where id = ${derived('REVERSAL')}`,
      /recomputes to/,
    ],
    [
      'the commissions of each sale sum to what the sale is owed',
      `update commissions set amount_minor = amount_minor - 1 where id = ${derived('TRUE_UP')}`,
      /the commissions of the sale sum to \d+, but the sale is owed \d+/,
    ],
    [
      'the commissions of each sale sum to what the sale is owed',
      `delete from sale_items where id = ${approved}`,
      /but the sale is owed nothing, because it is not recorded/,
    ],
    [
      'no REVERSAL adds to what a partner is owed',
      `update commissions set amount_minor = 1 where id = ${derived('REVERSAL')}`,
      /has the amount 1/,
    ],
    [
      'a correction is in the state of the commission that it corrects',
      `update commissions set status = 'PENDING' where id = ${derived('REVERSAL')}`,
      /\(PENDING, -\d+\) corrects commission .* \(APPROVED\)/,
    ],
    [
      'every sale counts on the day of its own time zone',
      `update sale_items set day = day + 40 where id = ${approved}`,
      /counts on/,
    ],
    [
      'every audit log is unchanged',
      `update audit_events set action = 'nothing.happened' where id = (select event_id from audit_links order by seq limit 1)`,
      /CHANGED at 1/,
    ],
  ])('%s', async (name, statement, sentence) => {
    expect((await after(statement))[name]?.[0]).toMatch(sentence);
  });

  test('finds a disabled trigger of an append-only table', async () => {
    await client.query('begin');
    await client.query('alter table postings disable trigger all');
    const pool = {
      query: async (_: unknown, { name, ...config }: QueryConfig) => (await client.query(config)).rows,
    };
    const found = await broken(pool as unknown as BoundPool);
    await client.query('rollback');
    expect(found['every append-only table is protected by a trigger']).toEqual([
      'postings: no trigger refuses a change of its rows',
    ]);
  });

  test('finds a violation of a partner with new postings within a minute', async () => {
    const since = new Date(Date.now() - 60_000);
    const moved = async (pool: BoundPool): Promise<string[]> => {
      const names: string[] = [];
      for await (const { name, faults } of proveMoved({ pool, actor: system }, since))
        if (faults.length) names.push(name);
      return names;
    };
    await makeApproved(app, staff, partner, { amount: '10.00', occurredAt: '2026-02-03' });
    expect(await moved(new BoundPool(app.database.pool))).toEqual([]);
    await client.query('begin');
    await client.query('set local session_replication_role = replica');
    await client.query(
      `update postings set amount_minor = amount_minor + 1 where id = (select id from postings where partner_id = $1 order by id desc limit 1)`,
      [partner],
    );
    const pool = {
      query: async (_: unknown, { name, ...config }: QueryConfig) => (await client.query(config)).rows,
    };
    const found = await moved(pool as unknown as BoundPool);
    await client.query('rollback');
    expect(found).toEqual([
      'payable equals approved commissions less payouts and holds; held, in transit and paid equal holds and payouts',
      'every approved commission is posted exactly, and no other commission is',
    ]);
  });

  test('names at most 20 rows, and reports that there are more', async () => {
    await client.query('begin');
    await client.query('set local session_replication_role = replica');
    await client.query('update payouts set amount_minor = amount_minor + 1');
    const pool = {
      query: async (_: unknown, { name, ...config }: QueryConfig) => (await client.query(config)).rows,
    };
    const seals = app.app.services.seals;
    for await (const proof of proveAll({ pool: pool as unknown as BoundPool, actor: system, seals })) {
      if (!proof.name.startsWith('a payout is the sum')) continue;
      expect(proof).toMatchObject({ faults: { length: 20 }, more: true });
      break;
    }
    await client.query('rollback');
  });
});

describe('npm run prove', () => {
  const run = promisify(execFile);
  const prove = () =>
    run(process.execPath, ['--import', '@oxc-node/core/register', 'src/cli/prove.ts'], {
      env: { ...process.env, NODE_ENV: 'test', DATABASE_URL: app.database.url },
    });

  test('ends with 0 on correct books and with 1 on others, with the violations', {
    tags: ['slow'],
    timeout: 60_000,
  }, async () => {
    const { stdout } = await prove();
    expect(stdout).toMatch(/ok {5}postings sum to zero/);
    expect(stdout).toMatch(/All invariants hold/);
    await app.database.pool.query('update partner_metrics set clicks = clicks + 1');
    await expect(prove()).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringMatching(
        /BROKEN total metrics of partners equal the sums of their days[\s\S]*clicks is \d+/,
      ),
    });
  });
});
