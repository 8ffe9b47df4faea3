import type { EntityManager } from '@mikro-orm/postgresql';
import { FOLD_MS } from '../../../domain/touch.ts';
import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { system } from '../../../kernel/request/actor.ts';
import type { StatementPool } from '../../../kernel/request/bounds.ts';
import { memo } from '../../../kernel/request/memo.ts';

export interface Click {
  readonly id: string;
  /** The referral code of a partner or the path of a link, in upper case. */
  readonly code: string;
  /** Limits to partners of this tenant; null for any tenant. */
  readonly tenantId: string | null;
  /** The visitor; with `ofCookie` the value of a cookie, from which each tenant gets another id. */
  readonly visitorId: string;
  readonly ofCookie: boolean;
  /** True to fold this click into a click of the visitor a moment ago. */
  readonly folds: boolean;
  /** A bot's click becomes a touch only; with `always` also a referral, for a caller that gets one as its answer. */
  readonly bot: boolean;
  readonly always: boolean;
  /** True to store the click; otherwise it is only redirected. */
  readonly stored: boolean;
  readonly medium: string | null;
  readonly campaign: string | null;
  /** The parameters s1 to s5 of the link. */
  readonly subs: readonly string[];
  readonly device: string;
  /** ISO 3166 code. */
  readonly country: string | null;
  readonly landingUrl: string | null;
  readonly referrerUrl: string | null;
  readonly source: string;
  readonly ipHash: string | null;
  readonly userAgent: string | null;
  readonly clickedAt: Date;
  readonly metadata: Record<string, unknown>;
}

export interface RecordedClick {
  /** The id of the stored click: of an earlier one if this click was folded into it. */
  readonly id: string;
  readonly tenantId: string;
  readonly partnerId: string;
  readonly expiresAt: Date;
  readonly createdAt: Date;
  /** The landing and consent settings of the program. */
  readonly hosts: readonly string[];
  readonly landingUrl: string | null;
  /** The target of the link, if it has its own. */
  readonly target: string | null;
  readonly consentRequired: boolean;
  readonly cookieDays: number;
}

interface Waiting {
  readonly click: Click;
  readonly resolve: (recorded: RecordedClick | null) => void;
  readonly reject: (error: unknown) => void;
}

// Clicks that arrive while two batches commit share the next batch: one commit for many callers.
const IN_FLIGHT = 2;
const BATCH = 500;
const DEFAULT_WINDOW_DAYS = 30;

class Ingest {
  readonly #pool: StatementPool;
  #waiting: Waiting[] = [];
  #inFlight = 0;
  #next: NodeJS.Immediate | null = null;

  constructor(pool: StatementPool) {
    this.#pool = pool;
  }

  add(click: Click): Promise<RecordedClick | null> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ click, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#next || this.#inFlight >= IN_FLIGHT || this.#waiting.length === 0) return;
    this.#next = setImmediate(() => {
      this.#next = null;
      const batch = this.#waiting.splice(0, BATCH);
      this.#inFlight++;
      void this.#commit(batch).finally(() => {
        this.#inFlight--;
        this.#schedule();
      });
      this.#schedule();
    });
  }

  async #commit(batch: Waiting[]): Promise<void> {
    try {
      const recorded = await insert(
        this.#pool,
        batch.map(({ click }) => click),
      );
      for (const { click, resolve } of batch) resolve(recorded.get(click.id) ?? null);
    } catch (error) {
      // A click that the database refuses must not fail the others of its batch.
      if (batch.length === 1) batch[0]?.reject(error);
      else await Promise.all(batch.map((one) => this.#commit([one])));
    }
  }
}

const ingests = new WeakMap<StatementPool, Ingest>();

/** Stores a click and returns after its commit; null if no ACTIVE partner has the code. */
export function recordClick(pool: StatementPool, click: Click): Promise<RecordedClick | null> {
  const ingest = memo(ingests, pool, () => new Ingest(pool));
  return click.folds ? folded(ingest, click) : ingest.add(click);
}

const MANY = 20_000;
const recent = new WeakMap<Ingest, Map<string, { at: number; stored: Promise<RecordedClick | null> }>>();

/** Two clicks of a double click can reach this process within one commit, so the database alone cannot fold them. The second
 *  gets the answer of the first, after the first is stored. */
function folded(ingest: Ingest, click: Click): Promise<RecordedClick | null> {
  const clicks = memo(recent, ingest, () => new Map());
  const key = `${click.tenantId} ${click.visitorId} ${click.code}`;
  const at = click.clickedAt.getTime();
  const known = clicks.get(key);
  if (known && Math.abs(at - known.at) < FOLD_MS) return known.stored;
  if (clicks.size >= MANY) clicks.clear(); // the database still folds them
  const stored = ingest.add(click);
  const entry = { at, stored };
  clicks.delete(key);
  clicks.set(key, entry);
  stored.catch(() => clicks.get(key) === entry && clicks.delete(key));
  return stored;
}

// The visitor id for a tenant, derived from the cookie: each tenant gets another id for the same person.
const OF_TENANT = sql`overlay(overlay(md5(t."visitorId"::text || p.tenant_id) placing '8' from 13) placing 'a' from 17)::uuid`;

/** The columns of a click, and their types. */
const COLUMNS: Record<keyof Click, string> = {
  id: 'uuid',
  code: 'text',
  tenantId: 'text',
  visitorId: 'uuid',
  ofCookie: 'boolean',
  folds: 'boolean',
  bot: 'boolean',
  always: 'boolean',
  stored: 'boolean',
  medium: 'text',
  campaign: 'text',
  subs: 'text[]',
  device: 'text',
  country: 'text',
  landingUrl: 'text',
  referrerUrl: 'text',
  source: 'text',
  ipHash: 'text',
  userAgent: 'text',
  clickedAt: 'timestamptz',
  metadata: 'jsonb',
};
const columns = sql.raw(
  Object.entries(COLUMNS)
    .map(([name, type]) => `"${name}" ${type}`)
    .join(', '),
);

const insertOf = (clicks: readonly Click[]) => sql<RecordedClick & { readonly of: string }>`
  with /* clicks.insert */ clicks as materialized (
    select t.*, p.*, v.visitor_id, again.id as again_id, t."clickedAt" + a.cookie_days * interval '24 hours' as expires_at,
      a.cookie_days, g.landing_hosts, g.landing_url, g.tracking_consent
    from json_to_recordset(${JSON.stringify(clicks)}::json) t (${columns})
    cross join lateral (
      select p.tenant_id, p.id as partner_id, p.referral_code, null::uuid as link_id, null::text as target, null::text as link_campaign
      from partners p where p.referral_code = t.code and p.status = 'ACTIVE' and p.deleted_at is null
        and (t."tenantId" is null or p.tenant_id = t."tenantId")
      union all
      select p.tenant_id, p.id, p.referral_code, l.id, l.target_url, l.campaign
      from tracking_links l join partners p on p.id = l.partner_id and p.status = 'ACTIVE' and p.deleted_at is null
      where upper(l.code) = t.code and l.archived_at is null and (t."tenantId" is null or p.tenant_id = t."tenantId")
      union all
      select p.tenant_id, p.id, p.referral_code, l.id, l.target_url, l.campaign
      from tracking_links l join partners p on p.id = l.partner_id and p.status = 'ACTIVE' and p.deleted_at is null
      where l.tenant_id = t."tenantId" and upper(l.path) = t.code and l.archived_at is null
      limit 1) p
    cross join lateral (select case when t."ofCookie" then ${OF_TENANT} else t."visitorId" end as visitor_id) v
    join programs g on g.tenant_id = p.tenant_id
    left join affiliate_configs c on c.partner_id = p.partner_id
    cross join lateral (select coalesce(c.cookie_days, ${sql.raw(DEFAULT_WINDOW_DAYS)}) as cookie_days) a
    left join lateral (
      select x.id from touches x where t.folds and x.tenant_id = p.tenant_id and x.visitor_id = v.visitor_id and x.code = t.code
        and x.clicked_at > t."clickedAt" - interval '${sql.raw(FOLD_MS)} milliseconds' and x.clicked_at <= t."clickedAt" and not x.bot
      order by x.clicked_at limit 1) again on true
  ),
  referred as (
    insert into referrals (id, tenant_id, partner_id, referral_code, visitor_id, landing_url, referrer_url, source, ip_hash,
      user_agent, clicked_at, expires_at, metadata, bot, link_id, campaign)
    select id, tenant_id, partner_id, referral_code, visitor_id, "landingUrl", "referrerUrl", source, "ipHash", "userAgent", "clickedAt",
      expires_at, metadata, bot, link_id, coalesce(link_campaign, campaign)
    from clicks where again_id is null and stored and (always or not bot)),
  touched as (
    insert into touches (id, tenant_id, partner_id, visitor_id, clicked_at, code, link_id, source, medium, campaign, subs,
      ip_hash, device, country, bot)
    select id, tenant_id, partner_id, visitor_id, "clickedAt", code, link_id, source, medium, coalesce(link_campaign, campaign),
      subs, "ipHash", device, country, bot
    from clicks where again_id is null and stored)
  select id as of, coalesce(again_id, id) as id, tenant_id as "tenantId", partner_id as "partnerId", expires_at as "expiresAt",
    now() as "createdAt", landing_hosts as hosts, landing_url as "landingUrl", target, tracking_consent = 'REQUIRED' as "consentRequired",
    cookie_days as "cookieDays"
  from clicks`;

/** Stores a click in a transaction. Returns where the click belongs; null if no ACTIVE partner has the code. */
export async function insertClick(
  em: EntityManager,
  click: Click,
): Promise<Pick<RecordedClick, 'id' | 'tenantId' | 'partnerId'> | null> {
  const [recorded] = await insertOf([click]).execute(em);
  return recorded ?? null;
}

async function insert(pool: StatementPool, clicks: readonly Click[]): Promise<Map<string, RecordedClick>> {
  const rows = await query({ pool, actor: system }, insertOf(clicks));
  return new Map(rows.map(({ of, ...recorded }) => [of, recorded]));
}
