import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { sandboxRail } from '../../../src/adapters/sandbox/sandbox-rail.ts';
import { system } from '../../../src/kernel/request/actor.ts';
import { contextFor } from '../../../src/kernel/request/context.ts';
import { runsOf } from '../../../src/modules/payouts/remittances/fonts.ts';
import { continueRun, resumeRuns } from '../../../src/modules/payouts/runs/run-payouts.ts';
import { scheduleRuns } from '../../../src/modules/payouts/runs/schedule-payouts.ts';
import { prove } from '../../../src/modules/proof/proof/prove.ts';
import type { PayoutRail } from '../../../src/ports/payout-rail.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { APPROVE, CANCEL, CREATE, earned, january, newPartner, RETRY } from '../../support/earn.ts';
import { anAccount, balanceOf, linesOf, SET_PAYOUT_ACCOUNT, staffOf, tally } from '../../support/make.ts';
import { listen } from '../../support/sockets.ts';

let app: TestApp;
let port: number;
let now = new Date();
const rails: Partial<Record<string, PayoutRail>> = {};

beforeAll(async () => {
  app = await createTestApp({ rail: (method) => rails[method] ?? null, clock: { now: () => now } });
  const sandbox = await sandboxRail(app.database.pool, { silenceMs: 200, lateSeconds: 1 });
  rails['STRIPE'] = {
    ...sandbox,
    currencySupport: (currency) =>
      currency === 'XAF' ? null : { step: currency === 'KWD' ? 10n : 1n, minimum: 50n, maximum: 10_000_000n },
  };
  rails['BANK_TRANSFER'] = { ...sandbox, needsAccount: true };
  port = await app.app.listen();
});
afterAll(() => app?.close());

type Staff = Awaited<ReturnType<typeof staffOf>>;
let tenants = 0;
async function program(settings: object = {}): Promise<Staff & { tenant: string }> {
  const tenant = `runs-${tenants++}`;
  const who = await staffOf(app, tenant);
  await app.ask(who.manager, '{ program { tenantId } }');
  if (Object.keys(settings).length) await configure(who, settings);
  return { ...who, tenant };
}
const configure = (who: Staff, input: object) =>
  app.ask(
    who.manager,
    'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { minimumPayouts { amount currency } secondApprovalAbove { amount } autoPayouts } }',
    { input },
  );
const jobs = () => contextFor(app.app.services, { actor: system, requestId: randomUUID() });
const sql = <Row extends object>(text: string, ...values: unknown[]) =>
  app.database.pool.query<Row & Record<string, never>>(text, values).then(({ rows }) => rows as Row[]);

const RUN_FIELDS =
  'id status payoutCount partnerCount partnersDone skippedCount totals { amount currency } skipped { partnerId reason } createdBy';
const RUN = `mutation ($input: RunPayoutsInput!) { runPayouts(input: $input) { ${RUN_FIELDS} } }`;
const SEE_RUN = `query ($id: ID!) { payoutRun(id: $id) { ${RUN_FIELDS} } }`;
const HOLD =
  'mutation ($id: ID!) { holdPayouts(partnerId: $id, reason: "to look at") { payoutHold { reason } } }';
const RELEASE =
  'mutation ($id: ID!) { releasePayouts(partnerId: $id, reason: "fine") { payoutHold { reason } } }';
const APPROVE_RUN =
  'mutation ($id: ID!) { approvePayoutRun(id: $id) { approved firstApproved results { payoutId outcome } } }';
const CANCEL_RUN = 'mutation ($id: ID!) { cancelPayoutRun(id: $id, reason: "wrong month") { canceled } }';
const PREVIEW = `query ($input: RunPayoutsInput!, $after: String) { previewPayoutRun(input: $input) {
  summary { payoutCount skippedCount totals { amount currency } }
  partners(first: 2, after: $after) { pageInfo { hasNextPage endCursor } edges { node { partnerId payouts { reason amount { amount currency } lineCount } } } } } }`;
const february = { asOf: '2026-02-05T08:00:00Z' };

/** So many partners of the tenant with an approved line of 20.00 each, and their postings. */
async function crowd(tenant: string, count: number): Promise<void> {
  await sql(
    `insert into partners (id, tenant_id, partner_type, status, tier, company_name, email, referral_code, currency, payout_frequency, payout_method, metadata)
     select new_id(), $1, 'REFERRAL', 'ACTIVE', 'BRONZE', 'Crowd', 'crowd@example.com', $1 || n, 'USD', 'MONTHLY', 'STRIPE', '{}' from generate_series(1, $2::int) n`,
    tenant,
    count,
  );
  await sql(
    `with line as (insert into commissions (id, tenant_id, partner_id, type, method, status, base_minor, base_currency, rate_bps, tier, rounding_mode, amount_minor,
       amount_currency, revenue_minor, source, occurred_at, approved_at, approved_by, metadata)
     select new_id(), tenant_id, id, 'ONE_TIME', 'PERCENTAGE', 'APPROVED', 10000, 'USD', 2000, 'BRONZE', 'HALF_UP', 2000, 'USD', 10000, '(none)',
       '2026-01-15', now(), 'tom', '{}' from partners where tenant_id = $1 returning *)
     insert into postings (id, tenant_id, partner_id, reference, from_account, to_account, amount_minor, amount_currency)
     select new_id(), tenant_id, partner_id, 'commission:' || id || ':accrued', 'program:commission-expense', 'partner:' || partner_id || ':payable', 2000, 'USD' from line`,
    tenant,
  );
}

/** A run that somebody asked for and nobody has begun. */
async function asked(tenant: string, status = 'RUNNING'): Promise<string> {
  const [run] = await sql<{ id: string }>(
    `insert into payout_runs (id, tenant_id, as_of, status, created_by, partner_count)
     select new_id(), $1, '2026-02-05', $2, 'maria', (select count(*) from partners where tenant_id = $1) returning id`,
    tenant,
    status,
  );
  return run?.id ?? '';
}

const claims = async (tenant: string) =>
  (
    await sql<{ payouts: number; items: number; lines: number }>(
      `select count(distinct i.payout_id)::int as payouts, count(*)::int as items, count(distinct i.commission_id)::int as lines
       from payout_items i where i.tenant_id = $1`,
      tenant,
    )
  )[0];

describe('a run of more partners than one commit takes', () => {
  test('continues a run that was killed inside or after a batch, and pays each commission once', {
    tags: ['slow'],
    timeout: 120_000,
  }, async () => {
    const { tenant, maria } = await program();
    await crowd(tenant, 1_200);
    const id = await asked(tenant);
    for (const [moment, done] of [
      ['inside', 500],
      ['after', 1_000],
    ] as const) {
      const child = spawn(
        process.execPath,
        ['--import', '@oxc-node/core/register', 'tests/support/dying-run.ts', app.database.url, moment, id],
        {
          env: { ...process.env, CERBOS_URL: inject('cerbos'), JWT_SECRET: 'x'.repeat(40), NODE_ENV: 'test' },
          stdio: 'inherit',
        },
      );
      expect((await once(child, 'exit'))[1]).toBe('SIGKILL');
      expect((await app.ask(maria, SEE_RUN, { id })).payoutRun).toMatchObject({
        status: 'RUNNING',
        partnersDone: done,
        payoutCount: done,
      });
    }
    await sql(
      `set session_replication_role = replica; update payout_runs set updated_at = now() - interval '1 minute' where id = '${id}'; set session_replication_role = origin`,
    );
    expect(await resumeRuns(jobs())).toBe(1);
    expect(await resumeRuns(jobs())).toBe(0); // its job waits already
    await Promise.all([continueRun(jobs(), id), continueRun(jobs(), id)]); // T101: two workers
    expect((await app.ask(maria, SEE_RUN, { id })).payoutRun).toMatchObject({
      ...{ status: 'DONE', partnersDone: 1_200, payoutCount: 1_200, skippedCount: 0 },
      totals: [{ amount: '24000.00', currency: 'USD' }],
    });
    expect(await claims(tenant)).toEqual({ payouts: 1_200, items: 1_200, lines: 1_200 });
    const again = await app.ask(maria, RUN, { input: february });
    expect(again.runPayouts).toMatchObject({ status: 'DONE', payoutCount: 0, skippedCount: 1_200 });
    expect(again.runPayouts.skipped).toHaveLength(1_000);
    const { payoutRun } = await app.ask(
      maria,
      'query ($id: ID!) { payoutRun(id: $id) { skippedPartners(first: 100) { totalCount edges { node { reason } } } } }',
      { id: again.runPayouts.id },
    );
    expect(payoutRun.skippedPartners.totalCount).toBe(1_200);
  });

  test('reports its progress to subscribers, can be paused, and is canceled with its payouts', async () => {
    const { tenant, maria, tom } = await program();
    await crowd(tenant, 600);
    const id = await asked(tenant, 'PAUSED');
    await continueRun(jobs(), id); // a paused run stays where it is
    expect(await claims(tenant)).toMatchObject({ payouts: 0 });
    const heard = listen(
      port,
      maria,
      'subscription ($id: ID!) { payoutRunProgress(id: $id) { status payoutCount } }',
      { id },
    );
    const move = (name: string) =>
      app.send(tom, `mutation ($id: ID!) { ${name}PayoutRun(id: $id) { status } }`, { id });
    expect(tally(await Promise.all([1, 2, 3].map(() => move('resume'))))).toEqual({ ok: 1, CONFLICT: 2 });
    await continueRun(jobs(), id);
    await heard.event(({ payoutRunProgress: run }) => run.status === 'DONE' && run.payoutCount === 600, 20);
    await heard.client.dispose();
    expect((await move('pause')).errors?.[0]?.extensions.code).toBe('CONFLICT');
    const { payouts } = await app.ask(
      tom,
      'query ($id: ID!) { payouts(filter: { runId: $id }, first: 1) { totalCount edges { node { run { id } } } } }',
      { id },
    );
    expect(payouts).toMatchObject({ totalCount: 600, edges: [{ node: { run: { id } } }] });
    expect((await app.ask(tom, CANCEL_RUN, { id })).cancelPayoutRun).toEqual({ canceled: 600 });
    expect((await app.ask(tom, CANCEL_RUN, { id })).cancelPayoutRun).toEqual({ canceled: 0 });
    expect((await app.ask(maria, RUN, { input: february })).runPayouts.payoutCount).toBe(600);
  }, 60_000);
});

describe('the schedule', () => {
  test('runs each period once automatically, with many workers and a clock that steps back', async () => {
    const who = await program({ autoPayouts: true, timeZone: 'America/New_York' });
    const { id } = await newPartner(app, who.manager);
    await earned(app, who, id);
    await newPartner(app, who.manager, { payoutFrequency: 'WEEKLY' });
    const counts = await Promise.all([1, 2, 3, 4].map(() => scheduleRuns(jobs())));
    expect(counts.reduce((sum, count) => sum + count)).toBe(2); // one for each frequency that it has
    expect(await scheduleRuns(jobs())).toBe(0);
    const back = await sql(
      `select * from due_payout_runs(now() - interval '40 days') where tenant_id = $1`,
      who.tenant,
    );
    expect(back).toEqual([]);
    const runs = await sql<{ id: string; frequency: string }>(
      'select id, frequency from payout_runs where tenant_id = $1 order by frequency',
      who.tenant,
    );
    expect(runs.map(({ frequency }) => frequency)).toEqual(['MONTHLY', 'WEEKLY']);
    await continueRun(jobs(), runs[0]?.id ?? '');
    expect((await app.ask(who.maria, SEE_RUN, { id: runs[0]?.id })).payoutRun).toMatchObject({
      ...{ status: 'DONE', payoutCount: 1, createdBy: 'system' },
    });
    expect(await scheduleRuns(jobs())).toBe(0);
  });

  test.each([
    ['WEEKLY', '2026-03-09T03:59:59Z', '2026-03-02', '2026-03-02T05:00:00.000Z'],
    ['WEEKLY', '2026-03-09T04:00:00Z', '2026-03-09', '2026-03-09T04:00:00.000Z'], // the Monday after clocks went forward
    ['WEEKLY', '2026-11-02T05:00:00Z', '2026-11-02', '2026-11-02T05:00:00.000Z'], // and after they went back
    ['BIWEEKLY', '2026-03-09T04:00:00Z', '2026-03-09', '2026-03-09T04:00:00.000Z'],
    ['MONTHLY', '2026-02-01T04:59:59Z', '2026-01-01', '2026-01-01T05:00:00.000Z'], // T95
    ['MONTHLY', '2026-02-01T05:00:00Z', '2026-02-01', '2026-02-01T05:00:00.000Z'],
    ['QUARTERLY', '2026-04-01T04:00:00Z', '2026-04-01', '2026-04-01T04:00:00.000Z'],
  ])('runs %s at %s in New York up to %s', async (frequency, at, end, asOf) => {
    const who = await program({ autoPayouts: true, timeZone: 'America/New_York' });
    await newPartner(app, who.manager, { payoutFrequency: frequency });
    const due = await sql<{ end: string; asOf: Date; partners: number }>(
      `select period_end::text as end, as_of as "asOf", partners from due_payout_runs($2) where tenant_id = $1`,
      who.tenant,
      at,
    );
    expect(due).toEqual([{ end, asOf: new Date(asOf), partners: 1 }]);
  });

  test('schedules no run for a program without a schedule', async () => {
    const who = await program();
    await newPartner(app, who.manager);
    expect(await sql('select * from due_payout_runs(now()) where tenant_id = $1', who.tenant)).toEqual([]);
  });
});

interface Preview {
  summary: object;
  partners: {
    pageInfo: { hasNextPage: boolean; endCursor: string };
    edges: { node: { partnerId: string; payouts: { reason: string | null }[] } }[];
  };
}

describe('the partners that a run pays', () => {
  test("uses the program's own minimum in its currency, independent of minimums in other currencies", async () => {
    const who = await program();
    const set = (input: object) =>
      app.send(
        who.manager,
        'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { minimumPayout { amount } minimumPayouts { currency } } }',
        { input },
      );
    const yen = { currency: 'JPY', amount: '100' };
    const both = await set({ minimumPayout: '50', minimumPayouts: [yen] });
    expect(both.data.updateProgram.minimumPayout).toEqual({ amount: '50.00' });
    const others = await set({ minimumPayouts: [yen] });
    expect(others.data.updateProgram.minimumPayout).toEqual({ amount: '50.00' });
    const two = await set({ minimumPayout: '50', minimumPayouts: [yen, { currency: 'USD', amount: '7' }] });
    expect(two.errors?.[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'input.minimumPayouts.1.amount',
    });
  });

  test('pays the same partners in a preview, the run after it and a manual payout', async () => {
    now = new Date();
    const who = await program({
      minimumPayouts: [
        { currency: 'USD', amount: '20.00' },
        { currency: 'EUR', amount: '20.01' },
      ],
    });
    const make = async (input: object, line: object | null = {}) => {
      const { id } = await newPartner(app, who.manager, input);
      if (line) await earned(app, who, id, line);
      return id;
    };
    const account = async (id: string, method: string) => {
      const input = anAccount({
        partnerId: id,
        method,
        currency: 'USD',
        ...(method === 'STRIPE' && { iban: undefined, stripeAccount: 'acct_1234567890abcdef' }),
      });
      return (
        await app.ask(
          await app.token('FINANCE', { tenant: who.tenant, signedInAt: new Date() }),
          SET_PAYOUT_ACCOUNT,
          { input },
        )
      ).setPayoutAccount.id;
    };
    const expected: Record<string, string> = {};
    const paid = await make({}); // T93: the minimum itself
    expected[await make({}, { amount: '99.95' })] = 'BELOW_MINIMUM'; // T93: 19.99
    expected[await make({ currency: 'EUR' }, { currency: 'EUR' })] = 'BELOW_MINIMUM';
    expected[await make({}, null)] = 'NOTHING_TO_PAY';
    expected[await make({ payoutMethod: null })] = 'NO_PAYOUT_METHOD';
    expected[await make({ payoutMethod: 'PAYPAL' })] = 'NO_RAIL';
    expected[await make({ currency: 'XAF' }, { amount: '9000', currency: 'XAF' })] = 'CURRENCY_NOT_CARRIED';
    expected[await make({ currency: 'JPY' }, { amount: '100', currency: 'JPY' })] = 'BELOW_RAIL_MINIMUM';
    expected[await make({}, { amount: '1000000.00' })] = 'ABOVE_RAIL_MAXIMUM';
    expected[await make({ payoutMethod: 'BANK_TRANSFER' })] = 'NO_ACCOUNT';
    const held = await make({});
    await app.ask(who.tom, HOLD, { id: held });
    expected[held] = 'PAYOUTS_HELD';
    const failed = await make({});
    const lost = await app.ask(who.maria, CREATE, {
      input: { partnerId: failed, ...january },
    });
    const states = [
      `status = 'APPROVED', approved_by = 'tom', approved_at = now()`,
      `status = 'PROCESSING'`,
      `status = 'FAILED'`,
    ];
    for (const state of states) await sql(`update payouts set ${state} where id = $1`, lost.createPayout.id);
    expected[failed] = 'IN_FAILED_PAYOUT';
    const cooling = await make({});
    await account(cooling, 'STRIPE');
    expected[cooling] = 'ACCOUNT_COOLING_OFF';
    const settled = await make({ payoutMethod: 'BANK_TRANSFER' });
    const accountId = await account(settled, 'BANK_TRANSFER');
    await sql(`update payout_accounts set usable_from = now() - interval '1 day' where id = $1`, accountId);

    const input = { asOf: '2026-02-05T08:00:00Z' };
    const before = await sql(
      'select (select count(*) from payouts) as p, (select count(*) from payout_runs) as r',
    );
    const previewed: Record<string, string | null> = {};
    let after: string | null = null;
    let summary: object = {};
    do {
      const reply: Preview = (await app.ask(who.maria, PREVIEW, { input, after })).previewPayoutRun;
      ({ summary } = reply);
      const { edges, pageInfo } = reply.partners;
      for (const { node } of edges) for (const each of node.payouts) previewed[node.partnerId] = each.reason;
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    } while (after);
    expect(previewed).toEqual({ ...expected, [paid]: null, [settled]: null });
    expect(summary).toEqual({
      payoutCount: 2,
      skippedCount: 12,
      totals: [{ amount: '40.00', currency: 'USD' }],
    });
    expect(
      await sql('select (select count(*) from payouts) as p, (select count(*) from payout_runs) as r'),
    ).toEqual(before);

    for (const [partnerId, reason] of Object.entries(expected))
      expect(
        await app.refusal(who.maria, CREATE, { input: { partnerId, ...january } }),
        reason,
      ).toMatchObject({
        code: 'CONFLICT',
        reason,
      });
    const { runPayouts: run } = await app.ask(who.maria, RUN, { input });
    expect(run).toMatchObject({
      payoutCount: 2,
      skippedCount: 12,
      totals: [{ amount: '40.00', currency: 'USD' }],
    });
    const skipped = run.skipped.map((skip: { partnerId: string; reason: string }) => [
      skip.partnerId,
      skip.reason,
    ]);
    expect(Object.fromEntries(skipped)).toEqual(expected);
    expect(await sql('select payout_account_id as id from payouts where partner_id = $1', settled)).toEqual([
      { id: accountId },
    ]);

    await app.ask(who.tom, RELEASE, { id: held });
    expect((await app.ask(who.maria, RUN, { input })).runPayouts.payoutCount).toBe(1);
  }, 60_000);

  test('T10: keeps an amount that the rail does not support on the balance, in whole commissions', async () => {
    const who = await program();
    const { id } = await newPartner(app, who.manager, { currency: 'KWD' });
    await earned(app, who, id, { amount: '9.260', currency: 'KWD' }); // 1.852
    const { createPayout: first } = await app.ask(who.maria, CREATE, {
      input: { partnerId: id, ...january },
    });
    expect(first).toMatchObject({ amount: { amount: '1.850' }, commissionCount: 2 });
    expect(await app.refusal(who.maria, CREATE, { input: { partnerId: id, ...january } })).toMatchObject({
      reason: 'BELOW_RAIL_MINIMUM',
    });
    await app.ask(who.tom, CANCEL, { id: first.id, reason: 'once more' });
    const { createPayout: again } = await app.ask(who.maria, CREATE, {
      input: { partnerId: id, ...january },
    });
    expect(again.amount.amount).toBe('1.850');
    expect(await balanceOf(app, who.tom, id, 'KWD')).toMatchObject({ payable: '1.852' });
    await earned(app, who, id, { amount: '10.040', currency: 'KWD', occurredAt: '2026-01-20T00:00:00Z' }); // 2.008 and the 0.002
    const { runPayouts } = await app.ask(who.maria, RUN, { input: february });
    expect(runPayouts.totals).toEqual([{ amount: '2.010', currency: 'KWD' }]);
    const carried = (await linesOf(app, id)).filter(({ type }) => type === 'ADJUSTMENT');
    for (const line of carried) {
      const { commission, verifyCommission } = await app.ask(
        who.tom,
        'query ($id: ID!) { commission(id: $id) { explanation { sentence } } verifyCommission(id: $id) { equal } }',
        { id: line.id },
      );
      expect(commission.explanation.sentence).toMatch(/0\.002 KWD .* balance/);
      expect(verifyCommission.equal).toBe(true);
    }
  });
});

describe('approval', () => {
  const payout = async (who: Staff, partnerId: string, input: object = {}): Promise<string> =>
    (await app.ask(who.maria, CREATE, { input: { partnerId, ...january, ...input } })).createPayout.id;
  const seen = async (who: Staff, id: string) =>
    (
      await app.ask(
        who.tom,
        'query ($id: ID!) { payout(id: $id) { status secondApproval firstApprovedBy approvedBy } }',
        { id },
      )
    ).payout;
  const people = (who: { tenant: string }, ...users: string[]) =>
    Promise.all(users.map((user) => app.token('FINANCE', { tenant: who.tenant, user })));

  test('needs two approvers above the limit, neither of them the creator, even after repeated clicks (F12)', async () => {
    const who = await program({ secondApprovalAbove: '19.99' });
    const [ann = '', bob = ''] = await people(who, 'ann', 'bob');
    const { id: partnerId } = await newPartner(app, who.manager);
    await earned(app, who, partnerId);
    const id = await payout(who, partnerId);
    expect(await seen(who, id)).toMatchObject({ status: 'PENDING', secondApproval: 'ABOVE_LIMIT' });
    expect(
      tally(await Promise.all(Array.from({ length: 25 }, () => app.send(ann, APPROVE, { id })))),
    ).toEqual({ ok: 1, CONFLICT: 24 });
    expect(await seen(who, id)).toMatchObject({
      status: 'PENDING',
      firstApprovedBy: 'ann',
      approvedBy: null,
    });
    expect(await app.refusal(ann, APPROVE, { id })).toMatchObject({ reason: 'SECOND_APPROVER_NEEDED' });
    expect(await app.refusal(who.maria, APPROVE, { id })).toMatchObject({ code: 'FORBIDDEN' });
    expect(
      tally(await Promise.all(Array.from({ length: 25 }, () => app.send(bob, APPROVE, { id })))),
    ).toEqual({ ok: 1, CONFLICT: 24 });
    expect(await seen(who, id)).toMatchObject({
      status: 'APPROVED',
      firstApprovedBy: 'ann',
      approvedBy: 'bob',
    });
    await expect(sql(`update payouts set first_approved_by = created_by where id = $1`, id)).rejects.toThrow(
      /payouts_two_people/,
    );
  });

  test('has one outcome when two people approve and one cancels at the same time (F12)', async () => {
    const who = await program({ secondApprovalAbove: '19.99' });
    const tokens = await people(who, 'ann', 'bob', 'cid');
    const { id: partnerId } = await newPartner(app, who.manager);
    await earned(app, who, partnerId);
    const id = await payout(who, partnerId);
    const answers = await Promise.all([
      app.send(who.tom, CANCEL, { id, reason: 'no' }),
      ...Array.from({ length: 24 }, (_, i) => app.send(tokens[i % 3] ?? '', APPROVE, { id })),
    ]);
    const { status } = await seen(who, id);
    expect(['CANCELED', 'APPROVED']).toContain(status);
    const [canceled, ...approved] = answers.map(({ errors }) => errors === undefined);
    expect(canceled).toBe(status === 'CANCELED');
    expect(approved.filter(Boolean).length).toBeLessThanOrEqual(2);
    expect(await claims(who.tenant)).toMatchObject({ payouts: 1 });
  });

  test('needs two approvers for amounts that are split below the limit, and gives the reason', async () => {
    const who = await program({ secondApprovalAbove: '30.00' });
    const { id: partnerId } = await newPartner(app, who.manager);
    await earned(app, who, partnerId);
    await earned(app, who, partnerId, { occurredAt: '2026-02-10T00:00:00Z' });
    const first = await payout(who, partnerId);
    expect(await seen(who, first)).toMatchObject({ secondApproval: null });
    const second = await payout(who, partnerId, { periodStart: '2026-02-01', periodEnd: '2026-02-28' });
    expect(await seen(who, first)).toMatchObject({ secondApproval: 'SPLIT' });
    expect(await seen(who, second)).toMatchObject({ secondApproval: 'SPLIT' });
    const { payouts } = await app.ask(who.tom, '{ payouts(filter: { needsTwo: true }) { totalCount } }');
    expect(payouts.totalCount).toBe(2);
    await app.ask(who.tom, APPROVE, { id: first });
    expect(await seen(who, first)).toMatchObject({ status: 'PENDING', firstApprovedBy: 'tom' });
  });

  test('still needs two approvers after the limit was raised, which needs a fresh sign-in', async () => {
    const who = await program({ secondApprovalAbove: '19.99' });
    const { id: partnerId } = await newPartner(app, who.manager);
    await earned(app, who, partnerId);
    const id = await payout(who, partnerId);
    const lift =
      'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { secondApprovalAbove { amount } } }';
    const old = await app.token('PROGRAM_MANAGER', {
      ...{ tenant: who.tenant, user: 'manager', signedInAt: new Date(Date.now() - 16 * 60_000) },
    });
    for (const input of [{ secondApprovalAbove: null }, { splitDays: 1 }, { autoPayouts: true }])
      expect(await app.refusal(old, lift, { input })).toMatchObject({ reason: 'STEP_UP_REQUIRED' });
    for (const secondApprovalAbove of ['1000.00', null]) {
      await configure(who, { secondApprovalAbove });
      await app.ask(who.tom, APPROVE, { id }).catch(() => {}); // the second time he is refused
      expect(await seen(who, id)).toMatchObject({ status: 'PENDING', secondApproval: 'ABOVE_LIMIT' });
    }
  });

  test('compares a foreign currency by the rate of the day, and needs two approvers without a rate', async () => {
    const who = await program({ secondApprovalAbove: '30.00' });
    const make = async (currency: string) => {
      const { id } = await newPartner(app, who.manager, { currency });
      await earned(app, who, id, { currency });
      return payout(who, id);
    };
    const before = await make('GBP');
    expect(await seen(who, before)).toMatchObject({ secondApproval: 'NO_RATE' });
    const today = new Date().toISOString().slice(0, 10);
    await app.ask(
      who.manager,
      'mutation ($input: SetExchangeRatesInput!) { setExchangeRates(input: $input) { count } }',
      {
        input: {
          rates: [
            { base: 'GBP', quote: 'USD', rate: '1.5', effectiveOn: today },
            { base: 'USD', quote: 'EUR', rate: '0.6', effectiveOn: today },
          ],
        },
      },
    );
    expect(await seen(who, await make('GBP'))).toMatchObject({ secondApproval: null }); // 20.00 are 30.00
    expect(await seen(who, await make('EUR'))).toMatchObject({ secondApproval: 'ABOVE_LIMIT' }); // 33.33
    // The payout of before goes on needing two, whatever rate comes.
    await app.ask(who.tom, APPROVE, { id: before });
    expect(await seen(who, before)).toMatchObject({
      ...{ status: 'PENDING', secondApproval: 'NO_RATE', firstApprovedBy: 'tom' },
    });
    await expect(
      app.database.pool.query('update payouts set second_approval = null where id = $1', [before]),
    ).rejects.toThrow('A payout that needed two approvals goes on needing two.');
  });

  test('needs two approvers when the rate is of the creator or the approver, unless a second person confirmed it', async () => {
    const who = await program({ secondApprovalAbove: '30.00' });
    const today = new Date().toISOString().slice(0, 10);
    const enter = (base: string, rate: string, day: string) =>
      app.ask(
        who.admin,
        'mutation ($input: SetExchangeRatesInput!) { setExchangeRates(input: $input) { waiting } }',
        { input: { rates: [{ base, quote: 'USD', rate, effectiveOn: day }] } },
      );
    const make = async (currency: string, by: string) => {
      const { id } = await newPartner(app, who.manager, { currency });
      await earned(app, who, id, { currency });
      return payout({ ...who, maria: by }, id);
    };
    await enter('GBP', '0.0001', today);
    expect(await seen(who, await make('GBP', who.admin))).toMatchObject({ secondApproval: 'NO_RATE' });
    const ofMaria = await make('GBP', who.maria);
    expect(await seen(who, ofMaria)).toMatchObject({ secondApproval: null });
    await app.ask(who.admin, APPROVE, { id: ofMaria });
    expect(await seen(who, ofMaria)).toMatchObject({ status: 'PENDING', secondApproval: 'NO_RATE' });
    await app.ask(who.tom, APPROVE, { id: ofMaria });
    expect((await seen(who, ofMaria)).status).not.toBe('PENDING');

    const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    await enter('EUR', '1', yesterday);
    expect(await enter('EUR', '1.4', today)).toEqual({ setExchangeRates: { waiting: 1 } });
    const { proposedExchangeRates } = await app.ask(
      who.tom,
      '{ proposedExchangeRates(status: WAITING) { edges { node { id } } } }',
    );
    const [{ node }] = proposedExchangeRates.edges;
    await app.ask(who.tom, 'mutation ($id: ID!) { confirmExchangeRate(id: $id) { id } }', { id: node.id });
    expect(await seen(who, await make('EUR', who.admin))).toMatchObject({ secondApproval: null }); // 28.00
  });

  test('approves a whole run like each of its payouts, once', async () => {
    const who = await program({ secondApprovalAbove: '50.00' });
    const [ann = ''] = await people(who, 'ann');
    const partners = [];
    for (const amount of ['100.00', '100.00', '300.00', '100.00']) {
      const { id } = await newPartner(app, who.manager);
      await earned(app, who, id, { amount });
      partners.push(id);
    }
    const { id } = (await app.ask(who.maria, RUN, { input: february })).runPayouts;
    await app.ask(who.tom, HOLD, { id: partners[3] });
    const outcomes = async (token: string) => {
      const { approvePayoutRun } = await app.ask(token, APPROVE_RUN, { id });
      return approvePayoutRun.results.map(({ outcome }: { outcome: string }) => outcome).sort();
    };
    expect(await outcomes(who.maria)).toEqual(new Array(4).fill('OWN_PAYOUT'));
    const both = (await Promise.all([outcomes(who.tom), outcomes(who.tom)])).flat();
    expect(both.filter((outcome) => outcome === 'APPROVED')).toHaveLength(2);
    expect(both.filter((outcome) => outcome === 'FIRST_APPROVAL')).toHaveLength(1);
    expect(await outcomes(who.tom)).toEqual(['PAYOUTS_HELD', 'SECOND_APPROVER_NEEDED']);
    expect(await outcomes(ann)).toEqual(['APPROVED', 'PAYOUTS_HELD']);
    await app.ask(who.tom, RELEASE, { id: partners[3] });
    expect(await outcomes(ann)).toEqual(['APPROVED']);
    const waiting = await sql(
      `select 1 from payouts o join graphile_worker.jobs j on j.key = 'send_payout:' || o.id where o.run_id = $1`,
      id,
    );
    expect(waiting).toHaveLength(4);
  });

  test('refuses the approval after the payout account was replaced', async () => {
    const who = await program();
    const { id: partnerId } = await newPartner(app, who.manager, { payoutMethod: 'BANK_TRANSFER' });
    await earned(app, who, partnerId);
    const signedIn = await app.token('FINANCE', { tenant: who.tenant, signedInAt: new Date() });
    const set = () =>
      app.ask(signedIn, SET_PAYOUT_ACCOUNT, { input: anAccount({ partnerId, currency: 'USD' }) });
    await set();
    await sql(
      `update payout_accounts set usable_from = now() - interval '1 day' where partner_id = $1`,
      partnerId,
    );
    const id = await payout(who, partnerId);
    await set();
    expect(await app.refusal(who.tom, APPROVE, { id })).toMatchObject({
      code: 'CONFLICT',
      reason: 'ACCOUNT_CHANGED',
    });
    // As one that was made before accounts were noted: the partner has one, so that is not what it says.
    await sql('update payouts set payout_account_id = null where id = $1', id);
    expect(await app.refusal(who.tom, APPROVE, { id })).toMatchObject({
      ...{ reason: 'NO_ACCOUNT', message: expect.stringContaining('without a payout account') },
    });
  });
});

describe('a remittance statement', () => {
  const REMITTANCE = 'query ($id: ID!) { remittance(payoutId: $id) { fileName csv pdf } }';

  test('explains every commission of a payout as CSV without formulas and as PDF, to its partner only', async () => {
    const who = await program();
    const { id: partnerId } = await newPartner(app, who.manager, {
      companyName: '=Evil, Inc',
      currency: 'KWD',
    });
    await earned(app, who, partnerId, { amount: '9.260', currency: 'KWD' });
    const { createPayout } = await app.ask(who.maria, CREATE, { input: { partnerId, ...january } });
    const partner = await app.token('PARTNER', { tenant: who.tenant, partner: partnerId });
    const { remittance } = await app.ask(partner, REMITTANCE, { id: createPayout.id });
    const rows = remittance.csv.split('\r\n');
    expect(rows).toHaveLength(5); // head, two lines, total, the end
    expect(remittance.csv).toMatch(
      /,"1\.852 KWD is 20 % of 9\.260 KWD, by the partner's own rate\.",KWD,1\.852,/,
    );
    expect(remittance.csv).toMatch(/,KWD,,0\.002/);
    expect(rows[3]).toMatch(/TOTAL.*STRIPE: PENDING,KWD,1\.850,$/);
    for (const cell of remittance.csv.split(/[,\r\n]+/)) expect(cell).not.toMatch(/^"?[=+\-@]/);
    const pdf = Buffer.from(remittance.pdf, 'base64');
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    expect(pdf.includes('/FontFile2')).toBe(true); // the font is in the file
    expect(textMaps(pdf)).toMatch(/beginbf(char|range)/); // glyphs say which letters they are: it can be selected
    const other = await app.token('PARTNER', {
      tenant: who.tenant,
      partner: (await newPartner(app, who.manager)).id,
    });
    expect(await app.refusal(other, REMITTANCE, { id: createPayout.id })).toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('has a glyph for every character of a name in any script', async () => {
    const who = await program();
    for (const companyName of [
      '株式会社サンプル',
      '北京示例有限公司',
      '주식회사 예시',
      'شركة المثال المحدودة',
      'חברת דוגמה',
      'नैन्सी क्षत्रिय प्रकाशन',
      'บริษัท ตัวอย่าง จำกัด',
      'შპს მაგალითი',
      'Օրինակ ՍՊԸ',
      'Пример Ђорђе Ћирић Ґудзь',
      'Παράδειγμα',
      'Müller ₾ ₸ ₹ € 株 🎉 GmbH',
      'உதாரணம்',
    ]) {
      const { id: partnerId } = await newPartner(app, who.manager, { companyName });
      await earned(app, who, partnerId);
      const { createPayout } = await app.ask(who.maria, CREATE, { input: { partnerId, ...january } });
      const { remittance } = await app.ask(who.maria, REMITTANCE, { id: createPayout.id });
      const drawn = textMaps(Buffer.from(remittance.pdf, 'base64')).match(/<[0-9a-f]+>(?= -?[\d.]+| ?\])/g);
      const glyphs = (drawn ?? []).flatMap((hex) => hex.slice(1, -1).match(/.{4}/g) ?? []);
      expect(glyphs.length).toBeGreaterThan(100);
      expect([companyName, glyphs.filter((glyph) => glyph === '0000').length]).toEqual([companyName, 0]);
    }
  }, 60_000);

  test('shows words from right to left in their order, with the signs and numbers between them', () => {
    const shown = (text: string) => runsOf(text).map((run) => run.text);
    expect(shown('חברת דוגמה (2026) בע"מ')).toEqual(['מ', '"', 'בע', ' (2026)', ' ', 'דוגמה', ' ', 'חברת']);
    expect(shown('שלום, עולם Ltd')).toEqual(['עולם', ' ,', 'שלום', ' ', 'Ltd']);
    expect(shown('order شركة النور: 20.00')).toEqual(['order ', 'النور', ' ', 'شركة', ': 20.00']);
    expect(shown('بنك ABC الدولي')).toEqual(['بنك', ' ', 'ABC ', 'الدولي']);
    expect(shown('உதாரணம் Ltd')).toEqual(['உதாரணம்', ' (utarnm) ', 'Ltd']); // the font does not place its marks
    expect(shown('❤️ 한국어')).toEqual(['❤ 한국어']);
  });

  test('renders a remittance PDF once per request, also under several aliases', async () => {
    const who = await program();
    const { id: partnerId } = await newPartner(app, who.manager);
    await earned(app, who, partnerId);
    const { createPayout } = await app.ask(who.maria, CREATE, { input: { partnerId, ...january } });
    const twice = 'query ($id: ID!) { remittance(payoutId: $id) { one: pdf other: pdf } }';
    const { remittance } = await app.ask(who.maria, twice, { id: createPayout.id });
    expect(remittance.one.length).toBeGreaterThan(1_000);
    expect(remittance.other).toBe(remittance.one); // each file has an id of its own
  });

  test('gives the partner the reason and advice for a failed payout', async () => {
    const who = await program();
    const { id: partnerId } = await newPartner(app, who.manager);
    await earned(app, who, partnerId);
    const { createPayout } = await app.ask(who.maria, CREATE, { input: { partnerId, ...january } });
    const { id } = createPayout;
    for (const status of ['APPROVED', 'PROCESSING', 'FAILED'])
      await sql(
        `update payouts set status = $2::text, approved_by = 'tom', approved_at = coalesce(approved_at, now()), failure_reason = case $2::text when 'FAILED' then 'The receiving account is closed.' end where id = $1`,
        id,
        status,
      );
    const partner = await app.token('PARTNER', { tenant: who.tenant, partner: partnerId });
    const { payout } = await app.ask(
      partner,
      'query ($id: ID!) { payout(id: $id) { failureReason nextStep } }',
      { id },
    );
    expect(payout).toEqual({
      failureReason: 'The receiving account is closed.',
      nextStep: expect.stringMatching(/Check your payout account/),
    });
    await app.ask(who.tom, HOLD, { id: partnerId });
    expect(await app.refusal(who.tom, RETRY, { id })).toMatchObject({ reason: 'PAYOUTS_HELD' });
    expect(
      (
        await app.ask(partner, 'query ($id: ID!) { partner(id: $id) { payoutHold { reason } } }', {
          id: partnerId,
        })
      ).partner.payoutHold,
    ).toEqual({ reason: 'to look at' });
    await app.ask(who.tom, CANCEL, { id, reason: 'anew' });
  });
});

/** The streams of a PDF that say which letters its glyphs are. */
function textMaps(pdf: Buffer): string {
  const texts: string[] = [];
  for (let at = pdf.indexOf('stream\n'); at >= 0; at = pdf.indexOf('stream\n', at + 7)) {
    const end = pdf.indexOf('endstream', at);
    try {
      texts.push(inflateSync(pdf.subarray(at + 7, end)).toString('latin1'));
    } catch {} // not compressed
  }
  return texts.join('\n');
}

test('the books check passes after all tests of this file', async () => {
  const faults: string[] = [];
  const made = `payout|line|posting|payable|claim`;
  for await (const proof of prove({ pool: app.app.services.pool, actor: system }, []))
    if (new RegExp(made).test(proof.name)) faults.push(...proof.faults);
  // The failed payout above was failed by hand, without its postings.
  expect(faults).toEqual([]);
}, 60_000);

test('refuses to cancel a finished run without cancelable payouts', async () => {
  await staffOf(app, 'over');
  const tom = await app.token('FINANCE', { tenant: 'over', user: 'tom' });
  await app.ask(
    await app.token('PROGRAM_MANAGER', { tenant: 'over' }),
    'mutation { updateProgram(input: {}) { tenantId } }',
  );
  const id = await asked('over', 'DONE');
  expect(await app.refusal(tom, CANCEL_RUN, { id })).toMatchObject({ reason: 'NOTHING_TO_CANCEL' });
  expect((await app.ask(tom, SEE_RUN, { id })).payoutRun.status).toBe('DONE');
});
