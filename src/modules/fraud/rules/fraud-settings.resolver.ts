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
  removeFraudListEntry,
  type Settings,
  settingsOf,
  updateFraudSettings,
} from './fraud-settings.ts';

@Resolver()
export class FraudSettingsResolver {
  @Authorized('program:edit')
  @Query(() => FraudSettings, { description: "The program's risk rules; all are OFF until it says so." })
  fraudSettings(@Ctx() ctx: Context): Promise<Settings> {
    return settingsOf(ctx);
  }

  @Authorized('program:edit')
  @Mutation(() => FraudSettings, {
    description: 'Changes what the risk rules do, for lines that are made from now on.',
  })
  async updateFraudSettings(
    @Arg('input', () => UpdateFraudSettingsInput, { description: 'What to change.' })
    input: UpdateFraudSettingsInput,
    @Ctx() ctx: Context,
  ): Promise<Settings> {
    await updateFraudSettings(ctx, input);
    return settingsOf(ctx);
  }
}

@ObjectType({ simpleResolvers: true, description: 'What a risk rule does in the program.' })
class FraudRuleSettings {
  @Field(() => FraudRule, { description: 'The rule.' })
  rule!: FraudRule;

  @Field(() => FraudMode, { description: 'What it does when it hits; OFF until the program says so.' })
  mode!: FraudMode;

  @Field(() => FraudMode, { description: 'What it is made for, once SHADOW has shown that it fits.' })
  recommended!: FraudMode;

  @Field(() => Int, { description: 'What it adds to the score.' })
  weight!: number;

  @Field(() => Int, {
    nullable: true,
    description: 'From how many on it hits; null of one that counts nothing.',
  })
  limit!: number | null;
}

@ObjectType({ simpleResolvers: true, description: "The program's risk rules." })
class FraudSettings {
  @Field(() => Int, { description: 'From which score on a line is held.' })
  threshold!: number;

  @Field(() => [FraudRuleSettings], { description: 'Every rule there is.' })
  rules!: FraudRuleSettings[];
}

const FraudListEntryConnection = connectionOf(FraudListEntry);

@Resolver(() => FraudListEntry)
export class FraudListResolver {
  @Authorized('program:read')
  @Query(() => FraudListEntryConnection, {
    description: "The program's own lists for its risk rules, newest first; a partner sees none.",
  })
  fraudListEntries(
    @Arg('active', () => Boolean, {
      nullable: true,
      description: 'true: those that are on; false: those that were taken off; absent: all.',
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
    description: 'Lists a customer or a mail domain: to allow it, to block it, or to say what its mail is.',
  })
  async addFraudListEntry(
    @Arg('input', () => FraudListEntryInput, { description: 'Who or what.' }) input: FraudListEntryInput,
    @Arg('reason', () => String, { description: 'Why: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<FraudListEntry> {
    return findRow(ctx, info, fraudListEntryTable, await addFraudListEntry(ctx, input, reason));
  }

  @Authorized('program:edit')
  @Mutation(() => FraudListEntry, { description: 'Takes an entry off its list; it stays to be seen.' })
  async removeFraudListEntry(
    @Arg('id', () => ID, { description: "The entry's id." }) id: string,
    @Arg('reason', () => String, { description: 'Why: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<FraudListEntry> {
    return findRow(ctx, info, fraudListEntryTable, await removeFraudListEntry(ctx, id, reason));
  }

  @FieldResolver(() => Customer, { nullable: true, description: 'The customer, where one is listed.' })
  customer(
    @Root() root: FraudListEntry,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Customer | null> | Customer | null {
    return loadOne(ctx, info, customerTable, root.customerId ?? null, root);
  }
}
