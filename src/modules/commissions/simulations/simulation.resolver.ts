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

@ObjectType({
  simpleResolvers: true,
  description: 'Commission cost of the simulated months in one currency.',
})
class SimulatedCost {
  @Field(() => MoneyColumn, { description: 'The recorded commissions, less reversals.' })
  now!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'The commissions under the simulated terms.' })
  simulated!: MoneyColumn;

  @Field(() => MoneyColumn, { description: '`simulated` less `now`: the cost of the change.' })
  difference!: MoneyColumn;
}

@ObjectType({
  simpleResolvers: true,
  description: 'Commission cost of the sales of one month in one currency.',
})
class SimulatedMonth extends SimulatedCost {
  @Field(() => LocalDate, { description: 'First day of the month of the sales.' })
  month!: string;
}

@ObjectType({ description: 'Commission cost of one partner in one currency.' })
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
  @FieldResolver(() => Partner, {
    nullable: true,
    description: 'The partner. Null when the partner was deleted.',
  })
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
    description:
      'Returns one simulation. Fails with NOT_FOUND when the simulation does not exist or the caller has no access to it.',
  })
  planSimulation(
    @Arg('id', () => ID, { description: 'Id of the simulation.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PlanSimulation> {
    return findRow(ctx, info, planSimulationTable, id, fresh(ctx));
  }

  @Authorized('program:read')
  @Query(() => PlanSimulationConnection, {
    description: 'Returns the simulations of the last 7 days, newest first. A partner gets none.',
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
      'Starts a simulation of past months under other rules, tiers or one rate. A simulation changes no commission. Query `planSimulation` until the status is DONE; 100,000 sales take seconds.',
  })
  async simulatePlan(
    @Arg('input', () => SimulatePlanInput, { description: 'The months and the simulated terms.' })
    input: SimulatePlanInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PlanSimulation> {
    return findRow(ctx, info, planSimulationTable, await simulatePlan(ctx, input));
  }

  @Authorized('program:edit')
  @Mutation(() => PlanSimulation, { description: 'Cancels a simulation that is not DONE.' })
  async cancelPlanSimulation(
    @Arg('id', () => ID, { description: 'Id of the simulation.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PlanSimulation> {
    return findRow(ctx, info, planSimulationTable, await cancelPlanSimulation(ctx, id));
  }

  @FieldResolver(() => [SimulatedCost], {
    description: 'Cost of all months, one entry per currency. Empty until the status is DONE.',
  })
  costs(@Root() { result }: PlanSimulation): SimulatedCost[] {
    return result?.costs.map(costOf) ?? [];
  }

  @FieldResolver(() => [SimulatedMonth], {
    description: 'Cost by month. A refund counts in the month of its sale. Empty until the status is DONE.',
  })
  months(@Root() { result }: PlanSimulation): SimulatedMonth[] {
    return result?.months.map(costOf) ?? [];
  }

  @FieldResolver(() => [SimulatedPartner], {
    description: 'Partners who would have earned more, largest gain first, at most 50 per currency.',
  })
  winners(@Root() { result }: PlanSimulation): SimulatedPartner[] {
    return result?.winners.map(costOf) ?? [];
  }

  @FieldResolver(() => [SimulatedPartner], {
    description: 'Partners who would have earned less, largest loss first, at most 50 per currency.',
  })
  losers(@Root() { result }: PlanSimulation): SimulatedPartner[] {
    return result?.losers.map(costOf) ?? [];
  }

  @FieldResolver(() => Int, {
    nullable: true,
    description: 'Number of partners who would have earned more. Null until the status is DONE.',
  })
  better(@Root() { result }: PlanSimulation): number | null {
    return result?.better ?? null;
  }

  @FieldResolver(() => Int, {
    nullable: true,
    description: 'Number of partners who would have earned less. Null until the status is DONE.',
  })
  worse(@Root() { result }: PlanSimulation): number | null {
    return result?.worse ?? null;
  }

  @FieldResolver(() => Int, {
    nullable: true,
    description:
      'Number of purchases that never earn, for example below the smallest purchase, or whose simulated commission is more than 10^15 minor units. They are left out. Null until the status is DONE.',
  })
  leftOut(@Root() { result }: PlanSimulation): number | null {
    return result?.leftOut ?? null;
  }
}
