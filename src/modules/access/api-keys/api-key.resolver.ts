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
  description: 'A key and its secret, which is shown here and never again.',
})
class CreatedApiKey implements SecretOnce {
  readonly id!: string;

  @Field({ description: 'Send it as `Authorization: Bearer <secret>`. Keep it where passwords are kept.' })
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
      "API keys, revoked and expired ones too, newest first: the tenant's for staff, a partner's own for it.",
  })
  apiKeys(
    @Arg('partnerId', () => ID, { nullable: true, description: 'Only those of this partner.' })
    partnerId: string | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<ApiKey>> {
    return apiKeys(ctx, info, partnerId ?? null, args);
  }

  @Authorized('apiKey:manage')
  @Mutation(() => CreatedApiKey, {
    description:
      'Makes an API key; at most 20 live ones an owner. Its secret is in the answer and nowhere else. Needs a sign-in of the last 15 minutes.',
  })
  createApiKey(
    @Arg('input', () => CreateApiKeyInput, { description: 'The new key.' }) input: CreateApiKeyInput,
    @Ctx() ctx: Context,
  ): Promise<SecretOnce> {
    return createApiKey(ctx, input);
  }

  @Authorized('apiKey:manage')
  @Mutation(() => CreatedApiKey, {
    description:
      'Gives a key a new secret, and as much time as it was made for. The old secret counts until the overlap ends; one that was still in an earlier overlap ends now. Needs a sign-in of the last 15 minutes.',
  })
  rotateApiKey(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Arg('overlapHours', () => Int, { description: 'How long the old secret still counts: 0 to 168 hours.' })
    overlapHours: number,
    @Ctx() ctx: Context,
  ): Promise<SecretOnce> {
    return rotateApiKey(ctx, id, overlapHours);
  }

  @Authorized('apiKey:manage')
  @Mutation(() => ApiKey, { description: 'Ends a key for good, at once. Safe to repeat.' })
  async revokeApiKey(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Arg('reason', () => String, { nullable: true, description: 'Why, for the audit log.' })
    reason: string | null,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<ApiKey> {
    return findRow(ctx, info, apiKeyTable, await revokeApiKey(ctx, id, reason ?? null));
  }

  @FieldResolver(() => Partner, {
    nullable: true,
    description: 'The partner that it belongs to; null for a server of the tenant.',
  })
  partner(
    @Root() root: ApiKey,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner | null> | Partner | null {
    return loadOne(ctx, info, partnerTable, root.partnerId ?? null, root);
  }
}
