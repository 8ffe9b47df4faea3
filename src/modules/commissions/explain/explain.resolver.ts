import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Authorized,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { money } from '../../../domain/money.ts';
import { loadOne } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Commission, CreateCommissionInput } from '../commission/public.ts';

import { CommissionRule, commissionRuleTable } from '../plans/public.ts';
import { explanationOf } from './explain-commission.ts';
import { previewCommission } from './preview-commission.ts';
import { verifyCommission } from './verify-commission.ts';

@ObjectType({ simpleResolvers: true, description: 'One step of how a commission came to its amount.' })
class ExplanationStep {
  @Field({ description: 'What kind of step it is, e.g. `Base`, `Terms`, `Band`, `Cap`, `Total`.' })
  label!: string;

  @Field({ description: 'The step in words.' })
  detail!: string;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'What it comes to; null where it moves no amount.',
  })
  amount!: MoneyColumn | null;
}

@ObjectType({
  simpleResolvers: true,
  description:
    'How a commission came to its amount: from what was kept with it, so that anyone can work the cent out again.',
})
class CommissionExplanation {
  @Field({ description: 'In one sentence.' })
  sentence!: string;

  @Field(() => [ExplanationStep], { description: 'Step by step.' })
  steps!: ExplanationStep[];
}

@ObjectType({ simpleResolvers: true, description: 'What a sale would pay. Nothing was written.' })
class CommissionPreview {
  @Field(() => MoneyColumn, { description: 'What the partner would be owed; 0 where it is refused.' })
  amount!: MoneyColumn;

  @Field(() => MoneyColumn, {
    description: 'What a TRUE_UP line would add for the sales of the period before; usually 0.',
  })
  trueUp!: MoneyColumn;

  @Field(() => String, {
    nullable: true,
    description: 'Why the sale would earn nothing, e.g. `RECURRING_WINDOW_OVER`; null where it earns.',
  })
  refused!: string | null;

  @Field(() => CommissionExplanation, {
    nullable: true,
    description: 'How it would come to that; null where it is refused.',
  })
  explanation!: CommissionExplanation | null;
}

@ObjectType({ simpleResolvers: true, description: 'A figure that does not come out again.' })
class CommissionDifference {
  @Field({ description: 'Which figure: `base`, `amount`, `true-up` or, of a shared sale, `share`.' })
  what!: string;

  @Field(() => MoneyColumn, { description: 'What is stored.' })
  stored!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'What it comes to.' })
  recomputed!: MoneyColumn;
}

@ObjectType({
  simpleResolvers: true,
  description: 'A commission worked out again from what was kept with it.',
})
class CommissionVerification {
  @Field({ description: 'Whether every figure comes out again.' })
  equal!: boolean;

  @Field(() => [CommissionDifference], { description: 'Where it differs.' })
  differences!: CommissionDifference[];
}

const inCurrency = (minor: bigint, currency: string) => new MoneyColumn(money(minor, currency));

@Resolver(() => Commission)
export class CommissionExplanationResolver {
  @FieldResolver(() => CommissionExplanation, { description: 'How it came to its amount.' })
  explanation(@Root() line: Commission): CommissionExplanation {
    return worded(explanationOf(line), line.amount.currency);
  }

  @FieldResolver(() => CommissionRule, {
    nullable: true,
    description:
      'The version of the rule that made it; null where a rate of its own, its partner or its tier did.',
  })
  rule(
    @Root() root: Commission,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CommissionRule | null> | CommissionRule | null {
    return loadOne(ctx, info, commissionRuleTable, root.ruleId ?? null, root);
  }

  @Authorized('program:read')
  @Query(() => CommissionPreview, { description: 'What a sale would pay and why, writing nothing.' })
  async previewCommission(
    @Arg('input', () => CreateCommissionInput, { description: 'The sale.' }) input: CreateCommissionInput,
    @Ctx() ctx: Context,
  ): Promise<CommissionPreview> {
    const { amount, trueUp, refused, explanation } = await previewCommission(ctx, input);
    return {
      amount: new MoneyColumn(amount),
      trueUp: new MoneyColumn(trueUp),
      refused,
      explanation: explanation && worded(explanation, amount.currency),
    };
  }

  @Authorized('program:read')
  @Query(() => CommissionVerification, {
    description:
      'Works a commission out again from what is stored and says whether it is equal, or where it differs.',
  })
  async verifyCommission(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() ctx: Context,
  ): Promise<CommissionVerification> {
    const { currency, differences } = await verifyCommission(ctx, id);
    return {
      equal: differences.length === 0,
      differences: differences.map(({ what, stored, recomputed }) => ({
        what,
        stored: inCurrency(stored, currency),
        recomputed: inCurrency(recomputed, currency),
      })),
    };
  }
}

function worded(
  { sentence, steps }: ReturnType<typeof explanationOf>,
  currency: string,
): CommissionExplanation {
  return {
    sentence,
    steps: steps.map(({ label, detail, amount }) => ({
      label,
      detail,
      amount: amount === null ? null : inCurrency(amount, currency),
    })),
  };
}
