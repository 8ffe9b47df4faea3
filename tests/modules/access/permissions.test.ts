import { randomUUID } from 'node:crypto';
import { isObjectType } from 'graphql';
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createSchema } from '../../../src/schema.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  aPartner,
  CONVERT,
  CREATE_PAYOUT,
  type MadePartner,
  makeApproved,
  makeClick,
  staffOf,
  TRACK,
  unknownId,
} from '../../support/make.ts';
import {
  type Answer,
  copyOf,
  makeWorld,
  type Operation,
  ok,
  operations,
  people,
  period,
  reads,
  type Who,
  type World,
} from '../../support/operations.ts';
import { listen } from '../../support/sockets.ts';
import { until } from '../../support/until.ts';

const SECRET = 'the secret of the access tests, 32 characters or more';
let app: TestApp;
let world: World;
let staff: World['staff'];
let maker: World['maker'];
let partner: MadePartner;
let other: MadePartner;
let as: World['as'];
let pending: World['pending'];
let approved: World['approved'];
let click: World['click'];

beforeAll(async () => {
  app = await createTestApp({}, { JWT_SECRET: SECRET });
  world = await makeWorld(app);
  ({ staff, maker, partner, other, as, pending, approved, click } = world);
});
afterAll(() => app.close());

const subscription = 'subscription ($id: ID!) { partnerMetricsUpdated(partnerId: $id) { clicks } }';

const table = Object.entries(operations).flatMap(([name, operation]) =>
  operation.answers.map((expected, i) => [name, people[i] as Who, expected, operation] as const),
);

/** Rows that an operation was refused on: the next person may try the same one. */
const refusedOn = new Map<string, string>();

describe('the permissions', () => {
  test('the table of permissions covers every operation of the schema', async () => {
    const schema = await createSchema();
    const fields = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap(
      (type) => (isObjectType(type) ? Object.keys(type.getFields()) : []),
    );
    expect(
      new Set([
        ...Object.keys(operations),
        'partnerMetricsUpdated',
        'programMetricsUpdated',
        'payoutRunProgress',
      ]),
    ).toEqual(new Set(fields));
  });

  test.each(table)(
    '%s by %s: %s',
    async (operation, name, expected, { document, variables, subject, spends }) => {
      const row = refusedOn.get(operation) ?? (await subject?.(world)) ?? '';
      refusedOn.delete(operation);
      const answer = await app.send(
        spends ? await copyOf(app, as[name]) : as[name],
        document,
        variables?.(row),
      );
      expect(answer.errors?.[0]?.extensions.code ?? 'ok').toBe(expected);
      if (expected === ok || !subject || operation === 'trackReferral') return;
      refusedOn.set(operation, row);
      const ofNothing = await app.send(as[name], document, variables?.(unknownId()));
      expect(answer).toEqual(ofNothing); // what is not theirs answers as what does not exist
    },
  );

  test('an operation on many commissions treats those of others as unknown', async () => {
    const { document, variables } = operations['approveCommissions'] as Operation;
    const [there, nowhere] = [
      await app.ask(as['finance elsewhere'], document, variables?.(await pending())),
      await app.ask(as['finance elsewhere'], document, variables?.(unknownId())),
    ];
    expect(there).toEqual(nowhere);
    expect(there.approveCommissions).toMatchObject({ approved: [], failures: [{ code: 'NOT_FOUND' }] });
  });
});

describe('a subscription', () => {
  const codes: Record<Who, Answer> = Object.fromEntries(
    people.map((name, i) => [name, reads[i] as Answer]),
  ) as Record<Who, Answer>;
  let port: number;
  beforeAll(async () => {
    port = await app.app.listen();
  });

  test.each(people.map((name) => [name, codes[name]] as const))('by %s: %s', async (name, expected) => {
    const heard = listen(port, as[name], subscription, { id: partner.id });
    try {
      if (expected === 'ok') {
        await until(async () => app.listeners(partner.id) > 0);
        await click();
        await heard.event(({ partnerMetricsUpdated: { clicks } }) => clicks > 0);
      } else {
        const [error] = await until(async () => heard.errors.length > 0 && heard.errors);
        expect(error).toMatchObject({ extensions: { code: expected } });
        expect(heard.events).toEqual([]);
      }
    } finally {
      await heard.client.dispose();
      await until(async () => app.listeners(partner.id) === 0);
    }
  });
});

describe('a partner', () => {
  let mine: string;
  let made: { line: string; referral: string; payout: string }[];

  beforeAll(async () => {
    mine = as.partner as string;
    made = [];
    await app.database.pool.query('update payout_accounts set usable_from = now()'); // of the operations before
    for (const { id, referralCode } of [partner, other]) {
      const referral = await makeClick(app, referralCode);
      await app.ask(maker, CONVERT, {
        id: referral,
        input: { customerId: 'shared-customer', amount: '50.00' },
      });
      const line = await makeApproved(app, { manager: maker, maria: staff.tom }, id);
      const { createPayout } = await app.ask(maker, CREATE_PAYOUT, { input: { partnerId: id, ...period } });
      made.push({ line, referral, payout: createPayout.id });
    }
  });

  test('a partner sees only its own rows in every list, with any filter', async () => {
    for (const filter of ['', `(filter: { partnerId: "${other.id}" })`]) {
      const { commissions, payouts, referrals } = await app.ask(
        mine,
        `{ commissions${filter} { totalCount edges { node { partner { id } } } }
           payouts${filter} { totalCount edges { node { partner { id } } } }
           referrals${filter} { totalCount edges { node { partner { id } } } } }`,
      );
      for (const list of [commissions, payouts, referrals]) {
        expect(
          list.edges.every(
            ({ node }: { node: { partner: { id: string } } }) => node.partner.id === partner.id,
          ),
        ).toBe(true);
        expect(list.totalCount > 0).toBe(filter === '');
      }
    }
    const { partners } = await app.ask(mine, '{ partners { totalCount edges { node { id } } } }');
    expect(partners).toEqual({ totalCount: 1, edges: [{ node: { id: partner.id } }] });
  });

  test('a partner sees only its own rows in nested fields', async () => {
    const { partner: seen } = await app.ask(
      mine,
      `query ($id: ID!) { partner(id: $id) {
        commissions(first: 100) { edges { node { partner { id } payout { partner { id } } referral { partner { id } } } } }
        payouts(first: 100) { edges { node { partner { id } commissions(first: 100) { edges { node { partner { id } } } } } } }
        referrals(first: 100) { edges { node { partner { id } commissions { partner { id } } } } }
      } }`,
      { id: partner.id },
    );
    const ids = [...JSON.stringify(seen).matchAll(/"id":"([^"]+)"/g)].map(([, id]) => id);
    expect(ids.length).toBeGreaterThan(10);
    expect(new Set(ids)).toEqual(new Set([partner.id]));
  });

  test.each(['line', 'referral', 'payout'] as const)(
    "a partner does not find another partner's %s",
    async (kind) => {
      const field = kind === 'line' ? 'commission' : kind;
      const query = `query ($id: ID!) { ${field}(id: $id) { id } }`;
      expect((await app.ask(mine, query, { id: made[0]?.[kind] }))[field].id).toBe(made[0]?.[kind]);
      expect((await app.refusal(mine, query, { id: made[1]?.[kind] })).code).toBe('NOT_FOUND');
    },
  );

  test('a partner sees only the id of a shared customer', async () => {
    const { referral } = await app.ask(
      mine,
      'query ($id: ID!) { referral(id: $id) { customer { externalId } } }',
      { id: made[0]?.referral },
    );
    expect(referral.customer).toEqual({ externalId: 'shared-customer' });
    const schema = await createSchema();
    const customer = schema.getType('Customer');
    expect(new Set(isObjectType(customer) ? Object.keys(customer.getFields()) : [])).toEqual(
      new Set(['attributions', 'createdAt', 'externalId', 'id']),
    );
  });

  const fields: Record<string, unknown> = {
    status: 'ACTIVE',
    tier: 'DIAMOND',
    companyName: 'Mine',
    contactName: 'Jane',
    email: 'jane@example.com',
    commissionRate: 99,
    apiLimitOverride: 1_000_000,
    payoutFrequency: 'WEEKLY',
    payoutMethod: 'PAYPAL',
    contractStartDate: '2026-01-01',
    identityOrgId: '223279178798072065',
    metadata: {},
    reseller: { creditLimit: '1000000' },
    affiliate: {},
    whiteLabel: {},
  };
  const OWN = new Set(['contactName', 'email']);
  const UPDATE =
    'mutation ($id: ID!, $input: UpdatePartnerInput!) { updatePartner(id: $id, input: $input) { contactName email tier } }';

  test('the test lists every field of an update', async () => {
    const schema = await createSchema();
    const input = schema.getType('UpdatePartnerInput');
    expect(new Set(Object.keys(fields))).toEqual(
      new Set(Object.keys((input as { getFields(): object }).getFields())),
    );
  });

  test.each(Object.entries(fields).filter(([field]) => !OWN.has(field)))(
    'a partner cannot change its %s',
    async (field, value) => {
      const refused = await app.refusal(mine, UPDATE, {
        id: partner.id,
        input: { contactName: 'Mallory', [field]: value },
      });
      expect(refused).toMatchObject({ code: 'FORBIDDEN', field: `input.${field}` });
      expect((await app.refusal(mine, UPDATE, { id: partner.id, input: { [field]: null } })).code).toBe(
        'FORBIDDEN',
      );
      const { partner: now } = await app.ask(
        mine,
        'query ($id: ID!) { partner(id: $id) { contactName tier } }',
        { id: partner.id },
      );
      expect(now.contactName).not.toBe('Mallory');
      expect(now.tier).toBe('BRONZE');
    },
  );

  test('a partner can change its contact data', async () => {
    const { updatePartner } = await app.ask(mine, UPDATE, {
      id: partner.id,
      input: { contactName: 'Jane', email: 'jane@example.com' },
    });
    expect(updatePartner).toMatchObject({ contactName: 'Jane', email: 'jane@example.com' });
  });

  test('a partner with a credential of another tenant sees no row', async () => {
    const stray = await app.token('PARTNER', { tenant: 'elsewhere', partner: partner.id });
    expect(
      (await app.refusal(stray, 'query ($id: ID!) { partner(id: $id) { id } }', { id: partner.id })).code,
    ).toBe('NOT_FOUND');
    const { partners } = await app.ask(stray, '{ partners { totalCount } }');
    expect(partners.totalCount).toBe(0);
  });
});

describe('a tenant', () => {
  test('a tenant sees only its own rows in lists; an administrator sees all rows', async () => {
    await pending();
    const query =
      '{ partners { totalCount } commissions { totalCount } payouts { totalCount } referrals { totalCount } }';
    const counts = async (token: string | null) =>
      Object.values(await app.ask(token, query)).map((list) => (list as { totalCount: number }).totalCount);
    const elsewhere = await staffOf(app, 'an-empty-tenant');
    for (const token of Object.values(elsewhere).filter((each) => each !== elsewhere.admin))
      expect(await counts(token)).toEqual([0, 0, 0, 0]);
    expect(Math.min(...(await counts(elsewhere.admin)))).toBeGreaterThan(0);
  });
});

describe('statements of a caller about itself', () => {
  const CREATE = 'mutation ($input: CreatePartnerInput!) { createPartner(input: $input) { id tenantId } }';

  test('refuses another tenant than that of the caller', async () => {
    const claim = (tenantId: string) => ({ input: aPartner({ tenantId }) });
    expect(await app.refusal(staff.manager, CREATE, claim('elsewhere'))).toMatchObject({
      code: 'FORBIDDEN',
      field: 'input.tenantId',
    });
    expect((await app.ask(staff.manager, CREATE, claim('acme'))).createPartner.tenantId).toBe('acme');
    expect((await app.ask(staff.admin, CREATE, claim('elsewhere'))).createPartner.tenantId).toBe('elsewhere');
  });

  test('accepts another initiator of a payout only from an administrator, who still may not approve the payout', async () => {
    const initiatedBy = 'cfo@finaceverse.com';
    const make = async (token: string) => {
      await approved();
      return (
        await app.ask(token, CREATE_PAYOUT, { input: { partnerId: partner.id, ...period, initiatedBy } })
      ).createPayout;
    };
    const carla = await app.token('FINANCE', { user: 'carla' });
    expect((await make(carla)).initiatedBy).toBe('carla');
    const claimed = await make(staff.admin);
    expect(claimed.initiatedBy).toBe(initiatedBy);
    const approve = 'mutation ($id: ID!) { approvePayout(id: $id) { status } }';
    expect((await app.refusal(staff.admin, approve, { id: claimed.id })).code).toBe('FORBIDDEN');
    await app.ask(await app.token('FINANCE', { user: initiatedBy }), approve, { id: claimed.id });
  });

  test("accepts a visitor's address only from an administrator", async () => {
    const hash = async (token: string | null, ipAddress: string | null) => {
      const { trackReferral } = await app.ask(token, TRACK, {
        input: { referralCode: partner.referralCode, ipAddress },
      });
      const { rows } = await app.database.pool.query('select ip_hash from referrals where id = $1', [
        trackReferral.id,
      ]);
      return rows[0].ip_hash as string;
    };
    const connection = await hash(null, null);
    const claimed = await hash(staff.admin, '203.0.113.42');
    expect(claimed).not.toBe(connection);
    expect(await hash(staff.admin, '203.0.113.42')).toBe(claimed);
    for (const token of [null, staff.manager, as.partner])
      expect(await hash(token, '203.0.113.42')).toBe(connection);
  });
});

describe('a credential', () => {
  const now = Math.floor(Date.now() / 1_000);
  const claims = {
    iss: 'partner-portal',
    aud: 'partner-portal-api',
    sub: 'maria',
    role: 'FINANCE',
    tenant: 'acme',
    iat: now,
    exp: now + 3_600,
  };
  const sign = (payload: Record<string, unknown>, { secret = SECRET, alg = 'HS256' } = {}) =>
    new SignJWT(payload).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
  const call = (authorization: string, query = '{ partners { totalCount } }') =>
    app.app.server.inject({
      method: 'POST',
      url: '/graphql',
      headers: { 'content-type': 'application/json', authorization },
      payload: JSON.stringify({ query }),
    });
  const expectRefused = async (authorization: string, query?: string) => {
    const { statusCode, body } = await call(authorization, query);
    const { data, errors } = JSON.parse(body);
    expect(statusCode).toBe(401);
    expect(data ?? null).toBeNull();
    expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
  };

  test('accepts a complete credential', async () => {
    expect((await call(`Bearer ${await sign(claims)}`)).statusCode).toBe(200);
    expect((await call(`bearer ${await sign({ ...claims, jti: randomUUID() })}`)).statusCode).toBe(200);
  });

  test.each([
    ['that has expired', { iat: now - 7_200, exp: now - 3_600 }],
    ['that is not valid yet', { nbf: now + 3_600 }],
    ['that never expires', { exp: undefined }],
    ['that is too old', { iat: now - 500 * 86_400, exp: now + 3_600 }],
    ['without its time', { iat: undefined }],
    ['without a user', { sub: undefined }],
    ['of an empty user', { sub: '' }],
    ['without a role', { role: undefined }],
    ['of an unknown role', { role: 'ROOT' }],
    ['of a role that is a property of every object', { role: 'constructor' }],
    ['of the role of our own jobs', { role: 'SYSTEM' }],
    ['of many roles', { role: ['FINANCE'] }],
    ['without a tenant', { tenant: undefined }],
    ['of a malformed tenant', { tenant: "acme' or 1=1" }],
    ['of a partner without its id', { role: 'PARTNER' }],
    ['of a partner with a malformed id', { role: 'PARTNER', partner: '42' }],
    ['of staff who is a partner too', { partner: '0198c0de-0000-7000-8000-000000000000' }],
    ['of another issuer', { iss: 'somebody-else' }],
    ['without an issuer', { iss: undefined }],
    ['for another audience', { aud: 'another-api' }],
    ['without an audience', { aud: undefined }],
  ])('%s is refused', async (_, change) => {
    const payload = Object.fromEntries(
      Object.entries({ ...claims, ...change }).filter(([, value]) => value !== undefined),
    );
    await expectRefused(`Bearer ${await sign(payload)}`);
  });

  test('refuses a token without a signature, with another secret or with another algorithm', async () => {
    await expectRefused(`Bearer ${new UnsecuredJWT(claims).encode()}`);
    await expectRefused(
      `Bearer ${await sign(claims, { secret: 'another secret, just as long as the first one' })}`,
    );
    await expectRefused(`Bearer ${await sign(claims, { alg: 'HS512' })}`);
    const [header, payload, signature] = (await sign(claims)).split('.') as [string, string, string];
    const raised = Buffer.from(JSON.stringify({ ...claims, role: 'PLATFORM_ADMIN' })).toString('base64url');
    await expectRefused(`Bearer ${header}.${raised}.${signature}`);
    await expectRefused(`Bearer ${header}.${payload}.`);
    await expectRefused(`Bearer ${header}.${payload}`);
  });

  test.each([
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Basic bWFyaWE6c2VjcmV0',
    'token',
    `Bearer ${'x'.repeat(5_000)}`,
    'Bearer ../../etc/passwd',
  ])('refuses text that is not a token: %s', (authorization) => expectRefused(authorization));

  test('refuses an invalid credential also for public operations', async () => {
    await expectRefused(
      'Bearer nonsense',
      `mutation { trackReferral(input: { referralCode: "${partner.referralCode}" }) { id } }`,
    );
  });

  test('refuses an expired credential that was accepted before', async () => {
    const token = await sign({ ...claims, jti: randomUUID() });
    expect((await call(`Bearer ${token}`)).statusCode).toBe(200);
    vi.useFakeTimers({ toFake: ['Date'], now: (claims.exp + 31) * 1_000 }); // 30 s are allowed for clocks
    await expectRefused(`Bearer ${token}`).finally(() => vi.useRealTimers());
  });
});

test('no refusal was logged as a fault', () => {
  expect(app.logged.filter(({ level }) => Number(level) >= 50)).toEqual([]);
});
