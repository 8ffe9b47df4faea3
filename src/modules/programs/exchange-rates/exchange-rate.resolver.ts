import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  Authorized,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { loadOne } from '../../../kernel/data/loader.ts';
import { type Connection, connectionOf, PageArgs, page } from '../../../kernel/data/paging.ts';
import { findRow } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { confirmExchangeRate, rejectExchangeRate } from './decide-rate.ts';
import { ExchangeRate, exchangeRateTable } from './exchange-rate.entity.ts';
import { ExchangeRateFilter, SetExchangeRatesInput } from './exchange-rate.inputs.ts';
import { ProposedExchangeRate, ProposedRateStatus, proposedRateTable } from './proposed-rate.entity.ts';
import { type Entered, importExchangeRates, setExchangeRates } from './set-exchange-rates.ts';

const ExchangeRateConnection = connectionOf(ExchangeRate);
const ProposedExchangeRateConnection = connectionOf(ProposedExchangeRate);

@ObjectType({ simpleResolvers: true, description: 'Result of entering exchange rates.' })
class EnteredExchangeRates implements Entered {
  @Field(() => Int, { description: 'Number of rates that were entered and count.' })
  readonly count!: number;

  @Field(() => Int, {
    description:
      'Number of rates that move by more than `Program.rateChangeLimit` and wait for a second person: see `proposedExchangeRates`.',
  })
  readonly waiting!: number;
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
      'Enters exchange rates, all or none. A rate that was in force never changes. Of two rates for a future day, the one entered later counts. A rate that moves by more than `Program.rateChangeLimit` from the rate of the nearest earlier day waits for a second person.',
  })
  setExchangeRates(
    @Arg('input', () => SetExchangeRatesInput, { description: 'Rates to enter.' })
    input: SetExchangeRatesInput,
    @Ctx() ctx: Context,
  ): Promise<EnteredExchangeRates> {
    return setExchangeRates(ctx, input.rates);
  }

  @Authorized('program:edit')
  @Mutation(() => EnteredExchangeRates, {
    description:
      'Enters exchange rates from CSV text, by the rules of `setExchangeRates`. A refusal names the line.',
  })
  importExchangeRates(
    @Arg('csv', () => String, {
      description:
        'The header line `base,quote,rate,date`, then one line for each rate, e.g. `EUR,USD,1.0842,2026-02-01`; at most 100 kB.',
    })
    csv: string,
    @Ctx() ctx: Context,
  ): Promise<EnteredExchangeRates> {
    return importExchangeRates(ctx, csv);
  }

  @Authorized('program:confirmRate')
  @Query(() => ProposedExchangeRateConnection, {
    description: 'Returns exchange rates that wait or waited for a second person, newest first.',
  })
  proposedExchangeRates(
    @Arg('status', () => ProposedRateStatus, { nullable: true, description: 'Rates with this status.' })
    status: ProposedRateStatus | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<ProposedExchangeRate>> {
    return page(ctx, info, proposedRateTable, args, status ? [sql`y.status = ${status}`] : []);
  }

  @Authorized('program:confirmRate')
  @Mutation(() => ProposedExchangeRate, {
    description:
      'Confirms a proposed exchange rate, which counts from now on. The person that entered the rate cannot confirm it. CONFLICT when a rate is in force on its day by now.',
  })
  async confirmExchangeRate(
    @Arg('id', () => ID, { description: 'Id of the proposed rate.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<ProposedExchangeRate> {
    return findRow(ctx, info, proposedRateTable, await confirmExchangeRate(ctx, id));
  }

  @Authorized('program:confirmRate')
  @Mutation(() => ProposedExchangeRate, {
    description:
      'Rejects a proposed exchange rate. The person that entered the rate may withdraw it in this way.',
  })
  async rejectExchangeRate(
    @Arg('id', () => ID, { description: 'Id of the proposed rate.' }) id: string,
    @Arg('reason', { description: 'Reason: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<ProposedExchangeRate> {
    return findRow(ctx, info, proposedRateTable, await rejectExchangeRate(ctx, id, reason));
  }
}

@Resolver(() => ProposedExchangeRate)
export class ProposedExchangeRateResolver {
  @FieldResolver(() => ExchangeRate, {
    nullable: true,
    description: 'The rate before, with which the proposed rate was compared.',
  })
  before(@Root() root: ProposedExchangeRate, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return loadOne(ctx, info, exchangeRateTable, root.comparedWith, root);
  }
}
