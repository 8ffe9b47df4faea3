import { type EntityManager, LockMode, sql } from '@mikro-orm/postgresql';
import { conflict, invalid, notFound } from '../../domain/errors.ts';
import { money } from '../../domain/money.ts';
import { afterPayout, payoutBlocks, type SkipReason } from '../../domain/payout.ts';
import { authorize, authorizeRow } from '../../kernel/authorize.ts';
import type { Context } from '../../kernel/context.ts';
import { currencyOf } from '../../kernel/currency.ts';
import { idOf } from '../../kernel/ids.ts';
import { enqueue } from '../../kernel/jobs.ts';
import { metadataOf } from '../../kernel/metadata.ts';
import { reasonOf } from '../../kernel/reason.ts';
import { transact } from '../../kernel/transact.ts';
import { record } from '../audit/audit.service.ts';
import { once } from '../idempotency/idempotency.service.ts';
import { lockPartner, partnerOwner } from '../partners/partner.service.ts';
import { programOf } from '../programs/program.service.ts';
import { flagForSecondApproval, requireNotToldBy, requireSendable } from './approvals.ts';
import { payBalances } from './pay-balances.ts';
import { Payout, payoutTable } from './payout.entity.ts';
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
      const claimed = await em.execute<{ id: string }[]>(
        sql`select commission_id as id from payout_items where payout_id = ${id} order by commission_id`,
      );
      const after = { status: 'PENDING', amount: money(amount, currency), method, periodStart, periodEnd };
      const commissions = claimed.map((line) => line.id);
      record(em, ctx, 'payout.created', { id, tenantId, partnerId }, { after: { ...after, commissions } });
      return id;
    });
  });
}

export async function lockPayout(em: EntityManager, id: string): Promise<Payout> {
  const payout = await em.findOne(Payout, idOf(id), { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!payout) throw notFound('payout');
  return payout;
}

export const sendKey = (payoutId: string): string => `send_payout:${payoutId}`;

/** Sends a payout again that the rail refused, under a new key. */
export async function retryPayout(ctx: Context, id: string): Promise<string> {
  await authorizeRow(ctx, 'retry', payoutTable, id);
  return transact(ctx, async (em) => {
    const payout = await lockPayout(em, id);
    const status = afterPayout('retry', payout.status);
    if (payout.releasedAt) throw conflict('its lines went back: make a new payout', { reason: 'RELEASED' });
    await requireSendable(em, ctx, payout);
    await requireNotToldBy(em, ctx, payout);
    const { status: failed, failureReason } = payout;
    Object.assign(payout, { status, failureReason: null });
    await enqueue(em, 'send_payout', { payoutId: payout.id }, { key: sendKey(payout.id) });
    record(em, ctx, 'payout.retried', payout, {
      before: { status: failed, failureReason },
      after: { status, failureReason: null, amount: payout.amount },
    });
    return payout.id;
  });
}

/** Calls a payout off that is not with the rail; its lines are owed again. */
export async function cancelPayout(ctx: Context, id: string, reason: string): Promise<string> {
  const why = reasonOf(reason);
  await authorizeRow(ctx, 'cancel', payoutTable, id);
  return transact(ctx, async (em) => {
    const payout = await lockPayout(em, id);
    if (payout.status === 'FAILED' && !payout.releasedAt) await requireNotToldBy(em, ctx, payout);
    const before = { status: payout.status };
    Object.assign(payout, { status: afterPayout('cancel', payout.status), failureReason: why });
    await release(em, ctx, payout);
    const after = { status: payout.status, amount: payout.amount };
    record(em, ctx, 'payout.canceled', payout, { before, after, reason: why });
    return payout.id;
  });
}

/** Gives the lines of a payout back: the next payout may claim them. */
export async function release(
  em: EntityManager,
  { clock }: Pick<Context, 'clock'>,
  payout: Payout,
): Promise<void> {
  payout.releasedAt = clock.now();
  await em.flush(); // the database lets lines go only from a payout that is over
  await em.execute(sql`
    update payout_items set voided_at = ${payout.releasedAt} where payout_id = ${payout.id} and voided_at is null`);
}
