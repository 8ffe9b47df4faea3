import { type EntityManager, sql } from '@mikro-orm/postgresql';
import { type Attributed, type AttributionTerms, attribute, isBarred } from '../../domain/attribution.ts';
import { termsOf } from '../../domain/fraud.ts';
import type { Money } from '../../domain/money.ts';
import type { ReferralOrigin } from '../../domain/referral.ts';
import { readPath, type Touched } from '../attribution/attribution.service.ts';
import type { Partner } from '../partners/partner.entity.ts';
import { holdPartner } from '../partners/partner.service.ts';
import { programOf } from '../programs/program.service.ts';
import type { Referral } from '../referrals/referral.entity.ts';

/** Found for a sale: the referral that it closes, and what it is claimed by. */
export interface Claimed {
  readonly id: string;
  /** null: the caller named the referral itself. */
  readonly basis: ReferralOrigin | null;
  /** The click that the caller named. */
  readonly named: string | null;
}

interface Part {
  readonly partner: Partner;
  readonly minor: bigint;
  /** The last of its touches that counts; the referral's own partner: the referral. */
  readonly referralId: string;
  readonly source: string;
}

export interface SharedSale {
  readonly basis: ReferralOrigin;
  readonly named: string | null;
  readonly terms: AttributionTerms;
  readonly path: Pick<Attributed<Touched>, 'touches' | 'total'>;
  /** That of the referral's own partner comes first, also where it has no part. */
  readonly parts: readonly [Part, ...Part[]];
  /** The customer is bound to it, and figures count the conversion as its. */
  readonly winner: Partner;
  /** Why nobody earns on it: the only partner whose click it was is the customer, or may not sell in its country. */
  readonly refused: 'SELF_REFERRAL' | 'TERRITORY' | null;
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

/** Whose a sale is and how much of it. A click's is split under the program's model; what a deal, a coupon, a lead, an
 *  assignment or a customer who bought before claims is whole, and so is the sale of a named click under LAST, but for one of
 *  a partner who is the customer. Every partner is locked. */
export async function shareSale(
  em: EntityManager,
  own: Partner,
  { referral, claimed, customerId, customerEmail, country, sale, at }: Sold,
): Promise<SharedSale> {
  const { tenantId, visitorId } = referral;
  const { attributionModel: model, attributionUnit: unit, fraud = null } = await programOf(em, tenantId);
  const selfReferrals = termsOf(fraud, 'SAME_EMAIL').mode === 'OFF' ? 'EXCLUDED' : 'JUDGED';
  const bought = claimed.basis === null && (await boughtBefore(em, tenantId, customerId));
  const basis = claimed.basis ?? (bought ? 'CUSTOMER' : referral.origin);
  const byClicks = basis === 'CLICK' || basis === 'REPEAT';
  const named = claimed.basis === null && referral.origin === 'CLICK' ? referral.id : claimed.named;
  const of = {
    tenantId,
    visitorId,
    referralId: referral.id,
    named,
    customerId,
    customerEmail,
    country,
    at,
    selfReferrals,
  } as const;
  const read = await readPath(em, of);
  const path = byClicks
    ? read
    : read.map((touch) => ({ ...touch, excluded: touch.excluded ?? ('OUTRANKED' as const) }));
  const attributed = attribute(sale.minor, path, { model, unit });
  const { closing, touches, total } = attributed;
  const mine = { partner: own, minor: sale.minor, referralId: referral.id, source: referral.source };
  const whole: SharedSale = {
    ...{ basis, named, terms: { model, unit }, path: { touches, total } },
    ...{ parts: [mine], winner: own, refused: null },
  };
  const excluded = byClicks ? (touches.find(({ id }) => id === named)?.excluded ?? null) : null;
  const refused = isBarred(excluded) ? excluded : null;
  if (!closing) return { ...whole, refused };
  if (model === 'LAST' && refused === null) return whole;

  const others = attributed.shares.filter(({ partnerId, minor }) => partnerId !== own.id && minor > 0n);
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

/** Whether the customer is bound by a purchase; the window and the model are for the first one alone. */
async function boughtBefore(em: EntityManager, tenantId: string, externalId: string): Promise<boolean> {
  const [found] = await em.execute<object[]>(sql`
    select 1 from customers k where k.tenant_id = ${tenantId} and k.external_id = ${externalId} and k.partner_id is not null
      and (exists (select from conversions v where v.customer_id = k.id) or exists (select from commissions c where c.customer_id = k.id))`);
  return found !== undefined;
}
