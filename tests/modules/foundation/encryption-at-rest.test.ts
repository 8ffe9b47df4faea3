import { execFile } from 'node:child_process';
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { system } from '../../../src/kernel/request/actor.ts';
import { contextFor } from '../../../src/kernel/request/context.ts';
import { rotateKeys } from '../../../src/modules/foundation/data-keys/rotate-keys.ts';
import { loadPayoutDetails } from '../../../src/modules/payouts/accounts/manage-payout-account.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { anAccount, makePartner, SET_PAYOUT_ACCOUNT, SET_TAX_ID, staffOf } from '../../support/make.ts';

const digits = (count: number) => Array.from({ length: count }, () => randomInt(10)).join('');
const letters = (count: number) => randomBytes(count).toString('hex').slice(0, count);
function anIban(): string {
  const bban = digits(18);
  const check = 98n - (BigInt(`${bban}131400`) % 97n); // DE is 1314
  return `DE${String(check).padStart(2, '0')}${bban}`;
}

/** Values of this run only, which are looked for in everything that the database keeps. */
const secrets = {
  iban: anIban(),
  'iban that was replaced': anIban(),
  'iban that was refused': `${anIban().slice(0, -1)}X`,
  'account number': digits(17),
  holder: `Holder ${letters(12)}`,
  paypal: `${letters(14)}@northwind.example`,
  stripe: `acct_${letters(16)}`,
  razorpay: `fa_${letters(14)}`,
  'tax id': digits(9),
};
/** And one that is kept in the open, to prove that looking finds. */
const open = `Open ${letters(14)} Inc`;

const spellingsOf = (name: string, value: string): [string, Buffer][] => [
  [name, Buffer.from(value)],
  [`${name} in base64`, Buffer.from(Buffer.from(value).toString('base64').replace(/=*$/, ''))],
  [`${name} in hex`, Buffer.from(Buffer.from(value).toString('hex'))],
];
const looked = Object.entries(secrets).flatMap(([name, value]) => spellingsOf(name, value));
const found = (bytes: Buffer): string[] =>
  looked.flatMap(([name, value]) => (bytes.includes(value) ? [name] : []));

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partnerId: string;
let began: { at: Date; segment: string };
beforeAll(async () => {
  app = await createTestApp();
  const [{ segment }] = await rows('select pg_walfile_name(pg_current_wal_lsn()) as segment');
  began = { at: new Date(Date.now() - 1_000), segment };
  staff = await staffOf(app);
  partnerId = (await makePartner(app, staff.manager, { companyName: open })).id;
  const set = (input: object) =>
    app.send(staff.maria, SET_PAYOUT_ACCOUNT, {
      input: anAccount({ partnerId, holderName: secrets.holder, ...input }),
    });
  const other = { country: 'US', currency: 'USD', iban: null };
  for (const input of [
    { iban: secrets['iban that was replaced'] },
    { iban: secrets.iban },
    { ...other, accountNumber: secrets['account number'], routingNumber: '110000000' },
    { ...other, method: 'PAYPAL', paypalEmail: secrets.paypal },
    { ...other, method: 'STRIPE', stripeAccount: secrets.stripe },
    { ...other, method: 'RAZORPAY', razorpayFundAccount: secrets.razorpay },
  ])
    expect((await set(input)).errors).toBeUndefined();
  expect((await set({ iban: secrets['iban that was refused'] })).errors).toBeDefined();
  await app.ask(staff.maria, SET_TAX_ID, { input: { partnerId, country: 'US', number: secrets['tax id'] } });
  await rotateKeys(ctx(), { replaceBefore: new Date(Date.now() + 1_000), graceSeconds: 0 });
}, 60_000);
afterAll(() => app.close());

const ctx = () => contextFor(app.app.services, { actor: system, requestId: randomUUID() });
const rows = (text: string, ...values: unknown[]) =>
  app.database.pool.query(text, values).then((result) => result.rows);

describe('an entered secret is not found', () => {
  test('an entered secret is in no column of any table', async () => {
    const tables = await rows(`
      select format('%I.%I', table_schema, table_name) as name from information_schema.tables
      where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema') order by 1`);
    let text = '';
    for (const { name } of tables)
      for (const { row } of await rows(`select t::text as row from ${name} t`)) text += `${name} ${row}\n`;
    expect(tables.length).toBeGreaterThan(20);
    expect(text).toContain(open);
    expect(found(Buffer.from(text))).toEqual([]);
  });

  test('an entered secret is not in a dump', async (context) => {
    const dumped = await promisify(execFile)('pg_dump', [app.database.url], {
      maxBuffer: 1 << 30,
      encoding: 'buffer',
    }).catch((error: Error) => error);
    if (dumped instanceof Error) {
      process.stderr.write(
        `Skipped: no pg_dump of the server's version here; columns and files are searched.\n`,
      );
      return context.skip("no pg_dump of the server's version");
    }
    expect(dumped.stdout.includes(open)).toBe(true);
    expect(found(dumped.stdout)).toEqual([]);
  });

  test('an entered secret is not in the files, the log and the write-ahead log of the server', async (context) => {
    await rows('checkpoint');
    const [{ folder, oid }] = await rows(`
      select current_setting('data_directory') as folder, oid from pg_database where datname = current_database()`);
    const places = [join(folder, 'base', String(oid)), join(folder, 'pg_wal'), join(folder, 'log')];
    const files: string[] = [];
    for (const place of places) {
      const entries = await readdir(place).catch(() => []);
      for (const name of entries) files.push(join(place, name));
    }
    if (files.length === 0) return context.skip('the server keeps its files elsewhere');
    const hits = new Set<string>();
    const opened = { base: false, pg_wal: false };
    for (const file of files) {
      const status = await stat(file);
      const older = file.includes('pg_wal') ? basename(file) < began.segment : status.mtime < began.at;
      if (older || !status.isFile()) continue;
      const bytes = await readFile(file);
      for (const name of found(bytes)) hits.add(`${name} in ${file}`);
      if (bytes.includes(open)) opened[file.includes('pg_wal') ? 'pg_wal' : 'base'] = true;
    }
    expect(opened).toEqual({ base: true, pg_wal: true });
    expect([...hits]).toEqual([]);
  }, 60_000);

  test('finance can still read the encrypted values', async () => {
    const accounts = await rows(
      'select id from payout_accounts where partner_id = $1 order by id',
      partnerId,
    );
    const details = await Promise.all(accounts.map(({ id }) => loadPayoutDetails(ctx(), id)));
    expect(details).toEqual([
      { iban: secrets['iban that was replaced'] },
      { iban: secrets.iban },
      { accountNumber: secrets['account number'], routingNumber: '110000000' },
      { paypalEmail: secrets.paypal },
      { stripeAccount: secrets.stripe },
      { razorpayFundAccount: secrets.razorpay },
    ]);
  });
});

describe('a value that was moved or changed in the database is refused', () => {
  const READ = 'query ($id: ID!) { partner(id: $id) { payoutAccounts { id holderName } } }';
  let victim: string;
  let thief: string;
  beforeAll(async () => {
    const made = [await makePartner(app, staff.manager), await makePartner(app, staff.manager)];
    [victim, thief] = made.map(({ id }) => id) as [string, string];
    for (const id of [victim, thief])
      for (const currency of ['EUR', 'USD'])
        await app.ask(staff.maria, SET_PAYOUT_ACCOUNT, {
          input: anAccount({ partnerId: id, currency, holderName: `Holder ${id} ${currency}` }),
        });
  });

  const account = async (partner: string, currency = 'EUR') =>
    (
      await rows(
        'select id, holder_name, details from payout_accounts where partner_id = $1 and currency = $2',
        partner,
        currency,
      )
    )[0] as { id: string; holder_name: string; details: string };
  const put = (id: string, holderName: string, details: string) =>
    rows('update payout_accounts set holder_name = $2, details = $3 where id = $1', id, holderName, details);

  /** Reads the victim's account with these envelopes in it, as a person and as a rail would; then mends it. */
  async function expectRefused(holderName: string, details: string): Promise<void> {
    const { id, holder_name, details: own } = await account(victim);
    app.logged.length = 0;
    await put(id, holderName, details);
    const { errors } = await app.send(staff.maria, READ, { id: victim });
    const refusal = await loadPayoutDetails(ctx(), id).catch((error: Error) => error);
    await put(id, holder_name, own);
    expect(errors?.[0]).toMatchObject({
      message: 'internal error',
      extensions: { code: 'INTERNAL_SERVER_ERROR' },
    });
    expect(String(refusal)).toContain(`payout_accounts.details, row ${id}, was changed or moved`);
    const logged = JSON.stringify(app.logged);
    expect(logged).toContain(`payout_accounts.holder_name, row ${id}, was changed or moved`);
    expect(logged).not.toContain(holderName.slice(50));
    expect((await app.ask(staff.maria, READ, { id: victim })).partner.payoutAccounts).toHaveLength(2);
  }

  test('from another row of the same partner', async () => {
    const other = await account(victim, 'USD');
    await expectRefused(other.holder_name, other.details);
  });

  test("from another partner's row", async () => {
    const other = await account(thief);
    await expectRefused(other.holder_name, other.details);
  });

  test('from another column of the row', async () => {
    const own = await account(victim);
    await expectRefused(own.details, own.holder_name);
  });

  test('with a letter changed', async () => {
    const changed = ({ length }: string, text: string) =>
      `${text.slice(0, length - 9)}${text.at(length - 9) === 'A' ? 'B' : 'A'}${text.slice(length - 8)}`;
    const own = await account(victim);
    await expectRefused(changed(own.holder_name, own.holder_name), changed(own.details, own.details));
  });

  test('a value of another tenant is refused by the database, and by the key service if its key was copied too', async () => {
    const elsewhere = await staffOf(app, 'elsewhere');
    const { id: stranger } = await makePartner(app, elsewhere.manager);
    await app.ask(elsewhere.maria, SET_PAYOUT_ACCOUNT, { input: anAccount({ partnerId: stranger }) });
    const [mine, theirs] = [await account(victim), await account(stranger)];
    await expect(put(theirs.id, mine.holder_name, mine.details)).rejects.toThrow(
      'violates foreign key constraint',
    );

    const copy = randomUUID();
    const key = mine.details.split('.')[1] as string;
    await rows(
      `insert into data_keys (id, tenant_id, partner_id, purpose, wrapped, kek_id, replaced_at)
       select $1, 'elsewhere', $2, purpose, wrapped, kek_id, now() from data_keys where id = $3`,
      ...[copy, stranger, key],
    );
    await put(theirs.id, mine.holder_name.replace(key, copy), mine.details.replace(key, copy));
    await expect(loadPayoutDetails(ctx(), theirs.id)).rejects.toThrow('unable to authenticate');
  });

  test('a readable value is refused in place of an encrypted one', async () => {
    const { id } = await account(victim);
    for (const text of ['{"iban":"DE89370400440532013000"}', 'v1.x.y', ''])
      await expect(put(id, text, text)).rejects.toThrow('envelope_is_sealed');
  });
});

test('refuses a bank account for Razorpay when Razorpay is not configured', async () => {
  const staff = await staffOf(app);
  const { id: partnerId } = await makePartner(app, staff.manager);
  const input = {
    method: 'RAZORPAY',
    country: 'IN',
    currency: 'INR',
    iban: null,
    upiAddress: 'nancy@okbank',
  };
  expect(
    await app.refusal(staff.maria, SET_PAYOUT_ACCOUNT, { input: anAccount({ partnerId, ...input }) }),
  ).toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.upiAddress' });
});
