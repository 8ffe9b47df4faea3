import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { authenticator, type Registers } from '../../src/http/admission/authenticate.ts';
import { ISSUER } from '../../src/http/admission/own-tokens.ts';
import { actorOf } from '../../src/kernel/request/actor.ts';
import { createTestApp, type TestApp } from '../support/app.ts';

const SECRET = 'the secret of the door, 32 characters or more';
const PARTNER = '0198c0de-0000-7000-8000-000000000001';
const refused = (pattern: RegExp) =>
  expect.objectContaining({ code: 'UNAUTHENTICATED', message: expect.stringMatching(pattern) });

afterEach(() => vi.useRealTimers());
const later = (seconds: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1_000 });

describe('an API key', () => {
  const keys = new Map([['pk_1', 'acme']]);
  const apiKey = vi.fn<NonNullable<Registers['apiKey']>>(async (token) => {
    const tenantId = keys.get(token);
    if (!tenantId) return null;
    const actor = actorOf({ id: token, role: 'FINANCE', tenantId, credential: 'API_KEY' });
    return { actor, expiresAt: null };
  });
  const door = authenticator(SECRET, { apiKey });

  test('an API key is looked up once in ten seconds, so a revocation is seen after at most ten seconds', async () => {
    expect(await door.actorOf('Bearer pk_1')).toMatchObject({ tenantId: 'acme', credential: 'API_KEY' });
    await door.actorOf('Bearer pk_1');
    expect(apiKey).toHaveBeenCalledTimes(1);
    keys.delete('pk_1');
    await expect(door.actorOf('Bearer pk_1')).resolves.toBeDefined();
    await expect(door.actorNow('Bearer pk_1')).rejects.toThrow(refused(/not valid/));
    later(10);
    await expect(door.actorOf('Bearer pk_1')).rejects.toThrow(refused(/not valid/));
  });

  test('refuses text that is not an API key, and does not treat a token as one', async () => {
    apiKey.mockClear();
    await expect(door.actorOf('Bearer pk_2')).rejects.toThrow(refused(/not valid/));
    await door.actorOf(`Bearer ${await door.sign({ user: 'm', role: 'ANALYST', tenantId: 'acme' }, '1h')}`);
    expect(apiKey.mock.calls).toEqual([['pk_2']]);
  });

  test('accepts an API key only in its own header, also when it is cached', async () => {
    keys.set('pk_3', 'acme');
    await door.actorOf('Bearer pk_3');
    for (const header of ['token_ pk_3', 'Basic  pk_3', 'Bearer  pk_3', 'pk_3'])
      await expect(door.actorOf(header)).rejects.toThrow(refused(/must be: Bearer/));
  });
});

describe('a person without a role', () => {
  const memberOf = vi.fn<NonNullable<Registers['memberOf']>>(async (issuer, subject) =>
    issuer === ISSUER && subject === 'olivia'
      ? { tenantId: 'acme', partnerId: PARTNER, member: 'FINANCE', memberId: 'a-member' }
      : null,
  );
  const door = authenticator(SECRET, { memberOf });
  const sign = (user: string) => door.sign({ user, role: 'GUEST' }, '1 hour');

  test('a person without a role has the membership of its invitation', async () => {
    expect(await door.actorOf(`Bearer ${await sign('olivia')}`)).toMatchObject({
      id: 'olivia',
      role: 'PARTNER',
      tenantId: 'acme',
      partnerId: PARTNER,
      member: 'FINANCE',
      memberId: 'a-member',
      signedInAt: expect.any(Number),
    });
  });

  test('a person without an invitation is a guest without rights', async () => {
    const actor = await door.actorOf(`Bearer ${await sign('oscar')}`);
    expect(actor).toMatchObject({ role: 'GUEST', tenantId: null, partnerId: null, everyTenant: false });
    expect(actor.permissions.size).toBe(0);
  });

  test('a person with a role in its token is not looked up among the members', async () => {
    memberOf.mockClear();
    await door.actorOf(
      `Bearer ${await door.sign({ user: 'olivia', role: 'ANALYST', tenantId: 'acme' }, '1h')}`,
    );
    expect(memberOf).not.toHaveBeenCalled();
  });
});

describe('a guest', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await createTestApp();
  });
  afterAll(() => app.close());

  test('a guest is identified, and gets an error that no right was granted yet', async () => {
    expect(await app.refusal(await app.token('GUEST'), '{ partners { totalCount } }')).toMatchObject({
      code: 'FORBIDDEN',
      message: 'You have no role yet. Ask a program manager for an invitation.',
    });
  });
});
