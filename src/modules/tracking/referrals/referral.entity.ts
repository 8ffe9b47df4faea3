import type { Opt } from '@mikro-orm/core';
import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { ReferralOrigin, ReferralStatus } from '../../../domain/referral.ts';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';
import { column, owned, type Table } from '../../../kernel/data/rows.ts';
import { JSONObject } from '../../../kernel/request/scalars.ts';
import { partnerTable } from '../../partners/partner/public.ts';
import { customerTable } from '../customers/public.ts';

registerEnumType(ReferralStatus, {
  name: 'ReferralStatus',
  description: 'Status of a referral.',
  valuesConfig: {
    CLICKED: { description: 'Open: can still be converted.' },
    CONVERTED: { description: 'Converted by a sale.' },
    EXPIRED: { description: 'The attribution window ended without a sale.' },
  },
});
registerEnumType(ReferralOrigin, {
  name: 'ReferralOrigin',
  description: "Basis of a partner's claim to a sale.",
  valuesConfig: {
    CLICK: { description: 'A click on a link of the partner.' },
    COUPON: { description: 'A coupon of the partner, given with the order.' },
    LEAD: { description: 'A lead that the partner submitted.' },
    DEAL: { description: 'A deal that the partner registered first.' },
    ASSIGNMENT: { description: 'A manual assignment of the customer to the partner, with a reason.' },
    CUSTOMER: { description: 'The customer bought before and stays with the partner.' },
    REPEAT: { description: 'A further purchase within the window of a click that is already converted.' },
  },
});

/** A visitor's click on a partner's link, and its conversion. */
@Entity({ tableName: 'referrals' })
@Shows(['id'], 'CUSTOMER')
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({
  simpleResolvers: true,
  description: "A visitor's click on a partner's link, and its conversion.",
})
export class Referral extends Base {
  @Property({ type: 'uuid' })
  @Withheld('the owner of the link')
  partnerId!: string;

  @Field({ description: 'Code of the link.' })
  @Property({ type: 'text' })
  @ShownTo('CUSTOMER')
  referralCode!: string;

  @Property({ type: 'uuid' })
  @ShownTo('CUSTOMER')
  visitorId!: string;

  /** An alias of the visitor for the partner: stable, different for each partner, and not accepted as a visitor id. With the
   *  real id a partner could report clicks and add itself to the path of every sale. */
  visitorAlias!: Opt<string>; // not stored

  @Field(() => String, { nullable: true, description: 'Landing page of the visitor.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('CUSTOMER')
  landingUrl?: string | null;

  @Field(() => String, { nullable: true, description: 'Referring page.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('CUSTOMER')
  referrerUrl?: string | null;

  @Field({
    description:
      'Source: `utm_source` of the landing page, else the host of the referring page, else `direct`.',
  })
  @Property({ type: 'text' })
  @ShownTo('CUSTOMER')
  source!: string;

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  linkId?: string | null; // the tracking link that was followed

  @Property({ type: 'text', nullable: true })
  @Withheld('a label of the partner for its links')
  campaign?: string | null;

  @Property({ type: 'text', nullable: true })
  @ShownTo('CUSTOMER')
  ipHash?: string | null; // keyed hash; the address itself is never stored

  @Property({ type: 'text', nullable: true })
  @ShownTo('CUSTOMER')
  userAgent?: string | null;

  @Field(() => Date, { description: 'Time of the click.' })
  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('CUSTOMER')
  clickedAt!: Date;

  @Field(() => Date, { description: 'End of the attribution window, exclusive.' })
  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('CUSTOMER')
  expiresAt!: Date;

  @Field(() => Date, { nullable: true, description: 'Time of the conversion; null before.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('CUSTOMER')
  convertedAt?: Date | null;

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  customerId?: string | null;

  @Field(() => ReferralOrigin, {
    description: "Basis of the partner's claim. Only the basis CLICK counts as a click.",
  })
  @Enum({ items: () => ReferralOrigin })
  @Withheld('the basis of the attribution')
  origin: Opt<ReferralOrigin> = 'CLICK';

  @Field(() => Boolean, {
    description: 'True if the user agent is a bot. Metrics do not count such clicks.',
  })
  @Property({ type: 'boolean' })
  @Withheld('a marker for bots')
  bot: Opt<boolean> = false;

  @Field(() => JSONObject, { description: 'Your own data about the referral.' })
  @Property({ type: 'json' })
  @ShownTo('CUSTOMER')
  metadata: Opt<Record<string, unknown>> = {};

  @Field(() => ReferralStatus, { description: 'Status of the referral.' })
  status!: Opt<ReferralStatus>; // not stored, because time alone makes a referral expire
}

const referralStatusSql =
  "case when f.converted_at is not null then 'CONVERTED' when f.expires_at <= now() then 'EXPIRED' else 'CLICKED' end";

export const referralTable: Table<Referral> = {
  type: Referral,
  from: 'referrals f',
  alias: 'f',
  kind: 'referral',
  attributes: owned('f', 'f.partner_id'),
  columns: {
    ...columnsOf(Referral, 'f'),
    visitorAlias: column('visitor_alias(f.visitor_id, f.partner_id)'),
    status: column(referralStatusSql),
  },
  one: {
    partner: { key: 'f.partner_id', table: () => partnerTable },
    customer: { key: 'f.customer_id', table: () => customerTable },
  },
  needs: {
    partner: ['partnerId'],
    customer: ['customerId'],
    visitorId: ['visitorId', 'visitorAlias'],
  },
};
