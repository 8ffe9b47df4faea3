import { Field, ID, InputType, Int } from 'type-graphql';
import { FraudOutcome, FraudRule, ReviewState } from '../../../domain/fraud.ts';

@InputType({
  description: 'Conditions that reviews must meet. An absent condition does not restrict the result.',
})
export class FraudReviewFilter {
  @Field(() => ReviewState, {
    nullable: true,
    description: 'Reviews in this state. OPEN selects the reviews that wait for a decision.',
  })
  state?: ReviewState | null;

  @Field(() => FraudOutcome, { nullable: true, description: 'Reviews with this outcome.' })
  outcome?: FraudOutcome | null;

  @Field(() => FraudRule, { nullable: true, description: 'Reviews of sales that this rule matched.' })
  rule?: FraudRule | null;

  @Field(() => ID, { nullable: true, description: "Reviews of this partner's sales." })
  partnerId?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Reviews with at least this score, rules in SHADOW included.',
  })
  minScore?: number | null;
}
