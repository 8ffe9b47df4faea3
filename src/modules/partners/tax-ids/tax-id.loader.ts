import type { GraphQLResolveInfo } from 'graphql';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { owned, query, type Scoped, scopeOf } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';

/** Protected like a payout account. */
const taxIds: Scoped = { kind: 'payoutAccount', attributes: owned('t', 't.partner_id') };

interface Shown {
  readonly country: string;
  readonly lastFour: string;
}

/** Loads the visible part of each partner's tax id; null without a tax id, or for a caller that may not set it. */
export function taxIdShown(ctx: Context, info: GraphQLResolveInfo, partnerId: string): Promise<Shown | null> {
  if (!ctx.actor.permissions.has('payoutAccount:edit')) return Promise.resolve(null);
  return loaderFor<string, Shown | null>(ctx, info, async (ids) => {
    const rows = await query(
      ctx,
      sql<Shown & { partnerId: string }>`
        select t.partner_id as "partnerId", t.country, t.last_four as "lastFour" from tax_ids t
        where t.partner_id = any(${ids}) and ${scopeOf(ctx.actor, taxIds)}`,
    );
    const found = new Map(rows.map((row) => [row.partnerId, row]));
    return ids.map((id) => found.get(id) ?? null);
  }).load(partnerId);
}
