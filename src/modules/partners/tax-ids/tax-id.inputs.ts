import { IsISO31661Alpha2, MaxLength } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';

@InputType({ description: "A partner's tax id." })
export class SetTaxIdInput {
  @Field(() => ID, { description: 'The partner.' })
  partnerId!: string;

  @Field({ description: 'ISO 3166 code of the country of the tax id.' })
  @IsISO31661Alpha2({ message: 'must be an ISO 3166 code such as "DE"' })
  country!: string;

  @Field({
    description:
      'Tax id: EIN, SSN or ITIN in US, PAN or GSTIN in IN, UTR or VAT number in GB, elsewhere 5 to 20 letters and digits.',
  })
  @MaxLength(40, { message: 'must be at most 40 characters long' })
  number!: string;
}
