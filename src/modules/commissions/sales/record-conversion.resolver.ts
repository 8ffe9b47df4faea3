import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, Info, Mutation, Resolver } from 'type-graphql';
import { findRow } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Referral, referralTable } from '../../tracking/referrals/public.ts';
import { RecordConversionInput } from './record-conversion.inputs.ts';
import { recordConversion } from './record-conversion.ts';

@Resolver()
export class RecordConversionResolver {
  @Authorized('referral:convert')
  @Mutation(() => Referral, {
    description:
      'Records a purchase and attributes it by the facts that your server knows: a click, a visitor, a coupon, a lead or the customer. Returns the converted referral. Fails with CONFLICT, reason NOT_ATTRIBUTED, when no partner can be credited.',
  })
  async recordConversion(
    @Arg('input', () => RecordConversionInput, { description: 'The purchase.' }) input: RecordConversionInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Referral> {
    return findRow(ctx, info, referralTable, await recordConversion(ctx, input));
  }
}
