import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, FieldResolver, Info, Mutation, Query, Resolver, Root } from 'type-graphql';
import { money } from '../../../domain/money.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Program } from './program.entity.ts';
import { UpdateProgramInput, UpdateTierConfigInput } from './program.inputs.ts';
import { program, tierConfig, tierConfigs } from './program.loader.ts';
import { TierConfig } from './tier-config.entity.ts';
import { updateProgram, updateTierConfig } from './update-program.ts';

@Resolver(() => Program)
export class ProgramResolver {
  @Authorized('program:read')
  @Query(() => Program, { description: 'Returns the settings of your program.' })
  program(@Ctx() ctx: Context, @Info() info: GraphQLResolveInfo): Promise<Program> {
    return program(ctx, info);
  }

  @Authorized('program:read')
  @Query(() => [TierConfig], { description: 'Returns the tiers of your program, lowest first.' })
  tierConfigs(@Ctx() ctx: Context, @Info() info: GraphQLResolveInfo): Promise<TierConfig[]> {
    return tierConfigs(ctx, info);
  }

  @Authorized('program:edit')
  @Mutation(() => Program, { description: 'Changes the settings of your program.' })
  async updateProgram(
    @Arg('input', () => UpdateProgramInput, { description: 'Fields to change.' }) input: UpdateProgramInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Program> {
    await updateProgram(ctx, ctx.actor.tenantId ?? '', input);
    return program(ctx, info);
  }

  @Authorized('program:edit')
  @Mutation(() => TierConfig, { description: 'Changes the requirements and benefits of a tier from now on.' })
  async updateTierConfig(
    @Arg('input', () => UpdateTierConfigInput, { description: 'Fields to change.' })
    input: UpdateTierConfigInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<TierConfig> {
    return tierConfig(ctx, info, await updateTierConfig(ctx, ctx.actor.tenantId ?? '', input));
  }

  @FieldResolver(() => MoneyColumn, {
    description: "Minimum payout in the program's currency, inclusive.",
  })
  minimumPayout(@Root() { minimumPayoutMinor, currency }: Program): MoneyColumn {
    return new MoneyColumn(money(minimumPayoutMinor, currency));
  }

  @FieldResolver(() => [MoneyColumn], {
    description: 'Minimum payouts of all currencies that have one, sorted by code.',
  })
  minimumPayouts(@Root() { minimumPayoutMinor, currency, payoutMinimums }: Program): MoneyColumn[] {
    const others = Object.entries(payoutMinimums).map(([code, minor]) => money(BigInt(minor), code));
    return [...(minimumPayoutMinor > 0n ? [money(minimumPayoutMinor, currency)] : []), ...others]
      .sort((a, b) => (a.currency < b.currency ? -1 : 1))
      .map((amount) => new MoneyColumn(amount));
  }

  @FieldResolver(() => MoneyColumn, {
    nullable: true,
    description: 'Payouts above this amount need two approvers. Null: one approver is enough.',
  })
  secondApprovalAbove(@Root() { secondApprovalAboveMinor, currency }: Program): MoneyColumn | null {
    return secondApprovalAboveMinor == null
      ? null
      : new MoneyColumn(money(secondApprovalAboveMinor, currency));
  }
}
