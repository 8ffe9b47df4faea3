import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, Field, Info, Mutation, ObjectType, Resolver } from 'type-graphql';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Commission } from '../commission/public.ts';
import { RecordSaleInput } from './record-sale.inputs.ts';
import { recordSale } from './record-sale.ts';
import { recordedSale } from './sale.loader.ts';

@ObjectType({ simpleResolvers: true, description: 'A product that earned no commission.' })
export class RefusedLine {
  @Field(() => String, {
    nullable: true,
    description: 'Id of the product in your system. Null for the whole order.',
  })
  product!: string | null;

  @Field({
    description:
      "Reason code, for example `CAP_REACHED`. `NOTHING_COLLECTED` when the order's amount is not positive.",
  })
  reason!: string;
}

@ObjectType({ simpleResolvers: true, description: 'The commissions of a recorded order.' })
export class RecordedSale {
  @Field(() => [Commission], { description: 'One commission for each product that earned.' })
  commissions!: Commission[];

  @Field(() => MoneyColumn, { description: 'Sum of the commissions, true-ups of earlier sales included.' })
  total!: MoneyColumn;

  @Field(() => [RefusedLine], { description: 'The products that earned nothing, with the reason.' })
  refused!: RefusedLine[];
}

@Resolver()
export class RecordSaleResolver {
  @Authorized('commission:create')
  @Mutation(() => RecordedSale, {
    description:
      "Records an order with all its line items and creates one commission for each product. Fails with CONFLICT, reason ORDER_RECORDED, when the partner's order was already recorded or the order was already converted.",
  })
  async recordSale(
    @Arg('input', () => RecordSaleInput, { description: 'The order.' }) input: RecordSaleInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<RecordedSale> {
    return recordedSale(ctx, info, await recordSale(ctx, input));
  }
}
