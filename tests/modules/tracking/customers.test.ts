import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { type MadePartner, makePartner, staffOf } from '../../support/make.ts';

const ASSIGN =
  'mutation ($input: AssignCustomerInput!) { assignCustomer(input: $input, reason: "by hand") { id externalId createdAt } }';
const ONE =
  'query ($id: ID, $externalId: String) { customer(id: $id, externalId: $externalId) { id externalId createdAt } }';
const LIST =
  'query ($filter: CustomerFilter, $last: Int) { customers(filter: $filter, last: $last) { totalCount nodes { externalId } } }';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let one: MadePartner;
let two: MadePartner;
const made: { id: string; externalId: string; createdAt: string }[] = [];
beforeAll(async () => {
  app = await createTestApp();
  staff = await staffOf(app, 'readable-customers');
  one = await makePartner(app, staff.manager);
  two = await makePartner(app, staff.manager);
  for (const [customerId, partnerId] of [
    ['a', one.id],
    ['b', one.id],
    ['c', two.id],
  ]) {
    const { assignCustomer } = await app.ask(staff.manager, ASSIGN, { input: { customerId, partnerId } });
    made.push(assignCustomer);
  }
});
afterAll(() => app.close());

const names = async (filter: object, by = staff.analyst, last?: number) => {
  const { customers } = await app.ask(by, LIST, { filter, last });
  return customers.nodes.map(({ externalId }: { externalId: string }) => externalId);
};
const asPartner = ({ id: partner }: MadePartner) =>
  app.token('PARTNER', { tenant: 'readable-customers', partner });

test('what a mutation returns is read again by its id and by the id of the own system', async () => {
  for (const customer of made) {
    expect((await app.ask(staff.analyst, ONE, { id: customer.id })).customer).toEqual(customer);
    expect((await app.ask(staff.analyst, ONE, { externalId: customer.externalId })).customer).toEqual(
      customer,
    );
  }
});

test('exactly one id is required, and an unknown one is not found', async () => {
  const refusal = (variables: object) => app.refusal(staff.analyst, ONE, variables);
  expect(await refusal({})).toMatchObject({ field: 'id' });
  expect(await refusal({ id: made[0]?.id, externalId: 'a' })).toMatchObject({ field: 'id' });
  expect(await refusal({ id: randomUUID() })).toMatchObject({ code: 'NOT_FOUND' });
  expect(await refusal({ externalId: 'z' })).toMatchObject({ code: 'NOT_FOUND' });
});

test('the list narrows by partner, id and time of creation, newest first', async () => {
  expect(await names({})).toEqual(['c', 'b', 'a']);
  expect(await names({}, staff.analyst, 1)).toEqual(['a']);
  expect(await names({ partnerId: one.id })).toEqual(['b', 'a']);
  expect(await names({ externalId: 'b' })).toEqual(['b']);
  expect(await names({ createdFrom: '2020-01-01' })).toEqual(['c', 'b', 'a']);
  expect(await names({ createdTo: '2020-01-01' })).toEqual([]);
});

test('a partner reads the customers that are assigned to it, and no others', async () => {
  const partner = await asPartner(one);
  expect(await names({}, partner)).toEqual(['b', 'a']);
  expect(await names({ partnerId: two.id }, partner)).toEqual([]);
  expect((await app.ask(partner, ONE, { externalId: 'a' })).customer).toEqual(made[0]);
  for (const hidden of [{ id: made[2]?.id }, { externalId: 'c' }])
    expect(await app.refusal(partner, ONE, hidden)).toMatchObject({ code: 'NOT_FOUND' });
  const elsewhere = await staffOf(app, 'other-customers');
  expect(await names({}, elsewhere.analyst)).toEqual([]);
});
