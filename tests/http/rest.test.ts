import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentOf, routesOf } from '../../src/http/rest/routes.ts';
import { shapesOf } from '../../src/http/rest/shapes.ts';
import { createSchema } from '../../src/schema.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { makeWorld, type World } from '../support/operations.ts';

let app: TestApp;
let world: World;
let spec: Spec;
beforeAll(async () => {
  app = await createTestApp();
  world = await makeWorld(app);
  await world.pending();
  spec = JSON.parse((await app.app.server.inject({ url: '/api/v1/openapi.json' })).body);
});
afterAll(() => app.close());

const ajv = new Ajv2020({ strict: false, allErrors: true });
const checks = new Map<string, ValidateFunction>();

/** The faults of an answer by the description of its path. */
function faultsOf(method: string, path: string, status: number, body: unknown): string[] {
  const asked = path.split('?')[0] as string;
  const candidates = Object.keys(spec.paths).filter((template) =>
    new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(asked),
  );
  const place = candidates.includes(asked) ? asked : candidates[0];
  const described = place && spec.paths[place]?.[method.toLowerCase()]?.responses[status];
  if (!described) return place && status < 400 ? [`${method} ${place} does not describe ${status}`] : [];
  const answer =
    '$ref' in described
      ? (spec.components.responses[described.$ref.split('/').at(-1) as string] as Response)
      : described;
  const [type] = Object.keys(answer.content) as [string];
  const key = `${method} ${place} ${status < 400 ? status : 'problem'}`;
  const check =
    checks.get(key) ??
    ajv.compile({ ...answer.content[type]?.schema, components: spec.components } as object);
  checks.set(key, check);
  return check(body)
    ? []
    : (check.errors ?? []).map(({ instancePath, message }) => `${key}${instancePath} ${message}`);
}

interface Response {
  readonly content: Readonly<Record<string, { readonly schema: object }>>;
}
interface Spec {
  readonly paths: Record<
    string,
    Record<string, { responses: Record<string, Response | { readonly $ref: string }> }>
  >;
  readonly components: { readonly responses: Readonly<Record<string, Response>> };
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';

/** Sends a request as curl does: the body is text. */
async function call(
  method: Method,
  path: string,
  {
    token,
    body,
    headers = {},
  }: { token?: string | null; body?: string; headers?: Record<string, string> } = {},
) {
  const answer = await app.app.server.inject({
    ...{ method, url: `/api/v1${path}` },
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { payload: body }),
  });
  const read = JSON.parse(answer.body);
  expect(faultsOf(method, path, answer.statusCode, read)).toEqual([]);
  return { status: answer.statusCode, headers: answer.headers, body: read };
}

describe('the examples of the first description', () => {
  const tenant = 'tenant-123';
  let manager: string;
  let finance: string;
  let partner: { id: string; referralCode: string };
  beforeAll(async () => {
    manager = await app.token('PROGRAM_MANAGER', { tenant });
    finance = await app.token('FINANCE', { tenant });
  });

  test('create a partner', async () => {
    const { status, headers, body } = await call('POST', '/partners', {
      token: manager,
      body: `{
    "tenantId": "tenant-123",
    "partnerType": "reseller",
    "companyName": "Acme Resellers Inc",
    "contactName": "John Smith",
    "email": "john@acme.com",
    "tier": "silver",
    "commissionRate": 15,
    "payoutFrequency": "monthly",
    "contractStartDate": "2026-01-16"
  }`,
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      ...{ tenantId: 'tenant-123', partnerType: 'reseller', tier: 'silver', commissionRate: 15 },
      ...{ payoutFrequency: 'monthly', contractStartDate: '2026-01-16', status: 'active' },
    });
    expect(headers['location']).toBe(`/api/v1/partners/${body.id}`);
    partner = body;
  });

  test('track a referral without a credential', async () => {
    const { status, body } = await call('POST', '/referrals/track', {
      body: `{
    "referralCode": "${partner.referralCode}",
    "landingUrl": "https://finaceverse.com/pricing",
    "referrerUrl": "https://acme.com/partners",
    "ipAddress": "203.0.113.42",
    "userAgent": "Mozilla/5.0..."
  }`,
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ status: 'clicked', ignored: ['ipAddress', 'userAgent'] });
  });

  test('create a commission, whose amount keeps its digits', async () => {
    const { status, body } = await call('POST', '/commissions', {
      token: manager,
      body: `{
    "partnerId": "${partner.id}",
    "customerId": "cust_abc123",
    "subscriptionId": "sub_xyz789",
    "type": "signup",
    "amount": 999.00,
    "commissionRate": 20
  }`,
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      ...{ type: 'signup', status: 'pending', rate: 20, partner: { id: partner.id } },
      ...{
        baseAmount: { amount: '999.00', currency: 'USD', minor: '99900' },
        amount: { amount: '199.80', currency: 'USD' },
      },
    });
    const large = await call('POST', '/commissions', {
      token: manager,
      body: `{ "partnerId": "${partner.id}", "type": "signup", "amount": 1234567890.10, "commissionRate": 100 }`,
    });
    expect(large.body.amount.amount).toBe('1234567890.10');
    const old = await call('POST', '/commissions', {
      token: manager,
      body: `{ "partnerId": "${partner.id}", "type": "signup", "amount": 999, "commissionRate": 20, "occurredAt": "2026-01-10T00:00:00Z" }`,
    });
    const approved = await call('POST', `/commissions/${old.body.id}/approve`, { token: finance });
    expect([approved.status, approved.body.status]).toEqual([200, 'approved']);
  });

  test('generate a payout; who asks for it is the caller', async () => {
    const { status, body } = await call('POST', '/payouts', {
      token: finance,
      body: `{
    "partnerId": "${partner.id}",
    "periodStart": "2026-01-01",
    "periodEnd": "2026-01-31",
    "method": "bank_transfer",
    "initiatedBy": "admin@finaceverse.com"
  }`,
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      ...{ method: 'bank_transfer', amount: { amount: '199.80', currency: 'USD' }, ignored: ['initiatedBy'] },
    });
    expect(body.initiatedBy).not.toBe('admin@finaceverse.com');
  });

  test('read, change and close the partner, and read its metrics', async () => {
    const path = `/partners/${partner.id}`;
    expect((await call('GET', path, { token: manager })).body.companyName).toBe('Acme Resellers Inc');
    const changed = await call('PUT', path, {
      token: manager,
      body: '{"tier": "Gold", "contactName": null}',
    });
    expect([changed.status, changed.body.tier, changed.body.contactName]).toEqual([200, 'gold', null]);
    const metrics = await call('GET', `${path}/metrics?from=2026-01-01&to=2026-01-31`, { token: manager });
    expect(metrics.body).toMatchObject({ periodStart: '2026-01-01', periodEnd: '2026-01-31', clicks: 0 });
    const calculated = await call('POST', `${path}/metrics/calculate`, { token: manager });
    expect([calculated.status, calculated.body.clicks]).toEqual([200, 1]);
    const other = await call('POST', '/partners', {
      token: manager,
      body: '{"partnerType": "affiliate", "companyName": "Gone", "email": "gone@acme.com"}',
    });
    const closed = await call('DELETE', `/partners/${other.body.id}`, { token: manager });
    expect(closed.status).toBe(200);
    expect(closed.body.deletedAt).not.toBeNull();
  });

  test('convert a referral', async () => {
    const { body } = await call('GET', '/referrals?status=clicked&limit=1', { token: manager });
    const [{ id }] = body.data;
    const converted = await call('POST', `/referrals/${id}/convert`, {
      token: manager,
      body: '{"customerId": "cust_1", "amount": 12.5}',
    });
    expect([converted.status, converted.body.status]).toEqual([200, 'converted']);
  });
});

test('a list gives its rows, the way to the next page, and a link', async () => {
  const token = world.as.manager;
  const first = await call('GET', '/partners?limit=1&partnerType=reseller', { token });
  expect(first.body.page).toMatchObject({ hasMore: true, totalIsExact: true });
  const link = /^<\/api\/v1(.*)>; rel="next"$/.exec(String(first.headers['link']))?.[1] as string;
  const second = await call('GET', link, { token });
  expect(second.body.data[0].id).not.toBe(first.body.data[0].id);
  expect(first.headers).toMatchObject({
    'ratelimit-policy': expect.stringMatching(/^"default";q=\d+;w=3600$/),
    ratelimit: expect.stringMatching(/^"default";r=\d+;t=\d+$/),
  });
});

test('a row shows the ids of others, and further fields that `include` names', async () => {
  const token = world.as.manager;
  const { body } = await call('GET', '/commissions?limit=1&include=explanation,partner', { token });
  expect(body.data[0].explanation.sentence).toMatch(/\./);
  expect(body.data[0].partner.companyName).toBeTypeOf('string');
  const wrong = await call('GET', '/commissions?include=nothing', { token });
  expect([wrong.status, wrong.body.field]).toEqual([400, 'include']);
});

test('each query answers the rows of the graph, and as described', async () => {
  const token = world.as.admin;
  const schema = await createSchema();
  const shapes = shapesOf({});
  const routes = routesOf(schema).filter(({ method }) => method === 'GET');
  const selections = new Map(
    routes.map((route) => [route, shapes.answerOf((route.below ?? route.root).type, [])?.selection ?? '']),
  );
  const ids = new Map<string, string>();
  const counts = { lists: 0, rows: 0, others: 0 };
  // Lists come first: they have the ids of the rows.
  for (const route of routes.toSorted((a, b) => a.path.split(':').length - b.path.split(':').length)) {
    const { path, root, below, parameters } = route;
    const needed = parameters.filter(({ isRequired }) => isRequired);
    if (needed.some((parameter) => parameter.in !== 'path')) continue;
    const id = ids.get(path.split('/:id')[0] ?? '') ?? '';
    if (needed.length && !id) continue;
    const { status, body } = await call('GET', path.replace(':id', id), { token });
    const { data, errors } = await app.send(token, documentOf(route, selections.get(route) ?? ''), {
      id,
      input: {},
    });
    expect(status === 200, path).toBe(!errors);
    if (errors) continue;
    const answer = below ? data[root.name][below.name] : data[root.name];
    if (body?.page) {
      expect(inLowerCase(body.data), path).toEqual(inLowerCase(answer.nodes));
      expect(body.page.total).toBe(answer.totalCount);
      if (body.data[0]?.id) ids.set(path, body.data[0].id);
    } else if (!CHANGES.has(root.name)) expect(inLowerCase(body), path).toEqual(inLowerCase(answer));
    counts[body?.page ? 'lists' : id ? 'rows' : 'others']++;
  }
  expect(counts.lists).toBeGreaterThan(25);
  expect(counts.rows).toBeGreaterThan(4);
});

/** Queries whose answer differs at each call. */
const CHANGES: ReadonlySet<string> = new Set(['previewPayoutRun']);

/** Enums are in lower case in REST; all else is equal. */
const inLowerCase = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null).toLowerCase());

test('the description has a tag for caches', async () => {
  const url = '/api/v1/openapi.json';
  const etag = String((await app.app.server.inject({ url })).headers['etag']);
  const again = await app.app.server.inject({ url, headers: { 'if-none-match': etag } });
  expect([again.statusCode, again.body]).toEqual([304, '']);
});

describe('a problem', () => {
  test.each<[string, Method, string, string | undefined, object]>([
    [
      'names the parameter at fault',
      'POST',
      '/partners',
      '{"partnerType": "reseller", "companyName": "A", "email": "no"}',
      { status: 400, code: 'BAD_USER_INPUT', field: 'email' },
    ],
    [
      'names the parameter that is missing',
      'POST',
      '/partners',
      '{"partnerType": "reseller", "companyName": "A"}',
      { status: 400, field: 'email' },
    ],
    [
      'names a field that the input does not have',
      'POST',
      '/partners',
      '{"partnerType": "reseller", "companyName": "A", "email": "a@b.example", "vat": 1}',
      { status: 400, field: 'vat' },
    ],
    [
      'names an enum without the value',
      'GET',
      '/partners?tier=wood',
      undefined,
      { status: 400, field: 'tier' },
    ],
    ['names an unknown parameter', 'GET', '/partners?color=red', undefined, { status: 400, field: 'color' }],
    [
      'refuses a page that is too large',
      'GET',
      '/partners?limit=101',
      undefined,
      { status: 400, field: 'limit', detail: 'limit: must be from 1 to 100' },
    ],
    ['refuses a foreign cursor', 'GET', '/partners?after=abc', undefined, { status: 400, field: 'after' }],
    [
      'refuses an unknown row',
      'GET',
      '/partners/550e8400-e29b-41d4-a716-446655440999',
      undefined,
      { status: 404, code: 'NOT_FOUND' },
    ],
    [
      'refuses another tenant',
      'GET',
      '/partners?tenantId=other',
      undefined,
      { status: 403, code: 'FORBIDDEN', field: 'tenantId' },
    ],
    ['refuses an unknown path', 'GET', '/nothing', undefined, { status: 404, code: 'NOT_FOUND' }],
    ['refuses a method', 'PATCH', '/partners', '{}', { status: 405, code: 'METHOD_NOT_ALLOWED' }],
    ['refuses a body that is no JSON', 'POST', '/partners', '{"a"', { status: 400, code: 'BAD_REQUEST' }],
    ['refuses a body that is no object', 'POST', '/partners', '[]', { status: 400, field: 'body' }],
    [
      'refuses a float with an exponent',
      'POST',
      '/commissions',
      '{"partnerId": "550e8400-e29b-41d4-a716-446655440999", "type": "signup", "amount": 1e3}',
      { status: 400, field: 'amount' },
    ],
  ])('%s', async (_name, method, path, body, problem) => {
    const token = world.as.manager;
    const answer = await call(method, path, { token, ...(body !== undefined && { body }) });
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.body).toMatchObject({ type: 'about:blank', requestId: expect.any(String), ...problem });
    expect(answer.status).toBe(answer.body.status);
  });

  test('says how a stranger proves who it is', async () => {
    const { status, headers, body } = await call('GET', '/partners');
    expect([status, body.code]).toEqual([401, 'UNAUTHENTICATED']);
    expect(headers['www-authenticate']).toMatch(/^Bearer/);
    const invalid = await call('GET', '/partners', { headers: { authorization: 'bearer nonsense' } });
    expect([invalid.status, invalid.headers['www-authenticate']]).toEqual([
      401,
      expect.stringMatching(/^Bearer/),
    ]);
    const analyst = await call('POST', '/payouts', { token: world.as.analyst, body: '{}' });
    expect(analyst.status).toBe(403);
  });

  test('refuses a body of another type, and one that is too large', async () => {
    const token = world.as.manager;
    const text = await call('POST', '/partners', {
      token,
      body: 'a=1',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect([text.status, text.body.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    const large = await call('POST', '/partners', {
      token,
      body: JSON.stringify({ pad: 'x'.repeat(200_000) }),
    });
    expect([large.status, large.body.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  });
});

test('an idempotency key makes a request safe to repeat', async () => {
  const token = world.as.manager;
  const body = '{"partnerType": "affiliate", "companyName": "Once", "email": "once@acme.com"}';
  const send = (text: string) =>
    call('POST', '/partners', { token, body: text, headers: { 'idempotency-key': 'rest-1' } });
  const [first, second] = [await send(body), await send(body)];
  expect(second.body.id).toBe(first.body.id);
  expect((await send(body.replace('Once', 'Twice'))).status).toBe(409);
  const unknown = await call('DELETE', `/partners/${first.body.id}`, {
    token,
    headers: { 'idempotency-key': 'rest-2' },
  });
  expect([unknown.status, unknown.body.field]).toEqual([400, 'Idempotency-Key']);
});

test('an answer that its path does not describe is found', () => {
  const row = { data: [{ id: 1 }], page: { next: null, hasMore: false, total: 1, totalIsExact: true } };
  expect(faultsOf('GET', '/partners', 200, row)).toContain('GET /partners 200/data/0/id must be string');
});

test('a partner sees its own rows only', async () => {
  const { body } = await call('GET', '/partners', { token: world.as.partner });
  expect(body.data).toHaveLength(1);
});
