import type { GraphQLResolveInfo } from 'graphql';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { owned, query, type Scoped, scopeOf } from '../../../kernel/data/rows.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import type { Attribution, PathClick } from './attribution.type.ts';

const sharesScope: Scoped = { kind: 'referral', attributes: owned('a', 'a.partner_id') };

/** The SQL that selects keys and the conversions of their sales. */
const salesOf = {
  conversion: sql`select k.id, coalesce(v.part_of, v.id) from conversions v join key k on k.id = v.id`,
  referral: sql`select distinct k.id, coalesce(v.part_of, v.id) from conversions v join key k on k.id = v.referral_id`,
} as const;

/** Loads the attribution of a conversion or of a converted referral; null without one. */
export async function attributionOf(
  ctx: Context,
  info: GraphQLResolveInfo,
  by: keyof typeof salesOf,
  id: string | null,
): Promise<Attribution | null> {
  if (id === null) return null;
  const found = await loaderFor<string, Attribution[]>(ctx, info, (ids) => read(ctx, ids, salesOf[by])).load(
    id,
  );
  return found[0] ?? null;
}

const MOST = 20;

/** Loads the attributions of a customer's purchases, newest first: the last 20. */
export const attributionsOf = (
  ctx: Context,
  info: GraphQLResolveInfo,
  customerId: string,
): Promise<Attribution[]> =>
  loaderFor<string, Attribution[]>(ctx, info, (ids) =>
    read(
      ctx,
      ids,
      sql`select k.id, s.id from key k cross join lateral (
         select distinct coalesce(v.part_of, v.id) as id from conversions v where v.customer_id = k.id order by 1 desc limit ${sql.raw(MOST)}) s`,
    ),
  ).load(customerId);

interface Row
  extends Pick<Attribution, 'basis' | 'model' | 'unit' | 'occurredAt' | 'touchCount' | 'otherTouches'> {
  readonly key: string;
  readonly saleId: string;
  readonly saleMinor: bigint;
  readonly shareMinor: bigint;
  readonly currency: string;
  readonly ownTouches: number;
  readonly partnerId: string;
  readonly touches: (Omit<PathClick, 'clickedAt' | 'touchId'> & {
    readonly id: string;
    readonly clickedAt: string;
  })[];
}

async function read(ctx: Context, ids: readonly string[], sales: Sql): Promise<Attribution[][]> {
  const rows = await query(
    ctx,
    sql<Row>`
      with /* attribution.paths */ key (id) as (select distinct unnest(${ids}::uuid[])), sale (key, id) as (${sales})
      select sale.key, a.sale_id as "saleId", a.basis, a.model, a.unit, a.sale_minor as "saleMinor", a.share_minor as "shareMinor", a.currency,
        a.occurred_at as "occurredAt", a.all_touches as "touchCount", a.other_touches as "otherTouches", a.own_touches as "ownTouches",
        a.partner_id as "partnerId", a.touches
      from sale join attribution_shares a on a.sale_id = sale.id where ${scopeOf(ctx.actor, sharesScope)}
      order by a.sale_id desc, a.share_minor desc, a.partner_id`,
  );
  const own = ctx.actor.partnerId !== null;
  const byKey = new Map<string, Map<string, Attribution>>();
  for (const row of rows) {
    const { key, saleId, basis, model, unit, occurredAt, touchCount, saleMinor, shareMinor, currency } = row;
    const of = (minor: bigint) => new MoneyColumn({ minor, currency });
    const known = byKey.get(key) ?? new Map<string, Attribution>();
    byKey.set(key, known);
    const sale = known.get(saleId) ?? {
      ...{ basis, model, unit, occurredAt, touchCount },
      sale: own && shareMinor === 0n ? null : of(saleMinor),
      otherTouches: own ? row.otherTouches : 0,
      shares: [],
    };
    known.set(saleId, sale);
    sale.shares.push({
      partnerId: row.partnerId,
      share: of(shareMinor),
      touchCount: row.ownTouches,
      touches: row.touches.map(({ id, clickedAt, ...touch }) => ({
        ...{ ...touch, touchId: id, clickedAt: new Date(clickedAt) },
      })),
    });
  }
  return ids.map((id) => [...(byKey.get(id)?.values() ?? [])]);
}
