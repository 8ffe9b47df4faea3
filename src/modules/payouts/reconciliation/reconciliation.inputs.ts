import { Field, InputType } from 'type-graphql';
import { PayoutMethod } from '../../../domain/payout.ts';
import { DateTime } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'The rail and the period to reconcile.' })
export class StartReconciliationInput {
  @Field(() => PayoutMethod, { description: 'Payout method whose rail is compared.' })
  method!: PayoutMethod;

  @Field(() => DateTime, { description: 'Start of the period, inclusive.' })
  from!: Date;

  @Field(() => DateTime, { description: 'End of the period, exclusive; at most 366 days after `from`.' })
  to!: Date;
}
