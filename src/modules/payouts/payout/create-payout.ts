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
  NOT_ACTIVE: 'the partner is not ACTIVE',
  PAYOUTS_HELD: 'payouts of the partner are held',
  NOTHING_TO_PAY: 'nothing to pay: no approved commission in the period',
  IN_FAILED_PAYOUT: 'what is owed is in a payout that failed: retry or cancel that one',
  NO_PAYOUT_METHOD: 'the partner has not chosen how to be paid',
  NO_RAIL: 'no rail is set up that carries the method',
  NOT_POSITIVE: 'nothing to pay: refunds outweigh what is owed',
  BELOW_MINIMUM: "below the program's minimum payout",
  CURRENCY_NOT_CARRIED: 'the rail does not carry the currency',
  BELOW_RAIL_MINIMUM: 'less than the rail carries',
  ABOVE_RAIL_MAXIMUM: 'more than the rail carries at once: pay shorter periods',
  ACCOUNT_COOLING_OFF: payoutBlocks.ACCOUNT_COOLING_OFF,
  ACCOUNT_TO_CHECK: payoutBlocks.ACCOUNT_TO_CHECK,
  NO_ACCOUNT: 'the partner has no account of that method and currency',
};

function refuse(reason: SkipReason): never {
  throw conflict(refusals[reason], { reason });
}

/** Claims a partner's approved lines of the period, and refunds of lines that were claimed before; answers with the
 *  payout's id. Nothing to pay, below the minimum or not positive: refused by name, nothing claimed. */
export async function createPayout(ctx: Context, input: CreatePayoutInput): Promise<string> {
  const { actor } = ctx;
  const { periodStart, periodEnd } = input;
  if (periodStart > periodEnd) throw invalid('input.periodEnd', 'lies before periodStart');
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
      await flagForSecondApproval(em, await programOf(em, tenantId), { partnerIds: [partnerId] });
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
