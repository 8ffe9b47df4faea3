import type { GraphQLResolveInfo } from 'graphql';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { findRow, from, readRows, readRowsByKey, scopeOf, select } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { openAll } from '../../foundation/data-keys/public.ts';
import { type Partner, partnerTable } from '../../partners/partner/public.ts';
import { type PayoutAccount, payoutAccountTable } from './payout-account.entity.ts';

/** One account, in use or removed. */
export const payoutAccount = (ctx: Context, info: GraphQLResolveInfo, id: string): Promise<PayoutAccount> =>
  findRow(ctx, info, payoutAccountTable, id);

/** Each partner's accounts in use, oldest first, at most one per method and currency. Empty without the permission to set accounts. */
export function loadPayoutAccounts(
  ctx: Context,
  info: GraphQLResolveInfo,
  partnerId: string,
): Promise<PayoutAccount[]> {
  if (!ctx.actor.permissions.has('payoutAccount:edit')) return Promise.resolve([]);
  return loaderFor<string, PayoutAccount[]>(ctx, info, async (ids) => {
    const selection = select(payoutAccountTable, info, ctx.actor, [], ['id', 'partnerId']);
    const statement = sql`${from(payoutAccountTable, ctx.actor, selection)} and a.partner_id = any(${ids}) and a.removed_at is null order by a.id`;
    const rows = await readRows(ctx, selection, statement);
    const lists = Map.groupBy(rows, (row) => row.partnerId);
    return ids.map((id) => lists.get(id) ?? []);
  }).load(partnerId);
}

/** The name of the account holder; null after the partner was erased. */
export function loadHolderName(
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
export function loadPartnersWithSameAccount(
  ctx: Context,
  info: GraphQLResolveInfo,
  accountId: string,
): Promise<Partner[]> {
  return loaderFor<string, Partner[]>(ctx, info, async (ids) => {
    const selection = select(partnerTable, info, ctx.actor);
    const lists = await readRowsByKey(
      ctx,
      selection,
      sql`
        select /* payouts.sharedAccounts */ a.id, ${selection.list} from payout_accounts a
        cross join lateral (
          select distinct b.partner_id from payout_accounts b
          where b.tenant_id = a.tenant_id and b.fingerprint = a.fingerprint and b.partner_id <> a.partner_id
            and b.removed_at is null
        ) other join partners p on p.id = other.partner_id${selection.joins}
        where p.deleted_at is null and a.id = any(${ids}) and ${scopeOf(ctx.actor, payoutAccountTable)}
          and ${scopeOf(ctx.actor, partnerTable)} order by p.id`, // so that a partner does not see other partners
    );
    return ids.map((id) => lists.get(id) ?? []);
  }).load(accountId);
}
