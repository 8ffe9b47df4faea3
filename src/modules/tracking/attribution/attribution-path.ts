import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import {
  type Attributed,
  type AttributionTerms,
  barOf,
  type PathTouch,
  pathOf,
  weightText,
} from '../../../domain/attribution.ts';
import type { Money } from '../../../domain/money.ts';
import type { ReferralOrigin } from '../../../domain/referral.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { type Buyer, isCustomerSql } from './self-referral.ts';

/** A touch, as recorded at its click. */
export interface Touched extends PathTouch {
  readonly source: string;
}

export interface PathOf {
  readonly tenantId: string;
  readonly visitorId: string;
  /** The referral that the sale converts. It is a touch of the path even if its touch row no longer exists. */
  readonly referralId?: string | null;
  /** The touch that the caller named. The path ends with it. */
  readonly named?: string | null;
  readonly buyer: Buyer;
  /** ISO 3166 code of the billing country; undefined if unknown. */
  readonly country?: string | null | undefined;
  readonly at: Date;
}

const MOST = 1_000;
/** Longer than the longest attribution window, which is a year. */
const LOOK_BACK_DAYS = 400;

/** Loads the touches of a visitor before a sale in time order, each with the reason if it gets no share: the last 1,000 of 400 days. */
export async function readPath(
  em: EntityManager,
  { tenantId, visitorId, referralId = null, named = null, buyer, country, at }: PathOf,
): Promise<Touched[]> {
  const rows = await sql<{
    id: string;
    partner_id: string;
    clicked_at: string;
    until: string;
    source: string;
    bot: boolean;
    active: boolean;
    outside: boolean;
    self: boolean;
  }>`
    with path as (
      (select t.id, t.partner_id, t.clicked_at, t.source, t.bot from touches t
        where t.tenant_id = ${tenantId} and t.visitor_id = ${visitorId} and t.clicked_at <= ${at}
          and t.clicked_at > ${at}::timestamptz - ${LOOK_BACK_DAYS} * interval '1 day'
        order by t.clicked_at desc, t.id desc limit ${MOST})
      union
      select f.id, f.partner_id, f.clicked_at, f.source, f.bot from referrals f
        where f.id = ${referralId}::uuid and f.origin = 'CLICK' and f.clicked_at <= ${at}),
    own as materialized (
      select id, ${isCustomerSql(sql`id`, buyer)} as self from (select distinct partner_id as id from path) p)
    select t.*, own.self,
      coalesce(f.expires_at, t.clicked_at + coalesce(a.cookie_days, 30) * interval '24 hours') as until,
      partner_was_active(t.partner_id, t.clicked_at) and partner_was_active(t.partner_id, ${at}) as active,
      sells_outside(t.partner_id, ${country ?? null}) as outside
    from path t join own on own.id = t.partner_id
    left join referrals f on f.id = t.id
    left join affiliate_configs a on a.partner_id = t.partner_id`.execute(em);
  const touches = rows.map((row) => ({
    id: row.id,
    partnerId: row.partner_id,
    at: new Date(row.clicked_at),
    until: new Date(row.until),
    source: row.source,
    excluded: barOf(row),
  }));
  return pathOf(touches, at, named);
}

export interface Kept {
  readonly tenantId: string;
  /** The conversion of the referral. */
  readonly saleId: string;
  readonly basis: ReferralOrigin;
  /** The touch that the caller named. */
  readonly named: string | null;
  readonly terms: AttributionTerms;
  readonly sale: Money;
  readonly at: Date;
  /** The share of each partner, and its conversion. */
  readonly parts: readonly {
    readonly partnerId: string;
    readonly minor: bigint;
    readonly conversionId: string;
  }[];
  readonly path: Pick<Attributed<Touched>, 'touches' | 'total'>;
}

/** Stores the attribution of a sale, one row for each partner. A partner without a share gets the reason. */
export async function keepPath(em: EntityManager, kept: Kept): Promise<void> {
  const { tenantId, saleId, basis, named, terms, sale, at, parts, path } = kept;
  const all = path.touches.filter(({ excluded }) => excluded === null).length;
  const partners = new Set([...parts, ...path.touches].map(({ partnerId }) => partnerId));
  const rows = [...partners].map((partnerId) => {
    const own = path.touches.filter((touch) => touch.partnerId === partnerId);
    const part = parts.find((each) => each.partnerId === partnerId);
    return {
      id: v7(),
      partner_id: partnerId,
      conversion_id: part?.conversionId ?? null,
      share_minor: `${part?.minor ?? 0n}`,
      own_touches: own.filter(({ excluded }) => excluded === null).length,
      other_touches: path.touches.length - own.length,
      touches: own.map(({ id, at: clickedAt, until, source, excluded, weight }) => ({
        ...{ id, clickedAt, until, source, excluded },
        weight: weightText(weight, path.total),
      })),
    };
  });
  await sql`
    insert into attribution_shares (id, tenant_id, partner_id, sale_id, conversion_id, named_touch, basis, model, unit, sale_minor, share_minor,
      currency, occurred_at, own_touches, all_touches, other_touches, touches)
    select r.id, ${tenantId}, r.partner_id, ${saleId}, r.conversion_id, ${named}::uuid, ${basis}, ${terms.model}, ${terms.unit}, ${sale.minor}, r.share_minor,
      ${sale.currency}, ${at}, r.own_touches, ${all}, r.other_touches, r.touches
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) r (id uuid, partner_id uuid, conversion_id uuid, share_minor bigint,
      own_touches int, other_touches int, touches jsonb)`.execute(em);
}
