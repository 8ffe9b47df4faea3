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
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { FraudMode, FraudRule } from '../../../domain/fraud.ts';
import { loadOne } from '../../../kernel/data/loader.ts';
import { type Connection, connectionOf, PageArgs, page } from '../../../kernel/data/paging.ts';
import { findRow } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Customer, customerTable } from '../../tracking/customers/public.ts';
import { FraudListEntryInput, UpdateFraudSettingsInput } from './fraud.inputs.ts';
import { FraudListEntry, fraudListEntryTable } from './fraud-list-entry.entity.ts';
import {
  addFraudListEntry,
  loadSettings,
  removeFraudListEntry,
  type Settings,
  updateFraudSettings,
} from './fraud-settings.ts';

@Resolver()
export class FraudSettingsResolver {
  @Authorized('program:edit')
  @Query(() => FraudSettings, {
    description: "Returns the program's risk rules. All rules are OFF until the program changes them.",
  })
  fraudSettings(@Ctx() ctx: Context): Promise<Settings> {
    return loadSettings(ctx);
  }

  @Authorized('program:edit')
  @Mutation(() => FraudSettings, {
    description: 'Changes the risk rules for commissions created from now on. Returns all settings.',
  })
  async updateFraudSettings(
    @Arg('input', () => UpdateFraudSettingsInput, { description: 'The changed settings.' })
    input: UpdateFraudSettingsInput,
    @Ctx() ctx: Context,
  ): Promise<Settings> {
    await updateFraudSettings(ctx, input);
    return loadSettings(ctx);
  }
}

@ObjectType({ simpleResolvers: true, description: 'Settings of one risk rule.' })
class FraudRuleSettings {
  @Field(() => FraudRule, { description: 'The rule.' })
  rule!: FraudRule;

  @Field(() => FraudMode, {
    description: 'Effect of the rule when it matches. OFF until the program changes it.',
  })
  mode!: FraudMode;

  @Field(() => FraudMode, { description: 'Recommended mode after a trial in SHADOW.' })
  recommended!: FraudMode;

  @Field(() => Int, { description: 'Points that the rule adds to the score.' })
  weight!: number;

  @Field(() => Int, {
    nullable: true,
    description:
      'Limit from which the rule matches: seconds for FAST_PURCHASE, otherwise a number per hour. Null for a rule that does not count.',
  })
  limit!: number | null;
}

@ObjectType({ simpleResolvers: true, description: "Settings of the program's risk rules." })
class FraudSettings {
  @Field(() => Int, { description: 'Score from which a commission is held.' })
  threshold!: number;

  @Field(() => [FraudRuleSettings], { description: 'All rules.' })
  rules!: FraudRuleSettings[];
}

const FraudListEntryConnection = connectionOf(FraudListEntry);

@Resolver(() => FraudListEntry)
export class FraudListResolver {
  @Authorized('program:read')
  @Query(() => FraudListEntryConnection, {
    description:
      "Returns the entries of the program's lists for its risk rules, newest first. A partner gets none.",
  })
  fraudListEntries(
    @Arg('active', () => Boolean, {
      nullable: true,
      description: 'True: active entries. False: removed entries. Default: all.',
    })
    active: boolean | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<FraudListEntry>> {
    const which = active == null ? [] : [sql`(e.removed_at is null) = ${active}`];
    return page(ctx, info, fraudListEntryTable, args, which);
  }

  @Authorized('program:edit')
  @Mutation(() => FraudListEntry, {
    description: 'Adds a customer or a mail domain to a list: allowed, blocked, disposable or free mail.',
  })
  async addFraudListEntry(
    @Arg('input', () => FraudListEntryInput, { description: 'The list, and the customer or the domain.' })
    input: FraudListEntryInput,
    @Arg('reason', () => String, { description: 'Reason for the entry, 1 to 1000 characters.' })
    reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<FraudListEntry> {
    return findRow(ctx, info, fraudListEntryTable, await addFraudListEntry(ctx, input, reason));
  }

  @Authorized('program:edit')
  @Mutation(() => FraudListEntry, {
    description: 'Removes an entry from its list. The removed entry stays readable.',
  })
  async removeFraudListEntry(
    @Arg('id', () => ID, { description: 'Id of the entry.' }) id: string,
    @Arg('reason', () => String, { description: 'Reason for the removal, 1 to 1000 characters.' })
    reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<FraudListEntry> {
    return findRow(ctx, info, fraudListEntryTable, await removeFraudListEntry(ctx, id, reason));
  }

  @FieldResolver(() => Customer, { nullable: true, description: 'The listed customer. Null for a domain.' })
  customer(
    @Root() root: FraudListEntry,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Customer | null> | Customer | null {
    return loadOne(ctx, info, customerTable, root.customerId ?? null, root);
  }
}
