import { conflict } from '../../../domain/errors.ts';
import { authorize } from '../../../kernel/data/authorize.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { reasonOf } from '../../../kernel/request/input.ts';
import { record } from '../../foundation/audit/public.ts';
import { about, lockPartner, partnerOwner } from '../../partners/partner/public.ts';

import { wakePayouts } from '../accounts/public.ts';
import { PayoutHold } from './payout-hold.entity.ts';

/** Places a hold on the payouts of a partner: no payout is created, approved or retried. */
export async function holdPayouts(ctx: Context, partnerId: string, text: string): Promise<string> {
  const reason = reasonOf(text);
  await mayDecide(ctx, partnerId);
  return transact(ctx, async (em) => {
    const partner = await lockPartner(em, partnerId, 'partnerId');
    if (await em.findOne(PayoutHold, { partnerId: partner.id, releasedAt: null }))
      throw conflict('Payouts to the partner are already on hold.', { reason: 'HELD' });
    em.create(PayoutHold, {
      ...{ tenantId: partner.tenantId, partnerId: partner.id, reason },
      ...{ heldBy: ctx.actor.id, heldAt: ctx.clock.now() },
    });
    record(em, ctx, 'payouts.held', about(partner), { after: { held: true }, reason });
    return partner.id;
  });
}

/** Releases the hold on the payouts of a partner. */
export async function releasePayouts(ctx: Context, partnerId: string, text: string): Promise<string> {
  const reason = reasonOf(text);
  await mayDecide(ctx, partnerId);
  return transact(ctx, async (em) => {
    const partner = await lockPartner(em, partnerId, 'partnerId');
    const hold = await em.findOne(PayoutHold, { partnerId: partner.id, releasedAt: null });
    if (!hold) throw conflict('Payouts to the partner are not on hold.', { reason: 'NOT_HELD' });
    Object.assign(hold, {
      releasedBy: ctx.actor.id,
      releasedAt: ctx.clock.now(),
      releaseReason: reason,
    });
    await em.flush();
    await wakePayouts(em, partner.id);
    record(em, ctx, 'payouts.released', about(partner), { after: { held: false }, reason });
    return partner.id;
  });
}

async function mayDecide(ctx: Context, partnerId: string): Promise<void> {
  const attributes = await partnerOwner(ctx, partnerId, 'partnerId');
  await authorize(ctx, 'decide', { kind: 'payout', id: '(partner)', attributes });
}
