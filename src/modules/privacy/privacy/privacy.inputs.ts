import { IsUUID } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { ExternalId, Pattern } from '../../../kernel/request/kinds.ts';
import { EmailAddress } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'A person or partner: exactly one of partnerId, memberId, customerId and email.' })
export class PersonInput {
  @Field(() => ID, {
    nullable: true,
    description: 'Id of a partner, including its members. A partner that left the program is found too.',
  })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Id of a member of a partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  memberId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Id of a customer: your own `externalId`, or the id of this API.',
  })
  @ExternalId(255)
  customerId?: string | null;

  @Field(() => EmailAddress, {
    nullable: true,
    description:
      'E-mail address, in upper or lower case. Selects every person of the tenant with this address.',
  })
  email?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Id of the tenant. Default: the tenant of the credential.',
  })
  @Pattern(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
    'must be 1 to 100 letters, digits, dots, dashes or underscores',
  )
  tenantId?: string | null;
}
