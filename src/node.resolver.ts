import type { FieldNode, GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, ID, Info, Query, Resolver } from 'type-graphql';
import { invalid } from './domain/errors.ts';
import { Node } from './kernel/data/node.ts';
import { from, read, readRows, type Selected, scopeOf, select, type Table } from './kernel/data/rows.ts';
import { type Sql, sql } from './kernel/data/sql.ts';
import type { Permission } from './kernel/request/actor.ts';
import type { Context } from './kernel/request/context.ts';
import { idOf } from './kernel/request/input.ts';
import { memo } from './kernel/request/memo.ts';
import { asksAgain, requireStillGranted } from './kernel/request/permission.ts';
import { apiKeyTable } from './modules/access/api-keys/api-key.entity.ts';
import { memberTable } from './modules/access/members/member.entity.ts';
import { commissionTable } from './modules/commissions/commission/commission.entity.ts';
import { commissionHoldTable } from './modules/commissions/commission/commission-hold.entity.ts';
import { commissionPlanTable } from './modules/commissions/plans/commission-plan.entity.ts';
import { commissionRuleTable } from './modules/commissions/plans/commission-rule.entity.ts';
import { saleRefundTable } from './modules/commissions/refunds/sale-refund.entity.ts';
import { fraudReviewTable } from './modules/commissions/reviews/fraud-review.entity.ts';
import { planSimulationTable } from './modules/commissions/simulations/plan-simulation.entity.ts';
import { auditTable } from './modules/foundation/audit/audit-event.entity.ts';
import { fraudListEntryTable } from './modules/fraud/rules/fraud-list-entry.entity.ts';
import { accountManagerTable } from './modules/partners/account-managers/account-manager.entity.ts';
import { partnerTable } from './modules/partners/partner/partner.entity.ts';
import { payoutAccountTable } from './modules/payouts/accounts/payout-account.entity.ts';
import { bankFileTable } from './modules/payouts/bank-files/bank-file.entity.ts';
import { bankPaymentTable } from './modules/payouts/bank-files/bank-payment.entity.ts';
import {
  bankStatusImportTable,
  bankStatusLineTable,
} from './modules/payouts/bank-files/bank-status.entity.ts';
import { payoutTable } from './modules/payouts/payout/payout.entity.ts';
import { payoutHoldTable } from './modules/payouts/payout/payout-hold.entity.ts';
import { railEventTable } from './modules/payouts/rail-events/rail-event.entity.ts';
import { reconciliationTable } from './modules/payouts/reconciliation/reconciliation.entity.ts';
import { differenceTable } from './modules/payouts/reconciliation/reconciliation-difference.entity.ts';
import { payoutRunTable } from './modules/payouts/runs/payout-run.entity.ts';
import { erasureTable } from './modules/privacy/privacy/erasure.entity.ts';
import { exchangeRateTable } from './modules/programs/exchange-rates/exchange-rate.entity.ts';
import { proposedRateTable } from './modules/programs/exchange-rates/proposed-rate.entity.ts';
import { tierConfigTable } from './modules/programs/program/tier-config.entity.ts';
import { subscriptionTable } from './modules/reporting/subscriptions/subscription.entity.ts';
import { couponTable } from './modules/tracking/coupons/coupon.entity.ts';
import { customerTable } from './modules/tracking/customers/customer.entity.ts';
import { dealTable } from './modules/tracking/deals/deal.entity.ts';
import { leadTable } from './modules/tracking/leads/lead.entity.ts';
import { trackingLinkTable } from './modules/tracking/links/tracking-link.entity.ts';
import { referralTable } from './modules/tracking/referrals/referral.entity.ts';
import { reportedConversionTable } from './modules/tracking/referrals/reported-conversion.entity.ts';
import { touchTable } from './modules/tracking/referrals/touch.entity.ts';

const MAX_IDS = 100;

type Rows = Table<{ id: string }>;

/** The tables of all rows with an id, by the permission that their queries ask for. A touch that counted as a click has the id of
 *  its referral, which comes first. */
const TABLES: Readonly<Partial<Record<Permission, readonly Rows[]>>> = {
  'program:read': [
    accountManagerTable,
    commissionTable,
    commissionHoldTable,
    commissionPlanTable,
    commissionRuleTable,
    couponTable,
    customerTable,
    subscriptionTable,
    dealTable,
    exchangeRateTable,
    fraudListEntryTable,
    fraudReviewTable,
    leadTable,
    partnerTable,
    payoutTable,
    payoutAccountTable,
    payoutHoldTable,
    planSimulationTable,
    referralTable,
    reportedConversionTable,
    saleRefundTable,
    tierConfigTable,
    touchTable,
    trackingLinkTable,
  ],
  'apiKey:manage': [apiKeyTable],
  'audit:read': [auditTable],
  'member:manage': [memberTable],
  'payout:decide': [
    bankFileTable,
    bankPaymentTable,
    bankStatusImportTable,
    bankStatusLineTable,
    railEventTable,
    reconciliationTable,
    differenceTable,
  ],
  'payout:make': [payoutRunTable],
  'privacy:manage': [erasureTable],
  'program:confirmRate': [proposedRateTable],
};

@Resolver()
export class NodeResolver {
  @Authorized('program:read')
  @Query(() => Node, {
    nullable: true,
    description:
      'Returns the row with this id, of whatever type. Null if it does not exist or the caller may not see it.',
  })
  async node(
    @Arg('id', () => ID, { description: 'Id of the row.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Node | null> {
    return (await nodesOf(ctx, info, [idOf(id)]))[0] ?? null;
  }

  @Authorized('program:read')
  @Query(() => [Node], {
    nullable: 'items',
    description: `Returns the rows with these ids, at most ${MAX_IDS}, in the order of the ids. Null in place of each row that does not exist or that the caller may not see.`,
  })
  nodes(
    @Arg('ids', () => [ID], { description: 'Ids of the rows.' }) ids: string[],
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<(Node | null)[]> {
    if (ids.length > MAX_IDS) throw invalid('ids', `must have at most ${MAX_IDS} ids`);
    return nodesOf(
      ctx,
      info,
      ids.map((id, index) => idOf(id, `ids.${index}`)),
    );
  }
}

interface Place {
  readonly id: string;
  readonly permission: Permission;
  readonly table: Rows;
}

/** One query finds the tables of the ids, and one for each of these tables reads its rows. */
async function nodesOf(
  ctx: Context,
  info: GraphQLResolveInfo,
  ids: readonly string[],
): Promise<(Node | null)[]> {
  let places = await placesOf(ctx, ids);
  // A revoked credential loses these rows at once, as it loses their lists.
  if (asksAgain(places.map(({ permission }) => permission))) {
    await requireStillGranted(ctx, ['program:read']);
    places = await placesOf(ctx, ids);
  }
  const rows = await Promise.all(
    Array.from(
      Map.groupBy(places, ({ table }) => table),
      async ([table, each]) => {
        const selection = select(table, ofTable(info, table), ctx.actor);
        const wanted = each.map(({ id }) => id);
        return readRows(
          ctx,
          selection,
          sql`${from(table, ctx.actor, selection)} and ${sql.raw(table.alias)}.id = any(${wanted}::uuid[])`,
        );
      },
    ),
  );
  const byId = new Map(rows.flat().map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
}

/** Returns the tables of the ids, among those that the actor may read. */
async function placesOf(ctx: Context, ids: readonly string[]): Promise<Place[]> {
  if (ids.length === 0) return [];
  const tables = Object.entries(TABLES)
    .map(([permission, each]) => ({ permission: permission as Permission, each }))
    .filter(({ permission }) => ctx.actor.permissions.has(permission))
    .flatMap(({ permission, each }) => each.map((table) => ({ permission, table })));
  const places = tables.map(
    ({ table: { alias, from: source, ...scoped } }, index): Sql =>
      sql`select ${sql.raw(`${index}`)} as place, ${sql.raw(alias)}.id::text as id from ${sql.raw(source)} where ${sql.raw(alias)}.id = any(${ids}::uuid[]) and ${scopeOf(ctx.actor, scoped)}`,
  );
  const found = await read(
    ctx,
    sql<{
      place: number;
      id: string;
    }>`select /* nodes */ min(place) as place, id from (${union(places)}) n group by id`,
  );
  return found.flatMap(({ place, id }) => {
    const known = tables[place];
    return known ? [{ ...known, id }] : [];
  });
}

const ofTables = new WeakMap<FieldNode, Map<Rows, readonly FieldNode[]>>();

/** Returns the field with nodes of its own for a table: selections are remembered by the nodes of their field. */
function ofTable({ fieldNodes, fragments }: GraphQLResolveInfo, table: Rows): Selected {
  const known = memo(ofTables, fieldNodes[0] as FieldNode, () => new Map<Rows, readonly FieldNode[]>());
  return { fragments, fieldNodes: memo(known, table, () => fieldNodes.map((node) => ({ ...node }))) };
}

const union = (parts: readonly Sql[]): Sql => parts.reduce((all, part) => sql`${all} union all ${part}`);
