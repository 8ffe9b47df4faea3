import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { conflict, invalid, notFound } from '../../../domain/errors.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { record } from '../../foundation/audit/public.ts';
import { findPartner } from '../../partners/partner/public.ts';
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

export interface ValidCoupon {
  readonly id: string;
  readonly partnerId: string;
}

/** Returns the coupon with a code, if the coupon is valid for a sale at the given time: known, not ended, not used up, and of a
 *  partner that is ACTIVE. The database counts a use when the sale counts. The partner of a coupon with a limit is locked, as
 *  by refunds, so that its uses change one after the other. */
export async function findValidCoupon(
  em: EntityManager,
  tenantId: string,
  code: string,
  at: Date,
): Promise<ValidCoupon | null> {
  const named = sql`tenant_id = ${tenantId} and upper(code) = ${code.toUpperCase()}`;
  await sql`
    select 1 from partners where id in (select partner_id from coupons where ${named} and max_uses is not null)
    for no key update`.execute(em);
  const [coupon] = await sql<ValidCoupon>`
    select id, partner_id as "partnerId" from coupons
    where ${named} and starts_at <= ${at} and (ends_at is null or ends_at > ${at}) and (ended_at is null or ended_at > ${at})
      and (max_uses is null or uses < max_uses)
      and exists (select from partners p where p.id = coupons.partner_id and p.status = 'ACTIVE')`.execute(
    em,
  );
  return coupon ?? null;
}
