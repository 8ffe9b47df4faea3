import { IsISO31661Alpha2 } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { Name } from '../../../kernel/request/input.ts';

@InputType({
  description: 'Account holder for a new Stripe account. Stripe asks the holder for all other details.',
})
export class ConnectPayoutAccountInput {
  @Field(() => ID, { description: 'The partner.' })
  partnerId!: string;

  @Field({ description: 'Name of the person or company that is paid, 1 to 140 characters.' })
  @Name(140)
  holderName!: string;

  @Field({
    description: 'ISO 3166 code of the country in which the person lives or the company is registered.',
  })
  @IsISO31661Alpha2({ message: 'must be an ISO 3166 code such as "DE"' })
  country!: string;

  @Field({ description: 'ISO 4217 code of the currency of the payouts.' })
  currency!: string;
}
