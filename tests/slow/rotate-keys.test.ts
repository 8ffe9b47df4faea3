import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { system } from '../../src/kernel/request/actor.ts';
import { contextFor } from '../../src/kernel/request/context.ts';
import { shredDataKeys } from '../../src/modules/foundation/data-keys/data-keys.ts';
import { type Progress, rotateKeys } from '../../src/modules/foundation/data-keys/rotate-keys.ts';
import { loadPayoutDetails } from '../../src/modules/payouts/accounts/manage-payout-account.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { anAccount, makePartner, SET_PAYOUT_ACCOUNT, SET_TAX_ID, staffOf } from '../support/make.ts';
import { until } from '../support/until.ts';

const IBANS = ['DE89370400440532013000', 'DE75512108001245126199', 'DE02120300000000202051'];
const file = join(mkdtempSync(join(tmpdir(), 'portal-rotation-')), 'keys.json');
const keys: { id: string; key: string }[] = [];
const addKey = (id: string) => {
  keys.push({ id, key: randomBytes(32).toString('base64') });
  writeFileSync(file, JSON.stringify({ keys }), { mode: 0o600 });
};

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partners: string[];
beforeAll(async () => {
  addKey('old');
  app = await createTestApp({}, { KMS_KEY_FILE: file });
  staff = await staffOf(app);
  partners = await Promise.all(
    Array.from({ length: 12 }, () => makePartner(app, staff.manager).then(({ id }) => id)),
  );
  for (const [i, partnerId] of partners.entries()) {
    await setAccount(partnerId, i);
    await app.ask(staff.maria, SET_TAX_ID, {
      input: { partnerId, country: 'US', number: `12345678${i % 10}` },
    });
  }
});
afterAll(() => app.close());

const ctx = () => contextFor(app.app.services, { actor: system, requestId: randomUUID() });
const setAccount = (partnerId: string, i: number) =>
  app.ask(staff.maria, SET_PAYOUT_ACCOUNT, {
    input: anAccount({ partnerId, iban: IBANS[i % IBANS.length], holderName: `Holder of ${partnerId}` }),
  });
const rows = (text: string, ...values: unknown[]) =>
  app.database.pool.query(text, values).then((result) => result.rows);
const accounts = () => rows('select id, partner_id, data_key_id, details from payout_accounts order by id');
const read = (partnerId: string) =>
  app.ask(staff.maria, 'query ($id: ID!) { partner(id: $id) { payoutAccounts { holderName } } }', {
    id: partnerId,
  });
async function expectReadable(): Promise<void> {
  for (const { id } of await accounts()) expect(IBANS).toContain((await loadPayoutDetails(ctx(), id))?.iban);
  for (const partnerId of partners)
    expect(await read(partnerId)).toEqual({
      partner: { payoutAccounts: [{ holderName: `Holder of ${partnerId}` }] },
    });
}

describe('a key rotation', () => {
  test('wraps every data key with the newest key and changes nothing else', async () => {
    const before = await accounts();
    addKey('new');
    const progress: Progress[] = [];
    await rotateKeys(ctx(), { replaceBefore: null, progress: (step) => progress.push(step) });
    expect(await rows('select kek_id, count(*)::int from data_keys group by 1')).toEqual([
      { kek_id: 'file:new', count: 13 }, // and the tenant's index key
    ]);
    expect(progress.at(-1)).toEqual({ step: 'data keys wrapped', done: 13, total: 13 });
    expect(await accounts()).toEqual(before);

    keys.shift(); // the old key is of no use any more
    writeFileSync(file, JSON.stringify({ keys }), { mode: 0o600 });
    await expectReadable();
  });

  test('gives every partner a new key and encrypts all values with it under load, without a failed request', async () => {
    const old = new Set((await accounts()).map(({ data_key_id }) => data_key_id));
    let going = true;
    let [writes, reads] = [0, 0];
    const writers = [0, 1, 2, 3].map(async (n) => {
      for (let i = n; going; i += 4, writes++) await setAccount(partners[i % partners.length] as string, i);
    });
    const readers = [0, 1, 2].map(async (n) => {
      for (let i = n; going; i += 3, reads++) {
        const { partner } = await read(partners[i % partners.length] as string);
        expect(partner.payoutAccounts).toMatchObject([{ holderName: expect.stringMatching(/^Holder of /) }]);
      }
    });
    await until(async () => writes > 20 && reads > 20);
    await rotateKeys(ctx(), { replaceBefore: new Date(Date.now() + 60_000) });
    await rotateKeys(ctx(), { replaceBefore: new Date(Date.now() + 60_000) }); // and once more at once
    const [during] = [writes];
    await until(async () => writes > during + 20);
    going = false;
    await Promise.all([...writers, ...readers]); // any error of theirs fails the test

    await rotateKeys(ctx(), { replaceBefore: null, graceSeconds: 0 });
    const now = await accounts();
    expect(now.length).toBeGreaterThan(40);
    expect(now.filter(({ data_key_id }) => old.has(data_key_id))).toEqual([]);
    expect(await rows('select count(*)::int from data_keys where replaced_at is not null')).toEqual([
      { count: 0 },
    ]);
    expect(await rows(`select count(*)::int from data_keys where purpose = 'FIELDS'`)).toEqual([
      { count: 12 },
    ]);
    expect(
      await rows('select distinct split_part(number, $1, 2)::uuid = data_key_id as same from tax_ids', '.'),
    ).toEqual([{ same: true }]);
    await expectReadable();
    console.log(`${writes} writes and ${reads} reads beside two rotations, none failed`);
  });

  test('continues an interrupted rotation without a third key', async () => {
    const [{ before }] = await rows('select now() as before');
    const { services } = app.app;
    let calls = 0;
    const failing = {
      ...services,
      keys: {
        ...services.keys,
        wrap: (...args: Parameters<typeof services.keys.wrap>) =>
          ++calls > 6 ? Promise.reject(new Error('the power went')) : services.keys.wrap(...args),
      },
    };
    const cut = contextFor(failing, { actor: system, requestId: randomUUID() });
    await expect(rotateKeys(cut, { replaceBefore: before })).rejects.toThrow('the power went');
    const [{ count: replaced }] = await rows(
      'select count(*)::int from data_keys where replaced_at is not null',
    );
    await expectReadable();
    expect(replaced).toBeGreaterThan(0);
    expect(replaced).toBeLessThan(12);
    await rotateKeys(ctx(), { replaceBefore: before, graceSeconds: 0 });
    expect(
      await rows('select 1 from data_keys where created_at < $1 and purpose = $2', before, 'FIELDS'),
    ).toEqual([]);
    expect(await rows(`select count(*)::int from data_keys where purpose = 'FIELDS'`)).toEqual([
      { count: 12 },
    ]);
    await expectReadable();
  });

  test('keeps a replaced key while a row needs it', async () => {
    await rotateKeys(ctx(), { replaceBefore: new Date(Date.now() + 60_000) });
    const [{ count }] = await rows('select count(*)::int from data_keys where replaced_at is not null');
    expect(count).toBe(12); // for requests that read a row a moment ago
    const waiting = await rows(`select 1 from graphile_worker.jobs where key = 'retire_keys'`);
    expect(waiting).toHaveLength(1);
    const [used] = await rows(`select data_key_id as id from payout_accounts limit 1`);
    await expect(app.database.pool.query('delete from data_keys where id = $1', [used.id])).rejects.toThrow(
      'violates foreign key constraint',
    );
  });

  test('prints its progress when started by hand', async () => {
    addKey('by-hand');
    const cli = (...args: string[]) =>
      promisify(execFile)(
        process.execPath,
        ['--import', '@oxc-node/core/register', 'src/cli/rotate-keys.ts', ...args],
        {
          env: {
            ...process.env,
            DATABASE_URL: app.database.url,
            KMS_KEY_FILE: file,
            CERBOS_URL: inject('cerbos'),
            NODE_ENV: 'development',
          },
        },
      );
    const { stdout, stderr } = await cli('--data-keys');
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^25 of 25 data keys wrapped \(100 %\)$/m); // twelve in use, twelve replaced, one of the index
    expect(stdout).toMatch(/^12 of 12 replaced \(100 %\)$/m);
    expect(stdout).toMatch(/rows encrypted again \(100 %\)$/m);
    expect(stdout).not.toContain(keys.at(-1)?.key);
    await expect(cli('--before', 'yesterday')).rejects.toThrow('npm run -s rotate-keys');
    await expectReadable();
  });

  test('never restores a shredded key', async () => {
    const [partnerId] = partners as [string];
    const erased = (await accounts()).filter(({ partner_id }) => partner_id === partnerId);
    await app.app.services.em.fork().transactional(async (em) => {
      await em.execute(`select set_config('portal.tenant', '*', true)`);
      await shredDataKeys(em, partnerId);
    });
    for (const { id } of erased) expect(await loadPayoutDetails(ctx(), id)).toBeNull();
    expect((await read(partnerId)).partner.payoutAccounts).toMatchObject([{ holderName: null }]);

    addKey('newest');
    await rotateKeys(ctx(), { replaceBefore: new Date(Date.now() + 60_000), graceSeconds: 0 });
    for (const { id } of erased) expect(await loadPayoutDetails(ctx(), id)).toBeNull();
    expect(await rows('select wrapped from data_keys where partner_id = $1', partnerId)).toEqual(
      (await rows('select 1 from data_keys where partner_id = $1', partnerId)).map(() => ({ wrapped: null })),
    );
    expect(
      await rows('select details from payout_accounts where partner_id = $1 order by id', partnerId),
    ).toEqual(erased.map(({ details }) => ({ details })));
    partners = partners.slice(1);
    for (const id of partners) expect((await read(id)).partner.payoutAccounts).toHaveLength(1);
  });
});
