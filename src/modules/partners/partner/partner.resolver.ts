import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  Authorized,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { type Connection, connectionOf, PageArgs } from '../../../kernel/data/paging.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { TierConfig } from '../../programs/program/public.ts';
import { createPartner, deletePartner, updatePartner } from './manage-partner.ts';
import { Partner } from './partner.entity.ts';
import { CreatePartnerInput, PartnerFilter, UpdatePartnerInput } from './partner.inputs.ts';
import { type BalanceRow, balancesOf, configOf, partner, partners, tierConfigOf } from './partner.loader.ts';
import {
  AffiliateConfig,
  affiliateTable,
  ResellerConfig,
  resellerTable,
  WhiteLabelConfig,
  whiteLabelTable,
} from './partner-config.entity.ts';

const PartnerConnection = connectionOf(Partner);

@ObjectType({
  simpleResolvers: true,
  description: 'What a partner is owed in one currency, from the ledger.',
})
class Balance {
  @Field({ description: 'ISO 4217 code.' })
  currency!: string;

  @Field(() => MoneyColumn, { description: 'Commissions that are not approved yet.' })
  pending!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'Approved and not sent yet; negative when refunds outweigh it.' })
  payable!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'Handed to a rail that has not confirmed yet.' })
  inTransit!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'Paid so far.' })
  paid!: MoneyColumn;
}

@Resolver(() => Partner)
export class PartnerResolver {
  @Authorized('program:read')
  @Query(() => Partner, {
    nullable: true,
    description: 'One partner; NOT_FOUND where the caller may not see it.',
  })
  partner(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    return partner(ctx, info, id);
  }

  @Authorized('program:read')
  @Query(() => PartnerConnection, { description: 'Partners, newest first.' })
  partners(
    @Arg('filter', () => PartnerFilter, { nullable: true, description: 'Which of them.' })
    filter: PartnerFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Partner>> {
    return partners(ctx, info, filter, args);
  }

  @Authorized('partner:create')
  @Mutation(() => Partner, { description: 'Makes a partner.' })
  async createPartner(
    @Arg('input', () => CreatePartnerInput, { description: 'The new partner.' }) input: CreatePartnerInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    return partner(ctx, info, await createPartner(ctx, input));
  }

  @Authorized('partner:edit')
  @Mutation(() => Partner, { description: 'Changes what the input names.' })
  async updatePartner(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Arg('input', () => UpdatePartnerInput, { description: 'What to change.' }) input: UpdatePartnerInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    return partner(ctx, info, await updatePartner(ctx, id, input));
  }

  @Authorized('partner:delete')
  @Mutation(() => Partner, {
    description:
      'Takes a partner out of the program. Its lines and payouts stay; CONFLICT while money is owed to it.',
  })
  deletePartner(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() ctx: Context,
  ): Promise<Partner> {
    return deletePartner(ctx, id);
  }

  @FieldResolver(() => TierConfig, { description: 'What its tier asks and gives.' })
  tierConfig(
    @Root() root: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<TierConfig> {
    return tierConfigOf(ctx, info, root);
  }

  @FieldResolver(() => [Balance], { description: 'What it is owed, from the ledger, one row a currency.' })
  balances(
    @Root() { id }: Partner,
    @Arg('asOf', () => Date, {
      nullable: true,
      description: 'As it was right before that instant; absent: as it is now.',
    })
    asOf: Date | null,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<BalanceRow[]> {
    return balancesOf(ctx, info, id, asOf ?? null);
  }

  @FieldResolver(() => ResellerConfig, {
    nullable: true,
    description: 'For a RESELLER: what it may do, and where.',
  })
  resellerConfig(
    @Root() { id }: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<ResellerConfig | null> {
    return configOf(ctx, info, resellerTable, id);
  }

  @FieldResolver(() => AffiliateConfig, {
    nullable: true,
    description: 'For an AFFILIATE: how its clicks and purchases count.',
  })
  affiliateConfig(
    @Root() { id }: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<AffiliateConfig | null> {
    return configOf(ctx, info, affiliateTable, id);
  }

  @FieldResolver(() => WhiteLabelConfig, {
    nullable: true,
    description: 'For a WHITE_LABEL partner: how its brand looks.',
  })
  whiteLabelConfig(
    @Root() { id }: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<WhiteLabelConfig | null> {
    return configOf(ctx, info, whiteLabelTable, id);
  }
}
