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
import { PagesOf } from '../../../kernel/data/written-pages.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { TierConfig } from '../../programs/program/public.ts';
import { createPartner, deletePartner, updatePartner } from './manage-partner.ts';
import { Partner, partnerTable } from './partner.entity.ts';
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
  description: "A partner's balance in one currency, from the ledger.",
})
class Balance {
  @Field({ description: 'ISO 4217 code.' })
  currency!: string;

  @Field(() => MoneyColumn, {
    description: 'Sum of commissions that are not approved yet or that a dispute holds.',
  })
  pending!: MoneyColumn;

  @Field(() => MoneyColumn, {
    description: 'Sum that is approved, not held and not sent yet; negative if refunds exceed it.',
  })
  payable!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'Sum that was sent to a rail and is not confirmed yet.' })
  inTransit!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'Sum paid so far.' })
  paid!: MoneyColumn;
}

@Resolver(() => Partner)
export class PartnerResolver {
  @Authorized('program:read')
  @Query(() => Partner, {
    nullable: true,
    description: 'Returns one partner. NOT_FOUND for a missing partner or one outside your scope.',
  })
  partner(
    @Arg('id', () => ID, { description: 'Id of the row.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    return partner(ctx, info, id);
  }

  @Authorized('program:read')
  @PagesOf({ table: () => partnerTable })
  @Query(() => PartnerConnection, { description: 'Returns partners, newest first.' })
  partners(
    @Arg('filter', () => PartnerFilter, { nullable: true, description: 'Filter.' })
    filter: PartnerFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Partner>> {
    return partners(ctx, info, filter, args);
  }

  @Authorized('partner:create')
  @Mutation(() => Partner, { description: 'Creates a partner.' })
  async createPartner(
    @Arg('input', () => CreatePartnerInput, { description: 'Data of the new partner.' })
    input: CreatePartnerInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    return partner(ctx, info, await createPartner(ctx, input));
  }

  @Authorized('partner:edit')
  @Mutation(() => Partner, { description: 'Changes a partner. Absent fields keep their value.' })
  async updatePartner(
    @Arg('id', () => ID, { description: 'Id of the row.' }) id: string,
    @Arg('input', () => UpdatePartnerInput, { description: 'Fields to change.' }) input: UpdatePartnerInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    return partner(ctx, info, await updatePartner(ctx, id, input));
  }

  @Authorized('partner:delete')
  @Mutation(() => Partner, {
    description:
      'Deletes a partner from the program. Its commissions and payouts stay. CONFLICT while money is owed to the partner.',
  })
  deletePartner(
    @Arg('id', () => ID, { description: 'Id of the row.' }) id: string,
    @Ctx() ctx: Context,
  ): Promise<Partner> {
    return deletePartner(ctx, id);
  }

  @FieldResolver(() => TierConfig, { description: "Requirements and benefits of the partner's tier." })
  tierConfig(
    @Root() root: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<TierConfig> {
    return tierConfigOf(ctx, info, root);
  }

  @FieldResolver(() => [Balance], { description: 'Balances from the ledger, one for each currency.' })
  balances(
    @Root() { id }: Partner,
    @Arg('asOf', () => Date, {
      nullable: true,
      description: 'Returns the balance right before this instant; absent for the current balance.',
    })
    asOf: Date | null,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<BalanceRow[]> {
    return balancesOf(ctx, info, id, asOf ?? null);
  }

  @FieldResolver(() => ResellerConfig, {
    nullable: true,
    description: 'Rights and limits of a RESELLER; null for other types.',
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
    description: 'Terms of an AFFILIATE; null for other types.',
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
    description: 'Brand of a WHITE_LABEL partner; null for other types.',
  })
  whiteLabelConfig(
    @Root() { id }: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<WhiteLabelConfig | null> {
    return configOf(ctx, info, whiteLabelTable, id);
  }
}
