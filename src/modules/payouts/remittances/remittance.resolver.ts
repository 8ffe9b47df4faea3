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

@ObjectType({ simpleResolvers: true, description: 'What a payout was made of, to be kept by who is paid.' })
class Remittance {
  @Field(() => ID, { description: 'The payout.' })
  payoutId!: string;

  @Field({ description: 'A name for the files, without an ending.' })
  fileName!: string;

  head!: RemittanceHead;

  /** Each file is made once, under however many names it is asked for. */
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
    description: "A payout's remittance statement; NOT_FOUND where the caller may not see the payout.",
  })
  async remittance(
    @Arg('payoutId', () => ID, { description: 'The payout.' }) payoutId: string,
    @Ctx() ctx: Context,
  ): Promise<Remittance> {
    const head = await remittanceHead(ctx, payoutId);
    const fileName = `remittance-${head.periodEnd}-${head.payoutId}`;
    return { payoutId: head.payoutId, fileName, head, files: new Map() };
  }

  @FieldResolver(() => String, {
    description:
      'As CSV (RFC 4180, UTF-8 with its mark): every line with its explanation, and the total. No cell is a formula.',
  })
  csv(@Root() remittance: Remittance, @Ctx() ctx: Context): Promise<string> {
    return once(remittance, 'csv', () => remittanceCsv(ctx, remittance.head));
  }

  @FieldResolver(() => String, {
    description: 'As PDF, in base64: the first 500 lines one by one, the others as a sum.',
  })
  pdf(@Root() remittance: Remittance, @Ctx() ctx: Context): Promise<string> {
    return once(remittance, 'pdf', () => remittancePdf(ctx, remittance.head));
  }
}
