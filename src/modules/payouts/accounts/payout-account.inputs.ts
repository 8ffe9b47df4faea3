import { IsISO31661Alpha2, MaxLength } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { PayoutMethod } from '../../../domain/payout.ts';
import { Name } from '../../../kernel/request/input.ts';

const LONGEST = 200;
const long = { message: `must be at most ${LONGEST} characters long` };

@InputType({
  description:
    'New payout account of a partner. The method and the country decide which fields are required. Spaces in numbers are ignored.',
})
export class SetPayoutAccountInput {
  @Field(() => ID, { description: 'The partner.' })
  partnerId!: string;

  @Field(() => PayoutMethod, { description: 'Payout method that pays to the account.' })
  method!: PayoutMethod;

  @Field({ description: 'Name of the person or company that holds the account, 1 to 140 characters.' })
  @Name(140)
  holderName!: string;

  @Field({ description: 'ISO 3166 code of the country of the account.' })
  @IsISO31661Alpha2({ message: 'must be an ISO 3166 code such as "DE"' })
  country!: string;

  @Field({ description: 'ISO 4217 code of the currency of the account.' })
  currency!: string;

  @Field(() => String, {
    nullable: true,
    description: 'BANK_TRANSFER: the IBAN, in countries that use IBANs.',
  })
  @MaxLength(LONGEST, long)
  iban?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'BANK_TRANSFER: the BIC of the bank. Required when the account number does not identify the bank.',
  })
  @MaxLength(LONGEST, long)
  bic?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'BANK_TRANSFER: the account number, in countries without IBANs. RAZORPAY: the account number; only Razorpay stores it.',
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
      'RAZORPAY: the fund account, `fa_...`. Alternatives: `accountNumber` with `ifsc`, or `upiAddress`.',
  })
  @MaxLength(LONGEST, long)
  razorpayFundAccount?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'RAZORPAY: the UPI address. Only Razorpay stores it.',
  })
  @MaxLength(LONGEST, long)
  upiAddress?: string | null;
}
