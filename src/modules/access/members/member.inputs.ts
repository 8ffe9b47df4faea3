import { MaxLength } from 'class-validator';
import { Field, InputType } from 'type-graphql';
import { MemberRole } from '../../../kernel/request/actor.ts';
import { Name } from '../../../kernel/request/input.ts';
import { EmailAddress } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'Whom to invite.' })
export class InviteMemberInput {
  @Field(() => EmailAddress, { description: 'Where the link goes.' })
  @MaxLength(254, { message: 'must be at most 254 characters long' })
  email!: string;

  @Field({ description: 'Name of the person.' })
  @Name(200)
  name!: string;

  @Field(() => MemberRole, { description: 'What the person may do.' })
  role!: MemberRole;

  @Field(() => String, {
    nullable: true,
    description: 'Makes the request repeatable: the same key gives the same member, and one mail.',
  })
  @Name(255)
  idempotencyKey?: string | null;
}
