import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddedCerbos, startEmbeddedCerbos } from '../../src/adapters/cerbos/embedded-cerbos.ts';
import { createTestApp, TENANT, type TestApp } from '../support/app.ts';
import { APPROVE, aPartner, makeClick, makeCommission, TRACK } from '../support/make.ts';
import { makeWorld, type World } from '../support/operations.ts';
import { hang, nonsense, POLICIES, pidOf } from '../support/pdp.ts';
import { listen } from '../support/sockets.ts';
import { until } from '../support/until.ts';

const DEADLINE_MS = 200;
const READ = '{ commissions { totalCount } }';
const APPROVE_PAYOUT = 'mutation ($id: ID!) { approvePayout(id: $id) { id } }';

interface Served {
  readonly app: TestApp;
  readonly pdp: EmbeddedCerbos;
  readonly world: World;
  close(): Promise<void>;
}

async function serve(folder = POLICIES): Promise<Served> {
  const pdp = await startEmbeddedCerbos(folder, { deadlineMs: 2_000 });
  const app = await createTestApp({}, { CERBOS_URL: pdp.url, CERBOS_DEADLINE_MS: String(DEADLINE_MS) });
  return {
    app,
    pdp,
    world: await eventually(() => makeWorld(app)), // a busy machine may miss a deadline of 200 ms
    async close() {
      await app.close();
      await pdp.close();
    },
  };
}

async function eventually<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === 5 || !String(error).includes('SERVICE_UNAVAILABLE')) throw error;
    }
  }
}

const codeOf = async (app: TestApp, token: string | null, query: string, variables?: object) =>
  (await app.send(token, query, variables)).errors?.[0]?.extensions.code ?? 'ok';

describe('While the policy service hangs', () => {
  let served: Served;
  let pending: string;
  let payout: string;
  let port: number;
  const stop = () => hang(pidOf(served.pdp.url));
  const goOn = () => process.kill(pidOf(served.pdp.url), 'SIGCONT');

  beforeAll(async () => {
    served = await serve();
    pending = await eventually(() => served.world.pending());
    payout = await eventually(() => served.world.payout());
    port = await served.app.app.listen();
  });
  afterAll(() => served.close());

  test('refuses new decisions within the deadline, and callers whose rights are known go on reading', async () => {
    const { app, world } = served;
    const { finance } = world.as;
    await until(async () => (await codeOf(app, finance, READ)) === 'ok');
    await stop();
    try {
      for (const [query, id] of [
        [APPROVE, pending],
        [APPROVE_PAYOUT, payout],
      ] as const) {
        const asked = performance.now();
        expect(await codeOf(app, finance, query, { id })).toBe('SERVICE_UNAVAILABLE');
        expect(performance.now() - asked).toBeLessThan(2 * DEADLINE_MS + 1_500);
      }
      expect(await codeOf(app, finance, READ)).toBe('ok');
      const stranger = await app.token('FINANCE', { tenant: 'another' });
      expect(await codeOf(app, stranger, READ)).toBe('SERVICE_UNAVAILABLE');
      const { statusCode } = await app.app.server.inject({
        method: 'POST',
        url: '/graphql',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${stranger}` },
        payload: JSON.stringify({ query: READ }),
      });
      expect(statusCode).toBe(503);
      expect((await app.app.server.inject('/health/ready')).json()).toEqual({
        status: 'policy service not available',
      });
    } finally {
      goOn();
    }
    const { rows } = await app.database.pool.query(
      `select (select status from commissions where id = $1) as line, (select status from payouts where id = $2) as payout`,
      [pending, payout],
    );
    expect(rows).toEqual([{ line: 'PENDING', payout: 'PENDING' }]);
  });

  test('continues automatically when the policy service is available again', async () => {
    const { app, world } = served;
    await until(async () => (await codeOf(app, world.as.finance, READ)) === 'ok');
    await until(async () => (await codeOf(app, world.as.finance, APPROVE, { id: pending })) === 'ok');
    expect((await app.app.server.inject('/health/ready')).statusCode).toBe(200);
  });

  test('an anonymous caller may still use operations that need no decision', async () => {
    const { app, world } = served;
    await stop();
    try {
      const input = { referralCode: world.partner.referralCode };
      expect(await codeOf(app, null, TRACK, { input })).toBe('ok');
      expect(await codeOf(app, null, READ)).toBe('UNAUTHENTICATED');
    } finally {
      goOn();
    }
  });

  test('a subscription of a caller whose rights are known goes on', async () => {
    const { app, world } = served;
    const { partner } = world;
    await until(async () => (await codeOf(app, world.as.partner, READ)) === 'ok');
    const query = 'subscription ($id: ID!) { partnerMetricsUpdated(partnerId: $id) { clicks } }';
    const heard = listen(port, world.as.partner, query, { id: partner.id });
    try {
      const { clicks } = (await heard.event((event) => event)).partnerMetricsUpdated; // how things are
      heard.events.length = 0;
      await stop();
      await makeClick(app, partner.referralCode);
      expect((await heard.event((event) => event)).partnerMetricsUpdated.clicks).toBeGreaterThan(clicks);
    } finally {
      goOn();
      await heard.client.dispose();
    }
  });
});

describe('When the policy service ends', () => {
  test('allows no action without a decision', async () => {
    const served = await serve();
    const { app, pdp, world } = served;
    const [first, second] = [
      await eventually(() => world.pending()),
      await eventually(() => world.pending()),
    ];
    await until(async () => (await codeOf(app, world.as.finance, READ)) === 'ok');
    await pdp.close();
    expect(await codeOf(app, world.as.finance, READ)).toBe('ok');
    for (const id of [first, second])
      expect(await codeOf(app, world.as.finance, APPROVE, { id })).toBe('SERVICE_UNAVAILABLE');
    expect(await codeOf(app, await app.token('ANALYST', { tenant: 'another' }), READ)).toBe(
      'SERVICE_UNAVAILABLE',
    );
    await served.close();
  });

  test('a killed policy service restarts within seconds, with errors in between', async () => {
    const served = await serve();
    const { app, pdp, world } = served;
    await until(async () => (await codeOf(app, world.as.finance, READ)) === 'ok');
    process.kill(pidOf(pdp.url), 'SIGKILL');
    const line = await eventually(() =>
      world.pending().catch(async (error) => {
        await sleep(500);
        throw error;
      }),
    );
    await until(async () => (await codeOf(app, world.as.finance, APPROVE, { id: line })) === 'ok');
    await served.close();
  });

  test('a policy service with invalid answers allows no action', async () => {
    const { url, close } = await nonsense();
    const app = await createTestApp({}, { CERBOS_URL: url, CERBOS_DEADLINE_MS: String(DEADLINE_MS) });
    for (const role of ['PLATFORM_ADMIN', 'FINANCE', 'ANALYST'] as const)
      expect(await codeOf(app, await app.token(role), READ)).toBe('SERVICE_UNAVAILABLE');
    expect(await codeOf(app, await app.token('PLATFORM_ADMIN'), APPROVE, { id: crypto.randomUUID() })).toBe(
      'SERVICE_UNAVAILABLE',
    );
    await app.close();
    await close();
  });
});

describe('Policies that grant less', () => {
  let folder: string;
  let served: Served;
  const rewrite = async (file: string, ...changes: [string, string][]) => {
    let text = await readFile(join(POLICIES, file), 'utf8');
    for (const [from, to] of changes) {
      expect(text).toContain(from);
      text = text.replace(from, to);
    }
    await writeFile(join(folder, file), text);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portal-policies-'));
    await cp(POLICIES, folder, { recursive: true });
    // An analyst sees only settled commissions and no customers; finance reverses nothing.
    await rewrite(
      'commission.yaml',
      [
        'derivedRoles: [admin, manager, finance, analyst, partner]',
        'derivedRoles: [admin, manager, finance, partner]',
      ],
      [
        '  rules:\n',
        `  rules:
    - actions: [read]
      effect: EFFECT_ALLOW
      derivedRoles: [analyst]
      condition: { match: { expr: 'R.attr.status in ["APPROVED", "REVERSED"] && R.attr.tenantId != "another"' } }
`,
      ],
      [
        'actions: [decide, approve, reject, reverse, hold, review]',
        'actions: [decide, approve, reject, hold, review]',
      ],
    );
    await rewrite('customer.yaml', ['[admin, manager, finance, analyst,', '[admin, manager, finance,']);
    await rewrite('payout.yaml', [
      'actions: [make]\n      effect: EFFECT_ALLOW\n      derivedRoles: [admin, finance]',
      'actions: [make]\n      effect: EFFECT_ALLOW\n      derivedRoles: [admin]',
    ]);
    served = await serve(folder);
  });
  afterAll(async () => {
    await served.close();
    await rm(folder, { recursive: true });
  });

  test('narrow lists, counts, single rows and nested ones, and each list matches the checks of its rows', async () => {
    const { app, pdp, world } = served;
    await eventually(() => world.pending());
    await eventually(() => world.approved());
    const all = await app.database.pool.query(
      `select id, tenant_id as "tenantId", partner_id as "partnerId", status from commissions`,
    );
    const visible: Record<string, number> = {};
    for (const [name, role, token, attributes] of [
      ['admin', 'PLATFORM_ADMIN', world.as.admin, {}],
      ['analyst', 'ANALYST', world.as.analyst, {}],
      ['finance', 'FINANCE', world.as.finance, {}],
      ['partner', 'PARTNER', world.as.partner, { partnerId: world.partner.id, member: 'OWNER' }],
      [
        'another partner',
        'PARTNER',
        world.as['another partner'],
        { partnerId: world.other.id, member: 'OWNER' },
      ],
    ] as const) {
      const principal = { id: name, role, attributes: { tenantId: TENANT, scopes: null, ...attributes } };
      const verdicts = await pdp.check(
        principal,
        all.rows.map(({ id, ...row }) => ({ kind: 'commission', id, attributes: row, actions: ['read'] })),
      );
      const checked = all.rows.filter((_, i) => verdicts[i]?.allowed.has('read')).map(({ id }) => id);
      const { commissions } = await eventually(() =>
        app.ask(token, '{ commissions(first: 100) { totalCount edges { node { id } } } }'),
      );
      const listed = commissions.edges.map(({ node }: { node: { id: string } }) => node.id);
      expect(listed.toSorted()).toEqual(checked.toSorted());
      expect(commissions.totalCount).toBe(checked.length);
      for (const { id } of all.rows) {
        const code = await codeOf(app, token, 'query ($id: ID!) { commission(id: $id) { id } }', { id });
        expect(code).toBe(checked.includes(id) ? 'ok' : 'NOT_FOUND');
      }
      visible[name] = checked.length;
    }
    expect(visible).toEqual({
      admin: all.rows.length,
      finance: all.rows.length,
      partner: all.rows.length,
      analyst: 1,
      'another partner': 0,
    });
    const { partner } = await app.ask(
      world.as.analyst,
      'query ($id: ID!) { partner(id: $id) { commissions { totalCount } } }',
      { id: world.partner.id },
    );
    expect(partner.commissions.totalCount).toBe(1);
  });

  test('hide a referenced row of a visible row', async () => {
    const { app, world } = served;
    const id = await eventually(() =>
      makeCommission(app, world.maker, world.partner.id, { customerId: 'somebody' }),
    );
    await eventually(() => app.ask(world.staff.tom, APPROVE, { id }));
    const query = `query ($id: ID!) {
      commission(id: $id) { customer { externalId } partner { companyName } }
      commissions(first: 1) { edges { node { customer { externalId } partner { companyName } } } } }`;
    const seen = async (token: string | null) => {
      const { commission, commissions } = await app.ask(token, query, { id });
      expect(commissions.edges[0].node).toEqual(commission);
      return commission;
    };
    const { companyName } = aPartner();
    expect(await seen(world.as.finance)).toEqual({
      customer: { externalId: 'somebody' },
      partner: { companyName },
    });
    expect(await seen(world.as.analyst)).toEqual({ customer: null, partner: { companyName } });
  });

  test('refuse an action that only the operation would allow, by the policy of its row', async () => {
    const { app, world } = served;
    const id = await eventually(() => world.pending());
    const reverse = 'mutation ($id: ID!) { reverseCommission(id: $id, input: {}) { id } }';
    expect(await codeOf(app, world.as.finance, reverse, { id })).toBe('FORBIDDEN'); // holds commission:decide
    expect(await codeOf(app, world.as.finance, 'mutation { runPayouts(input: {}) { id } }')).toBe(
      'FORBIDDEN',
    );
    expect(await codeOf(app, world.as.finance, APPROVE, { id })).toBe('ok');
  });
});
