import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { AttributionModel, AttributionUnit, TouchExcluded } from '../../../domain/attribution.ts';
import { ReferralOrigin } from '../../../domain/referral.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';

registerEnumType(TouchExcluded, {
  name: 'TouchExcluded',
  description: 'Reason for which a click gets no share of a sale.',
  valuesConfig: {
    BOT: { description: 'A bot made the click.' },
    INACTIVE: { description: 'The partner was not ACTIVE at the click, or at the sale.' },
    SELF_REFERRAL: { description: 'The partner is the customer, by the e-mail address.' },
    TERRITORY: { description: 'The partner must not sell in the billing country.' },
    AFTER: { description: 'The click was after the sale, or after the click that the caller named.' },
    WINDOW: { description: "The partner's attribution window had ended." },
    OUTRANKED: {
      description: 'A stronger claim than clicks decided the sale: a deal, coupon, lead or assignment.',
    },
  },
});

@ObjectType({ simpleResolvers: true, description: 'A click on the path to a sale.' })
export class PathClick {
  @Field(() => ID, { description: 'Id of the touch, and of its referral if the touch counted as a click.' })
  touchId!: string;

  @Field(() => Date, { description: 'Time of the click.' })
  clickedAt!: Date;

  @Field({ description: 'Source of the click, as `Referral.source`.' })
  source!: string;

  @Field({
    description: 'Share of the click, as decimal text with six places, e.g. `0.333333`.',
  })
  weight!: string;

  @Field(() => TouchExcluded, {
    nullable: true,
    description: 'Reason for which the click does not count; null if it counts.',
  })
  excluded!: TouchExcluded | null;
}

@ObjectType({
  simpleResolvers: true,
  description: 'Share of a partner in a sale, with its clicks.',
})
export class PartnerShare {
  partnerId!: string;

  @Field(() => MoneyColumn, {
    description: "The partner's share of the sale, on which its commission is computed.",
  })
  share!: MoneyColumn;

  @Field(() => Int, { description: 'Number of its clicks that count.' })
  touchCount!: number;

  @Field(() => [PathClick], { description: 'Its clicks before the sale in time order, at most 1,000.' })
  touches!: PathClick[];
}

@ObjectType({
  simpleResolvers: true,
  description: 'Attribution of a sale, as computed when the sale was recorded.',
})
export class Attribution {
  @Field(() => ReferralOrigin, {
    description: 'Basis of the claim to the sale. Only clicks are split by a model.',
  })
  basis!: ReferralOrigin;

  @Field(() => AttributionModel, { description: 'Attribution model in force.' })
  model!: AttributionModel;

  @Field(() => AttributionUnit, { description: 'Unit of the attribution model.' })
  unit!: AttributionUnit;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'Amount of the whole sale; null for a partner without a share.',
  })
  sale!: MoneyColumn | null;

  @Field(() => Date, { description: 'Time of the sale.' })
  occurredAt!: Date;

  @Field(() => Int, { description: 'Number of clicks that count, of all partners.' })
  touchCount!: number;

  @Field(() => Int, {
    description: 'Number of clicks of other partners, which are hidden from a partner; 0 for staff.',
  })
  otherTouches!: number;

  @Field(() => [PartnerShare], {
    description: 'Shares of the partners. They sum to the sale. A partner sees only its own share.',
  })
  shares!: PartnerShare[];
}
