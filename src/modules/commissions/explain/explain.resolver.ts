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

@ObjectType({ simpleResolvers: true, description: 'One step of the computation of a commission.' })
class ExplanationStep {
  @Field({ description: 'Kind of the step, for example `Base`, `Terms`, `Band`, `Cap` or `Total`.' })
  label!: string;

  @Field({ description: 'Description of the step.' })
  detail!: string;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'Amount of the step. Null for a step without an amount.',
  })
  amount!: MoneyColumn | null;
}

@ObjectType({
  simpleResolvers: true,
  description:
    'The computation of a commission from the terms stored with it. Anyone can recompute the amount to the cent.',
})
class CommissionExplanation {
  @Field({
    description: 'The explanation in one sentence, or a few when the sale was shared, exchanged or refunded.',
  })
  sentence!: string;

  @Field(() => [ExplanationStep], { description: 'The steps of the computation in order.' })
  steps!: ExplanationStep[];
}

@ObjectType({
  simpleResolvers: true,
  description: 'The commission that a sale would earn. A preview stores nothing.',
})
class CommissionPreview {
  @Field(() => MoneyColumn, {
    description: 'The amount that the partner would be owed. 0 when the sale would earn nothing.',
  })
  amount!: MoneyColumn;

  @Field(() => MoneyColumn, {
    description: 'The amount of the TRUE_UP commission for earlier sales of the period. Usually 0.',
  })
  trueUp!: MoneyColumn;

  @Field(() => String, {
    nullable: true,
    description:
      'Reason code when the sale would earn nothing, for example `RECURRING_WINDOW_OVER`. Otherwise null.',
  })
  refused!: string | null;

  @Field(() => CommissionExplanation, {
    nullable: true,
    description: 'The computation of the amount. Null when the sale would earn nothing.',
  })
  explanation!: CommissionExplanation | null;
}

@ObjectType({
  simpleResolvers: true,
  description: 'A stored amount that differs from the recomputed amount.',
})
class CommissionDifference {
  @Field({
    description:
      'Name of the amount: `base`, `amount`, `share` of a shared sale, `sale` (the sum of the commissions of the sale), `owed` (the stored sum of the sale), and sums of the rule, for example `owed of MONTH from 2026-01-01`.',
  })
  what!: string;

  @Field(() => MoneyColumn, { description: 'The stored amount.' })
  stored!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'The recomputed amount.' })
  recomputed!: MoneyColumn;
}

@ObjectType({
  simpleResolvers: true,
  description: 'Result of recomputing a commission from the stored terms.',
})
class CommissionVerification {
  @Field({ description: 'True when all stored amounts equal the recomputed amounts.' })
  equal!: boolean;

  @Field(() => [CommissionDifference], { description: 'The amounts that differ.' })
  differences!: CommissionDifference[];
}

const inCurrency = (minor: bigint, currency: string) => new MoneyColumn(money(minor, currency));

@Resolver(() => Commission)
export class CommissionExplanationResolver {
  @FieldResolver(() => CommissionExplanation, { description: 'The computation of the amount.' })
  explanation(@Root() line: Commission): CommissionExplanation {
    return worded(explanationOf(line), line.amount.currency);
  }

  @FieldResolver(() => CommissionRule, {
    nullable: true,
    description:
      "The rule version that computed the commission. Null when its own rate, the partner's rate or the tier's rate was used.",
  })
  rule(
    @Root() root: Commission,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CommissionRule | null> | CommissionRule | null {
    return loadOne(ctx, info, commissionRuleTable, root.ruleId ?? null, root);
  }

  @Authorized('program:read')
  @Query(() => CommissionPreview, {
    description: 'Returns the commission that a sale would earn, with its computation. Stores nothing.',
  })
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
      'Recomputes a commission from the stored terms, and also what its sale earns and the sums of its rule and period. Returns whether the amounts are equal, and the differences.',
  })
  async verifyCommission(
    @Arg('id', () => ID, { description: 'Id of the commission.' }) id: string,
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
