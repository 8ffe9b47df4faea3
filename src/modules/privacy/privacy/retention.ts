import type { EntityManager } from '@mikro-orm/postgresql';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';

const BATCH = 2_000;

export interface Retention {
  /** The months for which a click keeps data of its visitor. */
  readonly visitorMonths: number;
}

/** SQL that removes the visitor from a click `r`. The row stays, because metrics count the rows. Its visitor id becomes
 *  its own id, and of a link only the page stays. */
export const FORGOTTEN = sql`visitor_id = r.id, ip_hash = null, user_agent = null, referrer_url = null, metadata = '{}',
  landing_url = regexp_replace(landing_url, '[#?].*', '')`;

/** A kind of data with an end date. Each call handles up to BATCH rows and returns their number. */
interface Ending {
  readonly what: string;
  readonly end: (em: EntityManager, now: Date, retention: Retention) => Promise<number>;
}

// Requests that move money can be repeated by key for 90 days without a second effect; rails and clients retry for days.
const IDEMPOTENCY_DAYS = 90;
// A reader that was offline for longer reads the rows themselves.
const EVENT_DAYS = 90;

const endings: readonly Ending[] = [
  {
    what: 'clicks made anonymous',
    async end(em, now, { visitorMonths }) {
      const [forgotten] = await sql<{ count: number }>`
        with old as (
          select id from referrals
          where visitor_id <> id and clicked_at < ${now}::timestamptz - ${visitorMonths} * interval '1 month'
          order by clicked_at limit ${BATCH} for update skip locked),
        forgotten as (
          update referrals r set ${FORGOTTEN} from old where r.id = old.id returning 1)
        select count(*)::int as count from forgotten`.execute(em);
      return forgotten?.count ?? 0;
    },
  },
  {
    what: 'prospects and reports of browsers',
    async end(em, now, { visitorMonths }) {
      await sql`select forget_prospects(${now}::timestamptz - ${visitorMonths} * interval '1 month')
      `.execute(em);
      return 0;
    },
  },
  {
    what: 'evidence of risk rules',
    async end(em, now, { visitorMonths }) {
      const [gone] = await sql<{ count: number }>`
        with old as (
          select id from fraud_hits
          where evidence is not null and created_at < ${now}::timestamptz - ${visitorMonths} * interval '1 month' limit ${BATCH}),
        forgotten as (update fraud_hits t set evidence = null from old where t.id = old.id returning 1)
        select count(*)::int as count from forgotten`.execute(em);
      return gone?.count ?? 0;
    },
  },
  {
    what: 'payment fingerprints of customers',
    async end(em, now, { visitorMonths }) {
      const gone = await sql`
        delete from payment_fingerprints where id in (
          select id from payment_fingerprints where seen_at < ${now}::timestamptz - ${visitorMonths} * interval '1 month' limit ${BATCH})
        returning 1`.execute(em);
      return gone.length;
    },
  },
  {
    what: 'idempotency keys',
    async end(em, now) {
      const [gone] = await sql<{ count: number }>`
        select forget_idempotency_keys(${now}::timestamptz - ${IDEMPOTENCY_DAYS} * interval '1 day', ${BATCH})::int as count
      `.execute(em);
      return gone?.count ?? 0;
    },
  },
  {
    what: 'events',
    async end(em, now) {
      const [gone] = await sql<{ count: number }>`
        select forget_events(${now}::timestamptz - ${EVENT_DAYS} * interval '1 day', ${BATCH})::int as count
      `.execute(em);
      return gone?.count ?? 0;
    },
  },
  {
    what: 'simulations of plans',
    async end(em, now) {
      const gone = await sql`
        delete from plan_simulations where id in (select id from plan_simulations where expires_at < ${now} limit ${BATCH}) returning 1
      `.execute(em);
      return gone.length;
    },
  },
  {
    what: 'exports of persons',
    async end(em, now) {
      const gone = await sql`
        delete from person_exports where id in (select id from person_exports where expires_at < ${now} limit ${BATCH}) returning 1
      `.execute(em);
      return gone.length;
    },
  },
  {
    what: 'months of touches',
    async end(em, now, { visitorMonths }) {
      // Also creates the partitions of the next months. A partition is dropped as a whole, when its last touch is old enough.
      await sql`
        select keep_touch_months(${now}::timestamptz, ${now}::timestamptz - ${visitorMonths} * interval '1 month')
      `.execute(em);
      return 0;
    },
  },
];

/** Deletes or anonymises data at the end of its retention; none of it is financial. Each batch is its own transaction,
 *  so that an interrupted run loses nothing and the next run continues. */
export async function applyRetention(ctx: Context, retention: Retention): Promise<void> {
  const now = ctx.clock.now();
  for (const { what, end } of endings) {
    let total = 0;
    for (let count = BATCH; count === BATCH; total += count)
      count = await transact(ctx, (em) => end(em, now, retention));
    ctx.log.info({ what, total }, 'retention applied');
  }
}
