import {
  Arg,
  Authorized,
  Ctx,
  Field,
  FieldResolver,
  ID,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import type { Context } from '../../../kernel/request/context.ts';
import { type RemittanceHead, remittanceHead } from './remittance.loader.ts';
import { remittanceCsv } from './remittance-csv.ts';
import { remittancePdf } from './remittance-pdf.ts';

@ObjectType({
  simpleResolvers: true,
  description: 'Remittance advice: the document that tells a partner which commissions a payout pays.',
})
class Remittance {
  @Field(() => ID, { description: 'Id of the payout.' })
  payoutId!: string;

  @Field({ description: 'Suggested name for the files, without an extension.' })
  fileName!: string;

  head!: RemittanceHead;

  /** Each file is created once, also when the request selects it under several aliases. */
  files!: Map<'csv' | 'pdf', Promise<string>>;
}

function once({ files }: Remittance, kind: 'csv' | 'pdf', make: () => Promise<string>): Promise<string> {
  const file = files.get(kind) ?? make();
  files.set(kind, file);
  return file;
}

@Resolver(() => Remittance)
export class RemittanceResolver {
  @Authorized('program:read')
  @Query(() => Remittance, {
    description:
      'Returns the remittance advice of a payout. NOT_FOUND when the payout does not exist or the caller has no access to it.',
  })
  async remittance(
    @Arg('payoutId', () => ID, { description: 'Id of the payout.' }) payoutId: string,
    @Ctx() ctx: Context,
  ): Promise<Remittance> {
    const head = await remittanceHead(ctx, payoutId);
    const fileName = `remittance-${head.periodEnd}-${head.payoutId}`;
    return { payoutId: head.payoutId, fileName, head, files: new Map() };
  }

  @FieldResolver(() => String, {
    description:
      'CSV file (RFC 4180, UTF-8 with byte order mark) with each commission, its explanation, and the total. No cell is a formula.',
  })
  csv(@Root() remittance: Remittance, @Ctx() ctx: Context): Promise<string> {
    return once(remittance, 'csv', () => remittanceCsv(ctx, remittance.head));
  }

  @FieldResolver(() => String, {
    description: 'PDF file in Base64. The first 500 commissions are listed; the others are shown as a sum.',
  })
  pdf(@Root() remittance: Remittance, @Ctx() ctx: Context): Promise<string> {
    return once(remittance, 'pdf', () => remittancePdf(ctx, remittance.head));
  }
}
