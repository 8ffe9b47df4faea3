import { Field, InputType } from 'type-graphql';
import { PayoutMethod } from '../../../domain/payout.ts';
import { DateTime } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'Which books to compare.' })
export class StartReconciliationInput {
  @Field(() => PayoutMethod, { description: 'The method whose rail is compared.' })
  method!: PayoutMethod;

  @Field(() => DateTime, { description: 'The first instant of the period.' })
  from!: Date;

  @Field(() => DateTime, { description: 'The first instant after it; at most 366 days later.' })
  to!: Date;
}
