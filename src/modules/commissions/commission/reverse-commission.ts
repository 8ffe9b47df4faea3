import type { EntityManager } from '@mikro-orm/postgresql';
import { after } from '../../../domain/commission.ts';
import { conflict } from '../../../domain/errors.ts';
import { divide } from '../../../domain/money.ts';
import { authorizeRow } from '../../../kernel/data/authorize.ts';
import { transact, within } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { positiveAmountOf } from '../../../kernel/request/currency.ts';
import { happenedAt } from '../../../kernel/request/input.ts';
import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';
import { record } from '../../foundation/audit/public.ts';
import { once } from '../../foundation/idempotency/public.ts';
import { Commission, commissionTable } from './commission.entity.ts';
import type { ReverseCommissionInput } from './commission.inputs.ts';
import type { CommissionHold } from './commission-hold.entity.ts';
import { lockCommission, statusOf } from './decide-commission.ts';
import { lockInForce } from './in-force.ts';
import { findItem, type StoredItem } from './sale-item.ts';
import { type RefundNow, settle } from './settle.ts';
import { isRated, soldFor } from './sold.ts';

/** Reverses a commission in proportion to the refunded part of its base, by a linked negative commission. A commission that
 *  is reversed whole and is in no payout ends as REVERSED, with its refunds. The reversal of a paid one reduces the next
 *  payout. See docs/concepts/commissions.md. Returns the commission's id. */
export async function reverseCommission(
  ctx: Context,
  id: string,
  input: ReverseCommissionInput,
): Promise<string> {
  const occurredAt = happenedAt(ctx.clock, input.occurredAt, 'input.occurredAt');
  await authorizeRow(ctx, 'reverse', commissionTable, id);
  const reversed = await transact(ctx, async (em) => {
    const asked = await lockCommission(em, id, { partnerToo: true });
    const line = await lockInForce(em, asked);
    const { tenantId, partnerId } = line;
    const request = {
      tenantId,
      operation: 'reverseCommission',
      key: input.idempotencyKey,
      input: { ...input, id: asked.id },
    };
    await once(em, ctx, request, async () => {
      const before = await statusOf(em, line);
      const { currency } = soldFor(line);
      const refund = await takeBack(em, ctx, line, {
        asked: input.amount == null ? null : positiveAmountOf(input.amount, currency, 'input.amount').minor,
        reason: input.reason ?? null,
        occurredAt,
      });
      const { id: refundId, baseAmount, amount } = refund;
      record(em, ctx, 'commission.reversed', line, {
        before: { status: before },
        after: { status: await statusOf(em, line), refund: { id: refundId, baseAmount, amount } },
        reason: input.reason,
      });
      await em.flush();
      return line.id;
    });
    return { id: line.id, partnerId };
  });
  announceMetrics(ctx, reversed.partnerId);
  return reversed.id;
}

interface TakenBack {
  /** Minor units of the sale. Null: the rest of the sale. */
  readonly asked: bigint | null;
  readonly reason: string | null;
  readonly occurredAt: Date;
  /** The lost dispute that causes the reversal. The caller ends its hold. */
  readonly dispute?: CommissionHold;
}

/** Refunds a part of the sale of a commission, and returns the REVERSAL. `line` and its partner must be locked. */
export async function takeBack(
  em: EntityManager,
  ctx: Context,
  line: Commission,
  { asked, reason, occurredAt, dispute }: TakenBack,
): Promise<Commission> {
  if (!isRated(line))
    throw conflict(
      'The exchange rate of this commission is missing. Enter the exchange rate first, or reject the commission.',
      {
        reason: 'RATE_MISSING',
      },
    );
  if (line.reversesId) throw conflict('This commission is a refund and cannot be reversed.');
  if (line.carriedBy) throw conflict('This is a payout remainder, not a sale, and cannot be reversed.');
  if (line.type === 'TRUE_UP')
    throw conflict('This is a true-up. Reverse the commission of the sale that caused it instead.');
  const item = await itemOfLine(em, line);
  if (item.sold === item.soldRefunded && line.status !== 'REJECTED')
    throw conflict('The whole commission is already reversed.', { reason: 'ALREADY_REVERSED' });
  const status = await statusOf(em, line);
  // REVERSED before its refund: the cap or the order of purchases left nothing to it, and may have given it something back.
  if (!['ALLOCATED', 'PAID', 'REVERSED'].includes(status)) after('reverse', status);
  await em.flush();
  const { item: refunded, now } = refundItem(item, asked);
  const { reversals } = await settle(
    within(em),
    ctx,
    [refunded],
    {
      why: dispute ? 'DISPUTE' : 'REFUND',
      ...{ order: item.orderId, at: occurredAt, reason, dispute: dispute?.id },
    },
    new Map([[item.id, now]]),
  );
  await em.refresh(line);
  return em.findOneOrFail(Commission, reversals.get(item.id) ?? '');
}

/** Returns the item of a commission, or of a line that follows its commission. */
export async function itemOfLine(em: EntityManager, line: Commission): Promise<StoredItem> {
  const item = await findItem(within(em), line);
  if (!item) throw new Error(`commission ${line.id} has no sale item`);
  return item;
}

/** Adds a refund to an item: of a part of the sale, or of the rest. */
export function refundItem(item: StoredItem, asked: bigint | null): { item: StoredItem; now: RefundNow } {
  const left = item.sold - item.soldRefunded;
  const sold = asked === null || asked > left ? left : asked;
  const soldRefunded = item.soldRefunded + sold;
  const refunded =
    soldRefunded === item.sold ? item.base : divide(item.base * soldRefunded, item.sold, item.roundingMode);
  return { item: { ...item, soldRefunded, refunded }, now: { sold, base: refunded - item.refunded } };
}
