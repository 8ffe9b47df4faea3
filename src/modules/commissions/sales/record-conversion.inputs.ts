import { IsUUID } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { Name } from '../../../kernel/request/input.ts';
import { ConvertReferralInput } from './convert-referral.inputs.ts';

@InputType({
  description:
    'A purchase, and what it may be credited by. A registered deal counts by the e-mail address of the customer, an assignment by the customer.',
})
export class RecordConversionInput extends ConvertReferralInput {
  @Field(() => ID, { nullable: true, description: 'The click: `pp_click` of the landing page.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  clickId?: string | null;

  @Field(() => ID, { nullable: true, description: 'The visitor: its last click that counts is credited.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  visitorId?: string | null;

  @Field(() => String, { nullable: true, description: 'The coupon that was given with the order.' })
  @Name(100)
  couponCode?: string | null;

  @Field(() => ID, { nullable: true, description: 'The lead that became this sale.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  leadId?: string | null;
}
