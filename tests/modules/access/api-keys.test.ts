import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Clock } from '../../../src/ports/clock.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  CREATE_API_KEY,
  CREATE_COMMISSION,
  CREATE_PAYOUT,
  makeClick,
  makePartner,
  staffOf,
  tally,
  unknownId,
} from '../../support/make.ts';
import { listen } from '../../support/sockets.ts';
import { until } from '../../support/until.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

let ahead = 0;
const clock: Clock = { now: () => new Date(Date.now() + ahead) };
let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partner: { id: string; referralCode: string };
let owner: string;
beforeAll(async () => {
  app = await createTestApp({ clock });
  staff = await staffOf(app);
});
beforeEach(async () => {
  ahead = 0;
  partner = await makePartner(app, staff.manager);
  owner = await app.token('PARTNER', { partner: partner.id, user: 'olga' });
});
afterAll(() => app.close());

const READ = '{ partners { totalCount } }';
const ROTATE = `mutation ($id: ID!, $hours: Int!) {
  rotateApiKey(id: $id, overlapHours: $hours) { secret apiKey { id prefix expiresAt rotatedAt overlapEndsAt } }
}`;
const REVOKE = 'mutation ($id: ID!) { revokeApiKey(id: $id, reason: "leaked") { id revokedAt } }';
const LIST = 'query ($of: ID) { apiKeys(partnerId: $of) { edges { node { id name lastUsedAt } } } }';

async function keyOf(by: string, input: object = {}) {
  const { createApiKey } = await app.ask(by, CREATE_API_KEY, {
    input: { name: 'checkout', scopes: ['READ'], ...input },
  });
  return createApiKey as { secret: string; apiKey: Record<string, string> & { id: string } };
}
const serverKey = (...scopes: string[]) => keyOf(staff.manager, { scopes: ['READ', ...scopes] });
const answerTo = async (key: string, document = READ, variables = {}) => {
  const { errors } = await app.send(key, document, variables);
  return errors?.[0]?.extensions.code ?? 'ok';
};
const later = (ms: number) => {
  ahead += ms;
};

describe('a new key', () => {
  test('a new key shows its secret once and its prefix always', async () => {
    const { secret, apiKey } = await keyOf(owner);
    expect(secret).toMatch(/^pp_test_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}$/);
    expect(apiKey).toMatchObject({
      name: 'checkout',
      prefix: secret.slice(0, 16),
      scopes: ['READ'],
      createdBy: 'olga',
      partner: { id: partner.id },
      revokedAt: null,
      lastUsedAt: null,
    });
    const { rows } = await app.database.pool.query('select * from api_keys where id = $1', [apiKey.id]);
    expect(rows[0].secret_hash).toMatch(/^[0-9a-f]{64}$/);
    const { rows: audit } = await app.database.pool.query(
      'select action, actor_id, before, after from audit_events where subject_id = $1',
      [apiKey.id],
    );
    expect(audit).toMatchObject([{ action: 'apiKey.created', actor_id: 'olga' }]);
    const [, , , random] = secret.split('_');
    const kept = JSON.stringify([rows, audit, app.logged]);
    expect(kept).toContain(apiKey['prefix']);
    expect(kept).not.toContain(random?.slice(0, 43));
    expect(JSON.stringify(audit)).not.toContain(rows[0].secret_hash);
  });

  test('a new key is valid for a year or as requested, at most 400 days', async () => {
    const days = async (input: object) =>
      (Date.parse((await keyOf(owner, input)).apiKey['expiresAt'] as string) - Date.now()) / DAY_MS;
    const inDays = (count: number) => new Date(Date.now() + count * DAY_MS).toISOString();
    expect(await days({})).toBeCloseTo(365, 2);
    expect(await days({ expiresAt: inDays(30) })).toBeCloseTo(30, 2);
    for (const expiresAt of [inDays(401), inDays(-1)])
      expect(
        await app.refusal(owner, CREATE_API_KEY, { input: { name: 'x', scopes: ['READ'], expiresAt } }),
      ).toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.expiresAt' });
  });

  test('a repeated idempotency key creates no second key and does not return the secret', async () => {
    const input = { name: 'checkout', scopes: ['READ'], idempotencyKey: randomUUID() };
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => app.send(owner, CREATE_API_KEY, { input })),
    );
    expect(tally(answers)).toEqual({ ok: 1, CONFLICT: 4 });
    expect(answers.find(({ errors }) => errors)?.errors?.[0]?.extensions.reason).toBe('ALREADY_CREATED');
    expect((await app.ask(owner, LIST)).apiKeys.edges).toHaveLength(1);
  });

  test('refuses a key above 20 live ones, also with simultaneous requests', async () => {
    for (let i = 0; i < 15; i++) await keyOf(owner);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        app.send(owner, CREATE_API_KEY, { input: { name: 'more', scopes: ['READ'] } }),
      ),
    );
    expect(tally(answers)).toEqual({ ok: 5, CONFLICT: 5 });
    const [{ node }] = (await app.ask(owner, LIST)).apiKeys.edges;
    await app.ask(owner, REVOKE, { id: node.id });
    await keyOf(owner);
  });

  test.each([
    [['CONVERT_REFERRALS', 'READ'], 'FORBIDDEN'],
    [['READ', 'CREATE_PARTNERS'], 'FORBIDDEN'],
    [['EDIT_PARTNERS'], 'BAD_USER_INPUT'],
    [[], 'BAD_USER_INPUT'],
    [['READ', 'READ'], 'BAD_USER_INPUT'],
  ])('a key of a partner with the scopes %j is %s', async (scopes, code) => {
    const refused = await app.refusal(owner, CREATE_API_KEY, { input: { name: 'x', scopes } });
    expect(refused).toMatchObject({ code, field: 'input.scopes' });
  });

  test("a key of a partner has only a partner's scopes, also if staff create it", async () => {
    const input = { name: 'x', partnerId: partner.id, scopes: ['READ', 'CREATE_COMMISSIONS'] };
    expect(await app.refusal(staff.manager, CREATE_API_KEY, { input })).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'input.scopes',
    });
    const { secret } = await keyOf(staff.manager, { partnerId: partner.id });
    expect((await app.ask(secret, READ)).partners.totalCount).toBe(1);
  });
});

test('a session without a fresh sign-in creates and rotates no key, but can revoke one', async () => {
  const { apiKey } = await keyOf(owner);
  const stale = await app.token('PARTNER', {
    partner: partner.id,
    user: 'olga',
    signedInAt: new Date(Date.now() - HOUR_MS / 2),
  });
  const input = { name: 'x', scopes: ['READ'] };
  for (const [document, variables] of [
    [CREATE_API_KEY, { input }],
    [ROTATE, { id: apiKey.id, hours: 1 }],
  ] as const)
    expect(await app.refusal(stale, document, variables)).toMatchObject({
      code: 'FORBIDDEN',
      reason: 'STEP_UP_REQUIRED',
    });
  expect((await app.ask(stale, REVOKE, { id: apiKey.id })).revokeApiKey.revokedAt).not.toBeNull();
});

describe('a program with a key', () => {
  test("a partner's key reads the partner's data and has only its scopes", async () => {
    const { secret } = await keyOf(owner);
    await makePartner(app, staff.manager);
    expect((await app.ask(secret, READ)).partners.totalCount).toBe(1);
    const edit =
      'mutation ($id: ID!) { updatePartner(id: $id, input: { contactName: "Bot" }) { contactName } }';
    expect(await answerTo(secret, edit, { id: partner.id })).toBe('FORBIDDEN');
    const { secret: editor } = await keyOf(owner, { scopes: ['READ', 'EDIT_PARTNERS'] });
    expect(await answerTo(editor, edit, { id: partner.id })).toBe('ok');
    const other = await makePartner(app, staff.manager);
    expect(await answerTo(editor, edit, { id: other.id })).toBe('NOT_FOUND');
    const rename = 'mutation ($id: ID!) { updatePartner(id: $id, input: { tier: GOLD }) { tier } }';
    expect(await answerTo(editor, rename, { id: partner.id })).toBe('FORBIDDEN');
  });

  test('a key of the tenant has only its scopes', async () => {
    const { secret, apiKey } = await serverKey('CONVERT_REFERRALS');
    expect(apiKey['partner']).toBeNull();
    const id = await makeClick(app, partner.referralCode);
    const convert =
      'mutation ($id: ID!) { convertReferral(id: $id, input: { customerId: "c", amount: "9.00" }) { status } }';
    expect(await answerTo(secret, convert, { id })).toBe('ok');
    const input = { partnerId: partner.id, type: 'BONUS', amount: '1.00' };
    expect(await answerTo(secret, CREATE_COMMISSION, { input })).toBe('FORBIDDEN');
    expect(await answerTo((await serverKey()).secret, convert, { id })).toBe('FORBIDDEN');
  });

  test('a key never decides about money and never creates keys, with any scopes', async () => {
    const { secret } = await serverKey(
      'CREATE_PARTNERS',
      'EDIT_PARTNERS',
      'CONVERT_REFERRALS',
      'CREATE_COMMISSIONS',
    );
    const id = unknownId();
    const period = { periodStart: '2026-01-01', periodEnd: '2026-02-01' };
    for (const [document, variables] of [
      ['mutation ($id: ID!) { approveCommission(id: $id) { id } }', { id }],
      ['mutation ($id: ID!) { approvePayout(id: $id) { id } }', { id }],
      [CREATE_PAYOUT, { input: { partnerId: partner.id, ...period } }],
      ['mutation ($id: ID!) { deletePartner(id: $id) { id } }', { id }],
      [CREATE_API_KEY, { input: { name: 'x', scopes: ['READ'] } }],
      [REVOKE, { id }],
    ] as const)
      expect(await answerTo(secret, document, variables)).toBe('FORBIDDEN');
  });

  test('a key is recorded as the creator of its items', async () => {
    const { secret, apiKey } = await serverKey('CREATE_COMMISSIONS');
    const { createCommission } = await app.ask(secret, CREATE_COMMISSION, {
      input: { partnerId: partner.id, type: 'BONUS', amount: '1.00' },
    });
    const { rows } = await app.database.pool.query('select created_by from commissions where id = $1', [
      createCommission.id,
    ]);
    expect(rows[0].created_by).toBe(`key:${apiKey.id}`);
  });

  test('an API key is accepted over WebSocket too', async () => {
    const port = await app.app.listen();
    const { secret } = await keyOf(owner);
    const heard = listen(
      port,
      secret,
      'subscription ($id: ID!) { partnerMetricsUpdated(partnerId: $id) { clicks } }',
      { id: partner.id },
    );
    await until(async () => app.listeners(partner.id) > 0);
    await makeClick(app, partner.referralCode);
    await heard.event(({ partnerMetricsUpdated: { clicks } }) => clicks === 1);
    await heard.client.dispose();
  });

  test('the last use of a key is recorded to the minute', async () => {
    const { secret, apiKey } = await keyOf(owner);
    const seen = async () =>
      (await app.ask(owner, LIST)).apiKeys.edges.find(
        ({ node }: { node: { id: string } }) => node.id === apiKey.id,
      ).node.lastUsedAt;
    expect(await seen()).toBeNull();
    await app.ask(secret, READ);
    const first = await until(seen);
    expect(Math.abs(Date.parse(first) - Date.now())).toBeLessThan(5_000);
    await app.ask(secret, READ);
    expect(await seen()).toBe(first);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    try {
      await app.ask(secret, READ);
      await until(async () => (await seen()) !== first);
    } finally {
      vi.useRealTimers();
    }
  });
});

test('a person who saw the secret of a key cannot approve items that the key created', async () => {
  const APPROVE = 'mutation ($id: ID!) { approveCommission(id: $id) { status } }';
  const one = await app.token('PLATFORM_ADMIN', { user: 'one' });
  const two = await app.token('PLATFORM_ADMIN', { user: 'two' });
  const { secret, apiKey } = await keyOf(one, { scopes: ['READ', 'CREATE_COMMISSIONS'] });
  const byKey = async (key: string): Promise<string> => {
    const input = { partnerId: partner.id, type: 'BONUS', amount: '1.00' };
    return (await app.ask(key, CREATE_COMMISSION, { input })).createCommission.id;
  };
  const before = await byKey(secret);
  expect((await app.refusal(one, APPROVE, { id: before })).code).toBe('FORBIDDEN');
  await app.ask(two, APPROVE, { id: before });
  const { rotateApiKey } = await app.ask(two, ROTATE, { id: apiKey.id, hours: 0 });
  const after = await byKey(rotateApiKey.secret);
  for (const token of [one, two])
    expect((await app.refusal(token, APPROVE, { id: after })).code).toBe('FORBIDDEN');
  await app.ask(staff.maria, APPROVE, { id: after });
});

describe('an invalid key has no access', () => {
  const refused = { code: 'UNAUTHENTICATED', message: 'The token is not valid.' };

  test('a key that is revoked, expired, mistyped, of another installation or unknown gets the same answer', async () => {
    const { secret, apiKey } = await keyOf(owner);
    const answers = [];
    await app.ask(owner, REVOKE, { id: apiKey.id });
    answers.push(await app.refusal(secret, READ));

    const { secret: old } = await keyOf(owner);
    later(366 * DAY_MS);
    answers.push(await app.refusal(old, READ));
    ahead = 0;

    const { secret: whole } = await keyOf(owner);
    const swapped = whole.slice(0, -1) + (whole.endsWith('0') ? '1' : '0');
    answers.push(await app.refusal(swapped, READ));
    answers.push(await app.refusal(whole.replace('pp_test_', 'pp_live_'), READ));
    answers.push(await app.refusal(`${whole}0`, READ));
    expect(answers).toEqual(answers.map(() => refused));
    expect(await answerTo(whole)).toBe('ok');
  });

  test('a key with the secret of another key has no access', async () => {
    const { newToken } = await import('../../../src/modules/access/api-keys/api-key-token.ts');
    const { secret, apiKey } = await keyOf(owner);
    const guess = newToken(apiKey['prefix'] as string).token;
    expect(await app.refusal(guess, READ)).toEqual(refused);
    expect(await app.refusal(newToken('pp_test_Nobody00').token, READ)).toEqual(refused);
    expect(await answerTo(secret)).toBe('ok'); // a wrong guess does not lock the owner out
  });

  test('a flood of invalid keys does not reach the database', async () => {
    const { newToken } = await import('../../../src/modules/access/api-keys/api-key-token.ts');
    const { secret, apiKey } = await keyOf(owner);
    const prefix = apiKey['prefix'] as string;
    await app.refusal(newToken(prefix).token, READ);
    app.statements.length = 0;
    for (let i = 0; i < 50; i++) {
      await app.refusal(newToken(prefix).token, READ);
      await app.refusal(`${secret.slice(0, -1)}-`, READ);
    }
    expect(app.statements.filter((text) => text.includes('api_keys')).length).toBeLessThanOrEqual(1);
  });

  test('a key of a deleted partner has no access', async () => {
    const { secret } = await keyOf(owner);
    await app.ask(staff.manager, 'mutation ($id: ID!) { deletePartner(id: $id) { id } }', { id: partner.id });
    expect(await app.refusal(secret, READ)).toEqual(refused);
  });
});

describe('a rotation', () => {
  test('a rotation accepts both secrets during the overlap, and extends the key by its lifetime', async () => {
    const { secret: old, apiKey } = await keyOf(owner, {
      expiresAt: new Date(Date.now() + 30 * DAY_MS).toISOString(),
    });
    later(20 * DAY_MS);
    const { rotateApiKey } = await app.ask(owner, ROTATE, { id: apiKey.id, hours: 2 });
    expect(rotateApiKey.apiKey).toMatchObject({ id: apiKey.id, prefix: apiKey['prefix'] });
    expect((Date.parse(rotateApiKey.apiKey.expiresAt) - clock.now().getTime()) / DAY_MS).toBeCloseTo(30, 2);
    expect(rotateApiKey.secret).not.toBe(old);
    expect([await answerTo(old), await answerTo(rotateApiKey.secret)]).toEqual(['ok', 'ok']);
    later(2 * HOUR_MS + 11_000);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11_000 }); // what was remembered of it is forgotten
    try {
      expect([await answerTo(old), await answerTo(rotateApiKey.secret)]).toEqual(['UNAUTHENTICATED', 'ok']);
    } finally {
      vi.useRealTimers();
    }
  });

  test('a rotation without overlap ends the old secret at once; a revocation ends both', async () => {
    const { secret: old, apiKey } = await keyOf(owner);
    const { rotateApiKey: first } = await app.ask(owner, ROTATE, { id: apiKey.id, hours: 0 });
    expect([await answerTo(old), await answerTo(first.secret)]).toEqual(['UNAUTHENTICATED', 'ok']);
    const { rotateApiKey: second } = await app.ask(owner, ROTATE, { id: apiKey.id, hours: 24 });
    expect([await answerTo(first.secret), await answerTo(second.secret)]).toEqual(['ok', 'ok']);
    await app.ask(owner, REVOKE, { id: apiKey.id });
    expect([await answerTo(first.secret), await answerTo(second.secret)]).toEqual([
      'UNAUTHENTICATED',
      'UNAUTHENTICATED',
    ]);
    expect((await app.refusal(owner, ROTATE, { id: apiKey.id, hours: 0 })).reason).toBe('REVOKED');
    await app.ask(owner, REVOKE, { id: apiKey.id });
  });

  test.each([-1, 169])('refuses a rotation with an overlap of %i hours', async (hours) => {
    const { apiKey } = await keyOf(owner);
    expect(await app.refusal(owner, ROTATE, { id: apiKey.id, hours })).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'overlapHours',
    });
  });

  test('keeps requests under the old secret repeatable', async () => {
    const { secret: old, apiKey } = await serverKey('CREATE_COMMISSIONS');
    const input = { partnerId: partner.id, type: 'BONUS', amount: '1.00', idempotencyKey: randomUUID() };
    const { createCommission: before } = await app.ask(old, CREATE_COMMISSION, { input });
    const { rotateApiKey } = await app.ask(staff.manager, ROTATE, { id: apiKey.id, hours: 1 });
    const { createCommission: after } = await app.ask(rotateApiKey.secret, CREATE_COMMISSION, { input });
    expect(after.id).toBe(before.id);
  });
});

describe('the list of keys', () => {
  test("shows a partner its own keys, staff the tenant's, and no keys of another tenant", async () => {
    const { apiKey: own } = await keyOf(owner, { name: 'own' });
    const { apiKey: server } = await serverKey();
    const names = async (token: string, of?: string) =>
      (await app.ask(token, LIST, { of })).apiKeys.edges.map(({ node }: { node: { id: string } }) => node.id);
    expect(await names(owner)).toEqual([own.id]);
    expect(await names(staff.manager)).toEqual(expect.arrayContaining([own.id, server.id]));
    expect(await names(staff.manager, partner.id)).toEqual([own.id]);
    const elsewhere = await staffOf(app, 'elsewhere');
    expect(await names(elsewhere.manager)).toEqual([]);
    expect(await names(elsewhere.manager, partner.id)).toEqual([]);
    const readOnly = await keyOf(owner);
    expect(await answerTo(readOnly.secret, LIST)).toBe('FORBIDDEN');
  });
});

test('no refusal was logged as a fault', () => {
  expect(app.logged.filter(({ level }) => Number(level) >= 40)).toEqual([]);
});
