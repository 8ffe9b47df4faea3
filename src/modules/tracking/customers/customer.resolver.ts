import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, Info, Mutation, Resolver } from 'type-graphql';
import { findRow } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { assignCustomer } from './assign-customer.ts';
import { Customer, customerTable } from './customer.entity.ts';
import { AssignCustomerInput } from './customer.inputs.ts';

@Resolver(() => Customer)
export class CustomerResolver {
  @Authorized('referral:convert')
  @Mutation(() => Customer, {
    description:
      'Assigns a customer to a partner by hand. Earlier commissions stay; purchases from now on are attributed to the partner.',
  })
  async assignCustomer(
    @Arg('input', () => AssignCustomerInput, { description: 'Customer and partner.' })
    input: AssignCustomerInput,
    @Arg('reason', { description: 'Reason: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Customer> {
    return findRow(ctx, info, customerTable, await assignCustomer(ctx, input, reason));
  }
}
