import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { Days } from '../../../domain/metrics.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { LocalDate, Percentage } from '../../../kernel/request/scalars.ts';
import type { Partner } from '../../partners/partner/public.ts';

@ObjectType({ simpleResolvers: true, description: 'What one source of visitors brought.' })
export class SourceMetrics {
  @Field({ description: '`utm_source`, referring host or `direct`; `(none)` for sales without a click.' })
  source!: string;

  @Field(() => Int, { description: 'Clicks.' })
  clicks!: number;

  @Field(() => Int, { description: 'Conversions.' })
  conversions!: number;

  @Field(() => MoneyColumn, { description: "Net revenue in the partner's currency." })
  revenue!: MoneyColumn;
}

@ObjectType({ simpleResolvers: true, description: 'What one link or one campaign brought.' })
export class NamedMetrics {
  @Field(() => ID, { description: 'The id of the link, or the word of the campaign.' })
  name!: string;

  @Field(() => Int, { description: 'Clicks.' })
  clicks!: number;

  @Field(() => Int, { description: 'Conversions.' })
  conversions!: number;

  @Field(() => Percentage, {
    nullable: true,
    description: 'Conversions for each click; null without clicks.',
  })
  conversionRate!: number | null;

  @Field(() => MoneyColumn, { description: "Net revenue in the partner's currency." })
  revenue!: MoneyColumn;

  @Field(() => MoneyColumn, { description: "Commissions made, in the partner's currency." })
  commissionEarned!: MoneyColumn;
}

@ObjectType({ simpleResolvers: true, description: 'The money of one currency.' })
export class CurrencyMetrics {
  @Field({ description: 'ISO 4217 code.' })
  currency!: string;

  @Field(() => Int, { description: 'Sales.' })
  orders!: number;

  @Field(() => MoneyColumn, { description: 'Revenue net of refunds.' })
  revenue!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'Commissions made, net of refunds and rejections.' })
  commissionEarned!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'Payouts confirmed.' })
  commissionPaid!: MoneyColumn;
}

@ObjectType({
  simpleResolvers: true,
  description:
    "A partner's figures, to date or for a period. Counts are over all currencies, money is in the partner's own; `currencies` has the others.",
})
export class PartnerMetrics {
  @Field(() => LocalDate, {
    nullable: true,
    description: 'First day of the period; null: since the beginning.',
  })
  periodStart!: string | null;

  @Field(() => LocalDate, { nullable: true, description: 'Last day of the period; null: until now.' })
  periodEnd!: string | null;

  @Field(() => Int, { description: 'Clicks on its links.' })
  clicks!: number;

  @Field(() => Int, { description: 'Referrals that became a purchase.' })
  conversions!: number;

  @Field(() => Percentage, {
    nullable: true,
    description: 'Conversions for each click, percent with two decimals; null without clicks.',
  })
  conversionRate!: number | null;

  @Field(() => Int, { description: 'Customers bound to it.' })
  customers!: number;

  @Field(() => MoneyColumn, { description: 'Revenue that it brought, net of tax and refunds.' })
  revenue!: MoneyColumn;

  @Field(() => MoneyColumn, { nullable: true, description: 'Revenue for each sale; null without sales.' })
  averageOrderValue!: MoneyColumn | null;

  @Field(() => MoneyColumn, {
    nullable: true,
    description:
      'Revenue for each customer so far; null without customers. `subscriptions.lifetimeValue` looks ahead where churn is known.',
  })
  customerLifetimeValue!: MoneyColumn | null;

  @Field(() => MoneyColumn, { description: 'Commissions made, net of refunds and rejections.' })
  commissionEarned!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'Payouts confirmed.' })
  commissionPaid!: MoneyColumn;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'Commissions for each click; null without clicks.',
  })
  earningsPerClick!: MoneyColumn | null;

  @Field(() => [CurrencyMetrics], { description: 'The money of each currency, by code.' })
  currencies!: CurrencyMetrics[];

  @Field(() => [SourceMetrics], { description: 'What each source of visitors brought, most clicks first.' })
  sources!: SourceMetrics[];

  @Field(() => Date, { description: 'When the figures last changed.' })
  calculatedAt!: Date;

  of!: MetricsOf; // served by PartnerMetricsFieldsResolver
}

/** Whose figures they are, and of when. */
export interface MetricsOf extends Pick<Partner, 'id' | 'currency'> {
  readonly period: Days | null;
}
