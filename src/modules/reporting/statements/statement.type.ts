import { Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import { StatementCause } from '../../../domain/statement.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { LocalDate } from '../../../kernel/request/scalars.ts';

registerEnumType(StatementCause, {
  name: 'StatementCauseKind',
  description: "What moved a partner's account.",
  valuesConfig: {
    COMMISSION_ACCRUED: { description: 'A line was approved: it is owed.' },
    COMMISSION_REVERSED: { description: 'A refund took back a share of a line.' },
    COMMISSION_WITHDRAWN: { description: 'A line was rejected after its approval.' },
    PAYOUT_SENT: { description: 'A payout was handed to its rail.' },
    PAYOUT_FAILED: { description: 'The rail refused a payout: it is owed again.' },
    PAYOUT_RETURNED: { description: 'A payout came back: it is owed again.' },
  },
});

@ObjectType({ simpleResolvers: true, description: "What a statement's line comes from." })
export class StatementLineCause {
  @Field(() => StatementCause, { description: 'What happened.' })
  kind!: StatementCause;

  @Field(() => ID, { description: 'Id of the commission or payout that it happened to.' })
  id!: string;
}

@ObjectType({ simpleResolvers: true, description: 'One movement of what a partner is owed.' })
export class StatementLine {
  @Field(() => Date, { description: 'When it was posted.' })
  at!: Date;

  @Field(() => StatementLineCause, { description: 'What it comes from.' })
  cause!: StatementLineCause;

  @Field({ description: 'The same in words.' })
  sentence!: string;

  @Field(() => MoneyColumn, { description: 'What it adds to what the partner is owed; negative: takes off.' })
  amount!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'What the partner is owed after it.' })
  balance!: MoneyColumn;
}

@ObjectType({
  simpleResolvers: true,
  description:
    'What a partner was owed in one currency before some days, what moved it, and what it was owed after them.',
})
export class PartnerStatement {
  @Field(() => LocalDate, { description: 'Its first day.' })
  from!: string;

  @Field(() => LocalDate, { description: 'Its last day.' })
  to!: string;

  @Field({ description: 'ISO 4217 code.' })
  currency!: string;

  @Field(() => MoneyColumn, { description: 'What was owed before the first day.' })
  opening!: MoneyColumn;

  @Field(() => [StatementLine], { description: 'Every movement of these days, oldest first.' })
  lines!: StatementLine[];

  @Field(() => MoneyColumn, { description: 'What was owed after the last day: the opening and every line.' })
  closing!: MoneyColumn;
}
