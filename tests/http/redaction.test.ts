import { randomUUID } from 'node:crypto';
import { ValidationError } from '@mikro-orm/core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { logger } from '../../src/log.ts';
import type { PayoutRail } from '../../src/ports/payout-rail.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { makeApproved, makePartner, SET_PAYOUT_ACCOUNT, SET_TAX_ID, staffOf } from '../support/make.ts';
import { listen } from '../support/sockets.ts';
import { until } from '../support/until.ts';

/** Values that are looked for in everything that leaves the process or is written down. */
const MARKS = {
  iban: 'DE75512108001245126199',
  'iban with a digit wrong': 'DE75512108001245126198',
  'iban as typed': 'DE75 5121 0800 1245 1261 99',
  account: '000987654321012',
  card: '4242424242424242',
  'tax id': '987654321',
  'tax id as typed': '98-7654321',
  jwt: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtYXJrZWQtc3ViamVjdCJ9.c2lnbmF0dXJlLW1hcmtlZA',
  'api key': 'pp_live_MarkedMarked_MarkedMarkedMarkedMarkedMarked000',
  cookie: 'session=marked-cookie-7f3a91',
  'webhook secret': 'whsec_TWFya2VkTWFya2VkTWFya2Vk',
  password: 'Marked-Passw0rd-91',
  stripe: 'acct_MARKED1032D82eZv',
  'stripe key': 'sk_live_MARKED51H8abcdef',
  paypal: 'marked.person@northwind.example',
} as const;
const spellings = Object.entries(MARKS).flatMap(([name, mark]) => [
  [name, mark],
  [`${name} in base64`, Buffer.from(mark).toString('base64').replace(/=+$/, '')],
  [`${name} in hex`, Buffer.from(mark).toString('hex')],
  [`${name} in a URL`, encodeURIComponent(mark)],
]) as [string, string][];
const hitsIn = (text: string): string[] =>
  spellings.flatMap(([name, mark]) => (text.includes(mark) ? [name] : []));

const lines: string[] = [];
const printed: string[] = [];
const answers: string[] = [];
let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let owner: string;
let partnerId: string;
let failure: Error | null = null;
beforeAll(async () => {
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      printed.push(String(chunk));
      return true;
    });
  const rail: PayoutRail = {
    name: 'stripe',
    ...{ keyLifetimeSeconds: null, settleSeconds: 0, recheckSeconds: null, needsAccount: false },
    currencySupport: () => ({ step: 1n, minimum: 1n, maximum: null }),
    ...{ list: null, verifyEvent: null },
    lookup: async () => null,
    send: async () => {
      throw failure ?? new Error('the rail is away');
    },
  };
  app = await createTestApp({
    log: logger('trace', { write: (line) => void lines.push(line) }),
    rail: () => rail,
  });
  staff = await staffOf(app);
  partnerId = (await makePartner(app, staff.manager, { payoutMethod: 'STRIPE' })).id;
  owner = await app.token('PARTNER', { partner: partnerId });
});
afterAll(async () => {
  vi.restoreAllMocks();
  await app.close();
});
afterEach(async () => {
  const [logged, answered, out] = [lines, answers, printed].map((list) => list.splice(0));
  const all = [logged, answered, out] as string[][];
  const [log, answer, print] = all.map((list) => hitsIn(list.join('\n')));
  const tokens = all.flat().filter((text) => text.includes(owner)).length;
  expect({ log, answer, print, tokens }).toEqual({ log: [], answer: [], print: [], tokens: 0 });
});

async function send(
  payload: string | object,
  headers: Record<string, string> = {},
  { method = 'POST', url = '/graphql' }: { method?: 'GET' | 'POST'; url?: string } = {},
): Promise<string> {
  const { body } = await app.app.server.inject({
    method,
    url,
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${owner}`,
      cookie: MARKS.cookie,
      ...headers,
    },
    ...(method === 'POST' && { payload: typeof payload === 'string' ? payload : JSON.stringify(payload) }),
  });
  answers.push(body);
  return body;
}
const ask = (query: string, variables: object = {}) => send({ query, variables });
const account = (more: object) => ({
  input: { partnerId, method: 'BANK_TRANSFER', holderName: 'Nancy', country: 'DE', currency: 'EUR', ...more },
});

describe('no secret is written down or repeated', () => {
  test('where all goes well', async () => {
    const done = [
      await ask(SET_PAYOUT_ACCOUNT, account({ iban: MARKS['iban as typed'] })),
      await ask(
        SET_PAYOUT_ACCOUNT,
        account({ country: 'US', accountNumber: MARKS.account, routingNumber: '110000000' }),
      ),
      await ask(SET_PAYOUT_ACCOUNT, account({ method: 'STRIPE', stripeAccount: MARKS.stripe })),
      await ask(SET_PAYOUT_ACCOUNT, account({ method: 'PAYPAL', paypalEmail: MARKS.paypal })),
      await ask(SET_TAX_ID, { input: { partnerId, country: 'US', number: MARKS['tax id as typed'] } }),
      await ask(
        'query ($id: ID!) { partner(id: $id) { taxIdLastFour payoutAccounts { lastFour holderName } } }',
        {
          id: partnerId,
        },
      ),
    ];
    for (const body of done) expect(JSON.parse(body).errors, body).toBeUndefined();
  });

  test('where a value is refused, in whatever place it was put', async () => {
    const everywhere = Object.values(MARKS);
    for (const mark of everywhere) {
      for (const field of [
        'partnerId',
        'method',
        'country',
        'currency',
        'iban',
        'bic',
        'accountNumber',
        'sortCode',
        'stripeAccount',
      ])
        await ask(SET_PAYOUT_ACCOUNT, account({ iban: MARKS['iban with a digit wrong'], [field]: mark }));
      await ask(SET_PAYOUT_ACCOUNT, account({ iban: { number: mark } }));
      await ask(SET_PAYOUT_ACCOUNT, { input: mark });
      await ask(SET_PAYOUT_ACCOUNT, { input: [mark] });
      await ask(SET_TAX_ID, { input: { partnerId, country: 'US', number: `${mark}x` } });
      await ask('query ($id: ID!) { partner(id: $id) { id } }', { id: mark });
      await ask('query ($first: Int) { partners(first: $first) { totalCount } }', { first: mark });
      await ask('query ($after: String) { partners(after: $after) { totalCount } }', { after: mark });
    }
  }, 60_000);

  test('where it stands in the document itself', async () => {
    for (const mark of Object.values(MARKS)) {
      const text = JSON.stringify(mark);
      await ask(`{ partner(id: ${text}) { id } }`);
      await ask(`{ partners(first: ${text}) { totalCount } }`);
      await ask(`{ partners(filter: ${text}) { totalCount } }`);
      await ask(`{ partners(filter: { tier: ${text} }) { totalCount } }`);
      await ask(`{ partners(filter: { tier: GOLD, search: { a: ${text} } }) { totalCount } }`);
      await ask(`mutation { createCommission(input: { amount: ${text} }) { id } }`);
      await ask(`mutation { createCommission(input: [${text}]) { id } }`);
      await ask(`{ partners(first: 1 ${text}) { totalCount } }`);
      await ask(`{ partner ${text} }`);
      await ask(`${text} { partner }`);
      await ask(`{ partner(id: ${text}`);
      await ask(`{ partner(id: ${text.slice(0, -1)}`);
    }
  }, 60_000);

  test('where the request is malformed, or the credential is not one', async () => {
    const { iban, jwt, 'api key': key, password, 'webhook secret': webhook } = MARKS;
    await send(`{"query": "${iban}", `);
    await send(`${iban}`);
    await send(`query=${iban}&password=${password}`, { 'content-type': 'application/x-www-form-urlencoded' });
    await send(iban, { 'content-type': 'text/plain' });
    await send({ query: '{ __typename }', operationName: iban });
    await send(
      '',
      {},
      { method: 'GET', url: `/graphql?query=%7Bpartner(id:%22${iban}%22)%7Bid%7D%7D&variables=${iban}` },
    );
    await send('', {}, { method: 'GET', url: `/${iban}?token=${encodeURIComponent(jwt)}` });
    for (const credential of [jwt, key, webhook, password, `${jwt}${jwt}`, `a ${password}`]) {
      await send({ query: '{ partners { totalCount } }' }, { authorization: `Bearer ${credential}` });
      await send({ query: '{ partners { totalCount } }' }, { authorization: credential });
      await send(
        { query: '{ partners { totalCount } }' },
        { 'x-api-key': credential, 'x-webhook-signature': credential },
      );
    }
    await send(
      { query: '{ partners { totalCount } }' },
      { authorization: `Basic ${Buffer.from(`me:${password}`).toString('base64')}` },
    );
  });

  test('where the database fails with the values of the row', async () => {
    const { pool } = app.database;
    const marks = Object.values(MARKS).join(' and ');
    const fail = async (table: string, work: () => Promise<unknown>) => {
      await pool.query(`
        create function tells() returns trigger language plpgsql as $$ begin
          raise exception 'row % refused for "${marks}"', new::text
            using detail = 'Failing row contains (${marks})', errcode = '23514', hint = '${marks}'; end $$;
        create trigger tells before insert or update on ${table} for each row execute function tells()`);
      await work();
      await pool.query(`drop trigger tells on ${table}; drop function tells()`);
    };
    const failed: string[] = [];
    await fail('payout_accounts', async () =>
      failed.push(await ask(SET_PAYOUT_ACCOUNT, account({ iban: MARKS.iban }))),
    );
    await fail('tax_ids', async () =>
      failed.push(await ask(SET_TAX_ID, { input: { partnerId, country: 'US', number: MARKS['tax id'] } })),
    );
    await fail('partners', async () => {
      const input = { partnerType: 'RESELLER', companyName: `of ${MARKS.card}`, email: MARKS.paypal };
      const query = 'mutation ($input: CreatePartnerInput!) { createPartner(input: $input) { id } }';
      failed.push(await send({ query, variables: { input } }, { authorization: `Bearer ${staff.manager}` }));
    });
    for (const body of failed)
      expect(JSON.parse(body).errors[0].extensions.code).toBe('INTERNAL_SERVER_ERROR');
    expect(lines.filter((line) => line.includes('unexpected error')).length).toBe(3);
    expect(lines.join('')).toContain('"code":"23514"'); // what an operator needs is there
  });

  test('where a rail fails with the request in its error', async () => {
    failure = Object.assign(
      new Error(`401 for Bearer ${MARKS.jwt}: ${MARKS.stripe} and ${MARKS['stripe key']}`),
      {
        config: { headers: { authorization: `Bearer ${MARKS['stripe key']}` }, data: MARKS.iban },
        response: { body: MARKS.account, headers: { 'set-cookie': MARKS.cookie } },
        cause: Object.assign(new Error(`card ${MARKS.card}`), { parameters: [MARKS.password] }),
      },
    );
    await makeApproved(app, { manager: staff.manager, maria: staff.maria }, partnerId);
    const { createPayout } = await app.ask(
      staff.maria,
      'mutation ($input: CreatePayoutInput!) { createPayout(input: $input) { id } }',
      { input: { partnerId, periodStart: '2026-01-01', periodEnd: '2100-01-01' } },
    );
    await app.ask(staff.tom, 'mutation ($id: ID!) { approvePayout(id: $id) { id } }', createPayout);
    await app.app.startWorker();
    await until(async () => lines.some((line) => line.includes('401 for')));
  });

  test('over WebSocket', async () => {
    const port = await app.app.listen();
    const subscription = 'subscription ($id: ID!) { partnerMetricsUpdated(partnerId: $id) { clicks } }';
    for (const [token, query, id] of [
      [MARKS.jwt, subscription, partnerId],
      [MARKS['api key'], subscription, partnerId],
      [owner, subscription, MARKS.iban],
      [owner, `subscription { partnerMetricsUpdated(partnerId: "${MARKS.iban}") { clicks } }`, ''],
      [owner, `{ partners(first: "${MARKS.iban}") { totalCount } }`, ''],
      [owner, `{ partners(filter: { tier: "${MARKS.iban}" }) { totalCount } }`, ''],
      [owner, `{ partners "${MARKS.iban}" }`, ''],
    ] as const) {
      const heard = listen(port, token, query, id ? { id } : {});
      await until(async () => heard.errors.length > 0);
      for (const error of heard.errors)
        answers.push(JSON.stringify([error, String(error), (error as { reason?: string }).reason]));
      await heard.client.dispose();
    }
  });
});

describe('the log', () => {
  const write = (entry: object, message = '') => {
    const out: string[] = [];
    logger('trace', { write: (line) => void out.push(line) }).error(entry, message);
    return out.join('');
  };

  test('hides by name at any depth, and by shape in any text', () => {
    const line = write(
      {
        request: {
          headers: {
            authorization: MARKS.password,
            'set-cookie': [MARKS.cookie],
            'x-api-key': MARKS.password,
          },
        },
        input: {
          accountNumber: 1,
          sortCode: '1',
          deep: { deeper: [{ taxId: 'x', clientSecret: MARKS.password }] },
        },
        variables: { any: MARKS.password },
        error: new ValidationError(
          `Trying to set Partner.email of type 'string' to '${MARKS.password}' of type 'number'`,
        ),
        database: `postgres://portal:${MARKS.password}@db:5432/portal`,
      },
      Object.values(MARKS)
        .filter((mark) => ![MARKS.cookie, MARKS.password, MARKS['tax id']].includes(mark as never))
        .join(', '),
    );
    expect(hitsIn(line)).toEqual([]);
    expect(line).toContain('Trying to set Partner.email');
    expect(line).toContain('postgres://[hidden]@db:5432/portal');
  });

  test('keeps what an operator needs', () => {
    const requestId = randomUUID();
    const at = new Date().toISOString();
    const error = Object.assign(new Error('column "nope" does not exist'), {
      code: '42703',
      severity: 'ERROR',
      routine: 'errorMissingColumn',
    });
    const entry = {
      requestId,
      path: 'partner.payoutAccounts.0',
      amount: '1234567.89',
      at,
      ms: 1_763_812_345_678,
      error,
    };
    const { error: logged, ...line } = JSON.parse(write(entry, 'unexpected error'));
    expect(line).toMatchObject({
      requestId,
      path: entry.path,
      amount: entry.amount,
      at,
      ms: entry.ms,
      msg: 'unexpected error',
    });
    expect(logged).toMatchObject({
      message: error.message,
      code: '42703',
      stack: expect.stringContaining('redaction.test.ts'),
    });
    expect(Object.keys(logged).sort((a, b) => a.localeCompare(b))).toEqual([
      'code',
      'message',
      'routine',
      'severity',
      'stack',
      'type',
    ]);
  });

  test('of an error has nothing that a library hung on it', () => {
    const error = Object.assign(
      new Error('duplicate key value violates unique constraint "partners_email"'),
      {
        code: '23505',
        severity: 'ERROR',
        detail: `Key (email)=(${MARKS.paypal}) already exists.`,
        where: MARKS.iban,
        internalQuery: MARKS.password,
        constraint: 'partners_email',
        cause: Object.assign(new Error(`invalid input syntax for type uuid: "${MARKS.password}"`), {
          code: '22P02',
          severity: 'ERROR',
        }),
      },
    );
    const line = write({ error });
    expect(hitsIn(line)).toEqual([]);
    expect(line).toContain('"constraint":"partners_email"');
    expect(line).toContain('invalid input syntax for type uuid');
  });
});
