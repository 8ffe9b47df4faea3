import { IsUUID } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { RailEventState } from './rail-event.entity.ts';

@InputType({ description: 'Filter for rail events. Fields that are left out do not restrict the result.' })
export class RailEventFilter {
  @Field(() => RailEventState, { nullable: true, description: 'Rail events with this state.' })
  state?: RailEventState | null;

  @Field(() => ID, { nullable: true, description: 'Rail events of this payout.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  payoutId?: string | null;
}
