import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CommissionStatus } from '../../../src/domain/commission.ts';
import { AttemptStatus, PayoutStatus } from '../../../src/domain/payout.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  CREATE_PAYOUT,
  makeApproved,
  makeClick,
  makeCommission,
  makePartner,
  staffOf,
} from '../../support/make.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partnerId: string;
let code: string;
let elsewhere: string; // a partner of another tenant
beforeAll(async () => {
  app = await createTestApp();
  staff = await staffOf(app);
  const other = await app.token('PROGRAM_MANAGER', { tenant: 'elsewhere' });
  elsewhere = (await makePartner(app, other)).id;
});
beforeEach(async () => {
  ({ id: partnerId, referralCode: code } = await makePartner(app, staff.manager, { payoutMethod: 'STRIPE' }));
});
afterAll(() => app.close());

const sql = (text: string, ...values: unknown[]) => app.database.pool.query(text, values);
const refusal = (
  text: string,
  ...values: unknown[]
): Promise<{ code: string; constraint?: string; message: string }> =>
  sql(text, ...values).then(
    () => {
      throw new Error(`the database took it: ${text}`);
    },
    (error) => error,
  );
const pending = () => makeCommission(app, staff.manager, partnerId);
const approved = (input: object = {}) => makeApproved(app, staff, partnerId, input);
async function payout(): Promise<{ id: string; line: string }> {
  const line = await approved();
  const input = { partnerId, periodStart: '2026-01-01', periodEnd: '2100-01-01' };
  return { id: (await app.ask(staff.maria, CREATE_PAYOUT, { input })).createPayout.id, line };
}
const REFUSED = '23000'; // integrity_constraint_violation, raised by our triggers
const FOREIGN_KEY = '23503';
const CHECK = '23514';
const UNIQUE = '23505';

describe('append-only tables', () => {
  test.each(['postings', 'audit_events', 'partner_history'])(
    '%s: refuses update, delete and truncate',
    async (table) => {
      await approved();
      expect(Number((await sql(`select count(*) from ${table}`)).rows[0].count)).toBeGreaterThan(0);
      for (const statement of [
        `update ${table} set created_at = now()`,
        `update ${table} set tenant_id = tenant_id`,
        `delete from ${table}`,
        `truncate ${table} cascade`,
      ])
        expect(await refusal(statement), statement).toMatchObject({
          code: REFUSED,
          message: `The table ${table} is append-only.`,
        });
    },
  );

  test.each(['commissions', 'payouts', 'payout_items', 'payout_attempts'])(
    '%s: refuses delete',
    async (table) => {
      const { id } = await payout();
      await attempt(id);
      expect(await refusal(`delete from ${table}`)).toMatchObject({ code: REFUSED });
    },
  );
});

describe('a posting', () => {
  const insert = `insert into postings (id, tenant_id, partner_id, reference, from_account, to_account, amount_minor, amount_currency)
    values ($1, $2, $3, $4, $5, $6, $7, 'USD')`;
  const post = (more: {
    tenant?: string;
    partner?: string;
    reference?: string;
    from?: string;
    to?: string;
    minor?: number;
  }) =>
    refusal(
      insert,
      randomUUID(),
      more.tenant ?? 'acme',
      more.partner ?? partnerId,
      more.reference ?? randomUUID(),
      more.from ?? 'a',
      more.to ?? 'b',
      more.minor ?? 1,
    );

  test('a posting needs a positive amount and two different accounts', async () => {
    expect(await post({ minor: 0 })).toMatchObject({ code: CHECK, constraint: 'posting_moves_something' });
    expect(await post({ minor: -1 })).toMatchObject({ code: CHECK, constraint: 'posting_moves_something' });
    expect(await post({ to: 'a' })).toMatchObject({ code: CHECK, constraint: 'posting_goes_somewhere' });
  });

  test('a business fact is posted once', async () => {
    const line = await approved();
    expect(await post({ reference: `commission:${line}:accrued` })).toMatchObject({
      code: UNIQUE,
      constraint: 'postings_reference',
    });
  });

  test('a posting needs a partner of its own tenant', async () => {
    expect(await post({ partner: elsewhere })).toMatchObject({ code: FOREIGN_KEY });
    expect(await post({ tenant: 'elsewhere' })).toMatchObject({ code: FOREIGN_KEY });
  });
});

describe('a commission', () => {
  const edges = new Set([
    'PENDING APPROVED',
    'PENDING REJECTED',
    'PENDING REVERSED',
    'APPROVED REJECTED',
    'APPROVED REVERSED',
  ]);
  const stored = (['PENDING', 'APPROVED', 'REJECTED', 'REVERSED'] as const).flatMap((from) =>
    Object.values(CommissionStatus)
      .filter((to) => to !== from)
      .map((to) => [from, to] as const),
  );

  test.each(stored)('a commission changes from %s to %s only along its transitions', async (from, to) => {
    const id = await pending();
    const approver = "approved_by = coalesce(approved_by, 'tom'), approved_at = coalesce(approved_at, now())";
    const update = `update commissions set status = $2, ${approver} where id = $1`;
    if (from !== 'PENDING') await sql(update, id, from);
    const move = [update, id, to] as const;
    if (edges.has(`${from} ${to}`)) expect((await sql(...move)).rowCount).toBe(1);
    else expect((await refusal(...move)).code).toMatch(/^2300|^23514/);
  });

  test.each([
    ['amount_minor', '1'],
    ['amount_currency', "'EUR'"],
    ['base_minor', '1'],
    ['base_currency', "'EUR'"],
    ['rate_bps', '1'],
    ['rounding_mode', "'DOWN'"],
    ['revenue_minor', '1'],
    ['partner_id', 'gen_random_uuid()'],
    ['tenant_id', "'elsewhere'"],
    ['customer_id', 'gen_random_uuid()'],
    ['type', "'BONUS'"],
    ['occurred_at', 'now()'],
    ['created_by', "'somebody else'"],
    ['id', 'gen_random_uuid()'],
  ])('never changes its %s', async (column, value) => {
    const id = await pending();
    expect(await refusal(`update commissions set ${column} = ${value} where id = $1`, id)).toMatchObject({
      code: REFUSED,
    });
  });

  test('a commission needs an approver other than its creator, and keeps the approver', async () => {
    const id = await pending();
    const move =
      "update commissions set status = 'APPROVED', approved_by = $2, approved_at = now() where id = $1";
    expect(await refusal("update commissions set status = 'APPROVED' where id = $1", id)).toMatchObject({
      code: CHECK,
      constraint: 'commissions_approver',
    });
    expect(await refusal(move, id, 'manager')).toMatchObject({
      code: CHECK,
      constraint: 'commissions_four_eyes',
    });
    await sql(move, id, 'tom');
    expect(await refusal(move, id, 'maria')).toMatchObject({ code: REFUSED });
  });

  test('refunds cannot exceed their commission, and need its currency', async () => {
    const id = await approved();
    const tried = (base: number, amount: number, more: object = {}) =>
      app.database.pool
        .query(
          `insert into commissions select (jsonb_populate_record(c, jsonb_build_object('id', $2::text, 'type', 'REVERSAL',
             'reverses_id', c.id, 'base_minor', $3::bigint, 'amount_minor', $4::bigint, 'created_by', null) || $5)).*
           from commissions c where id = $1`,
          [id, randomUUID(), base, amount, more],
        )
        .then(
          () => 'taken',
          ({ code, message }) => `${code} ${message}`,
        );
    const refused = `${REFUSED} Refunds cannot reverse more than the commission.`;
    expect(await tried(-10_001, -1_000)).toBe(refused);
    expect(await tried(-10_000, -1_001)).toBe(refused);
    expect(await tried(1, -1)).toBe(refused);
    expect(await tried(-1, -1, { amount_currency: 'EUR', base_currency: 'EUR' })).toBe(refused);
    expect(await tried(-6_000, -600)).toBe('taken');
    const both = await Promise.all([tried(-4_000, -400), tried(-4_000, -400)]);
    expect(both.sort()).toEqual([refused, 'taken']);
  });

  test('the status of a commission in a payout cannot change', async () => {
    const { line } = await payout();
    for (const status of ['REJECTED', 'REVERSED'])
      expect(await refusal('update commissions set status = $2 where id = $1', line, status)).toMatchObject({
        code: REFUSED,
      });
  });

  test('a commission is a REVERSAL exactly if it reverses another one', async () => {
    const id = await pending();
    const copy = (type: string, reverses: string | null) =>
      refusal(
        `insert into commissions select (jsonb_populate_record(c, jsonb_build_object('id', $2::text, 'type', $3::text, 'reverses_id', $4::text))).*
         from commissions c where id = $1`,
        id,
        randomUUID(),
        type,
        reverses,
      );
    const refused = { code: CHECK, constraint: 'commissions_refund_reverses' };
    expect(await copy('REVERSAL', null)).toMatchObject(refused);
    expect(await copy('BONUS', id)).toMatchObject(refused);
  });

  test.each([
    ['a percentage with a flat amount', { per_unit_minor: 5 }],
    ['a percentage beyond the whole', { rate_bps: 10_001 }],
    ['a percentage below nothing', { rate_bps: -1 }],
    ['a flat one with a rate', { method: 'FLAT', per_unit_minor: 5, quantity: 1 }],
    ['a flat one of no units', { method: 'FLAT', rate_bps: null, per_unit_minor: 5, quantity: 0 }],
  ])('is never %s', async (_, change) => {
    const id = await pending();
    const refused = await refusal(
      `insert into commissions select (jsonb_populate_record(c, $2::jsonb)).* from commissions c where id = $1`,
      id,
      JSON.stringify({ id: randomUUID(), ...change }),
    );
    expect(refused).toMatchObject({ code: CHECK, constraint: 'commissions_terms' });
  });

  test('a conversion has one commission for each partner', async () => {
    const click = await makeClick(app, code);
    await app.ask(
      staff.manager,
      `mutation ($id: ID!) { convertReferral(id: $id, input: { customerId: "c", amount: 1 }) { id } }`,
      { id: click },
    );
    const refused = await refusal(
      `insert into commissions select (jsonb_populate_record(c, $2::jsonb)).* from commissions c where referral_id = $1`,
      click,
      JSON.stringify({ id: randomUUID() }),
    );
    expect(refused).toMatchObject({ code: UNIQUE, constraint: 'commissions_one_each_conversion' });
  });
});

describe('a reference', () => {
  const rows: Record<string, () => Promise<string>> = {
    commissions: pending,
    referrals: () => makeClick(app, code),
    payouts: () => payout().then(({ id }) => id),
  };

  test.each(Object.keys(rows))('a reference of %s never crosses tenants', async (table) => {
    const id = await rows[table]?.();
    const refused = await refusal(
      `insert into ${table} select (jsonb_populate_record(r, $2::jsonb)).* from ${table} r where id = $1`,
      id,
      JSON.stringify({ id: randomUUID(), partner_id: elsewhere }),
    );
    expect(refused).toMatchObject({ code: FOREIGN_KEY, constraint: `${table}_partner_id` });
  });

  test('a reference of a payout item never crosses tenants', async () => {
    const line = await approved();
    expect(await payoutOf([line], {}, 'elsewhere')).toMatch(/^23503 payout_items_/);
    expect(await payoutOf([line])).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('a reference to a tenant without a program is refused', async () => {
    const refused = await refusal(
      `insert into partners (id, tenant_id, partner_type, status, tier, company_name, email, referral_code, currency, payout_frequency, metadata)
        select id, tenant_id, partner_type, status, tier, company_name, email, referral_code, currency, payout_frequency, metadata
        from (select (jsonb_populate_record(p, $2::jsonb)).* from partners p where id = $1) p`,
      partnerId,
      JSON.stringify({ id: randomUUID(), tenant_id: 'nobody', referral_code: randomUUID() }),
    );
    expect(refused.code).toBe(FOREIGN_KEY);
  });
});

/** A payout of those lines by hand, in one transaction; answers with what the database says. */
async function payoutOf(lines: readonly string[], more: object = {}, tenant = 'acme'): Promise<string> {
  const client = await app.database.pool.connect();
  try {
    await client.query('begin');
    const row = {
      id: randomUUID(),
      tenant_id: 'acme',
      created_at: new Date(),
      updated_at: new Date(),
      partner_id: partnerId,
      status: 'PENDING',
      method: 'STRIPE',
      period_start: '2026-01-01',
      period_end: '2026-01-31',
      amount_minor: 1_000 * lines.length,
      amount_currency: 'USD',
      commission_count: lines.length,
      attempts: 0,
      created_by: 'maria',
      initiated_by: 'maria',
      metadata: {},
      ...more,
    };
    await client.query('insert into payouts select * from jsonb_populate_record(null::payouts, $1)', [
      JSON.stringify(row),
    ]);
    if (lines.length)
      await client.query(
        `insert into payout_items (id, tenant_id, payout_id, commission_id) select gen_random_uuid(), $3, $1, line from unnest($2::uuid[]) line`,
        [row.id, lines, tenant],
      );
    await client.query('commit');
    return row.id;
  } catch (error) {
    await client.query('rollback');
    const {
      code: sqlState,
      constraint,
      message,
    } = error as { code: string; constraint?: string; message: string };
    return `${sqlState} ${constraint ?? message}`;
  } finally {
    client.release();
  }
}

const attempt = (payoutId: string, status: string = 'SENDING', number = 1): Promise<string> =>
  sql(
    `insert into payout_attempts (id, tenant_id, payout_id, number, status, key) values ($1, 'acme', $2, $3, $4, $5) returning id`,
    randomUUID(),
    payoutId,
    number,
    status,
    randomUUID(),
  ).then(({ rows }) => rows[0].id);

describe('a payout', () => {
  test('a payout equals the sum of its commissions', async () => {
    const lines = [await approved(), await approved()];
    const sum = '23000 A payout must equal the sum of its commissions.';
    expect(await payoutOf(lines, { amount_minor: 1_999 })).toBe(sum);
    expect(await payoutOf(lines, { amount_minor: 2_001 })).toBe(sum);
    expect(await payoutOf(lines, { commission_count: 3 })).toBe(sum);
    expect(await payoutOf([], { amount_minor: 1_000, commission_count: 1 })).toBe(sum);
    expect(await payoutOf(lines)).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('a payout pays only approved commissions of its partner and currency that no other payout pays', async () => {
    const fit = '23000 A payout can pay only approved commissions of its own partner and currency.';
    const claimed = await approved();
    expect(await payoutOf([claimed])).toMatch(/^[0-9a-f-]{36}$/);
    expect(await payoutOf([claimed])).toBe('23505 payout_items_one_live_claim');
    expect(await payoutOf([await pending()])).toBe(fit);
    expect(await payoutOf([await approved({ currency: 'EUR' })])).toBe(fit);
    const { id } = await makePartner(app, staff.manager);
    expect(await payoutOf([await makeApproved(app, staff, id)])).toBe(fit);
    const [free, more] = [await approved(), await approved()];
    const open = await payoutOf([free]);
    const refused = await refusal(
      `insert into payout_items (id, tenant_id, payout_id, commission_id) values (gen_random_uuid(), 'acme', $1, $2)`,
      open,
      more,
    );
    expect(refused).toMatchObject({
      code: REFUSED,
      message: 'A payout must equal the sum of its commissions.',
    });
  });

  test('a payout pays neither a commission with an open hold nor a true-up that a held commission raised', async () => {
    const held = '23000 A payout cannot pay a held commission.';
    const hold = (line: string) =>
      sql(
        `insert into commission_holds (id, tenant_id, partner_id, commission_id, kind, reason, placed_by, placed_at)
         select gen_random_uuid(), tenant_id, partner_id, id, 'DISPUTE', 'chargeback', 'tom', now() from commissions where id = $1`,
        line,
      );
    const [cause, adjusted, raised] = [await approved(), await approved(), randomUUID()];
    await sql(
      `insert into commissions select r.* from commissions c cross join lateral jsonb_populate_record(c,
         jsonb_build_object('id', $2::uuid, 'type', 'TRUE_UP', 'adjusts_id', c.id, 'cause_id', $3::uuid, 'line_number', 1)) r
       where c.id = $1`,
      ...[adjusted, raised, cause],
    );
    await hold(cause);
    expect(await payoutOf([cause])).toBe(held);
    expect(await payoutOf([adjusted, raised])).toBe(held);
    expect(await payoutOf([adjusted])).toMatch(/^[0-9a-f-]{36}$/);
    await sql(
      `update commission_holds set released_at = now(), released_by = 'ann', release_reason = 'won', outcome = 'WON' where commission_id = $1`,
      cause,
    );
    expect(await payoutOf([cause, raised])).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('of simultaneous payouts one gets a commission', async () => {
    const line = await approved();
    const made = await Promise.all([1, 2, 3, 4].map(() => payoutOf([line])));
    expect(made.filter((answer) => answer === '23505 payout_items_one_live_claim')).toHaveLength(3);
  });

  test('a payout has a positive amount and a period', async () => {
    const line = await approved();
    expect(await payoutOf([line], { amount_minor: 0 })).toBe('23514 payouts_positive');
    expect(await payoutOf([line], { amount_minor: -1_000 })).toBe('23514 payouts_positive');
    expect(await payoutOf([line], { period_start: '2026-02-01' })).toBe('23514 payouts_period');
  });

  test('a payout cannot be approved by its creator', async () => {
    const { id } = await payout();
    expect(
      await refusal(
        `update payouts set status = 'APPROVED', approved_by = created_by, approved_at = now() where id = $1`,
        id,
      ),
    ).toMatchObject({
      code: CHECK,
      constraint: 'payouts_approver',
    });
    expect(await refusal(`update payouts set status = 'APPROVED' where id = $1`, id)).toMatchObject({
      code: CHECK,
      constraint: 'payouts_approved_before_sent',
    });
  });

  test.each([
    ['amount_minor', '999'],
    ['amount_currency', "'EUR'"],
    ['commission_count', '2'],
    ['method', "'PAYPAL'"],
    ['partner_id', 'gen_random_uuid()'],
    ['tenant_id', "'elsewhere'"],
    ['created_by', "'tom'"],
  ])('never changes its %s', async (column, value) => {
    const { id } = await payout();
    expect(await refusal(`update payouts set ${column} = ${value} where id = $1`, id)).toMatchObject({
      code: REFUSED,
    });
  });

  const edges: Record<PayoutStatus, readonly PayoutStatus[]> = {
    PENDING: ['APPROVED', 'CANCELED'],
    APPROVED: ['PROCESSING', 'CANCELED'],
    PROCESSING: ['PAID', 'FAILED'],
    PAID: ['RETURNED'],
    FAILED: ['APPROVED', 'CANCELED'],
    CANCELED: [],
    RETURNED: [],
  };
  const way: Record<PayoutStatus, readonly PayoutStatus[]> = {
    PENDING: [],
    APPROVED: ['APPROVED'],
    PROCESSING: ['APPROVED', 'PROCESSING'],
    PAID: ['APPROVED', 'PROCESSING', 'PAID'],
    FAILED: ['APPROVED', 'PROCESSING', 'FAILED'],
    CANCELED: ['CANCELED'],
    RETURNED: ['APPROVED', 'PROCESSING', 'PAID', 'RETURNED'],
  };

  test.each(Object.keys(edges) as PayoutStatus[])(
    'with the status %s changes only along its transitions',
    async (from) => {
      const move = `update payouts set status = $2, paid_at = coalesce(paid_at, now()),
        approved_by = coalesce(approved_by, 'tom'), approved_at = coalesce(approved_at, now()) where id = $1`;
      for (const to of Object.values(PayoutStatus).filter((status) => status !== from)) {
        const { id } = await payout();
        for (const step of way[from]) await sql(move, id, step);
        if (edges[from].includes(to)) expect((await sql(move, id, to)).rowCount).toBe(1);
        else expect(await refusal(move, id, to), `${from} to ${to}`).toMatchObject({ code: REFUSED });
      }
    },
  );

  test('an ended payout releases a commission once and permanently', async () => {
    const { id, line } = await payout();
    expect(await refusal('update payout_items set voided_at = now() where payout_id = $1', id)).toMatchObject(
      {
        code: REFUSED,
      },
    );
    await sql("update payouts set status = 'CANCELED' where id = $1", id);
    expect((await sql('update payout_items set voided_at = now() where payout_id = $1', id)).rowCount).toBe(
      1,
    );
    for (const change of ['voided_at = null', 'voided_at = now()', `commission_id = '${randomUUID()}'`])
      expect(await refusal(`update payout_items set ${change} where payout_id = $1`, id)).toMatchObject({
        code: REFUSED,
      });
    expect(await payoutOf([line])).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('a payout item cannot move to another commission', async () => {
    const { id } = await payout();
    const line = await approved();
    expect(
      await refusal('update payout_items set commission_id = $2 where payout_id = $1', id, line),
    ).toMatchObject({ code: REFUSED });
  });
});

describe('an attempt', () => {
  const edges: Record<AttemptStatus, readonly AttemptStatus[]> = {
    SENDING: ['UNKNOWN', 'SENT', 'CONFIRMED', 'FAILED'],
    UNKNOWN: ['SENDING', 'SENT', 'CONFIRMED', 'FAILED'],
    SENT: ['UNKNOWN', 'CONFIRMED', 'FAILED'],
    CONFIRMED: [],
    FAILED: [],
  };

  test.each(Object.keys(edges) as AttemptStatus[])(
    'with the status %s changes only along its transitions',
    async (from) => {
      for (const to of Object.values(AttemptStatus).filter((status) => status !== from)) {
        const id = await attempt((await payout()).id, from);
        const move = ['update payout_attempts set status = $2 where id = $1', id, to] as const;
        if (edges[from].includes(to)) expect((await sql(...move)).rowCount).toBe(1);
        else expect(await refusal(...move), `${from} to ${to}`).toMatchObject({ code: REFUSED });
      }
    },
  );

  test('a payout attempt keeps its key, its number and its payout', async () => {
    const id = await attempt((await payout()).id);
    for (const change of [`key = 'another'`, 'number = 2', 'payout_id = gen_random_uuid()'])
      expect(await refusal(`update payout_attempts set ${change} where id = $1`, id)).toMatchObject({
        code: REFUSED,
      });
  });

  test('a payout has at most one attempt that has not failed', async () => {
    const { id } = await payout();
    const first = await attempt(id);
    await expect(attempt(id, 'SENDING', 2)).rejects.toMatchObject({
      code: UNIQUE,
      constraint: 'payout_attempts_one_not_failed',
    });
    await sql(`update payout_attempts set status = 'FAILED' where id = $1`, first);
    await expect(attempt(id, 'SENDING', 1)).rejects.toMatchObject({
      code: UNIQUE,
      constraint: 'payout_attempts_number',
    });
    expect(await attempt(id, 'SENDING', 2)).toBeTruthy();
  });
});

test('a click has an expiry after its creation', async () => {
  const id = await makeClick(app, code);
  expect(await refusal('update referrals set expires_at = clicked_at where id = $1', id)).toMatchObject({
    code: CHECK,
    constraint: 'referrals_window',
  });
});

describe('a program', () => {
  test('a program needs an existing time zone and currency', async () => {
    const set = (change: string) => refusal(`update programs set ${change}`);
    expect(await set("time_zone = 'Mars/Olympus'")).toMatchObject({ code: '22023' });
    expect(await set("currency = 'dollars'")).toMatchObject({ code: CHECK, constraint: 'programs_currency' });
  });
});
