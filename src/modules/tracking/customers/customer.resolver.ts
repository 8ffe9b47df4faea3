import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Authorized, Ctx, ID, Info, Mutation, Query, Resolver } from 'type-graphql';
import { invalid, notFound } from '../../../domain/errors.ts';
import { type Connection, connectionOf, PageArgs, page } from '../../../kernel/data/paging.ts';
import { findRow, read, scopeOf } from '../../../kernel/data/rows.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import { PagesOf } from '../../../kernel/data/written-pages.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { readAt } from '../../../kernel/request/reading.ts';
import { readId } from '../../../kernel/request/text.ts';
import { assignCustomer } from './assign-customer.ts';
import { Customer, customerTable } from './customer.entity.ts';
import { AssignCustomerInput, CustomerFilter } from './customer.inputs.ts';

const CustomerConnection = connectionOf(Customer);

function narrow({ actor }: Context, filter: CustomerFilter | null): Sql[] {
  const conditions: Sql[] = [];
  // The policy would test each customer of the tenant; the partner's own are found by the index.
  if (actor.partnerId !== null) conditions.push(sql`k.partner_id = ${actor.partnerId}`);
  if (filter?.partnerId) conditions.push(sql`k.partner_id = ${filter.partnerId}`);
  if (filter?.externalId) conditions.push(sql`k.external_id = ${filter.externalId}`);
  if (filter?.createdFrom) conditions.push(sql`k.created_at >= ${filter.createdFrom}`);
  if (filter?.createdTo) conditions.push(sql`k.created_at < ${filter.createdTo}`);
  return conditions;
}

async function idOfKnown(ctx: Context, externalId: string): Promise<string> {
  const [row] = await read(
    ctx,
    sql<{
      id: string;
    }>`select k.id from customers k where k.tenant_id = ${ctx.actor.tenantId} and k.external_id = ${externalId} and ${scopeOf(ctx.actor, customerTable)}`,
  );
  if (!row) throw notFound('customer');
  return row.id;
}

@Resolver(() => Customer)
export class CustomerResolver {
  @Authorized('program:read')
  @Query(() => Customer, {
    nullable: true,
    description:
      'Returns the customer with this id, or with this id of your own system. Exactly one of both is required. Fails with NOT_FOUND when the customer does not exist or the caller has no access to it.',
  })
  async customer(
    @Arg('id', () => ID, { nullable: true, description: 'Id of the customer.' }) id: string | null,
    @Arg('externalId', () => String, {
      nullable: true,
      description: 'Your own id of the customer, e.g. `cust_abc123`.',
    })
    externalId: string | null,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Customer> {
    const given = [id, externalId].filter((each) => typeof each === 'string');
    if (given.length !== 1) throw invalid('id', 'must be given if `externalId` is not, and only then');
    return findRow(
      ctx,
      info,
      customerTable,
      id ?? (await idOfKnown(ctx, readAt(readId(200), externalId as string, 'externalId'))),
    );
  }

  @Authorized('program:read')
  @PagesOf({ table: () => customerTable })
  @Query(() => CustomerConnection, {
    description: 'Returns customers, newest first. A partner sees the customers that are assigned to it.',
  })
  customers(
    @Arg('filter', () => CustomerFilter, { nullable: true, description: 'Filter.' })
    filter: CustomerFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Customer>> {
    return page(ctx, info, customerTable, args, narrow(ctx, filter));
  }

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
