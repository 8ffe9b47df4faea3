import { type EntityManager, sql } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import { conflict, notFound } from '../../domain/errors.ts';
import { expiryOf, insideWindow, type ReferralOrigin } from '../../domain/referral.ts';
import { idOf } from '../../kernel/ids.ts';
import { redeemCoupon } from '../coupons/coupon.service.ts';
import { dealOfSale } from '../deals/deal.service.ts';
import { leadOfSale } from '../leads/lead.service.ts';
import { Referral } from './referral.entity.ts';

/** What a sale may be credited by. */
export interface Evidence {
  readonly customerId: string;
  readonly customerEmail?: string | null | undefined;
  readonly clickId?: string | null | undefined;
  readonly visitorId?: string | null | undefined;
  readonly couponCode?: string | null | undefined;
  readonly leadId?: string | null | undefined;
}

interface Claim {
  readonly partnerId: string;
  readonly origin: ReferralOrigin;
  /** Marks what the claim came from as used by the referral. */
  readonly settle?: (referralId: string) => Promise<unknown>;
}

/** The referral that a sale of that instant closes. Who bought before stays with its partner; else a registered deal, a
 *  coupon, a lead, an assignment and a click count, in this order (DOMAIN section 5). A partner that is not ACTIVE loses a first sale to whoever is next. A claim that is no open click gets a
 *  referral of its own, which counts as no click. Refused where nobody has a claim. */
export async function referralOfSale(
  em: EntityManager,
  tenantId: string,
  evidence: Evidence,
  at: Date,
): Promise<string> {
  const click = await clickOf(em, tenantId, evidence, at);
  const claim = await claimOf(em, tenantId, evidence, at, click);
  if (!claim) throw conflict('no partner has a claim to this sale', { reason: 'NOT_ATTRIBUTED' });
  if (
    click?.partnerId === claim.partnerId &&
    !click.convertedAt &&
    insideWindow(click.clickedAt, click.expiresAt, at)
  ) {
    await claim.settle?.(click.id);
    return click.id;
  }
  const id = v7();
  await em.execute(sql`
    insert into referrals (id, tenant_id, partner_id, referral_code, visitor_id, source, clicked_at, expires_at, metadata, origin, link_id, campaign)
    select ${id}, p.tenant_id, p.id, p.referral_code, ${click?.visitorId ?? id}, ${claim.origin.toLowerCase()}, ${at}, ${expiryOf(at, 1)},
      '{}', ${claim.origin}, f.link_id, f.campaign
    from partners p left join referrals f on f.id = ${click?.id ?? null} and f.partner_id = p.id
    where p.id = ${claim.partnerId}`);
  await claim.settle?.(id);
  return id;
}

async function claimOf(
  em: EntityManager,
  tenantId: string,
  evidence: Evidence,
  at: Date,
  click: Referral | null,
): Promise<Claim | null> {
  // Sales of one customer take turns, so that two first ones cannot both choose a partner for it.
  await em.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${JSON.stringify(['customer', tenantId, evidence.customerId])}, 0))`,
  );
  const [customer] = await em.execute<{ partner_id: string | null; active: boolean; bought: boolean }[]>(sql`
    select k.partner_id, exists (select from partners p where p.id = k.partner_id and p.status = 'ACTIVE') as active, exists (select from conversions v where v.customer_id = k.id)
      or exists (select from commissions c where c.customer_id = k.id) as bought
    from customers k where k.tenant_id = ${tenantId} and k.external_id = ${evidence.customerId}`);
  const bound = customer?.partner_id ?? null;
  if (bound && customer?.bought) return { partnerId: bound, origin: 'CUSTOMER' };

  const deal = await dealOfSale(em, tenantId, evidence.customerEmail, at);
  if (deal)
    return {
      partnerId: deal.partnerId,
      origin: 'DEAL',
      settle: (id) =>
        em.execute(sql`update deals set referral_id = ${id}, closed_at = ${at} where id = ${deal.id}`),
    };
  const couponOf = evidence.couponCode ? await redeemCoupon(em, tenantId, evidence.couponCode, at) : null;
  if (couponOf) return { partnerId: couponOf, origin: 'COUPON' };
  if (evidence.leadId != null) {
    const lead = await leadOfSale(em, evidence.leadId, 'input.leadId');
    return {
      partnerId: lead.partnerId,
      origin: 'LEAD',
      async settle(referralId) {
        Object.assign(lead, { status: 'CONVERTED', referralId });
      },
    };
  }
  if (bound && customer?.active) return { partnerId: bound, origin: 'ASSIGNMENT' };
  return click && insideWindow(click.clickedAt, click.expiresAt, at)
    ? { partnerId: click.partnerId, origin: click.convertedAt ? 'REPEAT' : 'CLICK' }
    : null;
}

/** The click that the evidence names, or the visitor's last one that counts: before the sale, within its window. */
async function clickOf(
  em: EntityManager,
  tenantId: string,
  { clickId, visitorId }: Evidence,
  at: Date,
): Promise<Referral | null> {
  if (clickId != null) {
    const click = await em.findOne(Referral, { id: idOf(clickId, 'input.clickId'), tenantId });
    if (!click) throw notFound('referral', { field: 'input.clickId' });
    return click;
  }
  if (visitorId == null) return null;
  const [last] = await em.execute<{ id: string }[]>(sql`
    select r.id from touches t join referrals r on r.id = t.id join partners p on p.id = t.partner_id and p.status = 'ACTIVE'
    where t.tenant_id = ${tenantId} and t.visitor_id = ${idOf(visitorId, 'input.visitorId')} and t.clicked_at <= ${at} and not t.bot
      and r.expires_at > ${at}
    order by t.clicked_at desc, t.id desc limit 1`);
  return last ? em.findOne(Referral, last.id) : null;
}
