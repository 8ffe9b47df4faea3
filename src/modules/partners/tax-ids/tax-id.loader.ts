import type { GraphQLResolveInfo } from 'graphql';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { owned, query, type Scoped, Statement, scopeOf } from '../../../kernel/data/rows.ts';
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
    const statement = new Statement()
      .add('select t.partner_id, t.country, t.last_four from tax_ids t where t.partner_id = any($)', ids)
      .and(scopeOf(ctx.actor, taxIds));
    const found = new Map(
      (await query(ctx, statement)).map(([partner, country, lastFour]) => [
        partner as string,
        { country: country as string, lastFour: lastFour as string },
      ]),
    );
    return ids.map((id) => found.get(id) ?? null);
  }).load(partnerId);
}
