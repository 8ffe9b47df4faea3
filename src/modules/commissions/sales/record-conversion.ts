import type { Context } from '../../../kernel/request/context.ts';
import { happenedAt } from '../../../kernel/request/input.ts';
import { once } from '../../foundation/idempotency/public.ts';
import { type ClaimedReferral, referralOfSale } from '../../tracking/referrals/public.ts';
import { convertReferral } from './convert-referral.ts';
import type { RecordConversionInput } from './record-conversion.inputs.ts';

/** Attributes a purchase or free trial and converts its referral, in one transaction. Returns the referral's id. */
export function recordConversion(ctx: Context, input: RecordConversionInput): Promise<string> {
  const tenantId = ctx.actor.tenantId ?? '';
  const at = happenedAt(ctx.clock, input.occurredAt, 'input.occurredAt');
  const { clickId: _, visitorId: __, couponCode: ___, leadId: ____, ...purchase } = input;
  return convertReferral(
    ctx,
    async (em) => {
      const request = { tenantId, operation: 'recordConversion', key: input.idempotencyKey, input };
      let claimed: Partial<ClaimedReferral> = {};
      const id = await once(em, ctx, request, async () => {
        const claim = await referralOfSale(em, tenantId, input, at);
        claimed = claim;
        return claim.id;
      });
      const { basis = null, couponId = null } = claimed;
      return { id, basis, couponId, named: input.clickId ?? null };
    },
    { ...purchase, occurredAt: input.occurredAt ?? null },
  );
}
