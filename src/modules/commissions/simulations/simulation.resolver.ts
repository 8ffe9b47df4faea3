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
import { money } from '../../../domain/money.ts';
import { loadOne } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { type Connection, connectionOf, PageArgs, page } from '../../../kernel/data/paging.ts';
import { findRow } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { LocalDate } from '../../../kernel/request/scalars.ts';
import { Partner, partnerTable } from '../../partners/partner/public.ts';
import { PlanSimulation, planSimulationTable, type StoredResult } from './plan-simulation.entity.ts';
import { cancelPlanSimulation, simulatePlan } from './simulate-plan.ts';
import { SimulatePlanInput } from './simulation.inputs.ts';

@ObjectType({ simpleResolvers: true, description: 'What the months cost in one currency.' })
class SimulatedCost {
  @Field(() => MoneyColumn, { description: 'What the sales earned, refunds taken off.' })
  now!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'What they had earned.' })
  simulated!: MoneyColumn;

  @Field(() => MoneyColumn, { description: '`simulated` less `now`: what the change costs.' })
  difference!: MoneyColumn;
}

@ObjectType({ simpleResolvers: true, description: 'What the sales of a month cost in one currency.' })
class SimulatedMonth extends SimulatedCost {
  @Field(() => LocalDate, { description: 'The first day of the month in which the sales happened.' })
  month!: string;
}

@ObjectType({ description: 'What a partner earned in one currency.' })
class SimulatedPartner extends SimulatedCost {
  readonly partnerId!: string;
}

const costOf = <T extends StoredResult['costs'][number]>({ currency, now, simulated, ...rest }: T) => ({
  ...rest,
  now: new MoneyColumn(money(BigInt(now), currency)),
  simulated: new MoneyColumn(money(BigInt(simulated), currency)),
  difference: new MoneyColumn(money(BigInt(simulated) - BigInt(now), currency)),
});

const PlanSimulationConnection = connectionOf(PlanSimulation);

@Resolver(() => SimulatedPartner)
export class SimulatedPartnerResolver {
  @FieldResolver(() => Partner, { nullable: true, description: 'The partner; null where it was deleted.' })
  partner(
    @Root() root: SimulatedPartner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner | null> | Partner | null {
    return loadOne(ctx, info, partnerTable, root.partnerId, root);
  }
}

const fresh = (ctx: Context) => [sql`s.expires_at > ${ctx.clock.now()}`];

@Resolver(() => PlanSimulation)
export class PlanSimulationResolver {
  @Authorized('program:read')
  @Query(() => PlanSimulation, {
    nullable: true,
    description: 'One simulation, under way or with its answer; NOT_FOUND where the caller may not see it.',
  })
  planSimulation(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PlanSimulation> {
    return findRow(ctx, info, planSimulationTable, id, fresh(ctx));
  }

  @Authorized('program:read')
  @Query(() => PlanSimulationConnection, {
    description: 'The simulations of the last 7 days, newest first; a partner sees none.',
  })
  planSimulations(
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<PlanSimulation>> {
    return page(ctx, info, planSimulationTable, args, fresh(ctx));
  }

  @Authorized('program:edit')
  @Mutation(() => PlanSimulation, {
    description:
      'Weighs the sales of past months by other rules, tiers or one rate, and changes nothing. Ask `planSimulation` until it is DONE: seconds for 100,000 sales.',
  })
  async simulatePlan(
    @Arg('input', () => SimulatePlanInput, { description: 'The months, and what to try.' })
    input: SimulatePlanInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PlanSimulation> {
    return findRow(ctx, info, planSimulationTable, await simulatePlan(ctx, input));
  }

  @Authorized('program:edit')
  @Mutation(() => PlanSimulation, { description: 'Ends a simulation that has no answer yet.' })
  async cancelPlanSimulation(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PlanSimulation> {
    return findRow(ctx, info, planSimulationTable, await cancelPlanSimulation(ctx, id));
  }

  @FieldResolver(() => [SimulatedCost], {
    description: 'What the months cost, one row a currency; nothing until it is DONE.',
  })
  costs(@Root() { result }: PlanSimulation): SimulatedCost[] {
    return result?.costs.map(costOf) ?? [];
  }

  @FieldResolver(() => [SimulatedMonth], {
    description: 'The same by month. A refund counts in the month of its sale.',
  })
  months(@Root() { result }: PlanSimulation): SimulatedMonth[] {
    return result?.months.map(costOf) ?? [];
  }

  @FieldResolver(() => [SimulatedPartner], {
    description: 'Partners that had earned more, those that gain most first: at most 50 a currency.',
  })
  winners(@Root() { result }: PlanSimulation): SimulatedPartner[] {
    return result?.winners.map(costOf) ?? [];
  }

  @FieldResolver(() => [SimulatedPartner], {
    description: 'Partners that had earned less, those that lose most first: at most 50 a currency.',
  })
  losers(@Root() { result }: PlanSimulation): SimulatedPartner[] {
    return result?.losers.map(costOf) ?? [];
  }

  @FieldResolver(() => Int, {
    nullable: true,
    description: 'How many had earned more; null until it is DONE.',
  })
  better(@Root() { result }: PlanSimulation): number | null {
    return result?.better ?? null;
  }

  @FieldResolver(() => Int, {
    nullable: true,
    description: 'How many had earned less; null until it is DONE.',
  })
  worse(@Root() { result }: PlanSimulation): number | null {
    return result?.worse ?? null;
  }

  @FieldResolver(() => Int, {
    nullable: true,
    description: 'Purchases that earned nothing then: they left no line that could be weighed.',
  })
  leftOut(@Root() { result }: PlanSimulation): number | null {
    return result?.leftOut ?? null;
  }
}
