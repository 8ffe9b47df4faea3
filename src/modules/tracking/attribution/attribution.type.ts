import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { AttributionModel, AttributionUnit, TouchExcluded } from '../../../domain/attribution.ts';
import { ReferralOrigin } from '../../../domain/referral.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';

registerEnumType(TouchExcluded, {
  name: 'TouchExcluded',
  description: 'Why a click has no part in a sale.',
  valuesConfig: {
    BOT: { description: 'A program clicked.' },
    INACTIVE: { description: 'Its partner was not ACTIVE at the click, or at the sale.' },
    SELF_REFERRAL: { description: 'Its partner is the customer, by the e-mail address.' },
    TERRITORY: { description: 'Its partner may not sell in the country that was billed.' },
    AFTER: { description: 'It came after the sale, or after the click that the sale was told to come from.' },
    WINDOW: { description: "Its partner's window had closed." },
    OUTRANKED: { description: 'Something stronger than clicks claimed the sale.' },
  },
});

@ObjectType({ simpleResolvers: true, description: 'A click on the path to a sale.' })
export class PathClick {
  @Field(() => ID, { description: 'Of its touch and, where it counted as a click, of its referral.' })
  id!: string;

  @Field(() => Date, { description: 'When the visitor clicked.' })
  clickedAt!: Date;

  @Field({ description: 'Where it came from, as `Referral.source`.' })
  source!: string;

  @Field({
    description: 'Its part of all that counts, in decimal text of six places, e.g. `0.333333`.',
  })
  weight!: string;

  @Field(() => TouchExcluded, { nullable: true, description: 'Why it does not count; null: it does.' })
  excluded!: TouchExcluded | null;
}

@ObjectType({
  simpleResolvers: true,
  description: 'What a partner is credited with of a sale, and by which clicks.',
})
export class PartnerShare {
  partnerId!: string;

  @Field(() => MoneyColumn, { description: 'Its part of the sale, which its commission is computed on.' })
  share!: MoneyColumn;

  @Field(() => Int, { description: 'Its clicks that count.' })
  touchCount!: number;

  @Field(() => [PathClick], { description: 'Its clicks before the sale in time order, at most 1,000.' })
  touches!: PathClick[];
}

@ObjectType({
  simpleResolvers: true,
  description: 'What a sale was credited by, as it was seen when it was recorded.',
})
export class Attribution {
  @Field(() => ReferralOrigin, {
    description: 'What the claim to the sale rested on; only clicks are split under a model.',
  })
  basis!: ReferralOrigin;

  @Field(() => AttributionModel, { description: 'The model in force.' })
  model!: AttributionModel;

  @Field(() => AttributionUnit, { description: 'What the model counted.' })
  unit!: AttributionUnit;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'The whole sale; null to a partner that has no part in it.',
  })
  sale!: MoneyColumn | null;

  @Field(() => Date, { description: 'When the sale happened.' })
  occurredAt!: Date;

  @Field(() => Int, { description: 'Clicks that count, those of all partners.' })
  touchCount!: number;

  @Field(() => Int, { description: 'Clicks of other partners, to whom they are not shown; 0 for staff.' })
  otherTouches!: number;

  @Field(() => [PartnerShare], {
    description: 'The parts; a partner sees its own. They sum to the sale.',
  })
  shares!: PartnerShare[];
}
