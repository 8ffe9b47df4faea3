import { IsUUID } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { Name } from '../../../kernel/request/input.ts';
import { DateTime } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'Which entries; what is left out does not narrow.' })
export class AuditFilter {
  @Field(() => ID, { nullable: true, description: 'About this row, alone or among others.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  subjectId?: string | null;

  @Field(() => ID, { nullable: true, description: 'That concern this partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;

  @Field(() => String, { nullable: true, description: 'Of this action, e.g. `payout.approved`.' })
  @Name(100)
  action?: string | null;

  @Field(() => ID, { nullable: true, description: 'By this actor.' })
  @Name(200)
  actorId?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Made at this instant or later.' })
  from?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Made before this instant.' })
  to?: Date | null;
}
