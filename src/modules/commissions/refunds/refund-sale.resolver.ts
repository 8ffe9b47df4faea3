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

/** The row as read: each amount is a column of its own. */
type Row = SaleRefund & Record<'amount' | 'total' | 'taken', MoneyColumn | null>;

@Resolver(() => SaleRefund)
export class SaleRefundResolver {
  @Authorized('commission:decide')
  @Mutation(() => SaleRefund, {
    description:
      'Records a refund of an order and reverses the refunded share of all its commissions. When the order is still unknown, the refund waits and is applied with the sale.',
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
    description:
      'Returns refunds of orders, newest first. `filter: { waiting: true }` selects refunds that wait for the sale or for its exchange rate.',
  })
  saleRefunds(
    @Arg('filter', () => SaleRefundFilter, {
      nullable: true,
      description: 'Conditions for the refunds. Default: all.',
    })
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

  @FieldResolver(() => Boolean, {
    description: 'True while the refund waits for the sale or for its exchange rate.',
  })
  waiting(@Root() { settledAt }: SaleRefund): boolean {
    return settledAt == null;
  }

  @FieldResolver(() => Partner, {
    nullable: true,
    description: 'The partner who earned on the order. Null while the order is unknown.',
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
    description:
      'The amount of this refund alone. Null when the refund was given as a total or as the rest of the order.',
  })
  amount(@Root() { amount }: Row): MoneyColumn | null {
    return amount;
  }

  @FieldResolver(() => MoneyColumn, {
    nullable: true,
    description:
      'The sum of all refunds of the order up to this one, when the refund was given as a total. Otherwise null.',
  })
  amountRefundedSoFar(@Root() { total }: Row): MoneyColumn | null {
    return total;
  }

  @FieldResolver(() => MoneyColumn, {
    nullable: true,
    description:
      'The amount of the order that this refund took, products that earned nothing included. Never more than the rest of the order. Null while the refund waits.',
  })
  taken(@Root() { taken }: Row): MoneyColumn | null {
    return taken;
  }

  @FieldResolver(() => [Commission], { description: 'The negative commissions that the refund created.' })
  commissions(
    @Root() { lines }: SaleRefund,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission[]> {
    return commissionsNamed(ctx, info, lines);
  }
}
