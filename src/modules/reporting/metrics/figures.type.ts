import { Field, Int, ObjectType } from 'type-graphql';
import { FIGURES } from '../../../domain/metrics.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import { Percentage } from '../../../kernel/request/scalars.ts';

type Figure = (typeof FIGURES)[number];
type WithoutUnit<Name> = Name extends `${infer Amount}_minor` ? Amount : never;
type Count = Exclude<Figure, `${string}_minor`>;
export type Amount = WithoutUnit<Figure>;

/** The figures of a row; amounts are in minor units. */
export type Figures = Readonly<Record<Count | Amount, bigint>>;

const COUNTS = FIGURES.filter((figure): figure is Count => !figure.endsWith('_minor'));
export const AMOUNTS = FIGURES.filter((figure) => figure.endsWith('_minor')).map(withoutUnit) as Amount[];

function withoutUnit(figure: Figure): string {
  return figure.replace('_minor', '');
}

/** Selects each figure of `row`, named as in `Figures`. */
export const figuresOf = (row: string): Sql =>
  sql.raw(FIGURES.map((figure) => `${row}.${figure} as ${withoutUnit(figure)}`).join(', '));

/** Selects the sum of each figure over the rows `row`, named as in `Figures`. */
export const sumsOf = (row: string): Sql =>
  sql.raw(FIGURES.map((figure) => `sum(${row}.${figure})::bigint as ${withoutUnit(figure)}`).join(', '));

@ObjectType({ simpleResolvers: true, description: 'Amounts of metrics.' })
export abstract class Amounts {
  @Field(() => MoneyColumn, { description: 'Revenue, net of tax and refunds.' })
  revenue!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'Commissions earned, net of refunds and rejections.' })
  commissionEarned!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'Sum of the confirmed payouts.' })
  commissionPaid!: MoneyColumn;
}

const FIELDS: Record<Amount, keyof Amounts> = {
  revenue: 'revenue',
  earned: 'commissionEarned',
  paid: 'commissionPaid',
};

@ObjectType({ simpleResolvers: true, description: 'Counts and amounts of metrics.' })
export abstract class CountsAndAmounts extends Amounts {
  @Field(() => Int, { description: 'Number of clicks.' })
  clicks!: number;

  @Field(() => Int, { description: 'Number of referrals that led to a purchase or a free trial.' })
  conversions!: number;

  @Field(() => Percentage, {
    nullable: true,
    description: 'Conversions divided by clicks, as a percentage with two decimals. Null without clicks.',
  })
  conversionRate!: number | null;

  @Field(() => Int, { description: 'Number of customers bound to a partner.' })
  customers!: number;
}

/** Sums the counts of rows. */
export function sumCounts(rows: readonly Figures[]): Record<Count, bigint> {
  const sum = (count: Count) => rows.reduce((total, row) => total + row[count], 0n);
  return Object.fromEntries(COUNTS.map((count) => [count, sum(count)])) as Record<Count, bigint>;
}

/** The amounts in a currency, by field. */
export const toAmounts = (currency: string, minorOf: (amount: Amount) => bigint): Amounts =>
  Object.fromEntries(
    AMOUNTS.map((amount) => [FIELDS[amount], new MoneyColumn({ minor: minorOf(amount), currency })]),
  ) as Record<keyof Amounts, MoneyColumn>;
