import type { GraphQLResolveInfo } from 'graphql';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { owned, query, type Scoped, Statement, scopeOf } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import type { Attribution, PathClick } from './attribution.type.ts';

const sharesScope: Scoped = { kind: 'referral', attributes: owned('a', 'a.partner_id') };

/** The SQL that selects keys and the conversions of their sales. */
const salesOf = {
  conversion: 'select k.id, coalesce(v.part_of, v.id) from conversions v join key k on k.id = v.id',
  referral:
    'select distinct k.id, coalesce(v.part_of, v.id) from conversions v join key k on k.id = v.referral_id',
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
      `select k.id, s.id from key k cross join lateral (
         select distinct coalesce(v.part_of, v.id) as id from conversions v where v.customer_id = k.id order by 1 desc limit ${MOST}) s`,
    ),
  ).load(customerId);

async function read(ctx: Context, ids: readonly string[], sales: string): Promise<Attribution[][]> {
  const statement = new Statement()
    .add(
      `with key (id) as (select distinct unnest($::uuid[])), sale (key, id) as (${sales})
       select sale.key, a.sale_id, a.basis, a.model, a.unit, a.sale_minor, a.share_minor, a.currency, a.occurred_at, a.all_touches,
         a.other_touches, a.own_touches, a.partner_id, a.touches
       from sale join attribution_shares a on a.sale_id = sale.id where true`,
      ids,
    )
    .and(scopeOf(ctx.actor, sharesScope))
    .add(' order by a.sale_id desc, a.share_minor desc, a.partner_id');
  const own = ctx.actor.partnerId !== null;
  const byKey = new Map<string, Map<string, Attribution>>();
  for (const row of await query(ctx, statement)) {
    const [key, saleId, basis, model, unit, saleMinor, shareMinor, currency, occurredAt, touchCount] = row;
    const [otherTouches, ownTouches, partnerId, touches] = row.slice(10);
    const of = (minor: unknown) => new MoneyColumn({ minor: minor as bigint, currency: currency as string });
    const known = byKey.get(key as string) ?? new Map<string, Attribution>();
    byKey.set(key as string, known);
    const sale =
      known.get(saleId as string) ??
      ({
        ...{
          basis,
          model,
          unit,
          sale: own && shareMinor === 0n ? null : of(saleMinor),
          occurredAt,
          touchCount,
        },
        ...{ otherTouches: own ? otherTouches : 0, shares: [] },
      } as unknown as Attribution);
    known.set(saleId as string, sale);
    sale.shares.push({
      partnerId: partnerId as string,
      share: of(shareMinor),
      touchCount: ownTouches as number,
      touches: (touches as PathClick[]).map((touch) => ({
        ...touch,
        clickedAt: new Date(String(touch.clickedAt)),
      })),
    });
  }
  return ids.map((id) => [...(byKey.get(id)?.values() ?? [])]);
}
