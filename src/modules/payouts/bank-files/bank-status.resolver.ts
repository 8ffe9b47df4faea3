import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  Authorized,
  Ctx,
  FieldResolver,
  Info,
  Mutation,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { loadOne } from '../../../kernel/data/loader.ts';
import { type Connection, connectionOf, PageArgs, page, pageOfEach } from '../../../kernel/data/paging.ts';
import { findRow } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { BankStatusLineFilter } from './bank-file.inputs.ts';
import { BankPayment, bankPaymentTable } from './bank-payment.entity.ts';
import {
  BankStatusImport,
  BankStatusLine,
  bankStatusImportTable,
  bankStatusLineTable,
} from './bank-status.entity.ts';
import { importBankStatus } from './import-bank-status.ts';

const BankStatusImportConnection = connectionOf(BankStatusImport);
const BankStatusLineConnection = connectionOf(BankStatusLine);

const ofImport = {
  table: () => bankStatusLineTable,
  tie: sql`n.import_id = owner.id`,
};

@Resolver(() => BankStatusImport)
export class BankStatusResolver {
  @Authorized('payout:decide')
  @Query(() => BankStatusImportConnection, {
    description: 'Returns imported bank status files, newest first.',
  })
  bankStatusImports(
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<BankStatusImport>> {
    return page(ctx, info, bankStatusImportTable, args, []);
  }

  @Authorized('payout:decide')
  @Mutation(() => BankStatusImport, {
    description:
      'Imports a bank status file: pain.002, camt.053, camt.054, or a NACHA return file. The same file imported again changes nothing.',
  })
  async importBankStatus(
    @Arg('content', () => String, { description: 'Text of the file.' }) content: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<BankStatusImport> {
    return findRow(ctx, info, bankStatusImportTable, await importBankStatus(ctx, content));
  }

  @FieldResolver(() => BankStatusLineConnection, { description: 'Lines about payments, last line first.' })
  lines(
    @Root() { id }: BankStatusImport,
    @Arg('filter', () => BankStatusLineFilter, { nullable: true, description: 'Filter for the lines.' })
    filter: BankStatusLineFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<BankStatusLine>> {
    const conditions = filter?.outcome ? [sql`n.outcome = ${filter.outcome}`] : [];
    return pageOfEach(ctx, info, ofImport, id, args, conditions);
  }
}

@Resolver(() => BankStatusLine)
export class BankStatusLineResolver {
  @FieldResolver(() => BankPayment, {
    nullable: true,
    description: 'The payment that the line reports on. Null when no payment has that reference.',
  })
  payment(
    @Root() root: BankStatusLine,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<BankPayment | null> | BankPayment | null {
    return loadOne(ctx, info, bankPaymentTable, root.paymentId ?? null, root);
  }
}
