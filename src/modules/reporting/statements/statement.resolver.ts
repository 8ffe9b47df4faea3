import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, FieldResolver, ID, Info, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../../../kernel/request/context.ts';
import { LocalDate } from '../../../kernel/request/scalars.ts';
import { Partner } from '../../partners/partner/public.ts';
import { statementOf } from './statement.loader.ts';
import { PartnerStatement } from './statement.type.ts';
import { statementCsv } from './statement-csv.ts';

@Resolver(() => Partner)
export class PartnerStatementResolver {
  @FieldResolver(() => PartnerStatement, {
    description: 'Every movement of what it is owed in some days; at most 1,000 of them.',
  })
  statement(
    @Root() { id }: Partner,
    @Arg('from', () => LocalDate, { description: 'The first day.' }) from: string,
    @Arg('to', () => LocalDate, { description: 'The last day.' }) to: string,
    @Arg('currency', () => String, {
      nullable: true,
      description: "ISO 4217 code; absent: the partner's own.",
    })
    currency: string | null,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PartnerStatement> {
    return statementOf(ctx, info, id, { from, to, currency: currency ?? null });
  }

  @Authorized('program:read')
  @Query(() => String, {
    description:
      'A statement as CSV (RFC 4180, UTF-8 with its mark), at most 10,000 lines. No cell is a formula: amounts carry no sign, they are in Credit or Debit.',
  })
  partnerStatementCsv(
    @Arg('partnerId', () => ID, { description: 'The partner.' }) partnerId: string,
    @Arg('from', () => LocalDate, { description: 'The first day.' }) from: string,
    @Arg('to', () => LocalDate, { description: 'The last day.' }) to: string,
    @Arg('currency', () => String, {
      nullable: true,
      description: "ISO 4217 code; absent: the partner's own.",
    })
    currency: string | null,
    @Ctx() ctx: Context,
  ): Promise<string> {
    return statementCsv(ctx, partnerId, { from, to, currency: currency ?? null });
  }
}
