import { ArrayMaxSize, ArrayMinSize } from 'class-validator';
import { Field, InputType } from 'type-graphql';
import { KnownCurrency } from '../../../kernel/request/kinds.ts';
import { Decimal, LocalDate } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'An exchange rate, in force from a day on.' })
export class ExchangeRateInput {
  @Field(() => String, { description: 'ISO 4217 code of the base currency, e.g. `EUR`.' })
  @KnownCurrency()
  base!: string;

  @Field(() => String, { description: 'ISO 4217 code of the quote currency.' })
  @KnownCurrency()
  quote!: string;

  @Field(() => Decimal, {
    description: 'Units of `quote` for one unit of `base`: more than 0, at most 12 decimals.',
  })
  rate!: string;

  @Field(() => LocalDate, { description: 'First day on which the rate is in force.' })
  effectiveOn!: string;
}

@InputType({ description: 'Exchange rates to enter. If one is refused, none is entered.' })
export class SetExchangeRatesInput {
  @Field(() => [ExchangeRateInput], { description: 'At most 250 rates.' })
  @ArrayMinSize(1, { message: 'must contain at least one rate' })
  @ArrayMaxSize(250, { message: 'must contain at most 250 rates' })
  rates!: ExchangeRateInput[];
}

@InputType({ description: 'Filter of exchange rates. Absent fields do not filter.' })
export class ExchangeRateFilter {
  @Field(() => String, { nullable: true, description: 'Rates with this currency as base or quote.' })
  @KnownCurrency()
  currency?: string | null;

  @Field(() => LocalDate, { nullable: true, description: 'First day, inclusive.' })
  from?: string | null;

  @Field(() => LocalDate, { nullable: true, description: 'Last day, inclusive.' })
  to?: string | null;
}
