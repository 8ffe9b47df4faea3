import { IsUUID } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { RailEventState } from './rail-event.entity.ts';

@InputType({ description: 'Which messages of rails; what is left out does not narrow.' })
export class RailEventFilter {
  @Field(() => RailEventState, { nullable: true, description: 'Of this state.' })
  state?: RailEventState | null;

  @Field(() => ID, { nullable: true, description: 'About this payout.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  payoutId?: string | null;
}
