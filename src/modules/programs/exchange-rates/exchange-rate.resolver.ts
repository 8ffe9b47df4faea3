import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  Authorized,
  Ctx,
  Field,
  Info,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
} from 'type-graphql';
import { type Connection, connectionOf, PageArgs, page } from '../../../kernel/data/paging.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { ExchangeRate, exchangeRateTable } from './exchange-rate.entity.ts';
import { ExchangeRateFilter, SetExchangeRatesInput } from './exchange-rate.inputs.ts';
import { importExchangeRates, setExchangeRates } from './set-exchange-rates.ts';

const ExchangeRateConnection = connectionOf(ExchangeRate);

@ObjectType({ simpleResolvers: true, description: 'Result of entering exchange rates.' })
class EnteredExchangeRates {
  @Field(() => Int, { description: 'Number of rates that were entered.' })
  count!: number;
}

@Resolver(() => ExchangeRate)
export class ExchangeRateResolver {
  @Authorized('program:read')
  @Query(() => ExchangeRateConnection, { description: "Returns the program's exchange rates, newest first." })
  exchangeRates(
    @Arg('filter', () => ExchangeRateFilter, { nullable: true, description: 'Filter.' })
    filter: ExchangeRateFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<ExchangeRate>> {
    return page(ctx, info, exchangeRateTable, args, [
      ...(filter?.currency ? [sql`${filter.currency} in (x.base, x.quote)`] : []),
      ...(filter?.from ? [sql`x.effective_on >= ${filter.from}`] : []),
      ...(filter?.to ? [sql`x.effective_on <= ${filter.to}`] : []),
    ]);
  }

  @Authorized('program:edit')
  @Mutation(() => EnteredExchangeRates, {
    description:
      'Enters exchange rates, all or none. A rate that was in force never changes. Of two rates for a future day, the one entered later counts.',
  })
  async setExchangeRates(
    @Arg('input', () => SetExchangeRatesInput, { description: 'Rates to enter.' })
    input: SetExchangeRatesInput,
    @Ctx() ctx: Context,
  ): Promise<EnteredExchangeRates> {
    return { count: await setExchangeRates(ctx, input.rates) };
  }

  @Authorized('program:edit')
  @Mutation(() => EnteredExchangeRates, {
    description:
      'Enters exchange rates from CSV text, by the rules of `setExchangeRates`. A refusal names the line.',
  })
  async importExchangeRates(
    @Arg('csv', () => String, {
      description:
        'The header line `base,quote,rate,date`, then one line for each rate, e.g. `EUR,USD,1.0842,2026-02-01`; at most 100 kB.',
    })
    csv: string,
    @Ctx() ctx: Context,
  ): Promise<EnteredExchangeRates> {
    return { count: await importExchangeRates(ctx, csv) };
  }
}
