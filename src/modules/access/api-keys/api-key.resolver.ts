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
import { loadOne } from '../../../kernel/data/loader.ts';
import { type Connection, connectionOf, PageArgs } from '../../../kernel/data/paging.ts';
import { findRow } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Partner, partnerTable } from '../../partners/partner/public.ts';
import { ApiKey, apiKeyTable } from './api-key.entity.ts';
import { CreateApiKeyInput } from './api-key.inputs.ts';
import { apiKeys } from './api-key.loader.ts';
import { createApiKey, revokeApiKey, rotateApiKey, type SecretOnce } from './manage-api-keys.ts';

const ApiKeyConnection = connectionOf(ApiKey);

@ObjectType({
  simpleResolvers: true,
  description: 'An API key with its secret. The secret is shown only in this answer.',
})
class CreatedApiKey implements SecretOnce {
  readonly id!: string;

  @Field({
    description:
      'Secret of the key. Send it as `Authorization: Bearer <secret>` and store it like a password.',
  })
  readonly secret!: string;
}

@Resolver(() => CreatedApiKey)
export class CreatedApiKeyResolver {
  @FieldResolver(() => ApiKey, { description: 'The key.' })
  apiKey(
    @Root() { id }: CreatedApiKey,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<ApiKey> {
    return findRow(ctx, info, apiKeyTable, id);
  }
}

@Resolver(() => ApiKey)
export class ApiKeyResolver {
  @Authorized('apiKey:manage')
  @Query(() => ApiKeyConnection, {
    description:
      'API keys, newest first, including revoked and expired ones. Staff sees the keys of the tenant; a partner sees its own.',
  })
  apiKeys(
    @Arg('partnerId', () => ID, { nullable: true, description: 'Returns only rows of this partner.' })
    partnerId: string | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<ApiKey>> {
    return apiKeys(ctx, info, partnerId ?? null, args);
  }

  @Authorized('apiKey:manage')
  @Mutation(() => CreatedApiKey, {
    description: 'Creates an API key; an owner has at most 20 live keys. The secret is only in this answer.',
  })
  createApiKey(
    @Arg('input', () => CreateApiKeyInput, { description: 'Data of the new key.' }) input: CreateApiKeyInput,
    @Ctx() ctx: Context,
  ): Promise<SecretOnce> {
    return createApiKey(ctx, input);
  }

  @Authorized('apiKey:manage')
  @Mutation(() => CreatedApiKey, {
    description:
      'Gives a key a new secret and extends it by its original lifetime. The old secret stays valid until the overlap ends; a secret of an earlier overlap ends now.',
  })
  rotateApiKey(
    @Arg('id', () => ID, { description: 'Id of the key.' }) id: string,
    @Arg('overlapHours', () => Int, { description: 'Hours for which the old secret stays valid: 0 to 168.' })
    overlapHours: number,
    @Ctx() ctx: Context,
  ): Promise<SecretOnce> {
    return rotateApiKey(ctx, id, overlapHours);
  }

  @Authorized('apiKey:manage')
  @Mutation(() => ApiKey, { description: 'Revokes a key permanently and at once. Safe to repeat.' })
  async revokeApiKey(
    @Arg('id', () => ID, { description: 'Id of the key.' }) id: string,
    @Arg('reason', () => String, { nullable: true, description: 'Reason, for the audit log.' })
    reason: string | null,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<ApiKey> {
    return findRow(ctx, info, apiKeyTable, await revokeApiKey(ctx, id, reason ?? null));
  }

  @FieldResolver(() => Partner, {
    nullable: true,
    description: 'Partner of the key; null for a key of the tenant.',
  })
  partner(
    @Root() root: ApiKey,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner | null> | Partner | null {
    return loadOne(ctx, info, partnerTable, root.partnerId ?? null, root);
  }
}
