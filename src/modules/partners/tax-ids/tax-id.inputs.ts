import { Field, ID, InputType } from 'type-graphql';
import { Country, OwnRules } from '../../../kernel/request/kinds.ts';

@InputType({ description: "A partner's tax id." })
export class SetTaxIdInput {
  @Field(() => ID, { description: 'The partner.' })
  partnerId!: string;

  @Field({ description: 'ISO 3166 code of the country of the tax id.' })
  @Country()
  country!: string;

  @Field({
    description:
      'Tax id: EIN, SSN or ITIN in US, PAN or GSTIN in IN, UTR or VAT number in GB, elsewhere 5 to 20 letters and digits.',
  })
  @OwnRules(40)
  number!: string;
}
