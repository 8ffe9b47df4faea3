import { conflict } from '../../../domain/errors.ts';
import type { PartnerTier } from '../../../domain/partner.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { reasonOf } from '../../../kernel/request/input.ts';
import { record } from '../../foundation/audit/public.ts';
import { about, lockPartner, rememberTier } from '../../partners/partner/public.ts';

import { settleManagers } from '../../programs/account-managers/public.ts';
import { TierLock } from './tier-evaluation.entity.ts';

/** Locks a partner's tier: tier evaluations do not change it until it is unlocked. */
export function lockPartnerTier(
  ctx: Context,
  partnerId: string,
  tier: PartnerTier,
  text: string,
): Promise<string> {
  const reason = reasonOf(text);
  return transact(ctx, async (em) => {
    const partner = await lockPartner(em, partnerId, 'partnerId');
    if (await em.findOne(TierLock, { partnerId: partner.id, unlockedAt: null }))
      throw conflict('The tier is already locked. Unlock the tier first.', { reason: 'LOCKED' });
    const before = { tier: partner.tier, tierLocked: false };
    const now = ctx.clock.now();
    em.create(TierLock, {
      tenantId: partner.tenantId,
      partnerId: partner.id,
      tier,
      reason,
      lockedBy: ctx.actor.id,
      lockedAt: now,
    });
    if (partner.tier !== tier) rememberTier(em, ctx, partner, tier, reason);
    await settleManagers(em, ctx, partner.tenantId, [partner.id]);
    record(em, ctx, 'tier.locked', about(partner), { before, after: { tier, tierLocked: true }, reason });
    return partner.id;
  });
}

/** Unlocks a partner's tier. The tier stays until the next tier evaluation changes it. */
export function unlockPartnerTier(ctx: Context, partnerId: string): Promise<string> {
  return transact(ctx, async (em) => {
    const partner = await lockPartner(em, partnerId, 'partnerId');
    const lock = await em.findOne(TierLock, { partnerId: partner.id, unlockedAt: null });
    if (!lock) throw conflict('The tier is not locked.', { reason: 'NOT_LOCKED' });
    lock.unlockedBy = ctx.actor.id;
    lock.unlockedAt = ctx.clock.now();
    record(em, ctx, 'tier.unlocked', about(partner), {
      before: { tierLocked: true },
      after: { tierLocked: false },
    });
    return partner.id;
  });
}
