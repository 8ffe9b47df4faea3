import { Field, ID, InputType } from 'type-graphql';
import { BankAccountType } from '../../../domain/bank-account.ts';
import { PayoutMethod } from '../../../domain/payout.ts';
import { Country, Currency, Email, Name, OwnRules } from '../../../kernel/request/kinds.ts';

const LONGEST = 200;

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
  @Country()
  country!: string;

  @Field({ description: 'ISO 4217 code of the currency of the account.' })
  @Currency()
  currency!: string;

  @Field(() => String, {
    nullable: true,
    description: 'BANK_TRANSFER: the IBAN, in countries that use IBANs.',
  })
  @OwnRules(LONGEST)
  iban?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'BANK_TRANSFER: the BIC of the bank. Required when the account number does not identify the bank.',
  })
  @OwnRules(LONGEST)
  bic?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'BANK_TRANSFER: the account number, in countries without IBANs. RAZORPAY: the account number; only Razorpay stores it.',
  })
  @OwnRules(LONGEST)
  accountNumber?: string | null;

  @Field(() => String, { nullable: true, description: 'BANK_TRANSFER in US: the ABA routing number.' })
  @OwnRules(LONGEST)
  routingNumber?: string | null;

  @Field(() => BankAccountType, {
    nullable: true,
    description: 'BANK_TRANSFER in US: the type of the account. Default: CHECKING.',
  })
  accountType?: BankAccountType | null;

  @Field(() => String, {
    nullable: true,
    description: 'BANK_TRANSFER in IN, RAZORPAY: the IFSC of the branch.',
  })
  @OwnRules(LONGEST)
  ifsc?: string | null;

  @Field(() => String, { nullable: true, description: 'BANK_TRANSFER in GB: the sort code.' })
  @OwnRules(LONGEST)
  sortCode?: string | null;

  @Field(() => String, { nullable: true, description: 'PAYPAL: the e-mail address of the PayPal account.' })
  @Email()
  paypalEmail?: string | null;

  @Field(() => String, { nullable: true, description: 'STRIPE: the connected account, `acct_...`.' })
  @OwnRules(LONGEST)
  stripeAccount?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'RAZORPAY: the fund account, `fa_...`. Alternatives: `accountNumber` with `ifsc`, or `upiAddress`.',
  })
  @OwnRules(LONGEST)
  razorpayFundAccount?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'RAZORPAY: the UPI address. Only Razorpay stores it.',
  })
  @OwnRules(LONGEST)
  upiAddress?: string | null;
}
