import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, FieldResolver, Info, Mutation, Resolver, Root } from 'type-graphql';
import { findRow } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Partner, partnerTable } from '../partner/public.ts';
import { setTaxId } from './set-tax-id.ts';
import { SetTaxIdInput } from './tax-id.inputs.ts';
import { taxIdShown } from './tax-id.loader.ts';

@Resolver(() => Partner)
export class PartnerTaxIdResolver {
  @Authorized('payoutAccount:edit')
  @Mutation(() => Partner, {
    description: "Sets or replaces a partner's tax id. The full tax id is never shown again.",
  })
  async setTaxId(
    @Arg('input', () => SetTaxIdInput, { description: 'The tax id.' }) input: SetTaxIdInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    return findRow(ctx, info, partnerTable, await setTaxId(ctx, input));
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: 'Last four characters of the tax id; null without a tax id, or if you may not set it.',
  })
  async taxIdLastFour(
    @Root() { id }: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<string | null> {
    return (await taxIdShown(ctx, info, id))?.lastFour ?? null;
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: 'ISO 3166 code of the country of the tax id; null as for `taxIdLastFour`.',
  })
  async taxCountry(
    @Root() { id }: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<string | null> {
    return (await taxIdShown(ctx, info, id))?.country ?? null;
  }
}
