import type { EntityManager } from '@mikro-orm/postgresql';
import {
  type Attributed,
  type AttributionTerms,
  attribute,
  isBarred,
  type TouchBarred,
} from '../../../domain/attribution.ts';
import type { Money } from '../../../domain/money.ts';
import type { ReferralOrigin } from '../../../domain/referral.ts';
import { holdPartner, type Partner } from '../../partners/partner/public.ts';

import { programOf } from '../../programs/program/public.ts';
import { isCustomer, readPath, type Touched } from '../../tracking/attribution/public.ts';

import { claimBeforeClicks, openReferral, type Referral } from '../../tracking/referrals/public.ts';

/** The referral that a sale converts, and the attribution basis. */
export interface Claimed {
  readonly id: string;
  /** Null when the caller named the referral. */
  readonly basis: ReferralOrigin | null;
  /** Id of the click that the caller named. */
  readonly named: string | null;
  /** Id of the coupon that credits the sale. */
  readonly couponId: string | null;
}

interface Part {
  readonly partner: Partner;
  readonly minor: bigint;
  /** The partner's last touch that counts. For the partner of the referral: the referral. */
  readonly referralId: string;
  readonly source: string;
}

export interface SharedSale {
  readonly basis: ReferralOrigin;
  readonly named: string | null;
  readonly terms: AttributionTerms;
  readonly path: Pick<Attributed<Touched>, 'touches' | 'total'>;
  /** The share of the referral's own partner comes first, also when it is 0. */
  readonly parts: readonly [Part, ...Part[]];
  /** The partner to whom the customer is bound and for whom the metrics count the conversion. */
  readonly winner: Partner;
  /** Why the sale earns nothing: the partner is the customer, or the only evidence is a click that is excluded. */
  readonly refused: TouchBarred | null;
  /** Id of the referral that was created for a partner with a stronger basis than the named click. Converted by the same
   *  sale. */
  readonly opened: string | null;
}

interface Sold {
  readonly referral: Referral;
  readonly claimed: Claimed;
  readonly customerId: string;
  readonly customerEmail?: string | null | undefined;
  readonly country?: string | null | undefined;
  readonly sale: Money;
  readonly at: Date;
}

/** Divides a sale over the credited partners. A sale by clicks is split by the attribution model. A deal, a coupon, a lead,
 *  an assignment or an earlier binding of the customer credits the whole sale to one partner, also when a click was named.
 *  Under LAST a named click gets the whole sale, unless the click is excluded. The customer must be locked; all credited
 *  partners are locked afterwards. */
export async function shareSale(
  em: EntityManager,
  own: Partner,
  { referral, claimed, customerId, customerEmail, country, sale, at }: Sold,
): Promise<SharedSale> {
  const { tenantId, visitorId } = referral;
  const { attributionModel: model, attributionUnit: unit } = await programOf(em, tenantId);
  const buyer = { customerId, customerEmail };
  const claim =
    claimed.basis === null ? await claimBeforeClicks(em, tenantId, { customerId, customerEmail }, at) : null;
  const basis = claimed.basis ?? claim?.origin ?? referral.origin;
  const byClicks = basis === 'CLICK' || basis === 'REPEAT';
  const named = claimed.basis === null && referral.origin === 'CLICK' ? referral.id : claimed.named;
  const of = { tenantId, visitorId, referralId: referral.id, named, buyer, country, at };
  const read = await readPath(em, of);
  const path = byClicks
    ? read
    : read.map((touch) => ({ ...touch, excluded: touch.excluded ?? ('OUTRANKED' as const) }));
  const attributed = attribute(sale.minor, path, { model, unit });
  const { closing, touches, total } = attributed;
  const mine = { partner: own, minor: sale.minor, referralId: referral.id, source: referral.source };
  const whole: SharedSale = {
    ...{ basis, named, terms: { model, unit }, path: { touches, total } },
    ...{ parts: [mine], winner: own, refused: null, opened: null },
  };
  if (!byClicks) {
    const outranked = claim !== null && claim.partnerId !== own.id;
    const winner = outranked ? await holdPartner(em, claim.partnerId) : own;
    const opened = outranked ? await openReferral(em, claim, at, referral) : null;
    await claim?.settle?.(opened ?? referral.id);
    const refused = (await isCustomer(em, winner.id, buyer)) ? 'SELF_REFERRAL' : null;
    if (opened === null) return { ...whole, refused };
    const theirs = { partner: winner, minor: sale.minor, referralId: opened, source: basis.toLowerCase() };
    return { ...whole, parts: [{ ...mine, minor: 0n }, theirs], winner, refused, opened };
  }
  const excluded = touches.find(({ id }) => id === named)?.excluded ?? null;
  const refused = isBarred(excluded)
    ? excluded
    : (await isCustomer(em, own.id, buyer))
      ? 'SELF_REFERRAL'
      : null;
  if (!closing) return { ...whole, refused };
  if (model === 'LAST' && refused === null) return whole;

  // A free trial has no amount to share. Its customer is bound as by a purchase.
  const binds = sale.minor === 0n ? closing.partnerId : null;
  const others = attributed.shares.filter(
    ({ partnerId, minor }) => partnerId !== own.id && (minor > 0n || partnerId === binds),
  );
  const held = new Map([[own.id, own]]);
  for (const partnerId of others.map((each) => each.partnerId).sort())
    held.set(partnerId, await holdPartner(em, partnerId));
  const minorOf = (id: string) => attributed.shares.find((each) => each.partnerId === id)?.minor ?? 0n;
  return {
    ...whole,
    parts: [
      { ...mine, minor: minorOf(own.id) },
      ...others.map(({ partnerId, minor }) => {
        const last = touches.findLast((touch) => touch.partnerId === partnerId && touch.excluded === null);
        const partner = held.get(partnerId) as Partner;
        return { partner, minor, referralId: last?.id ?? '', source: last?.source ?? '' };
      }),
    ],
    winner: held.get(closing.partnerId) ?? own,
  };
}
