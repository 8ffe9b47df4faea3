import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { PayoutFrequency, SkipReason } from '../../domain/payout.ts';
import { Base, byTenant } from '../../kernel/base.entity.ts';

registerEnumType(SkipReason, {
  name: 'SkipReason',
  description: 'Why a payout run left a partner out.',
  valuesConfig: {
    NOTHING_TO_PAY: { description: 'No approved line in the period.' },
    NOT_POSITIVE: { description: 'Refunds outweigh what is owed; the rest is carried on.' },
    BELOW_MINIMUM: { description: "Less than the program's minimum payout; carried on." },
    NO_PAYOUT_METHOD: { description: 'It has not chosen how to be paid.' },
    NOT_ACTIVE: { description: 'It is not ACTIVE.' },
  },
});

@ObjectType({ simpleResolvers: true, description: 'A partner that a payout run left out.' })
export class SkippedPartner {
  @Field(() => ID, { description: 'The partner.' })
  partnerId!: string;

  @Field(() => SkipReason, { description: 'Why.' })
  reason!: SkipReason;
}

/** One run over every partner that is due. Its payouts wait for approval. */
@Entity({ tableName: 'payout_runs' })
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'One run over every partner that is due. Its payouts wait for approval.',
})
export class PayoutRun extends Base {
  @Field(() => Date, { description: 'Every period that had ended by this instant was paid.' })
  @Property({ type: 'timestamptz', length: 3 })
  asOf!: Date;

  @Field(() => PayoutFrequency, {
    nullable: true,
    description: 'The only frequency that was run; null: all.',
  })
  @Enum({ items: () => PayoutFrequency, nullable: true })
  frequency?: PayoutFrequency | null;

  @Field(() => Int, { description: 'Payouts made.' })
  @Property({ type: 'integer' })
  payoutCount!: number;

  @Property({ type: 'text' })
  createdBy!: string;

  @Field(() => [SkippedPartner], { description: 'Partners that were left out, with the reason.' })
  @Property({ type: 'json' })
  skipped!: SkippedPartner[];
}
