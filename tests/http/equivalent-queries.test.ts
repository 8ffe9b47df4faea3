import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../support/app.ts';
import { CONVERT, makeClick, makeCommission, makePartner, staffOf } from '../support/make.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let id: string;
let line: string;
beforeAll(async () => {
  app = await createTestApp();
  staff = await staffOf(app);
  ({ id } = await makePartner(app, staff.manager));
  line = await makeCommission(app, staff.manager, id);
});
afterAll(() => app.close());

const name = 'Acme Resellers Inc';

describe('a query says the same however it is written', () => {
  test.each([
    [
      'the shorter one first',
      'short: commission(id: $id) { ...P } long: commission(id: $id) { ...P partner { companyName } }',
    ],
    [
      'the longer one first',
      'long: commission(id: $id) { ...P partner { companyName } } short: commission(id: $id) { ...P }',
    ],
  ])('with a fragment that is asked for alone and with more: %s', async (_, fields) => {
    const query = `query ($id: ID!) { ${fields} } fragment P on Commission { partner { id } }`;
    for (let time = 0; time < 2; time++)
      expect(await app.ask(staff.maria, query, { id: line })).toEqual({
        short: { partner: { id } },
        long: { partner: { id, companyName: name } },
      });
  });

  test('with a fragment of a list that is asked for alone and with more', async () => {
    const query = `query { short: partners { ...L } long: partners { ...L edges { node { companyName commissions(first: 1) { edges { node { status } } } } } } }
      fragment L on PartnerConnection { edges { node { id commissions(first: 1) { edges { node { id } } } } } }`;
    const commissions = (more: object = {}) => ({ edges: [{ node: { id: line, ...more } }] });
    expect(await app.ask(staff.maria, query)).toEqual({
      short: { edges: [{ node: { id, commissions: commissions() } }] },
      long: { edges: [{ node: { id, companyName: name, commissions: commissions({ status: 'PENDING' }) } }] },
    });
  });

  test('with aliases, inline fragments and the same list twice', async () => {
    const query = `query ($id: ID!) { it: partner(id: $id) {
      ... on Partner { called: companyName }
      few: commissions(first: 1) { count: totalCount }
      many: commissions(first: 100) { rows: edges { it: node { key: id, was: status } } }
      ...M
    } } fragment M on Partner { tierConfig { rate: commissionRate } }`;
    expect(await app.ask(staff.maria, query, { id })).toEqual({
      it: {
        called: name,
        few: { count: 1 },
        many: { rows: [{ it: { key: line, was: 'PENDING' } }] },
        tierConfig: { rate: 10 },
      },
    });
  });

  test('with fields that a variable leaves out', async () => {
    const query = `query ($id: ID!, $more: Boolean!) { commission(id: $id) { id status @include(if: $more) partner @skip(if: $more) { id } } }`;
    expect((await app.ask(staff.maria, query, { id: line, more: true })).commission).toEqual({
      id: line,
      status: 'PENDING',
    });
    expect((await app.ask(staff.maria, query, { id: line, more: false })).commission).toEqual({
      id: line,
      partner: { id },
    });
  });

  test('with nothing but its type asked for', async () => {
    expect(await app.ask(staff.maria, '{ partners { __typename edges { __typename } } }')).toEqual({
      partners: { __typename: 'PartnerConnection', edges: [{ __typename: 'PartnerEdge' }] },
    });
  });

  test('with a customer and a partner that are reached on two ways', async () => {
    const { referralCode } = await makePartner(app, staff.manager, { companyName: 'Two Ways Ltd' });
    const referral = await makeClick(app, referralCode);
    const { convertReferral } = await app.ask(staff.manager, CONVERT, {
      id: referral,
      input: { customerId: 'cust_two_ways', amount: '10' },
    });
    const who = 'customer { externalId } partner { companyName }';
    const query = `query ($id: ID!) { commission(id: $id) { ${who} referral { ${who} } } }`;
    const them = { customer: { externalId: 'cust_two_ways' }, partner: { companyName: 'Two Ways Ltd' } };
    expect(await app.ask(staff.maria, query, { id: convertReferral.commissions[0].id })).toEqual({
      commission: { ...them, referral: them },
    });
  });
});
