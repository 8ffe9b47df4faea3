import { IsUUID } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { Name } from '../../../kernel/request/kinds.ts';
import { ConvertReferralInput } from './convert-referral.inputs.ts';

@InputType({
  description:
    "A purchase with the facts for attribution. A registered deal is found by the customer's e-mail address, an assignment by the customer.",
})
export class RecordConversionInput extends ConvertReferralInput {
  @Field(() => ID, {
    nullable: true,
    description: 'Id of the click: the parameter `pp_click` of the landing page.',
  })
  @IsUUID(undefined, { message: 'must be a UUID' })
  clickId?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "Id of the visitor. The visitor's last click that counts is used.",
  })
  @IsUUID(undefined, { message: 'must be a UUID' })
  visitorId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Code of the coupon that the customer used for the order.',
  })
  @Name(100)
  couponCode?: string | null;

  @Field(() => ID, { nullable: true, description: 'Id of the lead that became this sale.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  leadId?: string | null;
}
