import type { EntityManager } from '@mikro-orm/postgresql';
import { after } from '../../../domain/commission.ts';
import { conflict, notFound } from '../../../domain/errors.ts';
import type { HoldKind } from '../../../domain/hold.ts';
import { authorizeRow } from '../../../kernel/data/authorize.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf, reasonOf } from '../../../kernel/request/input.ts';

import { record } from '../../foundation/audit/public.ts';
import { type Commission, commissionTable } from './commission.entity.ts';
import { CommissionHold, commissionHoldTable } from './commission-hold.entity.ts';
import { lockCommission, statusOf } from './decide-commission.ts';
import { openHolds } from './open-holds.ts';

/** Keeps a line that waits for approval from it, until the hold is released; answers with the line's id. */
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

/** A hold on a line that is locked; one that waits for approval becomes HELD. */
export async function placeHold(
  em: EntityManager,
  { actor, clock }: Context,
  line: Commission,
  { kind, reason }: Placed,
): Promise<CommissionHold> {
  if (line.reversesId) throw conflict('a refund is held with the line that it takes back from');
  if (line.amount.minor < 0n) throw conflict('what the partner owes can not be held');
  if ((await openHolds(em, line)).some((hold) => hold.kind === kind))
    throw conflict(`a ${kind} hold on it is open already`, { reason: 'ALREADY_HELD' });
  const hold = em.create(CommissionHold, {
    tenantId: line.tenantId,
    partnerId: line.partnerId,
    commissionId: line.id,
    kind,
    reason,
    placedBy: actor.id,
    placedAt: clock.now(),
  });
  await em.flush(); // the line moves only once the hold is there, as the database sees to
  if (line.status === 'PENDING') line.status = 'HELD';
  return hold;
}

/** Ends a hold; the line goes on where it was once none is open. Answers with the line's id. */
export async function releaseHold(ctx: Context, id: string, reason: string): Promise<string> {
  const why = reasonOf(reason);
  await authorizeRow(ctx, 'hold', commissionHoldTable, id, { what: 'hold' });
  return transact(ctx, async (em) => {
    const { hold, line } = await lockHold(em, id);
    if (hold.kind === 'DISPUTE')
      throw conflict('a dispute is not released but resolved', { reason: 'IS_A_DISPUTE' });
    if (hold.kind === 'FX')
      throw conflict('it ends when the exchange rate is entered', { reason: 'RATE_MISSING' });
    if (hold.kind === 'RISK')
      throw conflict('it ends with its review: release that, or confirm it as fraud', {
        reason: 'IS_A_REVIEW',
      });
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

/** The hold with its line, both as they are once the line is locked. */
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
  if (hold.releasedAt) throw conflict('the hold was released already', { reason: 'ALREADY_RELEASED' });
  Object.assign(hold, how, { releasedBy: actor.id, releasedAt: clock.now() });
  await em.flush(); // as above
  if (line.status === 'HELD' && (await openHolds(em, line)).length === 0)
    line.status = after('resume', line.status);
}
