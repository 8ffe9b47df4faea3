import { Field, InputType } from 'type-graphql';
import { MemberRole } from '../../../kernel/request/actor.ts';
import { ExternalId, Name } from '../../../kernel/request/kinds.ts';
import { EmailAddress } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'Data of an invitation.' })
export class InviteMemberInput {
  @Field(() => EmailAddress, { description: 'E-mail address to which the link is sent.' })
  email!: string;

  @Field({ description: 'Name of the person.' })
  @Name(200)
  name!: string;

  @Field(() => MemberRole, { description: 'Role of the person.' })
  role!: MemberRole;

  @Field(() => String, {
    nullable: true,
    description: 'Makes the request safe to repeat: the same key returns the same member and sends one mail.',
  })
  @ExternalId(255)
  idempotencyKey?: string | null;
}
