import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { system } from '../../../src/kernel/request/actor.ts';
import { contextFor } from '../../../src/kernel/request/context.ts';
import { linkAudit } from '../../../src/modules/foundation/audit/seal-audit.ts';
import { verifyAudit } from '../../../src/modules/foundation/audit/verify-audit.ts';
import { dataMap } from '../../../src/modules/privacy/privacy/data-map.ts';
import {
  erasureLog,
  forgetClicks,
  replayErasure,
} from '../../../src/modules/privacy/privacy/erase-person.ts';
import { applyRetention } from '../../../src/modules/privacy/privacy/retention.ts';
import { createTestApp, TENANT, type TestApp } from '../../support/app.ts';
import { everythingIn, holding } from '../../support/everything.ts';
import {
  APPROVE,
  anAccount,
  balanceOf,
  CONVERT,
  CREATE_PAYOUT,
  ERASE_PERSON,
  EXPORT_PERSON,
  INVITE,
  linesOf,
  makeApproved,
  makeCommission,
  makeExport,
  makePartner,
  REVERSE,
  SET_PAYOUT_ACCOUNT,
  staffOf,
  TAKE_EXPORT,
  TRACK,
} from '../../support/make.ts';
import { until } from '../../support/until.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let now = new Date();
beforeAll(async () => {
  app = await createTestApp({ clock: { now: () => now } });
  staff = await staffOf(app);
});
afterAll(() => app.close());
beforeEach(() => {
  now = new Date();
});

const context = () => contextFor(app.app.services, { actor: system, requestId: randomUUID() });
const rows = async (sql: string, ...values: unknown[]) => (await app.database.pool.query(sql, values)).rows;
const period = { periodStart: '2026-01-01', periodEnd: '2100-01-01' };

/** A partner whose every field bears the mark, with a customer that bears another, and money that went all the way. */
async function aLife(mark: string) {
  const visitorMark = `visitor-${mark}`;
  const partner = await makePartner(app, staff.manager, {
    partnerType: 'WHITE_LABEL',
    companyName: `Company ${mark}`,
    contactName: `Contact ${mark}`,
    email: `first-${mark}@example.com`,
    referralCode: `CODE-${mark}`,
    payoutMethod: 'STRIPE',
    metadata: { note: `Note ${mark}` },
    whiteLabel: {
      brandName: `Brand ${mark}`,
      logoUrl: `https://cdn.example.com/${mark}.png`,
      domain: `${mark}.example.com`.toLowerCase(),
    },
  });
  await app.ask(
    staff.manager,
    'mutation ($id: ID!, $input: UpdatePartnerInput!) { updatePartner(id: $id, input: $input) { id } }',
    {
      id: partner.id,
      input: { contactName: `Second contact ${mark}`, email: `${mark}@example.com` },
    },
  );
  await app.ask(staff.maria, SET_PAYOUT_ACCOUNT, {
    input: anAccount({ partnerId: partner.id, holderName: `Holder ${mark}` }),
  });
  const click = async (more: object = {}) =>
    (
      await app.ask(staff.admin, TRACK, {
        input: {
          referralCode: partner.referralCode,
          ipAddress: '203.0.113.50',
          userAgent: `Browser ${visitorMark}`,
          landingUrl: `https://f.com/?code=${partner.referralCode}&who=${visitorMark}`,
          referrerUrl: `https://social.example/${visitorMark}`,
          metadata: { who: visitorMark },
          ...more,
        },
      })
    ).trackReferral;
  const won = await click();
  const anHourAgo = new Date(Date.now() - 3_600_000).toISOString(); // two clicks within seconds are one
  await click({ visitorId: won.visitorId, occurredAt: anHourAgo });
  const externalId = `cust-${visitorMark}`;
  await app.ask(staff.manager, CONVERT, {
    id: won.id,
    input: {
      customerId: externalId,
      customerEmail: `${visitorMark}@example.com`,
      amount: '1000.00',
      metadata: { cart: visitorMark },
    },
  });
  const [line] = await linesOf(app, partner.id);
  await app.ask(staff.maria, APPROVE, { id: line?.id });
  return { partner, mark, visitorMark, externalId, won, lineId: line?.id as string };
}

/** Pays what is owed, as the rail would have confirmed it. */
async function payOut(partnerId: string): Promise<string> {
  const { createPayout } = await app.ask(staff.tom, CREATE_PAYOUT, { input: { partnerId, ...period } });
  await app.ask(staff.maria, 'mutation ($id: ID!) { approvePayout(id: $id) { id } }', {
    id: createPayout.id,
  });
  await until(
    async () =>
      (await rows('select 1 from payouts where id = $1 and status = $2', createPayout.id, 'PAID')).length,
  );
  return createPayout.id;
}

const erase = (input: object, reason = 'asked for it') =>
  app.ask(staff.admin, ERASE_PERSON, { input, reason });
const forget = async ({ erasePerson }: { erasePerson: { id: string }[] }) => {
  for (const { id } of erasePerson) await forgetClicks(context(), id);
};
const take = (id: string, token: string, by = staff.admin) => app.ask(by, TAKE_EXPORT, { id, token });
const money = async () => {
  const tables = ['postings', 'payout_items', 'conversions', 'partner_metrics', 'partner_metrics_daily'];
  const whole = await Promise.all(tables.map((table) => rows(`select t::text from ${table} t order by 1`)));
  const lines = await rows(
    'select id, status, amount_minor, amount_currency, base_minor, occurred_at from commissions order by id',
  );
  const payouts = await rows(
    'select id, status, amount_minor, amount_currency, paid_at from payouts order by id',
  );
  return { whole, lines, payouts };
};

test('refuses export and erasure without a fresh sign-in', async () => {
  const { id: partnerId } = await makePartner(app, staff.manager);
  const { admin } = staff;
  const user = 'admin of this test';
  const fresh = await app.token('PLATFORM_ADMIN', { user });
  const stale = await app.token('PLATFORM_ADMIN', { user, signedInAt: new Date(Date.now() - 3_600_000) });
  const ready = await makeExport(app, fresh, { partnerId });
  for (const [document, variables] of [
    [EXPORT_PERSON, { input: { partnerId } }],
    [TAKE_EXPORT, ready],
    [ERASE_PERSON, { input: { partnerId }, reason: 'asked' }],
  ] as const)
    expect(await app.refusal(stale, document, variables)).toMatchObject({
      code: 'FORBIDDEN',
      reason: 'STEP_UP_REQUIRED',
    });
  await app.ask(fresh, TAKE_EXPORT, ready);
  await app.ask(admin, ERASE_PERSON, { input: { partnerId }, reason: 'asked' });
});

describe('an export', () => {
  test('exports rows of every place of the data map for a partner, with decrypted values', async () => {
    const { partner, mark, visitorMark } = await aLife('exported-one');
    const other = await aLife('somebody-else');
    const { id, token } = await makeExport(app, staff.admin, { partnerId: partner.id });
    const text = (await take(id, token)).takePersonExport as string;
    const { format, persons } = JSON.parse(text);
    expect(format).toBe('partner-portal/person/1');
    expect(persons).toHaveLength(1);
    const places = dataMap().filter(({ of }) => of === 'PARTNER');
    expect(persons[0].data.map(({ table }: { table: string }) => table)).toEqual(
      places.map(({ table }) => table),
    );
    // biome-ignore lint/suspicious/noExplicitAny: rows of any table
    const at = (table: string): any[] =>
      persons[0].data.find((place: { table: string }) => place.table === table).rows;
    expect(at('partners')).toMatchObject([
      {
        ...{ company_name: `Company ${mark}`, email: `${mark}@example.com` },
        earlier_emails: [`first-${mark}@example.com`],
      },
    ]);
    expect(at('payout_accounts')).toMatchObject([{ holder_name: `Holder ${mark}`, country: 'DE' }]);
    expect(at('payout_accounts')[0].details).toContain('DE89370400440532013000');
    expect(at('commissions')).toMatchObject([{ amount_minor: expect.any(Number), status: 'APPROVED' }]);
    expect(JSON.stringify(at('audit_personal'))).toContain(`Second contact ${mark}`);
    for (const table of [
      'partner_history',
      'white_label_configs',
      'partner_metrics_daily',
      'conversions',
      'postings',
      'audit_events',
    ])
      expect(at(table).length, table).toBeGreaterThan(0);
    expect(text).not.toContain(other.mark);
    expect(text).not.toContain(other.partner.id);
    // A customer's own record is not the partner's; notes on the partner's own line are.
    expect(text.replaceAll(`"cart": "${visitorMark}"`, '')).not.toContain(visitorMark);
  });

  test('exports the clicks of a customer, by id or e-mail address, without the earnings of the partner', async () => {
    const { partner, externalId, visitorMark, won } = await aLife('exported-customer');
    for (const input of [{ customerId: externalId }, { email: `${visitorMark.toUpperCase()}@example.com` }]) {
      const { id, token } = await makeExport(app, staff.admin, input);
      const text = (await take(id, token)).takePersonExport as string;
      const [{ kind, data }] = JSON.parse(text).persons;
      expect(kind).toBe('CUSTOMER');
      // biome-ignore lint/suspicious/noExplicitAny: rows of any table
      const at = (table: string): any[] =>
        data.find((place: { table: string }) => place.table === table).rows;
      expect(at('customers')).toMatchObject([
        { external_id: externalId, email: `${visitorMark}@example.com` },
      ]);
      expect(at('referrals')).toHaveLength(2); // the click that led to nothing too
      expect(at('referrals')[0]).toMatchObject({
        visitor_id: won.visitorId,
        user_agent: `Browser ${visitorMark}`,
      });
      expect(at('conversions')).toMatchObject([{ amount_minor: 100_000 }]);
      expect(at('commissions')[0]).not.toHaveProperty('amount_minor');
      expect(text).not.toContain('203.0.113.50');
      expect(text).not.toContain(`Company exported-customer`);
      expect(text).not.toContain(partner.id);
    }
  });

  test('stores an export encrypted, and deletes it when it is taken', async () => {
    const { partner, mark } = await aLife('sealed-export');
    const before = (await holding(app.database.pool, mark)).length;
    const { id, token } = await makeExport(app, staff.admin, { partnerId: partner.id });
    expect((await holding(app.database.pool, mark)).length).toBe(before);
    expect(await holding(app.database.pool, token)).toEqual([]);
    const status = async () =>
      (await app.ask(staff.admin, 'query ($id: ID!) { personExport(id: $id) { status } }', { id }))
        .personExport.status;
    expect(await status()).toBe('READY');
    expect(await app.refusal(staff.admin, TAKE_EXPORT, { id, token: 'x'.repeat(43) })).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'token',
    });
    const replies = await Promise.all([1, 2, 3].map(() => app.send(staff.admin, TAKE_EXPORT, { id, token })));
    expect(replies.filter(({ errors }) => !errors)).toHaveLength(1);
    expect(await app.refusal(staff.admin, TAKE_EXPORT, { id, token })).toMatchObject({
      code: 'CONFLICT',
      reason: 'TAKEN',
    });
    expect(await status()).toBe('TAKEN');
    expect(await rows('select content from person_exports where id = $1', id)).toEqual([{ content: null }]);
  });

  test('gives an export only to the caller who requested it', async () => {
    const { id: partnerId } = await makePartner(app, staff.manager);
    const { id, token } = await makeExport(app, staff.admin, { partnerId });
    const colleague = await app.token('PLATFORM_ADMIN');
    expect(await app.refusal(colleague, TAKE_EXPORT, { id, token })).toMatchObject({ code: 'NOT_FOUND' });
    expect(
      await app.refusal(colleague, 'query ($id: ID!) { personExport(id: $id) { status } }', { id }),
    ).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('deletes an export that is not taken within a day', async () => {
    const { id: partnerId } = await makePartner(app, staff.manager);
    const { id, token } = await makeExport(app, staff.admin, { partnerId });
    now = new Date(Date.now() + 24 * 3_600_000 + 1);
    expect(await app.refusal(staff.admin, TAKE_EXPORT, { id, token })).toMatchObject({
      code: 'CONFLICT',
      reason: 'EXPIRED',
    });
    await applyRetention(context(), { visitorMonths: 13 });
    expect(await rows('select 1 from person_exports where id = $1', id)).toEqual([]);
  });

  test('refuses to take an export before the worker has written it', async () => {
    const { id: partnerId } = await makePartner(app, staff.manager);
    const { exportPerson } = await app.ask(staff.admin, EXPORT_PERSON, { input: { partnerId } });
    expect(exportPerson.export.status).toBe('PENDING');
    const { id } = exportPerson.export;
    expect(await app.refusal(staff.admin, TAKE_EXPORT, { id, token: exportPerson.token })).toMatchObject({
      reason: 'PENDING',
    });
  });

  test.each([
    ['input', {}],
    ['input', { email: 'a@example.com', customerId: 'c' }],
    ['input.partnerId', { partnerId: 'x' }],
    ['input.email', { email: 'nobody' }],
    ['input.customerId', { customerId: '' }],
  ])('refuses an export without exactly one person, and names the field: %s', async (field, input) => {
    expect(await app.refusal(staff.admin, EXPORT_PERSON, { input })).toMatchObject({
      code: 'BAD_USER_INPUT',
      field,
    });
  });

  test.each([
    { partnerId: randomUUID() },
    { customerId: 'never-heard-of' },
    { email: 'never@example.com' },
    { email: 'elsewhere@example.com' },
  ])('finds no person for an unknown id or address: %j', async (input) => {
    const elsewhere = await staffOf(app, 'elsewhere');
    await makePartner(app, elsewhere.manager, { email: 'elsewhere@example.com' });
    expect(await app.refusal(staff.admin, EXPORT_PERSON, { input })).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('an erasure', () => {
  beforeAll(() => app.app.startWorker());

  test('erasing a partner removes everything that names it, and keeps all amounts', async () => {
    const { partner, mark, visitorMark } = await aLife('erased-partner-mark');
    await payOut(partner.id);
    const before = { money: await money(), balance: await balanceOf(app, staff.admin, partner.id) };
    expect((await holding(app.database.pool, mark)).length).toBeGreaterThan(6);

    const erased = await erase({ partnerId: partner.id });
    await forget(erased);

    expect(erased.erasePerson).toMatchObject([
      {
        kind: 'PARTNER',
        personId: partner.id,
        reason: 'asked for it',
        erasedBy: expect.stringMatching(/^platform_admin/),
      },
    ]);
    await linkAudit(context());
    expect(await verifyAudit(context(), TENANT)).toMatchObject({ firstFault: null });
    const lastDay = `${new Date().getUTCFullYear() + 10}-12-31`;
    expect(erased.erasePerson[0].kept).toContainEqual({
      what: 'commissions, payouts and the ledger',
      reason: 'commercial and tax law: accounting records',
      until: lastDay,
    });
    // What is left of the mark is the customer's, who was not erased.
    const left = await holding(app.database.pool, mark, 'CODE-erased', '203.0.113.50');
    expect(
      left.every((row) => row.startsWith('public.customers:') && row.includes(visitorMark)),
      left.join('\n'),
    ).toBe(true);
    expect(await money()).toEqual(before.money);
    expect(before.balance).toMatchObject({ payable: '0.00', paid: '100.00' });
    const [row] = await rows('select * from partners where id = $1', partner.id);
    expect(row).toMatchObject({
      company_name: `erased-${partner.id.slice(-12)}`,
      contact_name: null,
      email: `erased+${partner.id}@invalid`,
      referral_code: `ERASED-${partner.id.slice(-12).toUpperCase()}`,
      status: 'INACTIVE',
      metadata: {},
      deleted_at: expect.any(Date),
    });
    expect(await rows('select wrapped from data_keys where partner_id = $1', partner.id)).toEqual([
      { wrapped: null },
    ]);
    const referrals = await rows(
      'select id, visitor_id, ip_hash, user_agent, landing_url from referrals where partner_id = $1',
      partner.id,
    );
    expect(referrals).toHaveLength(2);
    for (const { id, ...click } of referrals)
      expect(click).toEqual({
        visitor_id: id,
        ip_hash: null,
        user_agent: null,
        landing_url: 'https://f.com/',
      });
    // Its figures, added up again from the rows, are what they were.
    await app.database.pool.query('select recalculate_partner_metrics(array[$1]::uuid[])', [partner.id]);
    const figures = (tables: { whole: { t: string }[][] }) =>
      tables.whole
        .at(-1)
        ?.filter(({ t }) => t.includes(partner.id))
        .map(({ t }) => t);
    expect(figures(await money())).toEqual(figures(before.money));
  });

  test('erasing a customer keeps the sale and the earnings of the partner', async () => {
    const { partner, externalId, visitorMark, lineId } = await aLife('erased-customer-mark');
    const before = { money: await money(), lines: await linesOf(app, partner.id) };
    await forget(await erase({ customerId: externalId }));
    expect(await holding(app.database.pool, visitorMark)).toEqual([]);
    expect(await money()).toEqual(before.money);
    expect(await linesOf(app, partner.id)).toEqual(before.lines);
    const { commission } = await app.ask(
      staff.manager,
      'query ($id: ID!) { commission(id: $id) { amount { amount } customer { externalId } } }',
      { id: lineId },
    );
    expect(commission).toMatchObject({
      amount: { amount: '100.00' },
      customer: { externalId: expect.stringMatching(/^erased-/) },
    });
  });

  test('erases every person with the e-mail address', async () => {
    const email = 'one.person@example.com';
    const { id } = await makePartner(app, staff.manager, { email: 'One.Person@Example.com' });
    const second = await makePartner(app, staff.manager, { email });
    const { erasePerson } = await erase({ email });
    expect(new Set(erasePerson.map(({ personId }: { personId: string }) => personId))).toEqual(
      new Set([id, second.id]),
    );
    expect(await holding(app.database.pool, email)).toEqual([]);
  });

  test('erases a partner that had left the program', async () => {
    const { id } = await makePartner(app, staff.manager, { contactName: 'Gone Before' });
    await app.ask(staff.manager, 'mutation ($id: ID!) { deletePartner(id: $id) { id } }', { id });
    await erase({ partnerId: id });
    expect(await holding(app.database.pool, 'Gone Before')).toEqual([]);
  });

  test('revokes the API keys of an erased partner', async () => {
    const { id: partnerId } = await makePartner(app, staff.manager);
    const { createApiKey } = await app.ask(
      staff.admin,
      'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }',
      { input: { partnerId, name: 'a program of Erased', scopes: ['READ'] } },
    );
    expect((await app.send(createApiKey.secret, '{ partners { totalCount } }')).errors).toBeUndefined();
    await erase({ partnerId });
    expect(await app.refusal(createApiKey.secret, '{ partners { totalCount } }')).toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });

  test('refuses an erasure while money is owed or under way, with advice', async () => {
    const { id: partnerId } = await makePartner(app, staff.manager, { payoutMethod: 'STRIPE' });
    const refused = () => app.refusal(staff.admin, ERASE_PERSON, { input: { partnerId }, reason: 'x' });
    const untouched = async () =>
      expect((await rows('select email from partners where id = $1', partnerId))[0].email).toBe(
        'john@acme.com',
      );
    const line = await makeCommission(app, staff.manager, partnerId);
    expect(await refused()).toMatchObject({ code: 'CONFLICT', reason: 'COMMISSIONS_PENDING' });
    await app.ask(staff.maria, APPROVE, { id: line });
    expect(await refused()).toMatchObject({
      code: 'CONFLICT',
      reason: 'MONEY_OWED',
      message: expect.stringContaining('10.00 USD'),
    });
    const { createPayout } = await app.ask(staff.tom, CREATE_PAYOUT, { input: { partnerId, ...period } });
    expect(await refused()).toMatchObject({ code: 'CONFLICT', reason: 'PAYOUT_UNDER_WAY' });
    await app.ask(staff.maria, 'mutation ($id: ID!) { approvePayout(id: $id) { id } }', {
      id: createPayout.id,
    });
    await until(
      async () =>
        (await rows("select 1 from payouts where id = $1 and status = 'PAID'", createPayout.id)).length,
    );
    await app.ask(staff.maria, REVERSE, { id: line, input: { reason: 'refunded' } });
    expect(await refused()).toMatchObject({
      reason: 'BALANCE_NEGATIVE',
      message: expect.stringContaining('-10.00 USD'),
    });
    await untouched();
    await makeApproved(app, staff, partnerId, { type: 'BONUS', amount: '10.00', commissionRate: 100 });
    expect((await erase({ partnerId })).erasePerson).toHaveLength(1);
  });

  test('refuses an erasure without a reason', async () => {
    const { id: partnerId } = await makePartner(app, staff.manager);
    expect(await app.refusal(staff.admin, ERASE_PERSON, { input: { partnerId }, reason: ' ' })).toMatchObject(
      {
        code: 'BAD_USER_INPUT',
        field: 'reason',
      },
    );
  });

  test('records an erasure by ids only, and refuses changes of the record', async () => {
    const { id: partnerId } = await makePartner(app, staff.manager);
    await erase({ partnerId });
    const { erasures } = await app.ask(
      staff.admin,
      '{ erasures(first: 1) { edges { node { kind personId erasedAt reason kept { what until } } } } }',
    );
    expect(erasures.edges[0].node).toMatchObject({
      kind: 'PARTNER',
      personId: partnerId,
      reason: 'asked for it',
    });
    await expect(app.database.pool.query('delete from erasures')).rejects.toThrow('append-only');
    await expect(app.database.pool.query(`update erasures set reason = ''`)).rejects.toThrow('append-only');
  });

  test('a second erasure changes nothing', async () => {
    const { partner } = await aLife('erased-twice');
    await payOut(partner.id);
    await forget(await erase({ partnerId: partner.id }));
    const before = await rows('select t::text from partners t where id = $1', partner.id);
    await forget(await erase({ partnerId: partner.id }));
    const withoutTime = (found: { t: string }[]) => found.map(({ t }) => t.replace(/"[^"]*"\)$/, ''));
    expect(withoutTime(await rows('select t::text from partners t where id = $1', partner.id))).toEqual(
      withoutTime(before),
    );
  });
});

describe('a member of a partner', () => {
  async function anOrganisation(mark: string) {
    const { id: partnerId } = await makePartner(app, staff.manager);
    const invite = async (who: string) => {
      const { inviteMember } = await app.ask(staff.admin, INVITE, {
        partnerId,
        input: { email: `${who}-${mark}@people.example`, name: `Name ${who}-${mark}`, role: 'MANAGER' },
      });
      await rows(
        `update members set status = 'ACTIVE', issuer = 'https://idp.example', subject = $2, accepted_at = now() where id = $1`,
        inviteMember.id,
        `subject-${who}-${mark}`,
      );
      return inviteMember.id as string;
    };
    return { partnerId, first: await invite('first'), second: await invite('second') };
  }

  test('exports a member alone, by id or e-mail address', async () => {
    const { first } = await anOrganisation('exported');
    for (const input of [{ memberId: first }, { email: 'FIRST-exported@people.example' }]) {
      const { id, token } = await makeExport(app, staff.admin, input);
      const text = (await take(id, token)).takePersonExport as string;
      expect(JSON.parse(text).persons).toMatchObject([{ kind: 'MEMBER', id: first }]);
      expect(text).toContain('Name first-exported');
      expect(text).toContain('subject-first-exported');
      expect(text).not.toContain('second-exported');
    }
  });

  test('erases a member alone, who then has no rights', async () => {
    const { first, second, partnerId } = await anOrganisation('erased-alone');
    const { erasePerson } = await erase({ email: 'first-erased-alone@people.example' });
    expect(erasePerson).toMatchObject([{ kind: 'MEMBER', personId: first }]);
    expect(await holding(app.database.pool, 'first-erased-alone')).toEqual([]);
    expect((await holding(app.database.pool, 'second-erased-alone')).length).toBeGreaterThan(0);
    expect(await rows('select status, issuer, subject from members where id = $1', first)).toEqual([
      { status: 'REMOVED', issuer: null, subject: null },
    ]);
    expect(await rows('select status from members where id = $1', second)).toEqual([{ status: 'ACTIVE' }]);
    expect(await rows('select status from partners where id = $1', partnerId)).toEqual([
      { status: 'ACTIVE' },
    ]);
  });

  test('erases the members of an erased partner', async () => {
    const { partnerId } = await anOrganisation('erased-together');
    await erase({ partnerId });
    expect(await holding(app.database.pool, 'erased-together')).toEqual([]);
  });

  test('does not name an erased customer to its partner', async () => {
    const { partnerId } = await anOrganisation('not-told');
    const { id, token } = await makeExport(app, staff.admin, { partnerId });
    expect((await take(id, token)).takePersonExport).not.toMatch(
      /"email":"first-not-told|subject-first-not-told/,
    );
  });
});

describe('after a backup was restored', () => {
  test('the erase log repeats erasures after a restore, and a second run changes nothing', async () => {
    const backup = await createTestApp();
    const people = await staffOf(backup);
    const { id } = await makePartner(backup, people.manager, {
      companyName: 'Back From The Backup',
      email: 'back@backup.example',
    });
    await backup.ask(null, TRACK, {
      input: {
        referralCode: (
          await backup.ask(people.manager, 'query ($id: ID!) { partner(id: $id) { referralCode } }', { id })
        ).partner.referralCode,
        userAgent: 'Backup browser',
      },
    });
    // The log of the database that was lost, kept beside its backups.
    const line = JSON.stringify({
      id: randomUUID(),
      tenantId: 'acme',
      kind: 'PARTNER',
      personId: id,
      erasedAt: '2026-11-01T00:00:00.000Z',
      erasedBy: 'admin',
      reason: 'asked for it',
      kept: [],
    });
    const marks = ['Back From', 'back@backup', 'Backup browser'];
    expect((await holding(backup.database.pool, ...marks)).length).toBeGreaterThan(1);
    const ctx = () => contextFor(backup.app.services, { actor: system, requestId: randomUUID() });
    await replayErasure(ctx(), line);
    expect(await holding(backup.database.pool, ...marks)).toEqual([]);
    const before = await everythingIn(backup.database.pool);
    await replayErasure(ctx(), line);
    expect(await everythingIn(backup.database.pool)).toEqual(before);
    expect(await erasureLog(ctx())).toEqual([line]);
    await backup.close();
  });

  test('one command writes the erase log and repeats it', { tags: ['slow'] }, async () => {
    const backup = await createTestApp();
    const people = await staffOf(backup);
    const { id } = await makePartner(backup, people.manager, { companyName: 'Back Once More' });
    const file = join(await mkdtemp(join(tmpdir(), 'erasures-')), 'erasures.jsonl');
    const { kept: _, ...erasure } = {
      id: randomUUID(),
      tenantId: 'acme',
      kind: 'PARTNER',
      personId: id,
      erasedAt: '2026-11-01T00:00:00.000Z',
      erasedBy: 'admin',
      reason: 'asked',
      kept: [],
    };
    await writeFile(file, `${JSON.stringify({ ...erasure, kept: [] })}\n`);
    const run = (...more: string[]) =>
      promisify(execFile)(
        process.execPath,
        ['--import', '@oxc-node/core/register', 'src/cli/erasures.ts', ...more],
        {
          env: {
            ...process.env,
            CERBOS_URL: inject('cerbos'),
            NODE_ENV: 'test',
            DATABASE_URL: backup.database.url,
            JWT_SECRET: 'a secret of the tests, long enough for HS256',
          },
        },
      );
    expect((await run('replay', file)).stdout).toContain('1 erasures repeated.');
    expect(await holding(backup.database.pool, 'Back Once More')).toEqual([]);
    expect((await run()).stdout.trim()).toBe(JSON.stringify({ ...erasure, kept: [] }));
    await backup.close();
  });
});
