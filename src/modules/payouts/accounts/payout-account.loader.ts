import type { GraphQLResolveInfo } from 'graphql';
import { where } from '../../../kernel/data/condition.ts';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { findRow, from, query, Statement, scopeOf, select } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { openAll } from '../../foundation/data-keys/public.ts';
import { type Partner, partnerTable } from '../../partners/partner/public.ts';
import { type PayoutAccount, payoutAccountTable } from './payout-account.entity.ts';

/** One account, in use or removed. */
export const payoutAccount = (ctx: Context, info: GraphQLResolveInfo, id: string): Promise<PayoutAccount> =>
  findRow(ctx, info, payoutAccountTable, id);

/** Each partner's accounts in use, oldest first, at most one per method and currency. Empty without the permission to set accounts. */
export function payoutAccountsOf(
  ctx: Context,
  info: GraphQLResolveInfo,
  partnerId: string,
): Promise<PayoutAccount[]> {
  if (!ctx.actor.permissions.has('payoutAccount:edit')) return Promise.resolve([]);
  return loaderFor<string, PayoutAccount[]>(ctx, info, async (ids) => {
    const selection = select(payoutAccountTable, info, ctx.actor, [], ['id', 'partnerId']);
    const statement = from(payoutAccountTable, ctx.actor, selection)
      .and([where('a.partner_id = any($)', ids), where('a.removed_at is null')])
      .add(' order by a.id');
    const rows = (await query(ctx, statement)).map((values) => selection.read(values));
    const lists = Map.groupBy(rows, (row) => row.partnerId);
    return ids.map((id) => lists.get(id) ?? []);
  }).load(partnerId);
}

/** The name of the account holder; null after the partner was erased. */
export function holderNameOf(
  ctx: Context,
  info: GraphQLResolveInfo,
  account: PayoutAccount,
): Promise<string | null> {
  return loaderFor<PayoutAccount, string | null>(ctx, info, (accounts) =>
    openAll(
      ctx,
      accounts.map(({ id, tenantId, sealedHolderName }) => ({
        place: { tenantId, table: 'payout_accounts', column: 'holder_name', rowId: id },
        envelope: sealedHolderName,
      })),
    ),
  ).load(account);
}

/** Other partners of the tenant that are paid to the same account. */
export function sharedWith(ctx: Context, info: GraphQLResolveInfo, accountId: string): Promise<Partner[]> {
  return loaderFor<string, Partner[]>(ctx, info, async (ids) => {
    const selection = select(partnerTable, info, ctx.actor);
    const statement = new Statement()
      .add(
        `select a.id, ${selection.list} from payout_accounts a
         cross join lateral (
           select distinct b.partner_id from payout_accounts b
           where b.tenant_id = a.tenant_id and b.fingerprint = a.fingerprint and b.partner_id <> a.partner_id
             and b.removed_at is null
         ) other join partners p on p.id = other.partner_id${selection.joins}
         where p.deleted_at is null and a.id = any($)`,
        ids,
      )
      .and(scopeOf(ctx.actor, payoutAccountTable))
      .and(scopeOf(ctx.actor, partnerTable)) // so that a partner does not see other partners
      .add(' order by p.id');
    const lists = new Map<string, Partner[]>(ids.map((id) => [id, []]));
    for (const values of await query(ctx, statement))
      lists.get(values[0] as string)?.push(selection.read(values, 1));
    return ids.map((id) => lists.get(id) ?? []);
  }).load(accountId);
}
