import { after, reversalDue } from '../../domain/commission.ts';
import { conflict } from '../../domain/errors.ts';
import { money } from '../../domain/money.ts';
import { commissionAccrued } from '../../domain/posting.ts';
import { authorizeRow } from '../../kernel/authorize.ts';
import type { Context } from '../../kernel/context.ts';
import { positiveAmountOf } from '../../kernel/currency.ts';
import { happenedAt } from '../../kernel/instants.ts';
import { announceMetrics } from '../../kernel/metrics-topic.ts';
import { MoneyColumn } from '../../kernel/money.column.ts';
import { transact } from '../../kernel/transact.ts';
import { record } from '../audit/audit.service.ts';
import { once } from '../idempotency/idempotency.service.ts';
import { post } from '../ledger/ledger.service.ts';
import { programOf } from '../programs/program.service.ts';
import { Commission, commissionTable } from './commission.entity.ts';
import type { ReverseCommissionInput } from './commission.inputs.ts';
import { anyClaimed, lockCommission, refundsOf, statusOf } from './commission.service.ts';

/** Takes back a line in proportion to what was refunded of its base, by a linked negative line (DOMAIN section 2).
 *  Whole and not yet in a payout, the line and its refunds end as REVERSED; of a paid one the next payout pays less. */
export async function reverseCommission(
  ctx: Context,
  id: string,
  input: ReverseCommissionInput,
): Promise<string> {
  const occurredAt = happenedAt(ctx.clock, input.occurredAt, 'input.occurredAt');
  await authorizeRow(ctx, 'reverse', commissionTable, id);
  const reversed = await transact(ctx, async (em) => {
    const line = await lockCommission(em, id, { partnerToo: true });
    const { tenantId, partnerId, baseAmount: base } = line;
    const request = {
      tenantId,
      operation: 'reverseCommission',
      key: input.idempotencyKey,
      input: { ...input, id: line.id },
    };
    await once(em, ctx, request, async () => {
      if (line.reversesId) throw conflict('a refund can not be taken back itself');
      const status = await statusOf(em, line);
      const claimed = status === 'ALLOCATED' || status === 'PAID';
      if (!claimed) after('reverse', status);

      const earlier = await em.find(Commission, { reversesId: line.id });
      const refundedBefore = earlier.reduce((sum, each) => sum - each.baseAmount.minor, 0n);
      const left = base.minor - refundedBefore;
      if (left === 0n)
        throw conflict('the whole of it was taken back already', { reason: 'ALREADY_REVERSED' });
      const asked =
        input.amount == null ? left : positiveAmountOf(input.amount, base.currency, 'input.amount').minor;
      const whole = asked >= left;
      const refund = whole ? left : asked;
      const { flatRefund } = await programOf(em, tenantId);
      const due = reversalDue({
        base: base.minor,
        original: line.amount.minor,
        refunded: refundedBefore + refund,
        reversed: earlier.reduce((sum, each) => sum + each.amount.minor, 0n),
        method: line.method,
        flatRefund,
        mode: line.roundingMode,
      });

      // A refund that a payout has taken off already still stands against the line, which then stays owed beside it.
      const closes = whole && !claimed && !(await anyClaimed(em, earlier));
      const end = closes ? 'REVERSED' : claimed ? 'APPROVED' : line.status;
      const refundLine = em.create(Commission, {
        tenantId,
        partnerId,
        customerId: line.customerId ?? null,
        referralId: line.referralId ?? null,
        conversionId: line.conversionId ?? null,
        reversesId: line.id,
        type: 'REVERSAL',
        method: line.method,
        status: end,
        baseAmount: new MoneyColumn(money(-refund, base.currency)),
        rateBps: line.rateBps ?? null,
        rateSource: line.rateSource ?? null,
        tier: line.tier,
        perUnitMinor: line.perUnitMinor ?? null,
        quantity: line.quantity ?? null,
        roundingMode: line.roundingMode,
        amount: new MoneyColumn(money(due, line.amount.currency)),
        revenueMinor: line.type === 'BONUS' ? 0n : -refund,
        source: line.source,
        subscriptionId: line.subscriptionId ?? null,
        occurredAt,
        approvedAt: status === 'PENDING' ? null : ctx.clock.now(),
        approvedBy: status === 'PENDING' ? null : ctx.actor.id,
        reason: input.reason ?? null,
      });
      if (status !== 'PENDING') {
        post(
          em,
          refundLine,
          `commission:${refundLine.id}:accrued`,
          commissionAccrued(partnerId, refundLine.amount),
        );
      }
      if (closes) {
        for (const each of [line, ...(await refundsOf(em, line, line.status))]) each.status = 'REVERSED';
        line.reason = input.reason ?? null;
      }
      const { id: refundId, baseAmount, amount } = refundLine;
      record(em, ctx, 'commission.reversed', line, {
        before: { status },
        after: { status: claimed ? status : line.status, refund: { id: refundId, baseAmount, amount } },
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
