import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, Field, Info, Mutation, ObjectType, Resolver } from 'type-graphql';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Commission } from '../commission/public.ts';
import { RecordSaleInput } from './record-sale.inputs.ts';
import { recordSale } from './record-sale.ts';
import { recordedSale } from './sale.loader.ts';

@ObjectType({ simpleResolvers: true, description: 'A product that earned nothing.' })
export class RefusedLine {
  @Field(() => String, { nullable: true, description: 'Your own id of it; null: the whole order.' })
  product!: string | null;

  @Field({ description: 'Why, e.g. `CAP_REACHED`; `NOTHING_COLLECTED` where the order is not positive.' })
  reason!: string;
}

@ObjectType({ simpleResolvers: true, description: 'What an order earned.' })
export class RecordedSale {
  @Field(() => [Commission], { description: 'A line for each product that earned something.' })
  commissions!: Commission[];

  @Field(() => MoneyColumn, { description: 'What they come to, true-ups of earlier sales included.' })
  total!: MoneyColumn;

  @Field(() => [RefusedLine], { description: 'What earned nothing, and why.' })
  refused!: RefusedLine[];
}

@Resolver()
export class RecordSaleResolver {
  @Authorized('commission:create')
  @Mutation(() => RecordedSale, {
    description:
      'Records an order with all of its lines in one step: one commission for each product. An order of a partner is recorded once, and one that converted not at all; CONFLICT with reason ORDER_RECORDED.',
  })
  async recordSale(
    @Arg('input', () => RecordSaleInput, { description: 'The order.' }) input: RecordSaleInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<RecordedSale> {
    return recordedSale(ctx, info, await recordSale(ctx, input));
  }
}
