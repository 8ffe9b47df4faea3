import { Field, ID, InputType } from 'type-graphql';
import { Country, Currency, Name } from '../../../kernel/request/kinds.ts';

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
  @Country()
  country!: string;

  @Field({ description: 'ISO 4217 code of the currency of the payouts.' })
  @Currency()
  currency!: string;
}
