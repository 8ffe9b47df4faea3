import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, ID, Info, Mutation, Resolver } from 'type-graphql';
import { findRow } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Referral, referralTable } from '../../tracking/referrals/public.ts';
import { ConvertReferralInput } from './convert-referral.inputs.ts';
import { convertReferral } from './convert-referral.ts';

@Resolver()
export class ConvertReferralResolver {
  @Authorized('referral:convert')
  @Mutation(() => Referral, {
    description: 'Converts a referral with a purchase and creates its commissions. Returns the referral.',
  })
  async convertReferral(
    @Arg('id', () => ID, { description: 'Id of the referral.' }) id: string,
    @Arg('input', () => ConvertReferralInput, { description: 'The purchase.' }) input: ConvertReferralInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Referral> {
    return findRow(ctx, info, referralTable, await convertReferral(ctx, id, input));
  }
}
