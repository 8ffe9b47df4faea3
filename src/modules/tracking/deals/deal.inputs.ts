import { IsUUID, Max, Min } from 'class-validator';
import { Field, ID, InputType, Int } from 'type-graphql';
import { Domain, Name } from '../../../kernel/request/kinds.ts';
import { EmailAddress } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'Prospect to register: its domain, its e-mail address or both.' })
export class RegisterDealInput {
  @Field(() => ID, { description: 'Partner that registers the prospect.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId!: string;

  @Field({ description: 'The company.' })
  @Name(200)
  company!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'Domain of the prospect, e.g. `example.com`, with all subdomains. Not a public mail service. Default: the domain of the e-mail address.',
  })
  @Domain()
  domain?: string | null;

  @Field(() => EmailAddress, { nullable: true, description: 'E-mail address of the prospect.' })
  email?: string | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'Days for which the prospect is reserved for the partner: 1 to 365; default: `Program.prospectDays`.',
  })
  @Min(1, { message: 'must be from 1 to 365' })
  @Max(365, { message: 'must be from 1 to 365' })
  days?: number | null;
}

@InputType({ description: 'Filter of deals. Absent fields do not filter.' })
export class DealFilter {
  @Field(() => ID, { nullable: true, description: 'Rows of this partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;
}
