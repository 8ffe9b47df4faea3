import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  Authorized,
  Ctx,
  Field,
  FieldResolver,
  Info,
  Int,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { AttributionModel, AttributionUnit } from '../../../domain/attribution.ts';
import { invalid } from '../../../domain/errors.ts';
import { money } from '../../../domain/money.ts';
import { loadOne } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { PageArgs } from '../../../kernel/data/paging.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Partner, partnerTable } from '../../partners/partner/public.ts';
import { ReplayAttributionInput } from './attribution.inputs.ts';
import { type ReplayedPartner as Figures, type Replay, replayAttribution } from './replay-attribution.ts';

@ObjectType({ simpleResolvers: true, description: 'Commission cost of the replayed sales in one currency.' })
class ReplayedCost {
  @Field(() => MoneyColumn, { description: 'The recorded commissions, less reversals.' })
  now!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'The commissions under the replayed attribution.' })
  replayed!: MoneyColumn;

  @Field(() => MoneyColumn, { description: '`replayed` less `now`.' })
  difference!: MoneyColumn;
}

@ObjectType({ description: 'Commission cost of one partner in one currency.' })
class ReplayedPartner extends ReplayedCost {
  readonly partnerId!: string;
}

@ObjectType({ simpleResolvers: true, description: 'A page of partners.' })
class ReplayedPartnerPage {
  @Field(() => [ReplayedPartner], { description: 'The partners.' })
  partners!: ReplayedPartner[];

  @Field({ description: 'True when more partners follow.' })
  hasNextPage!: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'Cursor for the next page: pass it as `after`. Null on an empty page.',
  })
  endCursor!: string | null;
}

@ObjectType({
  description: 'Past sales with their attribution computed again. A replay changes nothing.',
})
class AttributionReplay {
  readonly of!: Replay;

  @Field(() => AttributionModel, { description: 'The attribution model of the replay.' })
  model!: AttributionModel;

  @Field(() => AttributionUnit, { description: 'The unit that the model counted.' })
  unit!: AttributionUnit;

  @Field(() => Int, { description: 'Number of sales in the period.' })
  sales!: number;

  @Field(() => Int, { description: "Number of sales in which a partner's share differs." })
  changed!: number;

  @Field(() => Int, {
    description: 'Number of sales with late clicks: clicks before the sale that were reported after it.',
  })
  late!: number;

  @Field(() => Int, {
    description: 'Number of sales without a stored path. Their attribution stays as it is.',
  })
  unknown!: number;

  @Field(() => [ReplayedCost], { description: 'Commission cost, one entry per currency.' })
  costs!: ReplayedCost[];
}

const costOf = (currency: string, now: bigint, replayed: bigint): ReplayedCost => ({
  now: new MoneyColumn(money(now, currency)),
  replayed: new MoneyColumn(money(replayed, currency)),
  difference: new MoneyColumn(money(replayed - now, currency)),
});

/** Returns a page of partners who all gain or all lose. A cursor holds the currency and the id of the last partner. */
function pageOf(partners: readonly Figures[], { first, after }: PageArgs): ReplayedPartnerPage {
  const size = first ?? 20;
  if (size < 1 || size > 100) throw invalid('first', 'must be from 1 to 100');
  const nameOf = ({ currency, partnerId }: Figures) =>
    Buffer.from(`${currency} ${partnerId}`).toString('base64url');
  const start = after == null ? 0 : partners.findIndex((each) => nameOf(each) === after) + 1;
  if (after != null && start === 0) throw invalid('after', 'must be a cursor of this list');
  const page = partners.slice(start, start + size);
  const last = page.at(-1);
  return {
    partners: page.map(({ partnerId, currency, now, replayed }) => ({
      ...costOf(currency, now, replayed),
      partnerId,
    })),
    hasNextPage: start + size < partners.length,
    endCursor: last ? nameOf(last) : null,
  };
}

@Resolver(() => AttributionReplay)
export class AttributionReplayResolver {
  @Authorized('program:edit')
  @Query(() => AttributionReplay, {
    description:
      'Computes the attribution of past sales again under another model, unit or window. Returns the commissions by partner and changes nothing. With the current model, a replay shows the effect of late clicks.',
  })
  async replayAttribution(
    @Arg('input', () => ReplayAttributionInput, {
      description: 'The period of the sales and the attribution settings.',
    })
    input: ReplayAttributionInput,
    @Ctx() ctx: Context,
  ): Promise<AttributionReplay> {
    const of = await replayAttribution(ctx, input);
    const costs = [...Map.groupBy(of.partners, ({ currency }) => currency)].map(([currency, partners]) =>
      costOf(
        currency,
        partners.reduce((sum, { now }) => sum + now, 0n),
        partners.reduce((sum, { replayed }) => sum + replayed, 0n),
      ),
    );
    const { sales, changed, late, unknown } = of;
    return { of, ...of.terms, sales, changed, late, unknown, costs };
  }

  @FieldResolver(() => ReplayedPartnerPage, {
    description: 'Partners who would have earned more, by currency, largest gain first.',
  })
  winners(@Root() { of }: AttributionReplay, @Args(() => PageArgs) args: PageArgs): ReplayedPartnerPage {
    return pageOf(
      of.partners.filter(({ now, replayed }) => replayed > now),
      args,
    );
  }

  @FieldResolver(() => ReplayedPartnerPage, {
    description: 'Partners who would have earned less, by currency, largest loss first.',
  })
  losers(@Root() { of }: AttributionReplay, @Args(() => PageArgs) args: PageArgs): ReplayedPartnerPage {
    const losing = of.partners.filter(({ now, replayed }) => replayed < now);
    const byCurrency = [...Map.groupBy(losing, ({ currency }) => currency).values()];
    return pageOf(
      byCurrency.flatMap((partners) => partners.reverse()),
      args,
    );
  }
}

@Resolver(() => ReplayedPartner)
export class ReplayedPartnerResolver {
  @FieldResolver(() => Partner, {
    nullable: true,
    description: 'The partner. Null when the partner was deleted.',
  })
  partner(@Root() root: ReplayedPartner, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return loadOne(ctx, info, partnerTable, root.partnerId, root);
  }
}
