import type { EntityManager } from '@mikro-orm/postgresql';
import { after } from '../../../domain/commission.ts';
import { conflict, notFound } from '../../../domain/errors.ts';
import type { HoldKind } from '../../../domain/hold.ts';
import { authorizeRow } from '../../../kernel/data/authorize.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf, reasonOf } from '../../../kernel/request/input.ts';

import { record } from '../../foundation/audit/public.ts';
import { requireOtherReleaser } from './approve-lines.ts';
import { type Commission, commissionTable } from './commission.entity.ts';
import { CommissionHold, commissionHoldTable } from './commission-hold.entity.ts';
import { lockCommission, statusOf } from './decide-commission.ts';
import { openHolds } from './open-holds.ts';

/** Places a manual hold on a pending commission. Returns the commission's id. */
export async function holdCommission(ctx: Context, id: string, reason: string): Promise<string> {
  const why = reasonOf(reason);
  await authorizeRow(ctx, 'hold', commissionTable, id);
  return transact(ctx, async (em) => {
    const line = await lockCommission(em, id, { partnerToo: true });
    const before = { status: line.status };
    after('hold', await statusOf(em, line));
    const hold = await placeHold(em, ctx, line, { kind: 'MANUAL', reason: why });
    record(em, ctx, 'commission.held', line, {
      before: { ...before, hold: null },
      after: { status: line.status, hold: hold.id },
      reason: why,
    });
    return line.id;
  });
}

interface Placed {
  readonly kind: HoldKind;
  readonly reason: string;
}

/** Places a hold on a locked commission. A PENDING commission becomes HELD. */
export async function placeHold(
  em: EntityManager,
  { actor, clock }: Context,
  line: Commission,
  { kind, reason }: Placed,
): Promise<CommissionHold> {
  if (line.reversesId)
    throw conflict('This commission is a refund. Hold the commission that the refund reverses instead.');
  if (line.amount.minor < 0n) throw conflict('This commission has a negative amount and cannot be held.');
  if ((await openHolds(em, line)).some((hold) => hold.kind === kind))
    throw conflict(`This commission already has an open ${kind} hold.`, { reason: 'ALREADY_HELD' });
  const hold = em.create(CommissionHold, {
    tenantId: line.tenantId,
    partnerId: line.partnerId,
    commissionId: line.id,
    kind,
    reason,
    placedBy: actor.id,
    placedAt: clock.now(),
  });
  await em.flush(); // the database allows the status HELD only after the hold exists
  if (line.status === 'PENDING') line.status = 'HELD';
  return hold;
}

/** Releases a manual hold. The commission becomes PENDING when no hold is open. Returns the commission's id. */
export async function releaseHold(ctx: Context, id: string, reason: string): Promise<string> {
  const why = reasonOf(reason);
  await authorizeRow(ctx, 'review', commissionHoldTable, id, { what: 'hold' });
  return transact(ctx, async (em) => {
    const { hold, line } = await lockHold(em, id);
    if (hold.kind === 'DISPUTE')
      throw conflict('This hold is a dispute. Resolve it with resolveDispute instead.', {
        reason: 'IS_A_DISPUTE',
      });
    if (hold.kind === 'FX')
      throw conflict(
        'This hold ends when the exchange rate is entered. Enter the exchange rate with setExchangeRates.',
        { reason: 'RATE_MISSING' },
      );
    if (hold.kind === 'RISK')
      throw conflict(
        'This hold belongs to a fraud review. Release the review or confirm the fraud instead.',
        {
          reason: 'IS_A_REVIEW',
        },
      );
    await requireOtherReleaser(em, ctx, line);
    const before = { status: line.status };
    await endHold(em, ctx, line, hold, { releaseReason: why });
    record(em, ctx, 'commission.released', line, {
      before: { ...before, hold: hold.id },
      after: { status: line.status, hold: null },
      reason: why,
    });
    return line.id;
  });
}

/** Locks the commission of a hold, then returns the current state of both. */
export async function lockHold(
  em: EntityManager,
  id: string,
  what = 'hold',
): Promise<{ hold: CommissionHold; line: Commission }> {
  const found = await em.findOne(CommissionHold, idOf(id), { disableIdentityMap: true });
  if (!found) throw notFound(what);
  const line = await lockCommission(em, found.commissionId, { partnerToo: true });
  return { hold: await em.findOneOrFail(CommissionHold, found.id), line };
}

export async function endHold(
  em: EntityManager,
  { actor, clock }: Context,
  line: Commission,
  hold: CommissionHold,
  how: Pick<CommissionHold, 'releaseReason' | 'outcome' | 'refundId'>,
): Promise<void> {
  if (hold.releasedAt) throw conflict('This hold is already released.', { reason: 'ALREADY_RELEASED' });
  Object.assign(hold, how, { releasedBy: actor.id, releasedAt: clock.now() });
  await em.flush(); // the database allows PENDING only after the release
  if (line.status === 'HELD' && (await openHolds(em, line)).length === 0)
    line.status = after('resume', line.status);
}
