import type { GraphQLResolveInfo } from 'graphql';
import { type Connection, type PageArgs, page } from '../../../kernel/data/paging.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { type ApiKey, apiKeyTable } from './api-key.entity.ts';

/** Loads the keys in the scope of the caller, newest first; with `partnerId` only those of one partner. */
export const apiKeys = (
  ctx: Context,
  info: GraphQLResolveInfo,
  partnerId: string | null,
  args: PageArgs,
): Promise<Connection<ApiKey>> =>
  page(
    ctx,
    info,
    apiKeyTable,
    args,
    partnerId === null ? [] : [sql`k.partner_id = ${idOf(partnerId, 'partnerId')}`],
  );
