import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { conflict, invalid, notFound } from '../../../domain/errors.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { record } from '../../foundation/audit/public.ts';
import { findPartner } from '../../partners/partner/public.ts';
import { type Buyer, isCustomerSql } from '../attribution/public.ts';
import { Coupon } from './coupon.entity.ts';
import type { CreateCouponInput } from './coupon.inputs.ts';

/** Creates a coupon of a partner. Returns its id. */
export function createCoupon(ctx: Context, input: CreateCouponInput): Promise<string> {
  const startsAt = input.startsAt ?? ctx.clock.now();
  if (input.endsAt && input.endsAt <= startsAt) throw invalid('input.endsAt', 'must be after the start');
  return transact(ctx, async (em) => {
    const { id: partnerId, tenantId } = await findPartner(em, input.partnerId, 'input.partnerId');
    const [taken] =
      await sql`select 1 from coupons where tenant_id = ${tenantId} and upper(code) = ${input.code.toUpperCase()}
      `.execute(em);
    if (taken)
      throw conflict('The program already has a coupon with this code.', {
        field: 'input.code',
        reason: 'CODE_TAKEN',
      });
    const coupon = em.create(Coupon, {
      tenantId,
      partnerId,
      code: input.code,
      startsAt,
      endsAt: input.endsAt ?? null,
      maxUses: input.maxUses ?? null,
      createdBy: ctx.actor.id,
    });
    const { code, endsAt, maxUses } = coupon;
    record(em, ctx, 'coupon.created', coupon, { after: { code, startsAt, endsAt, maxUses } });
    return coupon.id;
  });
}

/** Ends a coupon early. Its earlier sales stay attributed to its partner, and its code is not given to another partner. */
export function endCoupon(ctx: Context, id: string): Promise<string> {
  return transact(ctx, async (em) => {
    const coupon = await em.findOne(Coupon, idOf(id), { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (!coupon) throw notFound('coupon');
    if (coupon.endedAt) throw conflict('This coupon has already ended.', { reason: 'ENDED' });
    coupon.endedAt = ctx.clock.now();
    record(em, ctx, 'coupon.ended', coupon, {
      before: { endedAt: null },
      after: { endedAt: coupon.endedAt },
    });
    return coupon.id;
  });
}

/** Redeems a coupon for a sale at the given time. Returns its partner, or null if the coupon is not valid: unknown, ended,
 *  used up, or of a partner that is not ACTIVE. A purchase of the partner itself earns nothing, so it is no use. */
export async function redeemCoupon(
  em: EntityManager,
  tenantId: string,
  { couponCode: code, ...buyer }: Buyer & { readonly couponCode: string },
  at: Date,
): Promise<string | null> {
  const [used] = await sql<{ partner_id: string }>`
    update coupons set uses = uses + case when ${isCustomerSql(sql`coupons.partner_id`, buyer)} then 0 else 1 end
    where tenant_id = ${tenantId} and upper(code) = ${code.toUpperCase()} and starts_at <= ${at}
      and (ends_at is null or ends_at > ${at}) and (ended_at is null or ended_at > ${at})
      and (max_uses is null or uses < max_uses)
      and exists (select from partners p where p.id = coupons.partner_id and p.status = 'ACTIVE')
    returning partner_id`.execute(em);
  return used?.partner_id ?? null;
}
