import { type EntityManager, LockMode, sql } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import { conflict, invalid, notFound } from '../../domain/errors.ts';
import { money } from '../../domain/money.ts';
import {
  afterPayout,
  type PayoutMethod,
  refuseOwnPayout,
  type SkipReason,
  whyNotPaid,
} from '../../domain/payout.ts';
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
import { findPartner, lockPartner, partnerOwner } from '../partners/partner.service.ts';
import { programOf } from '../programs/program.service.ts';
import { Payout, payoutTable } from './payout.entity.ts';
import type { CreatePayoutInput } from './payout.inputs.ts';

const refusals: Record<SkipReason, string> = {
  NOTHING_TO_PAY: 'nothing to pay: no approved commission in the period',
  NOT_POSITIVE: 'nothing to pay: refunds outweigh what is owed',
  BELOW_MINIMUM: "below the program's minimum payout",
  NO_PAYOUT_METHOD: 'the partner has not chosen how to be paid',
  NOT_ACTIVE: 'the partner is not ACTIVE',
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
      if (partner.status !== 'ACTIVE') refuse('NOT_ACTIVE');
      const method = input.method ?? partner.payoutMethod ?? refuse('NO_PAYOUT_METHOD');
      requireRail(ctx, method);
      const currency =
        input.currency != null ? currencyOf(input.currency, 'input.currency') : partner.currency;
      const program = await programOf(em, tenantId);
      const [found] = await em.execute<{ ids: string[] | null; lines: number; total: string }[]>(sql`
        select array_agg(l.id) as ids, count(*)::int as lines, coalesce(sum(l.amount_minor), 0)::text as total
        from claimable_lines(${partnerId}, ${currency},
          ${periodStart}::date::timestamp at time zone ${program.timeZone},
          (${periodEnd}::date + 1)::timestamp at time zone ${program.timeZone}) l`);
      const { ids, lines, total } = found ?? { ids: null, lines: 0, total: '0' };
      const minimum = currency === program.currency ? program.minimumPayoutMinor : 0n;
      const reason = whyNotPaid(lines, BigInt(total), minimum);
      if (reason) refuse(reason);
      const id = v7();
      await em.execute(sql`
        insert into payouts (id, tenant_id, partner_id, method, period_start, period_end, amount_minor, amount_currency,
          commission_count, created_by, initiated_by, metadata)
        values (${id}, ${tenantId}, ${partnerId}, ${method}, ${periodStart}, ${periodEnd}, ${total}, ${currency},
          ${lines}, ${actor.id}, ${(actor.everyTenant && input.initiatedBy) || actor.id}, ${JSON.stringify(metadata)})`);
      await em.execute(sql`
        insert into payout_items (id, tenant_id, payout_id, commission_id)
        select new_id(), ${tenantId}, ${id}, value::uuid from jsonb_array_elements_text(${JSON.stringify(ids)})`);
      record(
        em,
        ctx,
        'payout.created',
        { id, tenantId, partnerId },
        {
          after: {
            ...{ status: 'PENDING', amount: money(BigInt(total), currency), method, periodStart, periodEnd },
            commissions: ids,
          },
        },
      );
      return id;
    });
  });
}

/** In production no payout is made that nothing could send. */
function requireRail({ rail }: Context, method: PayoutMethod): void {
  if (!rail(method)) throw conflict(`no rail is set up that carries ${method}`, { reason: 'NO_RAIL' });
}

/** A partner that was suspended or left since is not paid; its payout can be canceled. */
async function requireActive(em: EntityManager, { partnerId }: Payout): Promise<void> {
  if ((await findPartner(em, partnerId)).status !== 'ACTIVE') refuse('NOT_ACTIVE');
}

async function lockPayout(em: EntityManager, id: string): Promise<Payout> {
  const payout = await em.findOne(Payout, idOf(id), { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!payout) throw notFound('payout');
  return payout;
}

export const sendKey = (payoutId: string): string => `send_payout:${payoutId}`;

/** Approved by someone else than its creator, a payout is sent by a durable job of the same transaction. */
export async function approvePayout(ctx: Context, id: string): Promise<string> {
  const { actor, clock } = ctx;
  await authorizeRow(ctx, 'approve', payoutTable, id);
  return transact(ctx, async (em) => {
    const payout = await lockPayout(em, id);
    const status = afterPayout('approve', payout.status);
    refuseOwnPayout(payout.createdBy, actor.id);
    await requireActive(em, payout);
    requireRail(ctx, payout.method);
    const before = { status: payout.status };
    Object.assign(payout, { status, approvedBy: actor.id, approvedAt: clock.now() });
    await enqueue(em, 'send_payout', { payoutId: payout.id }, { key: sendKey(payout.id) });
    record(em, ctx, 'payout.approved', payout, { before, after: { status, amount: payout.amount } });
    return payout.id;
  });
}

/** Sends a payout again that the rail refused, under a new key. */
export async function retryPayout(ctx: Context, id: string): Promise<string> {
  await authorizeRow(ctx, 'retry', payoutTable, id);
  return transact(ctx, async (em) => {
    const payout = await lockPayout(em, id);
    const status = afterPayout('retry', payout.status);
    if (payout.releasedAt) throw conflict('its lines went back: make a new payout', { reason: 'RELEASED' });
    await requireActive(em, payout);
    requireRail(ctx, payout.method);
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
