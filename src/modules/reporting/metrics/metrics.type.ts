import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { Days } from '../../../domain/metrics.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { LocalDate, Percentage } from '../../../kernel/request/scalars.ts';
import type { Partner } from '../../partners/partner/public.ts';
import { Amounts, CountsAndAmounts } from './figures.type.ts';

export const MISSING_RATES = {
  description:
    'ISO 4217 codes of the currencies without an exchange rate for at least one day. Their amounts of those days are left out.',
};
export const AVERAGE_ORDER_VALUE =
  'Revenue divided by the number of sales that have an exchange rate. Null without such sales.';
export const EARNINGS_PER_CLICK =
  'Commissions earned divided by clicks. Null without clicks and when `missingRates` is not empty.';
const CONVERTED = "in the partner's currency at the exchange rate of each day";

@ObjectType({ simpleResolvers: true, description: 'Metrics of one traffic source.' })
export class SourceMetrics {
  @Field({
    description:
      'Name of the source: `utm_source`, referring host or `direct`; `(none)` for sales without a click.',
  })
  source!: string;

  @Field(() => Int, { description: 'Number of clicks.' })
  clicks!: number;

  @Field(() => Int, { description: 'Number of conversions.' })
  conversions!: number;

  @Field(() => MoneyColumn, { description: `Net revenue, ${CONVERTED}.` })
  revenue!: MoneyColumn;

  @Field(() => [String], MISSING_RATES)
  missingRates!: string[];
}

@ObjectType({ simpleResolvers: true, description: 'Metrics of one tracking link or one campaign.' })
export class NamedMetrics {
  @Field(() => ID, { description: 'Id of the tracking link, or name of the campaign.' })
  name!: string;

  @Field(() => Int, { description: 'Number of clicks.' })
  clicks!: number;

  @Field(() => Int, { description: 'Number of conversions.' })
  conversions!: number;

  @Field(() => Percentage, {
    nullable: true,
    description: 'Conversions divided by clicks, as a percentage with two decimals. Null without clicks.',
  })
  conversionRate!: number | null;

  @Field(() => MoneyColumn, { description: `Net revenue, ${CONVERTED}.` })
  revenue!: MoneyColumn;

  @Field(() => MoneyColumn, {
    description: `Commissions earned, net of refunds and rejections, ${CONVERTED}.`,
  })
  commissionEarned!: MoneyColumn;

  @Field(() => [String], MISSING_RATES)
  missingRates!: string[];
}

@ObjectType({ simpleResolvers: true, description: 'Amounts in one currency.' })
export class CurrencyMetrics extends Amounts {
  @Field({ description: 'ISO 4217 code.' })
  currency!: string;

  @Field(() => Int, { description: 'Number of sales.' })
  orders!: number;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'Revenue divided by the number of sales. Null without sales.',
  })
  averageOrderValue!: MoneyColumn | null;
}

@ObjectType({
  simpleResolvers: true,
  description:
    "Metrics of a partner, to date or for a period, of all currencies. Amounts are in the partner's currency, converted at the exchange rate of each day: a refund at the rate of the day of its sale. `currencies` has the amounts in the currencies of the sales and commissions.",
})
export class PartnerMetrics extends CountsAndAmounts {
  @Field(() => LocalDate, {
    nullable: true,
    description: 'First day of the period. Null for metrics to date.',
  })
  periodStart!: string | null;

  @Field(() => LocalDate, {
    nullable: true,
    description: 'Last day of the period, inclusive. Null for metrics to date.',
  })
  periodEnd!: string | null;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: AVERAGE_ORDER_VALUE,
  })
  averageOrderValue!: MoneyColumn | null;

  @Field(() => MoneyColumn, {
    nullable: true,
    description:
      'Revenue so far, divided by the number of customers. Null without customers and when `missingRates` is not empty. `subscriptions.lifetimeValue` is a forecast where churn is known.',
  })
  customerLifetimeValue!: MoneyColumn | null;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: EARNINGS_PER_CLICK,
  })
  earningsPerClick!: MoneyColumn | null;

  @Field(() => [String], MISSING_RATES)
  missingRates!: string[];

  @Field(() => [CurrencyMetrics], { description: 'Amounts per currency, ordered by currency code.' })
  currencies!: CurrencyMetrics[];

  @Field(() => [SourceMetrics], { description: 'Metrics per traffic source, most clicks first.' })
  sources!: SourceMetrics[];

  @Field(() => Date, { description: 'Time of the last change of the metrics.' })
  calculatedAt!: Date;

  of!: MetricsOf; // served by PartnerMetricsFieldsResolver
}

/** The partner and the period of the metrics. */
export interface MetricsOf extends Pick<Partner, 'id' | 'currency'> {
  readonly period: Days | null;
}
