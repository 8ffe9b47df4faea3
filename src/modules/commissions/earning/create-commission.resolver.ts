import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, Info, Mutation, Resolver } from 'type-graphql';
import { findRow } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Commission, CreateCommissionInput, commissionTable } from '../commission/public.ts';

import { createCommission } from './create-commission.ts';
import { rowOf } from './made-line.ts';

@Resolver(() => Commission)
export class CreateCommissionResolver {
  @Authorized('commission:create')
  @Mutation(() => Commission, {
    description:
      'Creates a commission by hand. The amount owed is computed from the sale. The commission is PENDING until another person approves it.',
  })
  async createCommission(
    @Arg('input', () => CreateCommissionInput, { description: 'The sale and its terms.' })
    input: CreateCommissionInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission> {
    const { id, line } = await createCommission(ctx, input);
    const row = line && rowOf(ctx, info, line, input.customerId);
    return row ?? findRow(ctx, info, commissionTable, id);
  }
}
