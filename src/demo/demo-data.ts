import type pg from 'pg';
import { BoundPool } from '../kernel/data/bound-pool.ts';
import { ensureProgram } from '../modules/programs/program/public.ts';
import { Book } from './book.ts';
import { insertRows } from './bulk-insert.ts';
import { makeClicks, type Purchase, touchOf } from './clicks.ts';
import { earnDirectly, earnFromPurchase } from './commissions.ts';
import { partnerRows } from './partner-rows.ts';
import { makePartners } from './partners.ts';
import { runPayouts } from './payouts.ts';
import { DAY_MS, later, Random } from './random.ts';
import { INSERT_SALE_ITEMS } from './sale-items.ts';
import { settlePayouts } from './settlements.ts';
import { writePayouts } from './write-payouts.ts';

const DEMO_TENANT = 'demo';

const SEED = 20_261_122;
const PARTNERS = 200;
const CLICKS = 20_000;

interface DemoCounts {
  readonly partners: number;
  readonly clicks: number;
  readonly conversions: number;
  readonly commissions: number;
  readonly payouts: number;
}

/** Fills an empty database with a program and a year of history. The same seed makes the same program. */
export async function makeDemoData(
  pool: pg.Pool,
  { now, progress = () => {} }: { now: Date; progress?: (sentence: string) => void },
): Promise<DemoCounts> {
  await ensureProgram(new BoundPool(pool), DEMO_TENANT);
  const client = await pool.connect();
  try {
    await client.query('begin'); // one transaction: a first start that is killed leaves no partial data
    const counts = await fill(client, now, progress);
    await client.query('commit');
    await client.query('analyze'); // else the first queries are planned for empty tables
    return counts;
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}

async function fill(
  client: pg.PoolClient,
  now: Date,
  progress: (sentence: string) => void,
): Promise<DemoCounts> {
  const say = (count: number, what: string) => progress(`${count.toLocaleString('en-US')} ${what}`);
  const random = new Random(SEED);
  const book = new Book(DEMO_TENANT, random, now);

  await openProgram(client, later(now, -500 * DAY_MS));
  const partners = makePartners(random, PARTNERS, now);
  for (const [table, rows] of Object.entries(partnerRows(random, DEMO_TENANT, partners))) {
    await insertRows(client, table, rows);
  }
  say(partners.length, 'partners');

  const { clicks, purchases } = makeClicks(random, DEMO_TENANT, partners, CLICKS, now);
  const conversions = purchases.map((purchase) => conversionRow(random, purchase));
  purchases.forEach((purchase, index) => {
    earnFromPurchase(book, purchase, conversions[index]?.id ?? '');
  });
  const direct = partners.flatMap((partner) => earnDirectly(book, partner));
  await insertRows(client, 'customers', [...purchases, ...direct].map(customerRow));
  say(purchases.length + direct.length, 'customers');
  await insertRows(client, 'referrals', clicks);
  await client.query(`select make_touch_months(($1::timestamptz - interval '12 months')::date, 13)`, [now]);
  await insertRows(client, 'touches', clicks.map(touchOf));
  say(clicks.length, 'clicks');
  await insertRows(client, 'conversions', conversions);
  say(conversions.length, 'conversions');
  await insertRows(client, 'commissions', book.lines);
  await client.query(INSERT_SALE_ITEMS);
  say(book.lines.length, 'commissions');

  const { runs, skips, payouts, latestRunId } = runPayouts(book, partners);
  const settlements = settlePayouts(book, payouts, latestRunId);
  await insertRows(client, 'payout_runs', runs);
  await insertRows(client, 'payout_run_skips', skips);
  await writePayouts(client, book, settlements);
  say(settlements.payouts.length, 'payouts');
  await insertRows(client, 'postings', book.postings);
  say(book.postings.length, 'postings in the ledger');

  return {
    partners: partners.length,
    clicks: clicks.length,
    conversions: conversions.length,
    commissions: book.lines.length,
    payouts: settlements.payouts.length,
  };
}

/** Creates the program, which is older than its partners. */
async function openProgram(client: pg.PoolClient, at: Date): Promise<void> {
  await client.query(
    `update programs set created_at = $2, landing_hosts = '{finaceverse.com}', landing_url = 'https://finaceverse.com/pricing'
     where tenant_id = $1`,
    [DEMO_TENANT, at],
  );
  await client.query('update partner_tier_configs set created_at = $2 where tenant_id = $1', [
    DEMO_TENANT,
    at,
  ]);
}

const customerRow = ({ customerId, externalId, partner, at }: Purchase) => ({
  id: customerId,
  tenantId: DEMO_TENANT,
  createdAt: at,
  externalId,
  partnerId: partner.id,
  boundAt: at,
});

const conversionRow = (
  random: Random,
  { partner, click, customerId, subscriptionId, sale, at }: Purchase,
) => ({
  id: random.id(at),
  tenantId: DEMO_TENANT,
  createdAt: at,
  partnerId: partner.id,
  referralId: click?.id ?? '',
  customerId,
  orderId: random.token('ord'),
  subscriptionId,
  source: click?.source ?? 'direct',
  amountMinor: sale.minor,
  amountCurrency: sale.currency,
  occurredAt: at,
});
