import { Client } from 'pg';
import { authenticator } from '../src/http/admission/authenticate.ts';
import { load, TENANT } from './data.ts';
import type { Crowd, Heard } from './listeners.ts';
import { portOf, type Start, serverEnv } from './servers.ts';

const PEOPLE = 10; // staff members that own the sockets

/** Sends clicks, one after the other, to many sockets of one process that listen to the partner. One result for each size. */
export async function measureSockets(
  url: string,
  folder: string,
  sizes: readonly Omit<Crowd, 'port' | 'tokens' | 'partnerId' | 'referralCode' | 'clicked'>[],
  start: Start,
): Promise<Heard[]> {
  await load(url, { partners: 2, customers: 2, commissions: 2 });
  const { partnerId, referralCode } = await newcomer(url);
  const env = serverEnv(url, folder);
  const tokens = await Promise.all(
    Array.from({ length: PEOPLE }, (_, i) =>
      authenticator(env.JWT_SECRET).sign(
        { user: `person ${i}`, role: 'PROGRAM_MANAGER', tenantId: TENANT },
        '1 day',
      ),
    ),
  );
  const port = await portOf(start('product-server.js', env), folder, 'product-server.js');
  const listeners = start('listeners.js');
  const heard: Heard[] = [];
  let clicked = 0;
  for (const size of sizes) {
    heard.push(await listeners.ask<Heard>({ port, tokens, partnerId, referralCode, clicked, ...size }));
    clicked += size.events;
  }
  return heard;
}

/** Creates a partner without clicks. */
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
