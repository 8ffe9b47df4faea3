import { IsUUID } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { ExternalId } from '../../../kernel/request/kinds.ts';
import { DateTime } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'Filter of audit entries; an absent field does not restrict.' })
export class AuditFilter {
  @Field(() => ID, { nullable: true, description: 'Entries about this row, alone or among others.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  subjectId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Entries that concern this partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;

  @Field(() => String, { nullable: true, description: 'Entries of this action, e.g. `payout.approved`.' })
  @ExternalId(100)
  action?: string | null;

  @Field(() => ID, { nullable: true, description: 'Entries of this actor.' })
  @ExternalId(200)
  actorId?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Entries at or after this time.' })
  from?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Entries before this time.' })
  to?: Date | null;
}
