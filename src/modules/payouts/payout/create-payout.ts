import { conflict, invalid, notFound } from '../../../domain/errors.ts';
import { money } from '../../../domain/money.ts';
import { payoutBlocks, type SkipReason } from '../../../domain/payout.ts';
import { authorize } from '../../../kernel/data/authorize.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { currencyOf } from '../../../kernel/request/currency.ts';
import { metadataOf } from '../../../kernel/request/input.ts';
import { record } from '../../foundation/audit/public.ts';
import { once } from '../../foundation/idempotency/public.ts';
import { lockPartner, partnerOwner } from '../../partners/partner/public.ts';
import { programOf } from '../../programs/program/public.ts';
import { flagForSecondApproval } from './approvals.ts';
import { payBalances } from './pay-balances.ts';
import type { CreatePayoutInput } from './payout.inputs.ts';

const refusals: Record<SkipReason, string> = {
  NOT_ACTIVE: 'The partner is not ACTIVE. Activate the partner first.',
  PAYOUTS_HELD: 'Payouts to the partner are on hold. Release the payout hold first.',
  NOTHING_TO_PAY: 'There is no approved commission to pay in the period.',
  IN_FAILED_PAYOUT: 'The amount is in a failed payout. Retry or cancel that payout.',
  NO_PAYOUT_METHOD: 'The partner has no payout method. Set a payout method for the partner.',
  NO_RAIL: 'No payment rail is configured for the payout method.',
  NOT_POSITIVE: 'There is nothing to pay: reversals exceed the amount owed.',
  BELOW_MINIMUM: "The amount is below the program's minimum payout.",
  CURRENCY_NOT_CARRIED: 'The payment rail does not support the currency.',
  BELOW_RAIL_MINIMUM: 'The amount is below the minimum of the payment rail.',
  ABOVE_RAIL_MAXIMUM:
    'The amount is above the maximum of the payment rail, or above 10^15 minor units. Create payouts for shorter periods.',
  ACCOUNT_COOLING_OFF: payoutBlocks.ACCOUNT_COOLING_OFF,
  ACCOUNT_TO_CHECK: payoutBlocks.ACCOUNT_TO_CHECK,
  NO_ACCOUNT: 'The partner has no payout account for the method and the currency.',
};

function refuse(reason: SkipReason): never {
  throw conflict(refusals[reason], { reason });
}

/** Creates a payout of a partner's approved commissions of the period, less a negative balance that is carried into it. Returns the
 *  payout's id. Throws CONFLICT with the skip reason when the balance is not paid; then nothing changes. */
export async function createPayout(ctx: Context, input: CreatePayoutInput): Promise<string> {
  const { actor } = ctx;
  const { periodStart, periodEnd } = input;
  if (periodStart > periodEnd) throw invalid('input.periodEnd', 'must not be before periodStart');
  const metadata = metadataOf(input.metadata, 'input.metadata');
  const owner = await partnerOwner(ctx, input.partnerId, 'input.partnerId');
  await authorize(ctx, 'make', { kind: 'payout', id: '(new)', attributes: owner });
  return transact(ctx, async (em) => {
    const partner = await lockPartner(em, input.partnerId, 'input.partnerId');
    const { tenantId, id: partnerId } = partner;
    const request = { tenantId, operation: 'createPayout', key: input.idempotencyKey, input };
    return once(em, ctx, request, async () => {
      const currency =
        input.currency != null ? currencyOf(input.currency, 'input.currency') : partner.currency;
      const due = {
        tenantId,
        partnerIds: [partnerId],
        asOf: ctx.clock.now(),
        days: { start: periodStart, end: periodEnd },
        currency,
        method: input.method ?? null,
      };
      const [made] = await payBalances(em, ctx, due, {
        runId: null,
        createdBy: actor.id,
        initiatedBy: (actor.everyTenant && input.initiatedBy) || actor.id,
        metadata,
      });
      if (!made) throw notFound('partner', { field: 'input.partnerId' });
      if (made.reason) refuse(made.reason);
      const { payoutId: id, amount, method } = made;
      await flagForSecondApproval(em, ctx, await programOf(em, tenantId), { partnerIds: [partnerId] });
      const claimed = await sql<{
        id: string;
      }>`select commission_id as id from payout_items where payout_id = ${id} order by commission_id
      `.execute(em);
      const after = { status: 'PENDING', amount: money(amount, currency), method, periodStart, periodEnd };
      const commissions = claimed.map((line) => line.id);
      record(em, ctx, 'payout.created', { id, tenantId, partnerId }, { after: { ...after, commissions } });
      return id;
    });
  });
}
