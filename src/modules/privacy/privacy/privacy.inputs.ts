import { IsUUID, Matches, MaxLength } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { Name } from '../../../kernel/request/input.ts';
import { EmailAddress } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'Who is meant: exactly one of partnerId, memberId, customerId and email.' })
export class PersonInput {
  @Field(() => ID, {
    nullable: true,
    description: 'A partner with its people, also one that left the program.',
  })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;

  @Field(() => ID, { nullable: true, description: "A person of a partner's organisation." })
  @IsUUID(undefined, { message: 'must be a UUID' })
  memberId?: string | null;

  @Field(() => String, { nullable: true, description: 'A customer, by your own id of it or by ours.' })
  @Name(255)
  customerId?: string | null;

  @Field(() => EmailAddress, {
    nullable: true,
    description: 'Everybody of the tenant with this e-mail address, in any case.',
  })
  @MaxLength(254, { message: 'must be at most 254 characters long' })
  email?: string | null;

  @Field(() => String, { nullable: true, description: "The tenant. Default: the credential's." })
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, {
    message: 'must be 1 to 100 letters, digits, dots, dashes or underscores',
  })
  tenantId?: string | null;
}
