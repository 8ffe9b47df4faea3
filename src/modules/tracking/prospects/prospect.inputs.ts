import { IsUUID } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { Domain } from '../../../kernel/request/kinds.ts';
import { EmailAddress } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'Prospect to check: its domain, its e-mail address or both.' })
export class CheckProspectInput {
  @Field(() => String, {
    nullable: true,
    description: 'Domain of the prospect, e.g. `example.com`.',
  })
  @Domain()
  domain?: string | null;

  @Field(() => EmailAddress, { nullable: true, description: 'E-mail address of the prospect.' })
  email?: string | null;

  @Field(() => ID, {
    nullable: true,
    description:
      'Partner that asks. Default: your own; for staff, no partner, so the answer is FREE or TAKEN.',
  })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;
}
