import { ArrayMaxSize, ArrayMinSize } from 'class-validator';
import { Field, InputType } from 'type-graphql';
import { Decimal, LocalDate } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'What one unit of a currency is worth in another, from a day on.' })
export class ExchangeRateInput {
  @Field(() => String, { description: 'ISO 4217 code of the currency that one unit is of, e.g. `EUR`.' })
  base!: string;

  @Field(() => String, { description: 'ISO 4217 code of the currency that it is worth the rate in.' })
  quote!: string;

  @Field(() => Decimal, {
    description: 'Units of `quote` for one of `base`: more than 0, at most 12 decimals.',
  })
  rate!: string;

  @Field(() => LocalDate, { description: 'From which day on.' })
  effectiveOn!: string;
}

@InputType({ description: 'Exchange rates to enter: all of them, or none where one is refused.' })
export class SetExchangeRatesInput {
  @Field(() => [ExchangeRateInput], { description: 'At most 250 of them.' })
  @ArrayMinSize(1, { message: 'must hold a rate' })
  @ArrayMaxSize(250, { message: 'takes at most 250 rates' })
  rates!: ExchangeRateInput[];
}

@InputType({ description: 'Which rates; what is left out does not narrow.' })
export class ExchangeRateFilter {
  @Field(() => String, { nullable: true, description: 'Of this currency, as base or as quote.' })
  currency?: string | null;

  @Field(() => LocalDate, { nullable: true, description: 'From this day on, itself included.' })
  from?: string | null;

  @Field(() => LocalDate, { nullable: true, description: 'Up to this day, itself included.' })
  to?: string | null;
}
