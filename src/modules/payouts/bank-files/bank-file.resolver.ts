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

@ObjectType({ simpleResolvers: true, description: 'A bank file as it goes to the bank.' })
class DownloadedBankFile implements BankFileText {
  @Field({ description: 'A name for it.' })
  name!: string;

  @Field({ description: 'Its media type.' })
  mediaType!: string;

  @Field({ description: 'SHA-256 of its bytes, in hex.' })
  sha256!: string;

  @Field({ description: 'Its text: its bytes are this in UTF-8.' })
  content!: string;
}

const Id = () => Arg('id', () => ID, { description: 'Its id.' });

@Resolver(() => BankFile)
export class BankFileResolver {
  @Authorized('payout:decide')
  @Query(() => BankFile, {
    nullable: true,
    description: 'One bank file; NOT_FOUND where the caller may not see it.',
  })
  bankFile(@Id() id: string, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo): Promise<BankFile> {
    return findRow(ctx, info, bankFileTable, id);
  }

  @Authorized('payout:decide')
  @Query(() => BankFileConnection, { description: 'Bank files, newest first.' })
  bankFiles(
    @Arg('filter', () => BankFileFilter, { nullable: true, description: 'Which of them.' })
    filter: BankFileFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<BankFile>> {
    return page(ctx, info, bankFileTable, args, narrowFiles(filter));
  }

  @Authorized('payout:decide')
  @Query(() => BankPaymentConnection, { description: 'Payments by bank file, newest first.' })
  bankPayments(
    @Arg('filter', () => BankPaymentFilter, { nullable: true, description: 'Which of them.' })
    filter: BankPaymentFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<BankPayment>> {
    return page(ctx, info, bankPaymentTable, args, narrowPayments(filter));
  }

  @Authorized('payout:decide')
  @Query(() => [WaitingBankPayments], { description: 'What waits for a file, one entry a currency.' })
  waitingBankPayments(@Ctx() ctx: Context): Promise<WaitingBankPayments[]> {
    return waitingPayments(ctx);
  }

  @Authorized('payout:make')
  @Mutation(() => BankFile, {
    description:
      'Puts the waiting payments of a currency into a file, oldest first, at most 5000. CONFLICT with a reason where none waits.',
  })
  async createBankFile(
    @Arg('input', () => CreateBankFileInput, { description: 'Which payments.' }) input: CreateBankFileInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<BankFile> {
    return findRow(ctx, info, bankFileTable, await createBankFile(ctx, input));
  }

  @Authorized('payout:decide')
  @Mutation(() => BankFile, {
    description: 'Lets a DRAFT file go to the bank; not by who made it. It needs a fresh sign-in.',
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
      'Calls a file off; its payments wait for another one. One that was downloaded is called off only by somebody else, who states that the bank never got it.',
  })
  async cancelBankFile(
    @Id() id: string,
    @Arg('reason', () => String, { description: 'Why: 1 to 1000 characters.' }) reason: string,
    @Arg('neverSubmitted', () => Boolean, {
      defaultValue: false,
      description: 'States that the bank never got a file that was downloaded. It needs a fresh sign-in.',
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
      'Hands out an APPROVED file, the same bytes each time. It needs a fresh sign-in, and each time is in the audit log.',
  })
  downloadBankFile(@Id() id: string, @Ctx() ctx: Context): Promise<DownloadedBankFile> {
    return downloadBankFile(ctx, id);
  }

  @Authorized('payout:decide')
  @Mutation(() => BankFile, {
    description:
      'States that the bank debited the whole of a NACHA file: what of it was not returned is PAID. It needs a fresh sign-in.',
  })
  async settleBankFile(
    @Id() id: string,
    @Arg('debited', () => Decimal, {
      description: 'The sum that the bank debited: that of the file, exactly.',
    })
    debited: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<BankFile> {
    return findRow(ctx, info, bankFileTable, await settleBankFile(ctx, id, debited));
  }

  @FieldResolver(() => BankPaymentConnection, { description: 'Its payments, newest first.' })
  payments(
    @Root() { id }: BankFile,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<BankPayment>> {
    const ofFile = sql`b.id in (select i.payment_id from bank_file_items i where i.file_id = owner.id)`;
    return pageOfEach(ctx, info, bankPaymentTable, ofFile, id, args);
  }
}

@Resolver(() => BankPayment)
export class BankPaymentResolver {
  @FieldResolver(() => Partner, { description: 'Who is paid.' })
  partner(
    @Root() root: BankPayment,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner | null> | Partner | null {
    return loadOne(ctx, info, partnerTable, root.partnerId, root);
  }

  @FieldResolver(() => Payout, { description: 'The payout that it pays.' })
  payout(
    @Root() root: BankPayment,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Payout | null> | Payout | null {
    return loadOne(ctx, info, payoutTable, root.payoutId, root);
  }
}
