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
import { type Connection, connectionOf, PageArgs, page } from '../../../kernel/data/paging.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { erasePerson } from './erase-person.ts';
import { Erasure, erasureTable } from './erasure.entity.ts';
import { personExport, requestExport, takeExport } from './export-person.ts';
import { PersonExport } from './person-export.entity.ts';
import { PersonInput } from './privacy.inputs.ts';

const ErasureConnection = connectionOf(Erasure);

@ObjectType({
  simpleResolvers: true,
  description: 'An export that is being written, and the token that opens it.',
})
class RequestedExport {
  readonly id!: string;

  @Field({ description: 'Opens the export, once. It is shown here and never again.' })
  readonly token!: string;
}

@Resolver(() => RequestedExport)
export class RequestedExportResolver {
  @FieldResolver(() => PersonExport, { description: 'The export.' })
  export(@Root() { id }: RequestedExport, @Ctx() ctx: Context): Promise<PersonExport> {
    return personExport(ctx, id);
  }
}

@Resolver()
export class PrivacyResolver {
  @Authorized('privacy:manage')
  @Query(() => PersonExport, {
    nullable: true,
    description: 'An export that the caller asked for; NOT_FOUND for anybody else.',
  })
  personExport(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() ctx: Context,
  ): Promise<PersonExport> {
    return personExport(ctx, id);
  }

  @Authorized('privacy:manage')
  @Query(() => ErasureConnection, { description: 'Who was erased, newest first, by ids alone.' })
  erasures(
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Erasure>> {
    return page(ctx, info, erasureTable, args, []);
  }

  @Authorized('privacy:manage')
  @Mutation(() => RequestedExport, {
    description:
      'Has everything written down that is kept of a person, for that person to get. Ask `personExport` until it is READY, then `takePersonExport`. Needs a sign-in of the last 15 minutes.',
  })
  exportPerson(
    @Arg('input', () => PersonInput, { description: 'Who.' }) input: PersonInput,
    @Ctx() ctx: Context,
  ): Promise<RequestedExport> {
    return requestExport(ctx, input);
  }

  @Authorized('privacy:manage')
  @Mutation(() => String, {
    description:
      'The export as JSON text, to who asked for it and has its token. It is gone here after that. Needs a sign-in of the last 15 minutes.',
  })
  takePersonExport(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Arg('token', () => String, { description: 'What `exportPerson` answered.' }) token: string,
    @Ctx() ctx: Context,
  ): Promise<string> {
    return takeExport(ctx, id, token);
  }

  @Authorized('privacy:manage')
  @Mutation(() => [Erasure], {
    description:
      'Erases what is kept of a person, but for what a law asks for: lines, payouts and ledger stay, without a name. A partner leaves the program. CONFLICT while money is owed or a payout is under way. Cannot be undone. Needs a sign-in of the last 15 minutes.',
  })
  erasePerson(
    @Arg('input', () => PersonInput, { description: 'Who.' }) input: PersonInput,
    @Arg('reason', () => String, { description: 'Why: 1 to 1000 characters. Name nobody in it.' })
    reason: string,
    @Ctx() ctx: Context,
  ): Promise<Erasure[]> {
    return erasePerson(ctx, input, reason);
  }
}
