import { IsUUID } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { LeadStatus } from '../../../domain/prospect.ts';
import { Domain, Name } from '../../../kernel/request/kinds.ts';
import { EmailAddress } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'Data of a lead.' })
export class SubmitLeadInput {
  @Field(() => ID, { description: 'Partner that submits the lead.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId!: string;

  @Field({ description: 'The company.' })
  @Name(200)
  company!: string;

  @Field(() => String, { nullable: true, description: 'Name of the contact person.' })
  @Name(200)
  contactName?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Domain of the prospect, e.g. `example.com`, with all subdomains. Not a public mail service.',
  })
  @Domain()
  domain?: string | null;

  @Field(() => EmailAddress, { nullable: true, description: 'E-mail address of the contact.' })
  email?: string | null;

  @Field(() => String, { nullable: true, description: 'Notes.' })
  @Name(2_000)
  notes?: string | null;
}

@InputType({ description: 'Filter of leads. Absent fields do not filter.' })
export class LeadFilter {
  @Field(() => ID, { nullable: true, description: 'Rows of this partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;

  @Field(() => LeadStatus, { nullable: true, description: 'Rows with this status.' })
  status?: LeadStatus | null;
}
