import { IsUUID, MaxLength } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { LeadStatus } from '../../../domain/prospect.ts';
import { Name } from '../../../kernel/request/input.ts';
import { EmailAddress } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'Somebody who may buy.' })
export class SubmitLeadInput {
  @Field(() => ID, { description: 'The partner that names it.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId!: string;

  @Field({ description: 'The company.' })
  @Name(200)
  company!: string;

  @Field(() => String, { nullable: true, description: 'Whom to talk to.' })
  @Name(200)
  contactName?: string | null;

  @Field(() => EmailAddress, { nullable: true, description: 'Its e-mail address.' })
  @MaxLength(254, { message: 'must be at most 254 characters long' })
  email?: string | null;

  @Field(() => String, { nullable: true, description: 'What there is to say of it.' })
  @Name(2_000)
  notes?: string | null;
}

@InputType({ description: 'Which leads; what is left out does not narrow.' })
export class LeadFilter {
  @Field(() => ID, { nullable: true, description: 'Of this partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;

  @Field(() => LeadStatus, { nullable: true, description: 'Of this status.' })
  status?: LeadStatus | null;
}
