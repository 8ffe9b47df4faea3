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

@ObjectType({ simpleResolvers: true, description: 'What sales cost in one currency.' })
class ReplayedCost {
  @Field(() => MoneyColumn, { description: 'What was earned, refunds taken off.' })
  now!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'What had been earned.' })
  replayed!: MoneyColumn;

  @Field(() => MoneyColumn, { description: '`replayed` less `now`.' })
  difference!: MoneyColumn;
}

@ObjectType({ description: 'What a partner earned on the sales in one currency.' })
class ReplayedPartner extends ReplayedCost {
  readonly partnerId!: string;
}

@ObjectType({ simpleResolvers: true, description: 'A page of partners.' })
class ReplayedPartnerPage {
  @Field(() => [ReplayedPartner], { description: 'The partners.' })
  partners!: ReplayedPartner[];

  @Field({ description: 'Whether others follow.' })
  hasNextPage!: boolean;

  @Field(() => String, { nullable: true, description: 'Give it as `after` for those that follow.' })
  endCursor!: string | null;
}

@ObjectType({
  description: 'Past sales credited anew. Nothing was written.',
})
class AttributionReplay {
  readonly of!: Replay;

  @Field(() => AttributionModel, { description: 'The model.' })
  model!: AttributionModel;

  @Field(() => AttributionUnit, { description: 'What it counted.' })
  unit!: AttributionUnit;

  @Field(() => Int, { description: 'Sales of those days.' })
  sales!: number;

  @Field(() => Int, { description: 'Sales of which somebody had a part of another size.' })
  changed!: number;

  @Field(() => Int, { description: 'Sales with clicks before them that were heard of only afterwards.' })
  late!: number;

  @Field(() => Int, {
    description: 'Sales from before paths were kept; they stay as they were.',
  })
  unknown!: number;

  @Field(() => [ReplayedCost], { description: 'What they cost, one row a currency.' })
  costs!: ReplayedCost[];
}

const costOf = (currency: string, now: bigint, replayed: bigint): ReplayedCost => ({
  now: new MoneyColumn(money(now, currency)),
  replayed: new MoneyColumn(money(replayed, currency)),
  difference: new MoneyColumn(money(replayed - now, currency)),
});

/** Partners of one sign; `after` is the currency and the id of the one before. */
function pageOf(partners: readonly Figures[], { first, after }: PageArgs): ReplayedPartnerPage {
  const size = first ?? 20;
  if (size < 1 || size > 100) throw invalid('first', 'must be from 1 to 100');
  const nameOf = ({ currency, partnerId }: Figures) =>
    Buffer.from(`${currency} ${partnerId}`).toString('base64url');
  const start = after == null ? 0 : partners.findIndex((each) => nameOf(each) === after) + 1;
  if (after != null && start === 0) throw invalid('after', 'is not a cursor of this list');
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
      'What past sales had paid under another attribution model, unit or window, by partner. Changes nothing; with the model in force it shows what clicks heard of later change.',
  })
  async replayAttribution(
    @Arg('input', () => ReplayAttributionInput, { description: 'Which sales, and how.' })
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
    description: 'Partners that had earned more, by currency, those that gain most first.',
  })
  winners(@Root() { of }: AttributionReplay, @Args(() => PageArgs) args: PageArgs): ReplayedPartnerPage {
    return pageOf(
      of.partners.filter(({ now, replayed }) => replayed > now),
      args,
    );
  }

  @FieldResolver(() => ReplayedPartnerPage, {
    description: 'Partners that had earned less, by currency, those that lose most first.',
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
  @FieldResolver(() => Partner, { nullable: true, description: 'The partner; null where it was deleted.' })
  partner(@Root() root: ReplayedPartner, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return loadOne(ctx, info, partnerTable, root.partnerId, root);
  }
}
