import { type GraphQLField, type GraphQLSchema, isRequiredArgument } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSchema } from '../../../src/schema.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { CONVERT, CREATE_PAYOUT, makeApproved, makeClick, makePartner, staffOf } from '../../support/make.ts';
import { wholeSelection } from '../../support/whole-selection.ts';

const MARK = 'zebra';
let app: TestApp;
let schema: GraphQLSchema;
/** Every id in the database that belongs to the victim. */
let secrets: string[];
let victim: string;
let spies: Record<string, string>;

/** A partner that has something in every room of the house, each text of it marked. */
async function furnish(by: Awaited<ReturnType<typeof staffOf>>): Promise<string> {
  const { id, referralCode } = await makePartner(app, by.manager, {
    companyName: `${MARK} Ltd`,
    contactName: `${MARK} person`,
    email: `${MARK}@zoo.example`,
    payoutMethod: 'STRIPE',
    metadata: { note: MARK },
  });
  await makeApproved(app, by, id, {
    customerId: `${MARK}_1`,
    subscriptionId: `${MARK}_s`,
    metadata: { note: MARK },
  });
  await app.ask(by.maria, CREATE_PAYOUT, {
    input: { partnerId: id, periodStart: '2026-01-01', periodEnd: '2100-01-01', metadata: { note: MARK } },
  });
  const referral = await makeClick(app, referralCode);
  await app.ask(by.manager, CONVERT, {
    id: referral,
    input: {
      customerId: `${MARK}_2`,
      customerEmail: `c@${MARK}.example`,
      amount: '10',
      orderId: `${MARK}_o`,
    },
  });
  await makeApproved(app, by, id, { customerId: `${MARK}_3` });
  return id;
}

async function idsOf(tenant: string, partnerId: string): Promise<string[]> {
  const { pool } = app.database;
  const { rows: tables } = await pool.query(`
    select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'id' and data_type = 'uuid'
      and exists (select from information_schema.columns o where o.table_schema = 'public' and o.table_name = columns.table_name and o.column_name = 'partner_id')
      and table_name in (select table_name from information_schema.tables where table_type = 'BASE TABLE')`);
  const found = [partnerId];
  for (const { name } of tables) {
    const { rows } = await pool.query(`select id from ${name} where tenant_id = $1 and partner_id = $2`, [
      tenant,
      partnerId,
    ]);
    found.push(...rows.map(({ id }) => id));
  }
  const { rows: items } = await pool.query(
    'select i.id from payout_items i join payouts p on p.id = i.payout_id where p.partner_id = $1',
    [partnerId],
  );
  return [...found, ...items.map(({ id }) => id)];
}

function requestsFor(
  field: GraphQLField<unknown, unknown>,
): { query: string; variables: Record<string, unknown>; sent: string }[] {
  const selection = wholeSelection(field.type, 5);
  const ids = field.args.filter(({ type }) => `${type}`.replace('!', '') === 'ID');
  const needs = field.args.filter(isRequiredArgument);
  if (needs.some((arg) => !ids.includes(arg))) return []; // other arguments: their own module's tests
  const base = { query: `{ ${field.name}${selection} }`, variables: {}, sent: '' };
  const filtered = field.args.find(
    ({ name, type }) =>
      name === 'filter' &&
      'getFields' in type &&
      'partnerId' in (type as unknown as { getFields(): object }).getFields(),
  );
  const needsOne = field.name === 'customer'; // its id, or its id of another system
  const requests = needs.length || needsOne ? [] : [base];
  if (filtered)
    requests.push({
      query: `query ($v: ID!) { ${field.name}(filter: { partnerId: $v })${selection} }`,
      variables: { v: victim },
      sent: victim,
    });
  for (const { name } of ids)
    for (const id of secrets)
      requests.push({
        query: `query ($v: ID!) { ${field.name}(${needs.length > 1 ? needs.map((arg) => `${arg.name}: $v`).join(', ') : `${name}: $v`})${selection} }`,
        variables: { v: id },
        sent: id,
      });
  return requests;
}

beforeAll(async () => {
  app = await createTestApp();
  schema = await createSchema();
});
afterAll(() => app.close());

describe.each([
  ['of another tenant', 'elsewhere'],
  ['of another partner', 'acme'],
])('Data of %s', (whose, tenant) => {
  beforeAll(async () => {
    const staff = await staffOf(app, tenant);
    victim = await furnish(staff);
    const here = await staffOf(app);
    const spy = await makePartner(app, here.manager, { companyName: 'Spy Ltd' });
    await makeApproved(app, here, spy.id);
    secrets = await idsOf(tenant, victim);
    spies = { partner: await app.token('PARTNER', { partner: spy.id }) };
    if (tenant !== 'acme')
      Object.assign(spies, { manager: here.manager, finance: here.maria, analyst: here.analyst });
  });

  test('is visible to its own members', async () => {
    const own = await app.token('PARTNER', { tenant, partner: victim });
    const { partner } = await app.ask(
      own,
      `query ($id: ID!) { partner(id: $id)${wholeSelection(schema.getType('Partner') as never, 5)} }`,
      { id: victim },
    );
    const text = JSON.stringify(partner);
    expect(secrets.length).toBeGreaterThan(8);
    expect(text.split(MARK).length).toBeGreaterThan(5);
  });

  test(`is in no answer, whatever is asked (${whose})`, { tags: ['slow'], timeout: 120_000 }, async () => {
    const leaks: string[] = [];
    let asked = 0;
    for (const [name, token] of Object.entries(spies)) {
      for (const field of Object.values(schema.getQueryType()?.getFields() ?? {})) {
        for (const { query, variables, sent } of requestsFor(field)) {
          asked++;
          const text = JSON.stringify(await app.send(token, query, variables));
          const seen = text.includes(MARK) ? MARK : secrets.find((id) => id !== sent && text.includes(id));
          if (seen || /INTERNAL|BAD_USER|VALIDATION/.test(text))
            leaks.push(`${name} ${query.slice(0, 60)} ${JSON.stringify(variables)}: ${text.slice(0, 200)}`);
        }
      }
    }
    console.log(`${asked} questions about what is ${whose}`);
    expect(leaks.slice(0, 10)).toEqual([]);
    expect(asked).toBeGreaterThan(40);
  });
});
