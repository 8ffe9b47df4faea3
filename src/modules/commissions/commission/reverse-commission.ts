import type { EntityManager } from '@mikro-orm/postgresql';
import { after, reversalDue } from '../../../domain/commission.ts';
import { conflict } from '../../../domain/errors.ts';
import { divide } from '../../../domain/money.ts';
import { authorizeRow } from '../../../kernel/data/authorize.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { positiveAmountOf } from '../../../kernel/request/currency.ts';
import { happenedAt } from '../../../kernel/request/input.ts';
import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';
import { record } from '../../foundation/audit/public.ts';
import { once } from '../../foundation/idempotency/public.ts';
import { programOf } from '../../programs/program/public.ts';
import { addLine } from './add-line.ts';
import { Commission, commissionTable } from './commission.entity.ts';
import type { ReverseCommissionInput } from './commission.inputs.ts';
import type { CommissionHold } from './commission-hold.entity.ts';
import { anyAllocated, lockCommission, refundsOf, statusOf } from './decide-commission.ts';
import { accruedIn, endHolds } from './open-holds.ts';
import { baseOf, isRated, soldFor } from './sold.ts';
import { bandsShrink, changeCapUsed, lockInForce, lockTrueUps, trueUp } from './true-ups.ts';

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

/** Creates and returns the reversal. `line` and its partner must be locked. */
export async function takeBack(
  em: EntityManager,
  ctx: Context,
  line: Commission,
  { asked, reason, occurredAt, dispute }: TakenBack,
): Promise<Commission> {
  const { tenantId, baseAmount: base } = line;
  const sold = soldFor(line);
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
  const status = await statusOf(em, line);
  const claimed = status === 'ALLOCATED' || status === 'PAID';
  if (!claimed) after('reverse', status);

  const earlier = await em.find(Commission, { reversesId: line.id });
  const refundedBefore = earlier.reduce((sum, each) => sum - each.baseAmount.minor, 0n);
  const left = base.minor - refundedBefore;
  const soldBefore = earlier.reduce((sum, each) => sum - soldFor(each).minor, 0n);
  const soldLeft = sold.minor - soldBefore;
  if (soldLeft === 0n)
    throw conflict('The whole commission is already reversed.', { reason: 'ALREADY_REVERSED' });
  const whole = asked === null || asked >= soldLeft;
  const soldRefund = whole ? soldLeft : asked;
  const refund = whole ? left : baseOf(line, soldBefore + soldRefund) - refundedBefore;
  const { flatRefund } = await programOf(em, tenantId);
  const banded = await bandsShrink(em, line, refund);
  const own = reversalDue({
    base: base.minor,
    original: line.amount.minor,
    refunded: refundedBefore + refund,
    reversed: earlier.reduce((sum, each) => sum + each.amount.minor, 0n),
    method: line.method,
    flatRefund,
    mode: line.roundingMode,
  });
  const taken = earlier.reduce((sum, each) => sum + each.amount.minor, 0n);
  const most = -(line.amount.minor + taken); // the rest of the commission
  // A commission that is reversed whole keeps nothing, also when other sales gain by the change of the band.
  const due = banded === null ? own : whole || banded < most ? most : banded;

  // A refund that a payout already includes stays in force, so the commission must stay owed to balance it.
  const waits = !accruedIn(status);
  const closes = whole && !claimed && !(await anyAllocated(em, earlier));
  const end = closes ? 'REVERSED' : waits ? 'PENDING' : 'APPROVED';
  const refundLine = addLine(em, ctx, line, {
    ...{ approved: !waits, occurredAt, reason, type: 'REVERSAL', status: end },
    ...{ baseMinor: -refund, amountMinor: due, revenueMinor: line.type === 'BONUS' ? 0n : -soldRefund },
    reversesId: line.id,
    referralId: line.referralId ?? null,
    conversionId: line.conversionId ?? null,
    saleMinor: line.exchange ? -soldRefund : null,
    saleCurrency: line.exchange ? sold.currency : null,
    exchange: line.exchange ?? null,
    rateBps: line.rateBps ?? null,
    rateSource: line.rateSource ?? null,
    perUnitMinor: line.perUnitMinor ?? null,
    quantity: line.quantity ?? null,
  });
  const raised = line.method === 'PERCENTAGE' ? await tierTrueUpOf(em, line) : 0n;
  if (raised > 0n && left > 0n)
    trueUp(em, ctx, line, {
      minor: -divide(raised * refund, left, line.roundingMode),
      approved: !waits,
      occurredAt,
    });
  if (banded !== null && banded !== due)
    trueUp(em, ctx, line, { minor: banded - due, approved: !waits, occurredAt });
  await changeCapUsed(em, line, banded ?? due);
  if (closes) {
    for (const each of [line, ...(await refundsOf(em, line, waits ? 'PENDING' : 'APPROVED'))])
      each.status = 'REVERSED';
    line.reason = reason;
    await endHolds(em, ctx, line, { reason, but: dispute });
  }
  return refundLine;
}

/** Returns the true-ups by a tier that was reached later, less the part that refunds already reversed. */
async function tierTrueUpOf(em: EntityManager, line: Commission): Promise<bigint> {
  return (await lockTrueUps(em, line)).reduce((sum, each) => sum + each.amount.minor, 0n);
}
