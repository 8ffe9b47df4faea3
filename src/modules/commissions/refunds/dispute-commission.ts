import type { EntityManager } from '@mikro-orm/postgresql';
import { conflict } from '../../../domain/errors.ts';
import type { DisputeOutcome } from '../../../domain/hold.ts';
import { authorizeRow } from '../../../kernel/data/authorize.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact, within } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf, reasonOf } from '../../../kernel/request/input.ts';
import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';

import { record } from '../../foundation/audit/public.ts';
import {
  Commission,
  type CommissionHold,
  commissionHoldTable,
  commissionTable,
  endHold,
  itemOfLine,
  lockCommission,
  lockHold,
  lockInForce,
  placeHold,
  settle,
  soldFor,
  statusOf,
  takeBack,
} from '../commission/public.ts';

import { knownOrders, lockOrder, type Order } from './order.ts';
import { settleAgain } from './refund-sale.ts';

/** Opens a dispute over the payment of a sale. A commission that is in no payout waits for the outcome; a commission in a
 *  payout is still paid. When an earlier dispute was lost and won back, the ADJUSTMENT that restored the commission is
 *  disputed. Returns the id of the disputed commission. */
export async function openDispute(ctx: Context, commissionId: string, reason: string): Promise<string> {
  const why = reasonOf(reason);
  await authorizeRow(ctx, 'hold', commissionTable, commissionId);
  return transact(ctx, async (em) => {
    const line = await lockInForce(em, await lockCommission(em, commissionId, { partnerToo: true }));
    if (line.type === 'TRUE_UP')
      throw conflict('This is a true-up. Dispute the commission of the sale that caused it instead.');
    const before = await statusOf(em, line);
    if (before === 'REJECTED' || before === 'REVERSED')
      throw conflict(`This commission is ${before}, so it cannot be disputed.`);
    const hold = await placeHold(em, ctx, line, { kind: 'DISPUTE', reason: why });
    record(em, ctx, 'commission.disputed', line, {
      before: { dispute: null, status: before },
      after: { dispute: hold.id, status: before === 'APPROVED' ? 'HELD' : await statusOf(em, line) },
      reason: why,
    });
    return line.id;
  });
}

/** Resolves a dispute. WON: the commission keeps its status. LOST: the rest of the commission is reversed. WON after LOST
 *  restores the reversed amount. Returns the commission's id. */
export async function resolveDispute(
  ctx: Context,
  id: string,
  outcome: DisputeOutcome,
  reason: string,
): Promise<string> {
  const why = reasonOf(reason);
  await authorizeRow(ctx, 'hold', commissionHoldTable, id, { what: 'dispute' });
  const line = await transact(ctx, async (em) => {
    const order = await findOrder(em, id);
    if (order) await lockOrder(em, order.orderId);
    const { hold, line } = await lockHold(em, id, 'dispute');
    if (hold.kind !== 'DISPUTE')
      throw conflict('This hold is not a dispute. Release it with releaseHold instead.');
    const before = { status: await statusOf(em, line), outcome: hold.outcome ?? null };
    const again = hold.outcome === 'LOST' && outcome === 'WON';
    const made = again
      ? await reinstate(em, ctx, line, hold)
      : outcome === 'LOST'
        ? await lose(em, ctx, line, hold, why)
        : await endHold(em, ctx, line, hold, { outcome, releaseReason: why });
    record(em, ctx, again ? 'commission.reinstated' : 'commission.disputeResolved', line, {
      before,
      after: {
        status: await statusOf(em, line),
        outcome,
        dispute: hold.id,
        ...(made ? { line: made.id, amount: made.amount } : {}),
      },
      reason: why,
    });
    if (again && order) await refundReinstated(em, ctx, order, hold);
    return line;
  });
  announceMetrics(ctx, line.partnerId);
  return line.id;
}

/** Returns the order of a disputed commission. Null without an order. */
async function findOrder(em: EntityManager, holdId: string): Promise<Order | null> {
  const [order] = await sql<Order>`
    with recursive sale as (
      select c.* from commissions c join commission_holds h on h.commission_id = c.id where h.id = ${idOf(holdId)}
      union all
      select c.* from sale s join commissions c on c.id = s.adjusts_id where s.type = 'ADJUSTMENT')
    select s.tenant_id as "tenantId", s.partner_id as "partnerId", coalesce(s.order_id, v.order_id) as "orderId"
    from sale s left join conversions v on v.id = s.conversion_id where s.type <> 'ADJUSTMENT' and coalesce(s.order_id, v.order_id) is not null
  `.execute(em);
  return order ?? null;
}

/** Applies the refunds that arrived while the commission was reversed by the dispute and therefore reversed nothing. */
async function refundReinstated(
  em: EntityManager,
  ctx: Context,
  order: Order,
  { releasedAt }: CommissionHold,
): Promise<void> {
  if (!releasedAt) return;
  for (const known of await knownOrders(em, order)) await settleAgain(em, ctx, known, releasedAt);
}

async function lose(
  em: EntityManager,
  ctx: Context,
  line: Commission,
  hold: CommissionHold,
  reason: string,
): Promise<Commission | null> {
  if (hold.releasedAt) throw conflict('This dispute is already resolved.', { reason: 'ALREADY_RELEASED' });
  const left = await em.find(Commission, { reversesId: line.id });
  const whole = left.reduce((sum, each) => sum + each.baseAmount.minor, line.baseAmount.minor) === 0n;
  const refund = whole
    ? null
    : await takeBack(em, ctx, line, { asked: null, reason, occurredAt: ctx.clock.now(), dispute: hold });
  await em.flush();
  const how = { outcome: 'LOST', releaseReason: reason, refundId: refund?.id ?? null } as const;
  await endHold(em, ctx, line, hold, how);
  return refund;
}

/** Restores the sale of a lost dispute by an ADJUSTMENT. It is APPROVED when the commission was owed before, else PENDING. From
 *  then on the ADJUSTMENT replaces the commission: it is refunded, rejected or disputed in its place. */
async function reinstate(
  em: EntityManager,
  ctx: Context,
  line: Commission,
  hold: CommissionHold,
): Promise<Commission> {
  const earlier = await em.findOne(Commission, { adjustsId: line.id, type: 'ADJUSTMENT', carriedBy: null });
  if (earlier || !hold.refundId)
    throw conflict('The reversed amount of this dispute is already restored.', {
      reason: 'ALREADY_REINSTATED',
    });
  const refund = await em.findOneOrFail(Commission, hold.refundId);
  const item = await itemOfLine(em, line);
  const sold = soldFor(refund).minor; // negative, as a refund is
  const restored = {
    ...item,
    soldRefunded: item.soldRefunded + sold,
    refunded: item.refunded + refund.baseAmount.minor,
  };
  await em.flush();
  const lost = { amount: -refund.amount.minor, approved: refund.approvedAt != null };
  const { lines } = await settle(
    within(em),
    ctx,
    [restored],
    { why: 'DISPUTE', order: item.orderId, at: ctx.clock.now(), lostAt: refund.createdAt },
    new Map([[item.id, { sold, base: refund.baseAmount.minor, lost }]]),
  );
  return em.findOneOrFail(Commission, { id: { $in: [...(lines.get(item.id) ?? [])] }, type: 'ADJUSTMENT' });
}
