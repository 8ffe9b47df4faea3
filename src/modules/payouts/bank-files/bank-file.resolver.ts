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
import { loadOne } from '../../../kernel/data/loader.ts';
import { type Connection, connectionOf, PageArgs, page, pageOfEach } from '../../../kernel/data/paging.ts';
import { findRow } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Decimal } from '../../../kernel/request/scalars.ts';
import { Partner, partnerTable } from '../../partners/partner/public.ts';
import { Payout, payoutTable } from '../payout/public.ts';
import {
  approveBankFile,
  type BankFileText,
  cancelBankFile,
  downloadBankFile,
  settleBankFile,
} from './approve-bank-file.ts';
import { BankFile, bankFileTable } from './bank-file.entity.ts';
import { BankFileFilter, BankPaymentFilter, CreateBankFileInput } from './bank-file.inputs.ts';
import { narrowFiles, narrowPayments, waitingPayments } from './bank-file.loader.ts';
import { BankPayment, bankPaymentTable, WaitingBankPayments } from './bank-payment.entity.ts';
import { createBankFile } from './create-bank-file.ts';

const BankFileConnection = connectionOf(BankFile);
const BankPaymentConnection = connectionOf(BankPayment);

@ObjectType({ simpleResolvers: true, description: 'The content of a bank file, ready for the bank.' })
class DownloadedBankFile implements BankFileText {
  @Field({ description: 'Suggested file name.' })
  name!: string;

  @Field({ description: 'Media type of the file.' })
  mediaType!: string;

  @Field({ description: "SHA-256 of the file's bytes, in hexadecimal." })
  sha256!: string;

  @Field({ description: 'Text of the file. Store it encoded as UTF-8.' })
  content!: string;
}

const Id = () => Arg('id', () => ID, { description: 'Id of the bank file.' });

const ofFile = {
  table: () => bankPaymentTable,
  tie: sql`b.id in (select i.payment_id from bank_file_items i where i.file_id = owner.id)`,
};

@Resolver(() => BankFile)
export class BankFileResolver {
  @Authorized('payout:decide')
  @Query(() => BankFile, {
    nullable: true,
    description:
      'Returns one bank file. NOT_FOUND when the bank file does not exist or the caller has no access to it.',
  })
  bankFile(@Id() id: string, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo): Promise<BankFile> {
    return findRow(ctx, info, bankFileTable, id);
  }

  @Authorized('payout:decide')
  @Query(() => BankFileConnection, { description: 'Returns bank files, newest first.' })
  bankFiles(
    @Arg('filter', () => BankFileFilter, { nullable: true, description: 'Filter for the bank files.' })
    filter: BankFileFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<BankFile>> {
    return page(ctx, info, bankFileTable, args, narrowFiles(filter));
  }

  @Authorized('payout:decide')
  @Query(() => BankPaymentConnection, { description: 'Returns payments by bank file, newest first.' })
  bankPayments(
    @Arg('filter', () => BankPaymentFilter, { nullable: true, description: 'Filter for the payments.' })
    filter: BankPaymentFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<BankPayment>> {
    return page(ctx, info, bankPaymentTable, args, narrowPayments(filter));
  }

  @Authorized('payout:decide')
  @Query(() => [WaitingBankPayments], {
    description: 'Returns the payments that wait for a bank file, one entry per currency.',
  })
  waitingBankPayments(@Ctx() ctx: Context): Promise<WaitingBankPayments[]> {
    return waitingPayments(ctx);
  }

  @Authorized('payout:make')
  @Mutation(() => BankFile, {
    description:
      'Creates a bank file from the waiting payments of a currency, oldest first, at most 5000. CONFLICT with a reason when no payment can be included.',
  })
  async createBankFile(
    @Arg('input', () => CreateBankFileInput, { description: 'The payments to include.' })
    input: CreateBankFileInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<BankFile> {
    return findRow(ctx, info, bankFileTable, await createBankFile(ctx, input));
  }

  @Authorized('payout:decide')
  @Mutation(() => BankFile, {
    description: 'Approves a DRAFT bank file. The creator of the file must not approve it.',
  })
  async approveBankFile(
    @Id() id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<BankFile> {
    return findRow(ctx, info, bankFileTable, await approveBankFile(ctx, id));
  }

  @Authorized('payout:decide')
  @Mutation(() => BankFile, {
    description:
      'Cancels a bank file; its payments wait for another file. To cancel a downloaded file, a person who did not download it must state that the bank never received it.',
  })
  async cancelBankFile(
    @Id() id: string,
    @Arg('reason', () => String, { description: 'Reason for the cancellation, 1 to 1000 characters.' })
    reason: string,
    @Arg('neverSubmitted', () => Boolean, {
      defaultValue: false,
      description: 'True: the caller states that the bank never received the downloaded file.',
    })
    neverSubmitted: boolean,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<BankFile> {
    return findRow(ctx, info, bankFileTable, await cancelBankFile(ctx, id, reason, neverSubmitted));
  }

  @Authorized('payout:decide')
  @Mutation(() => DownloadedBankFile, {
    description:
      'Returns the content of an APPROVED bank file, with the same bytes each time. The audit log records each download.',
  })
  downloadBankFile(@Id() id: string, @Ctx() ctx: Context): Promise<DownloadedBankFile> {
    return downloadBankFile(ctx, id);
  }

  @Authorized('payout:decide')
  @Mutation(() => BankFile, {
    description:
      'Confirms that the bank debited the total of a NACHA file: its payments that were not rejected or returned become PAID.',
  })
  async settleBankFile(
    @Id() id: string,
    @Arg('debited', () => Decimal, {
      description: 'The amount that the bank debited. It must equal the total of the file.',
    })
    debited: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<BankFile> {
    return findRow(ctx, info, bankFileTable, await settleBankFile(ctx, id, debited));
  }

  @FieldResolver(() => BankPaymentConnection, { description: 'Payments in the file, newest first.' })
  payments(
    @Root() { id }: BankFile,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<BankPayment>> {
    return pageOfEach(ctx, info, ofFile, id, args);
  }
}

@Resolver(() => BankPayment)
export class BankPaymentResolver {
  @FieldResolver(() => Partner, { description: 'The partner that receives the payment.' })
  partner(
    @Root() root: BankPayment,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner | null> | Partner | null {
    return loadOne(ctx, info, partnerTable, root.partnerId, root);
  }

  @FieldResolver(() => Payout, { description: 'The payout that the payment belongs to.' })
  payout(
    @Root() root: BankPayment,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Payout | null> | Payout | null {
    return loadOne(ctx, info, payoutTable, root.payoutId, root);
  }
}
