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
  description: 'A started export and the token that opens it.',
})
class RequestedExport {
  readonly id!: string;

  @Field({ description: 'Token that opens the export once. It is shown only in this answer.' })
  readonly token!: string;
}

@Resolver(() => RequestedExport)
export class RequestedExportResolver {
  @FieldResolver(() => PersonExport, { description: 'The started export.' })
  export(@Root() { id }: RequestedExport, @Ctx() ctx: Context): Promise<PersonExport> {
    return personExport(ctx, id);
  }
}

@Resolver()
export class PrivacyResolver {
  @Authorized('privacy:manage')
  @Query(() => PersonExport, {
    nullable: true,
    description: 'Returns an export that the caller requested. NOT_FOUND for other callers.',
  })
  personExport(
    @Arg('id', () => ID, { description: 'Id of the export.' }) id: string,
    @Ctx() ctx: Context,
  ): Promise<PersonExport> {
    return personExport(ctx, id);
  }

  @Authorized('privacy:manage')
  @Query(() => ErasureConnection, {
    description: 'Returns the erasures, newest first. They name persons by id only.',
  })
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
      'Starts an export of all data of a person. Ask `personExport` until the export is READY, then call `takePersonExport`.',
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
      'Takes an export: returns its JSON text and deletes it. Only for the caller who requested the export and has its token.',
  })
  takePersonExport(
    @Arg('id', () => ID, { description: 'Id of the export.' }) id: string,
    @Arg('token', () => String, { description: 'Token from the answer of `exportPerson`.' }) token: string,
    @Ctx() ctx: Context,
  ): Promise<string> {
    return takeExport(ctx, id, token);
  }

  @Authorized('privacy:manage')
  @Mutation(() => [Erasure], {
    description:
      'Erases the data of a person, except data that a law requires. Commissions, payouts and ledger stay, without a name. A partner leaves the program. CONFLICT while money is owed or a payout is under way. Cannot be undone.',
  })
  erasePerson(
    @Arg('input', () => PersonInput, { description: 'Who.' }) input: PersonInput,
    @Arg('reason', () => String, { description: 'Reason, 1 to 1000 characters. It must not name a person.' })
    reason: string,
    @Ctx() ctx: Context,
  ): Promise<Erasure[]> {
    return erasePerson(ctx, input, reason);
  }
}
