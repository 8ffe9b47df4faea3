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
  description: 'What became of a click.',
  valuesConfig: {
    CLICKED: { description: 'May still become a conversion.' },
    CONVERTED: { description: 'Became a conversion.' },
    EXPIRED: { description: 'Its window closed without one.' },
  },
});
registerEnumType(ReferralOrigin, {
  name: 'ReferralOrigin',
  description: "What a partner's claim to a sale rests on.",
  valuesConfig: {
    CLICK: { description: 'A click on a link of the partner.' },
    COUPON: { description: 'A coupon of the partner, given with the order.' },
    LEAD: { description: 'A lead that the partner handed in.' },
    DEAL: { description: 'A deal that the partner registered first.' },
    ASSIGNMENT: { description: 'Somebody assigned the customer to the partner, with a reason.' },
    CUSTOMER: { description: 'The customer bought before, and stays with the partner.' },
    REPEAT: { description: 'A further purchase within the window of a click that was converted already.' },
  },
});

/** A visitor's click on a partner's link, and the conversion that closes it. */
@Entity({ tableName: 'referrals' })
@Shows(['id'], 'CUSTOMER')
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({
  simpleResolvers: true,
  description: "A visitor's click on a partner's link, and the conversion that closes it.",
})
export class Referral extends Base {
  @Property({ type: 'uuid' })
  @Withheld('whose link it was')
  partnerId!: string;

  @Field({ description: 'The code that the link carried.' })
  @Property({ type: 'text' })
  @ShownTo('CUSTOMER')
  referralCode!: string;

  @Property({ type: 'uuid' })
  @ShownTo('CUSTOMER')
  visitorId!: string;

  /** As a partner knows the visitor: the same each time, no other partner's, and nothing that it could say clicks of. Whoever
   *  could, would put itself on the path of every sale. */
  visitorAlias!: Opt<string>; // not stored

  @Field(() => String, { nullable: true, description: 'The page that the visitor landed on.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('CUSTOMER')
  landingUrl?: string | null;

  @Field(() => String, { nullable: true, description: 'The page that the visitor came from.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('CUSTOMER')
  referrerUrl?: string | null;

  @Field({
    description:
      'Where it came from: `utm_source` of the landing page, else the host of the referring page, else `direct`.',
  })
  @Property({ type: 'text' })
  @ShownTo('CUSTOMER')
  source!: string;

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  linkId?: string | null; // the partner's own link that was followed

  @Property({ type: 'text', nullable: true })
  @Withheld('a word that the partner gave its links')
  campaign?: string | null;

  @Property({ type: 'text', nullable: true })
  @ShownTo('CUSTOMER')
  ipHash?: string | null; // keyed hash: the address itself is never kept

  @Property({ type: 'text', nullable: true })
  @ShownTo('CUSTOMER')
  userAgent?: string | null;

  @Field(() => Date, { description: 'When the visitor clicked.' })
  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('CUSTOMER')
  clickedAt!: Date;

  @Field(() => Date, { description: 'From this instant on it can no longer become a conversion.' })
  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('CUSTOMER')
  expiresAt!: Date;

  @Field(() => Date, { nullable: true, description: 'When it became a conversion.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('CUSTOMER')
  convertedAt?: Date | null;

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  customerId?: string | null;

  @Field(() => ReferralOrigin, {
    description: "What the partner's claim rests on; only clicks count as clicks.",
  })
  @Enum({ items: () => ReferralOrigin })
  @Withheld('what the claim of its partner rests on')
  origin: Opt<ReferralOrigin> = 'CLICK';

  @Field(() => Boolean, {
    description: 'Whether a program clicked, by what its browser calls itself; no figure counts it.',
  })
  @Property({ type: 'boolean' })
  @Withheld('whether it was a program')
  bot: Opt<boolean> = false;

  @Field(() => JSONObject, { description: 'Your own notes on it.' })
  @Property({ type: 'json' })
  @ShownTo('CUSTOMER')
  metadata: Opt<Record<string, unknown>> = {};

  @Field(() => ReferralStatus, { description: 'What became of the click.' })
  status!: Opt<ReferralStatus>; // not stored: time alone makes a click expire
}

export const referralStatusSql =
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
