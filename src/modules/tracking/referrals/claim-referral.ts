import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import { type AttributionTerms, attribute } from '../../../domain/attribution.ts';
import { conflict, notFound } from '../../../domain/errors.ts';
import { expiryOf, insideWindow, type ReferralOrigin } from '../../../domain/referral.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { programOf } from '../../programs/program/public.ts';
import { readPath } from '../attribution/public.ts';
import { findValidCoupon } from '../coupons/public.ts';
import { dealOfSale } from '../deals/public.ts';
import { leadOfSale } from '../leads/public.ts';
import { Referral } from './referral.entity.ts';

/** The evidence of a sale that can attribute it to a partner. */
export interface Evidence {
  readonly customerId: string;
  readonly customerEmail?: string | null | undefined;
  readonly country?: string | null | undefined;
  readonly clickId?: string | null | undefined;
  readonly visitorId?: string | null | undefined;
  readonly couponCode?: string | null | undefined;
  readonly leadId?: string | null | undefined;
}

export interface Claim {
  readonly partnerId: string;
  readonly origin: ReferralOrigin;
  readonly couponId?: string;
  /** Marks the source of the claim as used by the referral. */
  readonly settle?: (referralId: string) => Promise<unknown>;
}

export interface ClaimedReferral {
  readonly id: string;
  /** The basis of the claim. A stronger claim than its click may convert a referral. */
  readonly basis: ReferralOrigin;
  readonly couponId: string | null;
}

/** Finds or creates the referral that a sale converts. Claims stronger than clicks come first. Clicks are credited by the
 *  program's model; the customer is bound to the partner of the last click that counts (under FIRST, the first), and that
 *  referral is converted. If a partner is not ACTIVE, the next claim wins a first sale. A claim without an open click gets a
 *  new referral, which does not count as a click. Refused if no partner has a claim. The click is locked afterwards. */
export async function referralOfSale(
  em: EntityManager,
  tenantId: string,
  evidence: Evidence,
  at: Date,
): Promise<ClaimedReferral> {
  const { attributionModel: model, attributionUnit: unit } = await programOf(em, tenantId);
  await lockCustomer(em, tenantId, evidence.customerId);
  const click = await clickOf(em, tenantId, evidence, at, { model, unit });
  const inTime = click !== null && insideWindow(click.clickedAt, click.expiresAt, at);
  const claim = (await claimBeforeClicks(em, tenantId, evidence, at)) ?? (inTime ? claimBy(click) : null);
  if (!claim) throw conflict('No partner has a claim to this sale.', { reason: 'NOT_ATTRIBUTED' });
  const closes = inTime && click.partnerId === claim.partnerId && !click.convertedAt;
  const id = closes ? click.id : await openReferral(em, claim, at, click);
  await claim.settle?.(id);
  return { id, basis: claim.origin, couponId: claim.couponId ?? null };
}

const claimBy = ({ partnerId, convertedAt }: Referral): Claim => ({
  partnerId,
  origin: convertedAt ? 'REPEAT' : 'CLICK',
});

/** Serialises the sales of one customer, so that two first sales cannot both choose its partner. Take this lock before the
 *  lock of a referral. */
export async function lockCustomer(em: EntityManager, tenantId: string, customerId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${JSON.stringify(['customer', tenantId, customerId])}, 0))
  `.execute(em);
}

/** Creates a referral for a claim without an open click, beside the visitor's click if there is one. */
export async function openReferral(
  em: EntityManager,
  claim: Claim,
  at: Date,
  click: Referral | null,
): Promise<string> {
  const id = v7();
  await sql`
    insert into referrals (id, tenant_id, partner_id, referral_code, visitor_id, source, clicked_at, expires_at, metadata, origin, link_id, campaign, ip_hash)
    select ${id}, p.tenant_id, p.id, p.referral_code, ${click?.visitorId ?? id}, ${claim.origin.toLowerCase()}, ${at}, ${expiryOf(at, 1)},
      '{}', ${claim.origin}, f.link_id, f.campaign, f.ip_hash
    from partners p left join referrals f on f.id = ${click?.id ?? null} and f.partner_id = p.id
    where p.id = ${claim.partnerId}`.execute(em);
  return id;
}

/** Finds the claim that outranks clicks. A customer with an earlier purchase stays with its partner, whatever the window and
 *  the model, so renewals follow the customer. Otherwise a registered deal, a coupon, a lead and an assignment count, in this
 *  order. The customer is locked. */
export async function claimBeforeClicks(
  em: EntityManager,
  tenantId: string,
  evidence: Evidence,
  at: Date,
): Promise<Claim | null> {
  const [customer] = await sql<{ partner_id: string | null; active: boolean; bought: boolean }>`
    select k.partner_id, exists (select from partners p where p.id = k.partner_id and p.status = 'ACTIVE') as active, exists (select from conversions v where v.customer_id = k.id)
      or exists (select from commissions c where c.customer_id = k.id) as bought
    from customers k where k.tenant_id = ${tenantId} and k.external_id = ${evidence.customerId}`.execute(em);
  const bound = customer?.partner_id ?? null;
  if (bound && customer?.bought) return { partnerId: bound, origin: 'CUSTOMER' };

  const deal = await dealOfSale(em, tenantId, evidence.customerEmail, at);
  if (deal)
    return {
      partnerId: deal.partnerId,
      origin: 'DEAL',
      settle: (id) =>
        sql`update deals set referral_id = ${id}, closed_at = ${at} where id = ${deal.id}`.execute(em),
    };
  const coupon = evidence.couponCode ? await findValidCoupon(em, tenantId, evidence.couponCode, at) : null;
  if (coupon) return { partnerId: coupon.partnerId, origin: 'COUPON', couponId: coupon.id };
  if (evidence.leadId != null) {
    const lead = await leadOfSale(em, tenantId, evidence.leadId, 'input.leadId');
    return {
      partnerId: lead.partnerId,
      origin: 'LEAD',
      async settle(referralId) {
        Object.assign(lead, { status: 'CONVERTED', referralId });
      },
    };
  }
  return bound && customer?.active ? { partnerId: bound, origin: 'ASSIGNMENT' } : null;
}

/** Finds the click that the evidence names, or the visitor's click that the sale converts. Under FIRST this is the first click
 *  that counts, even if a later one was named. The click is locked: of two concurrent sales, the second finds it converted. */
async function clickOf(
  em: EntityManager,
  tenantId: string,
  { clickId, visitorId, customerId, customerEmail, country }: Evidence,
  at: Date,
  terms: AttributionTerms,
): Promise<Referral | null> {
  const locked = (id: string) =>
    em.findOne(Referral, { id, tenantId }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });
  const named = clickId == null ? null : await locked(idOf(clickId, 'input.clickId'));
  if (clickId != null && !named) throw notFound('referral', { field: 'input.clickId' });
  if (named && (terms.model !== 'FIRST' || at < named.clickedAt)) return named;
  const visitor = named?.visitorId ?? (visitorId == null ? null : idOf(visitorId, 'input.visitorId'));
  if (visitor === null) return null;
  const buyer = { customerId, customerEmail };
  const of = { referralId: named?.id ?? null, named: named?.id ?? null, buyer, country };
  const path = await readPath(em, { tenantId, visitorId: visitor, at, ...of });
  const { closing } = attribute(1n, path, terms);
  return closing ? locked(closing.id) : named;
}
