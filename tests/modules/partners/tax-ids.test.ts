import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { makePartner, SET_TAX_ID, staffOf } from '../../support/make.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partnerId: string;
beforeAll(async () => {
  app = await createTestApp();
  staff = await staffOf(app);
  partnerId = (await makePartner(app, staff.manager)).id;
});
afterAll(() => app.close());

const seen = (by: string) =>
  app.ask(by, 'query ($id: ID!) { partner(id: $id) { taxIdLastFour taxCountry } }', { id: partnerId });

describe('a tax id', () => {
  test.each([
    ['US', '12-3456789', '6789'],
    ['IN', 'abcde 1234 f', '234F'],
    ['IN', '22AAAAA0000A1Z5', 'A1Z5'],
    ['GB', '1234567890', '7890'],
    ['DE', 'DE 811 569 869', '9869'],
    ['JP', '12345', '45'],
  ])('shows only the last characters of a tax id of %s', async (country, number, taxIdLastFour) => {
    const { setTaxId } = await app.ask(staff.maria, SET_TAX_ID, { input: { partnerId, country, number } });
    expect(setTaxId).toEqual({ id: partnerId, taxIdLastFour, taxCountry: country });
  });

  test('shows a tax id to its partner and to finance only', async () => {
    const shown = { partner: { taxIdLastFour: '45', taxCountry: 'JP' } };
    expect(await seen(await app.token('PARTNER', { partner: partnerId }))).toEqual(shown);
    expect(await seen(staff.tom)).toEqual(shown);
    const nothing = { partner: { taxIdLastFour: null, taxCountry: null } };
    expect(await seen(staff.analyst)).toEqual(nothing);
    expect(await seen(staff.manager)).toEqual(nothing);
  });

  test.each([
    ['US', '12-345678'],
    ['IN', 'ABCDE12345'],
    ['GB', 'GB12345678'],
    ['DE', 'DE<script>'],
    ['DE', '1234'],
  ])('refuses the tax id %s %s without repeating it', async (country, number) => {
    const refusal = await app.refusal(staff.maria, SET_TAX_ID, { input: { partnerId, country, number } });
    expect(refusal).toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.number' });
    expect(refusal.message).not.toContain(number);
  });

  test('stores one encrypted tax id for each partner; its history has only the last characters', async () => {
    const { rows } = await app.database.pool.query('select * from tax_ids where partner_id = $1', [
      partnerId,
    ]);
    expect(rows).toHaveLength(1);
    expect(rows[0].number).toMatch(/^v1\./);
    const { rows: entries } = await app.database.pool.query(
      `select before, after from audit_events where action = 'taxId.set' and partner_id = $1 order by id`,
      [partnerId],
    );
    expect(entries).toHaveLength(6);
    expect(entries[5]).toMatchObject({ before: { lastFour: '9869' }, after: { lastFour: '45' } });
    expect(JSON.stringify([rows, entries])).not.toMatch(/3456789|1234F|AAAAA0000|811569869|12345/);
  });

  test('is not changed by a session of yesterday', async () => {
    const old = await app.token('FINANCE', { signedInAt: new Date(Date.now() - 16 * 60_000) });
    const input = { partnerId, country: 'US', number: '12-3456789' };
    expect(await app.refusal(old, SET_TAX_ID, { input })).toMatchObject({ reason: 'STEP_UP_REQUIRED' });
  });
});
