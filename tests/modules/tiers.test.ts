import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../support/app.ts';
import { CREATE_COMMISSION, makePartner, staffOf } from '../support/make.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let clock = new Date('2026-01-01T00:00:00Z');
const at = (instant: string) => {
  clock = new Date(instant);
};
beforeAll(async () => {
  app = await createTestApp({ clock: { now: () => clock } });
  staff = await staffOf(app);
});
afterAll(() => app?.close());

const setTier = (id: string, tier: string) =>
  app.ask(
    staff.manager,
    'mutation ($id: ID!, $input: UpdatePartnerInput!) { updatePartner(id: $id, input: $input) { tier } }',
    {
      id,
      input: { tier },
    },
  );
const sell = async (
  partnerId: string,
  input: object,
): Promise<{ rate: number; amount: { amount: string } }> => {
  const { createCommission } = await app.ask(staff.manager, CREATE_COMMISSION, {
    input: { partnerId, type: 'ONE_TIME', amount: '100.00', ...input },
  });
  return createCommission;
};
const changeTier = (input: object) =>
  app.ask(
    staff.manager,
    'mutation ($input: UpdateTierConfigInput!) { updateTierConfig(input: $input) { tier } }',
    { input },
  );

describe('a sale earns by what was in force when it happened', () => {
  test('oracle T38: SILVER until midnight, GOLD since; a sale of the last millisecond before, entered after, earns 15 %', async () => {
    at('2026-01-01T00:00:00Z');
    const { id } = await makePartner(app, staff.manager, { tier: 'SILVER' });
    at('2026-02-01T00:00:00Z');
    await setTier(id, 'GOLD');
    at('2026-02-01T00:05:00Z');
    const before = await sell(id, { occurredAt: '2026-01-31T23:59:59.999Z' });
    expect(before).toMatchObject({ rate: 15, amount: { amount: '15.00' } });
    const since = await sell(id, { occurredAt: '2026-02-01T00:00:00Z' });
    expect(since).toMatchObject({ rate: 20, amount: { amount: '20.00' } });
  });

  test('a tier that gives more from March on gives a sale of February what it gave in February', async () => {
    at('2026-02-10T00:00:00Z');
    const { id } = await makePartner(app, staff.manager, { tier: 'PLATINUM' });
    at('2026-03-01T00:00:00Z');
    await changeTier({ tier: 'PLATINUM', commissionRate: 27.5 });
    at('2026-03-02T00:00:00Z');
    expect((await sell(id, { occurredAt: '2026-02-28T23:59:59.999Z' })).rate).toBe(25);
    expect((await sell(id, { occurredAt: '2026-03-01T00:00:00Z' })).rate).toBe(27.5);
    await changeTier({ tier: 'PLATINUM', commissionRate: 30 });
    expect((await sell(id, { occurredAt: '2026-03-01T00:00:00Z' })).rate).toBe(27.5);
    expect((await sell(id, { occurredAt: '2026-02-28T00:00:00Z' })).rate).toBe(25);
  });

  test('what a tier gave is never rewritten', async () => {
    for (const statement of [
      'update tier_config_versions set rate_bps = 1',
      'delete from tier_config_versions',
    ])
      await expect(app.database.pool.query(statement)).rejects.toThrow();
  });
});
