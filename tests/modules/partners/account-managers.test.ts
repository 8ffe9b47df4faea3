import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { makeCommission, makePartner, staffOf } from '../../support/make.ts';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const ADD =
  'mutation ($input: AccountManagerInput!) { addAccountManager(input: $input) { id name partnerCount } }';
const END =
  'mutation ($id: ID!) { endAccountManager(id: $id, reason: "left us") { id endedAt partnerCount } }';
const ASSIGN = `mutation ($id: ID!, $managerId: ID!) {
  assignAccountManager(partnerId: $id, managerId: $managerId, reason: "speaks French") { accountManager { name reason } } }`;
const ROSTER = '{ accountManagers(first: 100) { edges { node { id name email endedAt partnerCount } } } }';
const MANAGER = `query ($id: ID!) { partner(id: $id) { accountManager { name email }
  accountManagerHistory { name assignedAt endedAt reason } } }`;
const UPDATE =
  'mutation ($id: ID!, $input: UpdatePartnerInput!) { updatePartner(id: $id, input: $input) { id } }';
const LOCK =
  'mutation ($id: ID!, $tier: PartnerTier!) { lockPartnerTier(partnerId: $id, tier: $tier, reason: "r") { id } }';

/** A program of its own with that many account managers, `m0` to `m9`. */
async function program(count: number) {
  const tenant = `t${randomUUID().slice(0, 8)}`;
  const staff = await staffOf(app, tenant);
  await makePartner(app, staff.manager);
  const ids: string[] = [];
  for (let n = 0; n < count; n++) ids.push(await add(staff.manager, `m${n}`));
  const load = async (): Promise<Record<string, number>> => {
    const { accountManagers } = await app.ask(staff.manager, ROSTER);
    const rows = accountManagers.edges.map(
      ({ node }: { node: { name: string; partnerCount: number } }) => node,
    );
    return Object.fromEntries(
      rows.map((row: { name: string; partnerCount: number }) => [row.name, row.partnerCount]),
    );
  };
  const partner = async (input: object = {}) => (await makePartner(app, staff.manager, input)).id;
  const of = async (id: string, by = staff.manager) => (await app.ask(by, MANAGER, { id })).partner;
  return { tenant, staff, ids, load, partner, of };
}
async function add(by: string, name: string): Promise<string> {
  const input = { name, email: `${name}@acme.example` };
  return (await app.ask(by, ADD, { input })).addAccountManager.id;
}

describe('a partner whose tier has a dedicated account manager', () => {
  test('a new partner of the tier gets the account manager with the fewest partners, then by name', async () => {
    const { staff, load, partner, of, tenant } = await program(2);
    const [made, updated, locked] = [await partner({ tier: 'PLATINUM' }), await partner(), await partner()];
    expect(await of(made)).toMatchObject({ accountManager: { name: 'm0', email: 'm0@acme.example' } });
    await app.ask(staff.manager, UPDATE, { id: updated, input: { tier: 'DIAMOND' } });
    expect((await of(updated)).accountManager.name).toBe('m1');
    await app.ask(staff.manager, LOCK, { id: locked, tier: 'PLATINUM' });
    expect((await of(locked)).accountManager.name).toBe('m0');
    expect((await of(await partner({ tier: 'GOLD' }))).accountManager).toBeNull();
    expect(await load()).toEqual({ m0: 2, m1: 1 });
    const own = await app.token('PARTNER', { tenant, partner: made });
    expect((await of(made, own)).accountManager).toEqual({ name: 'm0', email: 'm0@acme.example' });
    expect((await app.ask(own, ROSTER)).accountManagers.edges).toEqual([]);
  });

  test('a promotion assigns an account manager, and a demotion removes it, both recorded', async () => {
    const { staff, partner, of } = await program(1);
    await app.ask(
      staff.manager,
      `mutation { updateTierConfig(input: { tier: PLATINUM, minMonthlyRevenue: "100", minCustomers: 1 }) { id }
        updateProgram(input: { tierGraceMonths: 0 }) { tenantId } }`,
    );
    await app.database.pool.query('alter table tier_config_versions disable trigger append_only');
    await app.database.pool.query(
      "update tier_config_versions set effective_at = '2025-01-01' where created_by <> 'system'",
    );
    await app.database.pool.query('alter table tier_config_versions enable trigger append_only');
    const id = await partner();
    await app.database.pool.query("update partners set created_at = '2025-12-01' where id = $1", [id]);
    const sale = { amount: '100', occurredAt: '2026-01-10T12:00:00Z', customerId: 'k' };
    await makeCommission(app, staff.manager, id, sale);
    const evaluate = (month: string) =>
      app.ask(staff.manager, `mutation { evaluateTiers(month: "${month}") { promoted demoted } }`);
    expect(await evaluate('2026-01-01')).toMatchObject({ evaluateTiers: { promoted: 1 } });
    expect((await of(id)).accountManager).toMatchObject({ name: 'm0' });
    expect(await evaluate('2026-02-01')).toMatchObject({ evaluateTiers: { demoted: 1 } });
    const after = await of(id);
    expect(after.accountManager).toBeNull();
    expect(after.accountManagerHistory).toMatchObject([{ name: 'm0', endedAt: expect.any(String) }]);
  });

  test('25 simultaneous promotions are spread evenly over account managers', async () => {
    const { staff, load, partner } = await program(5);
    const ids = await Promise.all(Array.from({ length: 25 }, () => partner()));
    await Promise.all(ids.map((id) => app.ask(staff.manager, UPDATE, { id, input: { tier: 'PLATINUM' } })));
    expect(await load()).toEqual({ m0: 5, m1: 5, m2: 5, m3: 5, m4: 5 });
  });

  test('partners wait without an account manager, and all get the first one; also when a tier starts to include one', async () => {
    const { staff, load, partner } = await program(0);
    for (const tier of ['PLATINUM', 'GOLD', 'GOLD']) await partner({ tier });
    await add(staff.manager, 'first');
    expect(await load()).toEqual({ first: 1 });
    const asks = (dedicatedManager: boolean) =>
      app.ask(
        staff.manager,
        'mutation ($input: UpdateTierConfigInput!) { updateTierConfig(input: $input) { id } }',
        {
          input: { tier: 'GOLD', dedicatedManager },
        },
      );
    await asks(true);
    expect(await load()).toEqual({ first: 3 });
    await asks(false);
    expect(await load()).toEqual({ first: 1 });
  });

  test("partners of a leaving account manager go to the others; a deleted partner's assignment ends", async () => {
    const { staff, ids, load, partner, of } = await program(3);
    const partners = [];
    for (let n = 0; n < 6; n++) partners.push(await partner({ tier: 'DIAMOND' }));
    const { endAccountManager } = await app.ask(staff.manager, END, { id: ids[0] });
    expect(endAccountManager).toMatchObject({ endedAt: expect.any(String), partnerCount: 0 });
    expect(await load()).toEqual({ m0: 0, m1: 3, m2: 3 });
    expect(
      (await of(partners[0] as string)).accountManagerHistory.map(({ name }: { name: string }) => name),
    ).toEqual(['m1', 'm0']);
    expect(await app.refusal(staff.manager, END, { id: ids[0] })).toMatchObject({ reason: 'ENDED' });
    await app.ask(staff.manager, 'mutation ($id: ID!) { deletePartner(id: $id) { id } }', {
      id: partners[0],
    });
    expect(await load()).toEqual({ m0: 0, m1: 2, m2: 3 });
  });

  test('staff assign another account manager with a reason, and the assignment stays', async () => {
    const { staff, ids, load, partner, of } = await program(2);
    const id = await partner({ tier: 'PLATINUM' });
    const [mine, other] = ids;
    expect(await app.ask(staff.manager, ASSIGN, { id, managerId: other })).toMatchObject({
      assignAccountManager: { accountManager: { name: 'm1', reason: 'speaks French' } },
    });
    await app.ask(staff.manager, UPDATE, { id, input: { tier: 'DIAMOND' } });
    expect((await of(id)).accountManagerHistory).toMatchObject([
      { name: 'm1', endedAt: null, reason: 'speaks French' },
      { name: 'm0', endedAt: expect.any(String) },
    ]);
    expect(await load()).toEqual({ m0: 0, m1: 1 });
    const refused = (variables: object) => app.refusal(staff.manager, ASSIGN, variables);
    expect(await refused({ id, managerId: other })).toMatchObject({ reason: 'ALREADY_ASSIGNED' });
    expect(await refused({ id, managerId: randomUUID() })).toMatchObject({
      code: 'NOT_FOUND',
      field: 'managerId',
    });
    expect(await refused({ id: await partner(), managerId: mine })).toMatchObject({ reason: 'NOT_ENTITLED' });
    const foreign = await program(1);
    expect(await refused({ id, managerId: foreign.ids[0] })).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('an e-mail address of an account manager is unique, and free after the manager left', async () => {
    const { staff, ids } = await program(1);
    const input = { name: 'again', email: 'M0@acme.example' };
    expect(await app.refusal(staff.manager, ADD, { input })).toMatchObject({
      reason: 'EMAIL_TAKEN',
      field: 'input.email',
    });
    await app.ask(staff.manager, END, { id: ids[0] });
    expect(await app.ask(staff.manager, ADD, { input })).toMatchObject({
      addAccountManager: { name: 'again' },
    });
  });
});
