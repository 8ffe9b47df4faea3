import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { type Days, Interval } from '../../../domain/metrics.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { LocalDate, Percentage } from '../../../kernel/request/scalars.ts';
import { Partner } from '../../partners/partner/public.ts';
import { Amounts, CountsAndAmounts } from './figures.type.ts';
import { AVERAGE_ORDER_VALUE, CurrencyMetrics, EARNINGS_PER_CLICK, MISSING_RATES } from './metrics.type.ts';

registerEnumType(Interval, {
  name: 'MetricsInterval',
  description: 'Length of a point of a metrics series.',
  valuesConfig: {
    DAY: { description: "One day in the program's time zone." },
    WEEK: { description: 'One week, Monday to Sunday.' },
    MONTH: { description: 'One calendar month.' },
  },
});

export const Ranking = {
  CLICKS: 'CLICKS',
  CONVERSIONS: 'CONVERSIONS',
  CUSTOMERS: 'CUSTOMERS',
  ORDERS: 'ORDERS',
  REVENUE: 'REVENUE',
  COMMISSION_EARNED: 'COMMISSION_EARNED',
} as const;
export type Ranking = (typeof Ranking)[keyof typeof Ranking];
registerEnumType(Ranking, {
  name: 'PartnerRanking',
  description: 'Metric by which partners are ranked.',
  valuesConfig: {
    CLICKS: { description: 'Number of clicks.' },
    CONVERSIONS: { description: 'Number of referrals that led to a purchase or a free trial.' },
    CUSTOMERS: { description: 'Number of customers bound to the partner.' },
    ORDERS: { description: 'Number of sales.' },
    REVENUE: { description: 'Revenue, net of tax and refunds.' },
    COMMISSION_EARNED: { description: 'Commissions earned, net of refunds and rejections.' },
  },
});

export const LifetimeBasis = { CHURN: 'CHURN', HISTORICAL: 'HISTORICAL' } as const;
type LifetimeBasis = (typeof LifetimeBasis)[keyof typeof LifetimeBasis];
registerEnumType(LifetimeBasis, {
  name: 'LifetimeValueBasis',
  description: 'Method by which the customer lifetime value was computed.',
  valuesConfig: {
    CHURN: { description: 'Monthly revenue per customer, divided by the monthly churn rate.' },
    HISTORICAL: {
      description: 'Revenue per customer so far, because no customer was lost or there is no subscription.',
    },
  },
});

@ObjectType({
  simpleResolvers: true,
  description:
    "Amounts of all currencies, converted to the program's currency at the exchange rate of each day. Amounts without a rate are left out and listed in `missingRates`.",
})
export class ConvertedMetrics extends Amounts {
  @Field(() => [String], MISSING_RATES)
  missingRates!: string[];
}

@ObjectType({
  simpleResolvers: true,
  description:
    'MRR and churn at the end of the period compared with its start. Without a period: the 30 days until now.',
})
export class SubscriptionMetrics {
  @Field(() => MoneyColumn, {
    description:
      "Monthly recurring revenue of active subscriptions at the end. In the partner's currency for a partner, in the program's currency for a program.",
  })
  mrr!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'Monthly recurring revenue at the start.' })
  mrrBefore!: MoneyColumn;

  @Field(() => [MoneyColumn], { description: 'MRR per currency at the end, ordered by currency code.' })
  mrrByCurrency!: MoneyColumn[];

  @Field(() => [String], {
    description:
      'ISO 4217 codes of the currencies that `mrr` leaves out because an exchange rate is missing.',
  })
  missingRates!: string[];

  @Field(() => Int, { description: 'Number of customers with an active subscription at the start.' })
  customersAtStart!: number;

  @Field(() => Int, {
    description: 'Number of customers with an active subscription at the start and none at the end.',
  })
  customersLost!: number;

  @Field(() => Int, {
    description: 'Number of customers with no active subscription at the start and one at the end.',
  })
  customersWon!: number;

  @Field(() => Percentage, {
    nullable: true,
    description:
      'Lost customers divided by customers at the start, as a percentage with two decimals. Null without customers at the start.',
  })
  churnRate!: number | null;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'Customer lifetime value, computed by `lifetimeValueBasis`. Null without customers.',
  })
  lifetimeValue!: MoneyColumn | null;

  @Field(() => LifetimeBasis, { description: 'Method by which `lifetimeValue` was computed.' })
  lifetimeValueBasis!: LifetimeBasis;
}

@ObjectType({
  simpleResolvers: true,
  description: 'Common fields of the metrics of a program and of a point in a series.',
})
abstract class Totals extends CountsAndAmounts {
  @Field(() => Int, { description: 'Number of sales.' })
  orders!: number;

  @Field(() => [CurrencyMetrics], { description: 'Amounts per currency, ordered by currency code.' })
  currencies!: CurrencyMetrics[];

  @Field(() => [String], MISSING_RATES)
  missingRates!: string[];
}

@ObjectType({
  simpleResolvers: true,
  description:
    "Metrics of the whole program, to date or for a period. Amounts are in the program's currency, converted at the exchange rate of each day: a refund at the rate of the day of its sale.",
})
export class ProgramMetrics extends Totals {
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
    description: EARNINGS_PER_CLICK,
  })
  earningsPerClick!: MoneyColumn | null;

  customerLifetimeValue!: MoneyColumn | null;
  period!: Days | null; // both for the fields that ProgramMetricsFieldsResolver serves
}

@ObjectType({ simpleResolvers: true, description: 'Metrics of a day, a week or a month.' })
export class MetricsPoint extends Totals {
  @Field(() => LocalDate, { description: 'First day of the point within the period.' })
  from!: string;

  @Field(() => LocalDate, { description: 'Last day of the point within the period, inclusive.' })
  to!: string;
}

@ObjectType({
  simpleResolvers: true,
  description: 'Forecast of the next interval, from the complete past intervals of the period.',
})
export class MetricsForecast {
  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'Revenue by linear regression. Null with fewer than two complete intervals.',
  })
  revenueByTrend!: MoneyColumn | null;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'Revenue by exponential smoothing with factor 0.5. Null without a complete interval.',
  })
  revenueSmoothed!: MoneyColumn | null;
}

@ObjectType({ simpleResolvers: true, description: 'Metrics over time, without gaps.' })
export class MetricsSeries {
  @Field(() => [MetricsPoint], {
    description:
      'Points of the series, oldest first. The first and the last point are cut at the ends of the period.',
  })
  points!: MetricsPoint[];

  @Field(() => MetricsForecast, { description: 'Forecast of the next interval.' })
  forecast!: MetricsForecast;
}

@ObjectType({ simpleResolvers: true, description: 'A partner with the metrics of the ranking.' })
export class RankedPartner {
  @Field(() => Partner, { description: 'The partner.' })
  partner!: Partner;

  @Field(() => Int, { description: 'Number of clicks.' })
  clicks!: number;

  @Field(() => Int, { description: 'Number of referrals that led to a purchase or a free trial.' })
  conversions!: number;

  @Field(() => Int, { description: 'Number of customers bound to the partner.' })
  customers!: number;

  @Field(() => Int, { description: 'Number of sales.' })
  orders!: number;

  @Field(() => MoneyColumn, {
    description:
      "Revenue, net of tax and refunds, in the program's currency at the exchange rates of the last day.",
  })
  revenue!: MoneyColumn;

  @Field(() => MoneyColumn, {
    description:
      "Commissions earned, net of refunds and rejections, in the program's currency at the exchange rates of the last day.",
  })
  commissionEarned!: MoneyColumn;

  @Field(() => [String], {
    description: 'ISO 4217 codes of the currencies that are left out because an exchange rate is missing.',
  })
  missingRates!: string[];
}
