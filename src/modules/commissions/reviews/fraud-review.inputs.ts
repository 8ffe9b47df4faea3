import { Field, ID, InputType, Int } from 'type-graphql';
import { FraudOutcome, FraudRule, ReviewState } from '../../../domain/fraud.ts';

@InputType({ description: 'Which reviews; what is left out does not narrow.' })
export class FraudReviewFilter {
  @Field(() => ReviewState, { nullable: true, description: 'In this state; OPEN is what waits.' })
  state?: ReviewState | null;

  @Field(() => FraudOutcome, { nullable: true, description: 'Of this outcome.' })
  outcome?: FraudOutcome | null;

  @Field(() => FraudRule, { nullable: true, description: 'That this rule hit.' })
  rule?: FraudRule | null;

  @Field(() => ID, { nullable: true, description: 'Of this partner.' })
  partnerId?: string | null;

  @Field(() => Int, { nullable: true, description: 'With at least this score, rules in SHADOW included.' })
  minScore?: number | null;
}
