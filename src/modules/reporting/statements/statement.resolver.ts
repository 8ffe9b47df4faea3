import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, FieldResolver, ID, Info, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../../../kernel/request/context.ts';
import { LocalDate } from '../../../kernel/request/scalars.ts';
import { Partner } from '../../partners/partner/public.ts';
import { loadStatement } from './statement.loader.ts';
import { PartnerStatement } from './statement.type.ts';
import { statementCsv } from './statement-csv.ts';

@Resolver(() => Partner)
export class PartnerStatementResolver {
  @FieldResolver(() => PartnerStatement, {
    description: "Statement of the partner's account for a period. At most 1,000 movements.",
  })
  statement(
    @Root() { id }: Partner,
    @Arg('from', () => LocalDate, { description: 'First day of the statement.' }) from: string,
    @Arg('to', () => LocalDate, { description: 'Last day of the statement, inclusive.' }) to: string,
    @Arg('currency', () => String, {
      nullable: true,
      description: "ISO 4217 code. Default: the partner's currency.",
    })
    currency: string | null,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PartnerStatement> {
    return loadStatement(ctx, info, id, { from, to, currency: currency ?? null });
  }

  @Authorized('program:read')
  @Query(() => String, {
    description:
      'Returns a statement as CSV (RFC 4180, UTF-8 with byte order mark), at most 10,000 lines. No cell is a formula: amounts have no sign and are in the column Credit or Debit.',
  })
  partnerStatementCsv(
    @Arg('partnerId', () => ID, { description: 'Id of the partner.' }) partnerId: string,
    @Arg('from', () => LocalDate, { description: 'First day of the statement.' }) from: string,
    @Arg('to', () => LocalDate, { description: 'Last day of the statement, inclusive.' }) to: string,
    @Arg('currency', () => String, {
      nullable: true,
      description: "ISO 4217 code. Default: all currencies of the account, the partner's first.",
    })
    currency: string | null,
    @Ctx() ctx: Context,
  ): Promise<string> {
    return statementCsv(ctx, partnerId, { from, to, currency: currency ?? null });
  }
}
