import { system } from '../../kernel/actor.ts';
import type { BoundPool } from '../../kernel/bound-pool.ts';
import { memo } from '../../kernel/memo.ts';
import { query, Statement } from '../../kernel/rows.ts';

export interface Click {
  readonly id: string;
  /** In upper case. */
  readonly code: string;
  /** Only partners of this tenant; null: of any. */
  readonly tenantId: string | null;
  readonly visitorId: string;
  readonly landingUrl: string | null;
  readonly referrerUrl: string | null;
  readonly source: string;
  readonly ipHash: string | null;
  readonly userAgent: string | null;
  readonly clickedAt: Date;
  readonly metadata: Record<string, unknown>;
}

export interface RecordedClick {
  readonly tenantId: string;
  readonly partnerId: string;
  readonly expiresAt: Date;
  readonly createdAt: Date;
}

interface Waiting {
  readonly click: Click;
  readonly resolve: (recorded: RecordedClick | null) => void;
  readonly reject: (error: unknown) => void;
}

// Clicks that arrive while two batches are being committed share the next one: one commit for many callers.
const IN_FLIGHT = 2;
const BATCH = 500;
const DEFAULT_WINDOW_DAYS = 30;

class Ingest {
  readonly #pool: BoundPool;
  #waiting: Waiting[] = [];
  #inFlight = 0;
  #next: NodeJS.Immediate | null = null;

  constructor(pool: BoundPool) {
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
      // One click that the database refuses must not take its neighbours along.
      if (batch.length === 1) batch[0]?.reject(error);
      else await Promise.all(batch.map((one) => this.#commit([one])));
    }
  }
}

const ingests = new WeakMap<BoundPool, Ingest>();

/** Stores a click and answers after the commit that holds it; null where no ACTIVE partner has the code. */
export function recordClick(pool: BoundPool, click: Click): Promise<RecordedClick | null> {
  return memo(ingests, pool, () => new Ingest(pool)).add(click);
}

const INSERT = `
  insert into referrals (id, tenant_id, partner_id, referral_code, visitor_id, landing_url, referrer_url, source, ip_hash,
    user_agent, clicked_at, expires_at, metadata)
  select t.id, p.tenant_id, p.id, p.referral_code, t.visitor, t.landing, t.referrer, t.source, t.ip, t.agent, t.at,
    t.at + coalesce(a.cookie_days, ${DEFAULT_WINDOW_DAYS}) * interval '24 hours', t.metadata::jsonb
  from unnest($::uuid[], $::text[], $::text[], $::uuid[], $::text[], $::text[], $::text[], $::text[], $::text[],
      $::timestamptz[], $::text[])
    t (id, code, tenant, visitor, landing, referrer, source, ip, agent, at, metadata)
  join partners p on p.referral_code = t.code and p.status = 'ACTIVE' and p.deleted_at is null
    and (t.tenant is null or p.tenant_id = t.tenant)
  left join affiliate_configs a on a.partner_id = p.id
  returning id, tenant_id, partner_id, expires_at, created_at`;

async function insert(pool: BoundPool, clicks: readonly Click[]): Promise<Map<string, RecordedClick>> {
  const all = <K extends keyof Click>(key: K) => clicks.map((click) => click[key]);
  const statement = new Statement().add(
    INSERT,
    all('id'),
    all('code'),
    all('tenantId'),
    all('visitorId'),
    all('landingUrl'),
    all('referrerUrl'),
    all('source'),
    all('ipHash'),
    all('userAgent'),
    all('clickedAt'),
    clicks.map(({ metadata }) => JSON.stringify(metadata)),
  );
  const rows = (await query({ pool, actor: system }, statement)) as [string, string, string, Date, Date][];
  return new Map(
    rows.map(([id, tenantId, partnerId, expiresAt, createdAt]) => [
      id,
      { tenantId, partnerId, expiresAt, createdAt },
    ]),
  );
}
