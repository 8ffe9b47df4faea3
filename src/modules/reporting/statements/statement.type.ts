import { Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import { StatementCause } from '../../../domain/statement.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { LocalDate } from '../../../kernel/request/scalars.ts';

registerEnumType(StatementCause, {
  name: 'StatementCauseKind',
  description: "Kind of a movement on a partner's account.",
  valuesConfig: {
    COMMISSION_ACCRUED: { description: 'A commission was approved and is owed.' },
    COMMISSION_REVERSED: { description: 'A refund reversed a commission or a part of it.' },
    COMMISSION_WITHDRAWN: { description: 'A commission was rejected after its approval.' },
    COMMISSION_HELD: {
      description: 'A dispute holds an approved commission or its refund, so it is not payable.',
    },
    COMMISSION_RELEASED: { description: 'The dispute over a held commission ended.' },
    PAYOUT_SENT: { description: 'A payout was sent to its rail.' },
    PAYOUT_FAILED: { description: 'The rail refused a payout. Its amount is owed again.' },
    PAYOUT_RETURNED: { description: 'A payout was returned. Its amount is owed again.' },
  },
});

@ObjectType({ simpleResolvers: true, description: 'Cause of a statement line.' })
export class StatementLineCause {
  @Field(() => StatementCause, { description: 'Kind of the cause.' })
  kind!: StatementCause;

  @Field(() => ID, { nullable: true, description: 'Id of the commission; null for a payout.' })
  commissionId!: string | null;

  @Field(() => ID, { nullable: true, description: 'Id of the payout; null for a commission.' })
  payoutId!: string | null;
}

@ObjectType({ simpleResolvers: true, description: "One movement on a partner's account." })
export class StatementLine {
  @Field(() => Date, { description: 'Time of the posting.' })
  at!: Date;

  @Field(() => StatementLineCause, { description: 'Cause of the movement.' })
  cause!: StatementLineCause;

  @Field({ description: 'Description of the movement as a sentence.' })
  sentence!: string;

  @Field(() => MoneyColumn, { description: 'Change of the balance. Negative when the balance decreases.' })
  amount!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'Balance owed to the partner after the movement.' })
  balance!: MoneyColumn;
}

@ObjectType({
  simpleResolvers: true,
  description:
    'Account of a partner in one currency for a period: opening balance, movements and closing balance.',
})
export class PartnerStatement {
  @Field(() => LocalDate, { description: 'First day of the statement.' })
  from!: string;

  @Field(() => LocalDate, { description: 'Last day of the statement, inclusive.' })
  to!: string;

  @Field({ description: 'ISO 4217 code of the statement.' })
  currency!: string;

  @Field(() => [String], {
    description:
      "ISO 4217 codes of the other currencies in which the partner's account moved up to the last day. Each has a statement of its own.",
  })
  otherCurrencies!: string[];

  @Field(() => MoneyColumn, { description: 'Balance owed to the partner before the first day.' })
  opening!: MoneyColumn;

  @Field(() => [StatementLine], { description: 'All movements in the period, oldest first.' })
  lines!: StatementLine[];

  @Field(() => MoneyColumn, {
    description: 'Balance owed to the partner after the last day: the opening balance plus all lines.',
  })
  closing!: MoneyColumn;
}
