import { IsISO31661Alpha2, MaxLength } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { PayoutMethod } from '../../../domain/payout.ts';
import { Name } from '../../../kernel/request/input.ts';

const LONGEST = 200;
const long = { message: `must be at most ${LONGEST} characters long` };

@InputType({
  description:
    'Where the money of a partner is to go. Which fields are needed follows from the method and the country; spaces in numbers do not matter.',
})
export class SetPayoutAccountInput {
  @Field(() => ID, { description: 'The partner.' })
  partnerId!: string;

  @Field(() => PayoutMethod, { description: 'The rail that pays to it.' })
  method!: PayoutMethod;

  @Field({ description: 'Name of the person or company that holds it, 1 to 140 characters.' })
  @Name(140)
  holderName!: string;

  @Field({ description: 'ISO 3166 code of the country in which it is kept.' })
  @IsISO31661Alpha2({ message: 'must be an ISO 3166 code such as "DE"' })
  country!: string;

  @Field({ description: 'ISO 4217 code of the currency that it takes.' })
  currency!: string;

  @Field(() => String, {
    nullable: true,
    description: 'BANK_TRANSFER: the IBAN, where the country has them.',
  })
  @MaxLength(LONGEST, long)
  iban?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'BANK_TRANSFER: the BIC of the bank; needed with a number that says nothing of its bank.',
  })
  @MaxLength(LONGEST, long)
  bic?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'BANK_TRANSFER: the number, where there is no IBAN. RAZORPAY: the number, which only Razorpay keeps.',
  })
  @MaxLength(LONGEST, long)
  accountNumber?: string | null;

  @Field(() => String, { nullable: true, description: 'BANK_TRANSFER in US: the ABA routing number.' })
  @MaxLength(LONGEST, long)
  routingNumber?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'BANK_TRANSFER in IN, RAZORPAY: the IFSC of the branch.',
  })
  @MaxLength(LONGEST, long)
  ifsc?: string | null;

  @Field(() => String, { nullable: true, description: 'BANK_TRANSFER in GB: the sort code.' })
  @MaxLength(LONGEST, long)
  sortCode?: string | null;

  @Field(() => String, { nullable: true, description: 'PAYPAL: the e-mail address of the PayPal account.' })
  @MaxLength(254, { message: 'must be at most 254 characters long' })
  paypalEmail?: string | null;

  @Field(() => String, { nullable: true, description: 'STRIPE: the connected account, `acct_...`.' })
  @MaxLength(LONGEST, long)
  stripeAccount?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'RAZORPAY: the fund account, `fa_...`; or give `accountNumber` and `ifsc`, or `upiAddress`, in its place.',
  })
  @MaxLength(LONGEST, long)
  razorpayFundAccount?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'RAZORPAY: the UPI address, which only Razorpay keeps.',
  })
  @MaxLength(LONGEST, long)
  upiAddress?: string | null;
}
