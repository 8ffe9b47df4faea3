import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  Authorized,
  Ctx,
  FieldResolver,
  Info,
  Mutation,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { loadOne } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { type Connection, connectionOf, PageArgs, page } from '../../../kernel/data/paging.ts';
import { findRow } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Partner, partnerTable } from '../../partners/partner/public.ts';
import { Commission, commissionsNamed } from '../commission/public.ts';

import { RefundSaleInput, SaleRefundFilter } from './refund-sale.inputs.ts';
import { refundSale } from './refund-sale.ts';
import { SaleRefund, saleRefundTable } from './sale-refund.entity.ts';

const SaleRefundConnection = connectionOf(SaleRefund);

/** As the row is read: its amounts are columns of their own. */
type Row = SaleRefund & Record<'amount' | 'total' | 'taken', MoneyColumn | null>;

@Resolver(() => SaleRefund)
export class SaleRefundResolver {
  @Authorized('commission:decide')
  @Mutation(() => SaleRefund, {
    description:
      'Takes back what an order earned in the share that was refunded of it, over all of its lines. An order that is not known yet is refunded as soon as its sale comes. CONFLICT with reason PARTNER_NEEDED where several partners earned on it.',
  })
  async refundSale(
    @Arg('input', () => RefundSaleInput, { description: 'The refund.' }) input: RefundSaleInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<SaleRefund> {
    return findRow(ctx, info, saleRefundTable, await refundSale(ctx, input));
  }

  @Authorized('program:read')
  @Query(() => SaleRefundConnection, {
    description: 'Refunds of orders, newest first; `filter: { waiting: true }` are those without their sale.',
  })
  saleRefunds(
    @Arg('filter', () => SaleRefundFilter, { nullable: true, description: 'Which of them.' })
    filter: SaleRefundFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<SaleRefund>> {
    return page(ctx, info, saleRefundTable, args, [
      ...(filter?.partnerId ? [sql`f.partner_id = ${filter.partnerId}`] : []),
      ...(filter?.orderId ? [sql`f.order_id = ${filter.orderId}`] : []),
      ...(filter?.waiting == null ? [] : [sql`f.settled_at is ${sql.raw(filter.waiting ? '' : 'not ')}null`]),
    ]);
  }

  @FieldResolver(() => Boolean, { description: 'Whether it waits for its sale, or for its exchange rate.' })
  waiting(@Root() { settledAt }: SaleRefund): boolean {
    return settledAt == null;
  }

  @FieldResolver(() => Partner, {
    nullable: true,
    description: 'Whose order it is; null while that is not known.',
  })
  partner(
    @Root() root: SaleRefund,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner | null> | Partner | null {
    return loadOne(ctx, info, partnerTable, root.partnerId ?? null, root);
  }

  @FieldResolver(() => MoneyColumn, {
    nullable: true,
    description: 'What it gave back; null where a total was told, or all that was left.',
  })
  amount(@Root() { amount }: Row): MoneyColumn | null {
    return amount;
  }

  @FieldResolver(() => MoneyColumn, {
    nullable: true,
    description: 'What all refunds of the order had given back with it, where that was told.',
  })
  amountRefundedSoFar(@Root() { total }: Row): MoneyColumn | null {
    return total;
  }

  @FieldResolver(() => MoneyColumn, {
    nullable: true,
    description:
      'What it took of the order, products that earned nothing included; never more than was left. null while it waits.',
  })
  taken(@Root() { taken }: Row): MoneyColumn | null {
    return taken;
  }

  @FieldResolver(() => [Commission], { description: 'The negative lines that it made.' })
  commissions(
    @Root() { lines }: SaleRefund,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission[]> {
    return commissionsNamed(ctx, info, lines);
  }
}
