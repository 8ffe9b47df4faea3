import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { makeKeyFile } from '../adapters/kms/file-kms.ts';
import { authenticator } from '../http/authenticate.ts';
import { load, TENANT } from './data.ts';
import type { Crowd, Heard } from './listeners.ts';
import type { Helper } from './processes.ts';

const PEOPLE = 10; // of the staff, whose sockets they are

/** One click to so many sockets of one process that listen to its partner, again and again. */
export async function measureSockets(
  url: string,
  folder: string,
  size: Pick<Crowd, 'sockets' | 'events'>,
  start: (file: string, env: Record<string, string>) => Helper,
): Promise<Heard> {
  await load(url, { partners: 2, customers: 2, commissions: 2 });
  const { partnerId, referralCode } = await newcomer(url);
  const secret = randomBytes(48).toString('base64url');
  const tokens = await Promise.all(
    Array.from({ length: PEOPLE }, (_, i) =>
      authenticator(secret).sign({ user: `person ${i}`, role: 'PROGRAM_MANAGER', tenantId: TENANT }, '1 day'),
    ),
  );
  const keys = join(folder, 'keys.json');
  makeKeyFile(keys);
  const server = start('product-server.js', {
    DATABASE_URL: url,
    JWT_SECRET: secret,
    KMS_KEY_FILE: keys,
    HOST: '127.0.0.1',
    PORT: '0',
    WORKER: 'off',
  });
  const { port } = await server.ask<{ port: number }>({ ask: 'port' }).catch(async (error: Error) => {
    throw new Error(`${error.message}\n${await readFile(join(folder, 'product-server.js.log'), 'utf8')}`);
  });
  return start('listeners.js', {}).ask<Heard>({ port, tokens, partnerId, referralCode, ...size });
}

/** A partner without a click yet. */
async function newcomer(url: string): Promise<Pick<Crowd, 'partnerId' | 'referralCode'>> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query(`
      insert into partners (id, tenant_id, partner_type, status, tier, company_name, email, referral_code, currency, payout_frequency, metadata)
      values (new_id(), '${TENANT}', 'REFERRAL', 'ACTIVE', 'GOLD', 'Newcomer', 'new@example.com', 'NEWCOMER', 'USD', 'MONTHLY', '{}')
      returning id, referral_code`);
    return { partnerId: rows[0].id, referralCode: rows[0].referral_code };
  } finally {
    await client.end();
  }
}
