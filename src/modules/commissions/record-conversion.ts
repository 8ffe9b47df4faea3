import type { Context } from '../../kernel/context.ts';
import { happenedAt } from '../../kernel/instants.ts';
import { once } from '../idempotency/idempotency.service.ts';
import { referralOfSale } from '../referrals/claim.service.ts';
import { convertReferral } from './convert-referral.ts';
import type { RecordConversionInput } from './record-conversion.inputs.ts';

/** A purchase as a server tells of it: finds whose it is and closes that referral with it, in one transaction. */
export function recordConversion(ctx: Context, input: RecordConversionInput): Promise<string> {
  const tenantId = ctx.actor.tenantId ?? '';
  const at = happenedAt(ctx.clock, input.occurredAt, 'input.occurredAt');
  const { clickId: _, visitorId: __, couponCode: ___, leadId: ____, ...purchase } = input;
  return convertReferral(
    ctx,
    (em) => {
      const request = { tenantId, operation: 'recordConversion', key: input.idempotencyKey, input };
      return once(em, ctx, request, () => referralOfSale(em, tenantId, input, at));
    },
    { ...purchase, occurredAt: input.occurredAt ?? null },
  );
}
