import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { type Days, Interval } from '../../../domain/metrics.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { LocalDate, Percentage } from '../../../kernel/request/scalars.ts';
import { Partner } from '../../partners/partner/public.ts';
import { CurrencyMetrics } from './metrics.type.ts';

registerEnumType(Interval, {
  name: 'MetricsInterval',
  description: 'How long a point of a series is.',
  valuesConfig: {
    DAY: { description: "A day of the program's time zone." },
    WEEK: { description: 'Monday to Sunday.' },
    MONTH: { description: 'A calendar month.' },
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
  description: 'What partners are compared by.',
  valuesConfig: {
    CLICKS: { description: 'Clicks.' },
    CONVERSIONS: { description: 'Referrals that became a purchase.' },
    CUSTOMERS: { description: 'Customers bound to it.' },
    ORDERS: { description: 'Sales.' },
    REVENUE: { description: 'Revenue net of tax and refunds.' },
    COMMISSION_EARNED: { description: 'Commissions made, net of refunds and rejections.' },
  },
});

export const LifetimeBasis = { CHURN: 'CHURN', HISTORICAL: 'HISTORICAL' } as const;
type LifetimeBasis = (typeof LifetimeBasis)[keyof typeof LifetimeBasis];
registerEnumType(LifetimeBasis, {
  name: 'LifetimeValueBasis',
  description: 'How the value of a customer was worked out.',
  valuesConfig: {
    CHURN: { description: 'Monthly revenue for each customer, by the part of them lost in a month.' },
    HISTORICAL: {
      description: 'Revenue for each customer so far: nobody was lost, or there is no subscription.',
    },
  },
});

@ObjectType({
  simpleResolvers: true,
  description:
    "Money of every currency in the program's, each day's at the rate in force on that day. What has no rate is left out and named.",
})
export class ConvertedMetrics {
  @Field(() => MoneyColumn, { description: 'Revenue net of tax and refunds.' })
  revenue!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'Commissions made, net of refunds and rejections.' })
  commissionEarned!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'Payouts confirmed.' })
  commissionPaid!: MoneyColumn;

  @Field(() => [String], {
    description: 'ISO 4217 codes of which some day had no exchange rate; that money is left out.',
  })
  missingRates!: string[];
}

@ObjectType({
  simpleResolvers: true,
  description:
    'What subscriptions bring, by customers: at the end of the period, or now, beside its start. Without a period: the 30 days until now.',
})
export class SubscriptionMetrics {
  @Field(() => MoneyColumn, {
    description:
      "What live subscriptions come to in a month. A partner's in its own currency; a program's in that of the program.",
  })
  mrr!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'The same at the start.' })
  mrrBefore!: MoneyColumn;

  @Field(() => [MoneyColumn], { description: 'The MRR of each currency, by code.' })
  mrrByCurrency!: MoneyColumn[];

  @Field(() => [String], {
    description: 'ISO 4217 codes that `mrr` leaves out for want of an exchange rate.',
  })
  missingRates!: string[];

  @Field(() => Int, { description: 'Customers with a live subscription at the start.' })
  customersAtStart!: number;

  @Field(() => Int, { description: 'Those of them that have none at the end.' })
  customersLost!: number;

  @Field(() => Int, { description: 'Customers that had none at the start and have one at the end.' })
  customersWon!: number;

  @Field(() => Percentage, {
    nullable: true,
    description: 'Customers lost for each at the start, percent with two decimals; null without any.',
  })
  churnRate!: number | null;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'What a customer is worth, by `lifetimeValueBasis`; null without customers.',
  })
  lifetimeValue!: MoneyColumn | null;

  @Field(() => LifetimeBasis, { description: 'How `lifetimeValue` was worked out.' })
  lifetimeValueBasis!: LifetimeBasis;
}

@ObjectType({
  simpleResolvers: true,
  description: 'What all have in common that sums up a program or a time.',
})
abstract class Totals extends ConvertedMetrics {
  @Field(() => Int, { description: 'Clicks.' })
  clicks!: number;

  @Field(() => Int, { description: 'Referrals that became a purchase.' })
  conversions!: number;

  @Field(() => Percentage, {
    nullable: true,
    description: 'Conversions for each click, percent with two decimals; null without clicks.',
  })
  conversionRate!: number | null;

  @Field(() => Int, { description: 'Sales.' })
  orders!: number;

  @Field(() => Int, { description: 'Customers bound to a partner.' })
  customers!: number;

  @Field(() => [CurrencyMetrics], { description: 'The money of each currency, by code.' })
  currencies!: CurrencyMetrics[];
}

@ObjectType({
  simpleResolvers: true,
  description:
    "The figures of the whole program, to date or for a period. Money is in the program's currency, each day's at the rate in force on that day.",
})
export class ProgramMetrics extends Totals {
  @Field(() => LocalDate, {
    nullable: true,
    description: 'First day of the period; null: since the beginning.',
  })
  periodStart!: string | null;

  @Field(() => LocalDate, { nullable: true, description: 'Last day of the period; null: until now.' })
  periodEnd!: string | null;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'Revenue for each sale whose rate is there; null without any.',
  })
  averageOrderValue!: MoneyColumn | null;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'Commissions for each click; null without clicks, and where `missingRates` are.',
  })
  earningsPerClick!: MoneyColumn | null;

  period!: Days | null; // for the fields that ProgramMetricsFieldsResolver serves
}

@ObjectType({ simpleResolvers: true, description: 'The figures of a day, a week or a month.' })
export class MetricsPoint extends Totals {
  @Field(() => LocalDate, { description: 'Its first day within the period.' })
  from!: string;

  @Field(() => LocalDate, { description: 'Its last day within the period.' })
  to!: string;
}

@ObjectType({
  simpleResolvers: true,
  description: 'What the next interval may bring, by those of the period that are whole and over.',
})
export class MetricsForecast {
  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'By the straight line that fits best; null of fewer than two.',
  })
  revenueByTrend!: MoneyColumn | null;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'By exponential smoothing with 0.5; null of none.',
  })
  revenueSmoothed!: MoneyColumn | null;
}

@ObjectType({ simpleResolvers: true, description: 'Figures over time, without a gap.' })
export class MetricsSeries {
  @Field(() => [MetricsPoint], {
    description: 'Oldest first; the first and the last are cut where the period is.',
  })
  points!: MetricsPoint[];

  @Field(() => MetricsForecast, { description: 'What the next interval may bring.' })
  forecast!: MetricsForecast;
}

@ObjectType({ simpleResolvers: true, description: 'A partner and what it is compared by.' })
export class RankedPartner {
  @Field(() => Partner, { description: 'The partner.' })
  partner!: Partner;

  @Field(() => Int, { description: 'Clicks.' })
  clicks!: number;

  @Field(() => Int, { description: 'Referrals that became a purchase.' })
  conversions!: number;

  @Field(() => Int, { description: 'Customers bound to it.' })
  customers!: number;

  @Field(() => Int, { description: 'Sales.' })
  orders!: number;

  @Field(() => MoneyColumn, {
    description: "Revenue in the program's currency, at the rates of the last day.",
  })
  revenue!: MoneyColumn;

  @Field(() => MoneyColumn, {
    description: "Commissions in the program's currency, at the rates of the last day.",
  })
  commissionEarned!: MoneyColumn;

  @Field(() => [String], { description: 'ISO 4217 codes that are left out for want of an exchange rate.' })
  missingRates!: string[];
}
