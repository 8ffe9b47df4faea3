import type { GraphQLResolveInfo } from 'graphql';
import { notFound } from '../../../domain/errors.ts';
import { PartnerTier } from '../../../domain/partner.ts';
import { findRow, from, readRows, select } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { type Program, programTable } from './program.entity.ts';
import { type TierConfig, tierConfigTable } from './tier-config.entity.ts';

/** Loads the program of the credential's tenant, also for a platform administrator. */
export async function program(ctx: Context, info: GraphQLResolveInfo): Promise<Program> {
  const selection = select(programTable, info, ctx.actor, [], ['tenantId']);
  const statement = sql`${from(programTable, ctx.actor, selection)} and g.tenant_id = ${ctx.actor.tenantId}`;
  const [row] = await readRows(ctx, selection, statement);
  if (!row) throw notFound('program');
  return row;
}

const ladder = Object.keys(PartnerTier);

export async function tierConfigs(ctx: Context, info: GraphQLResolveInfo): Promise<TierConfig[]> {
  const selection = select(tierConfigTable, info, ctx.actor);
  const statement = sql`${from(tierConfigTable, ctx.actor, selection)} and t.tenant_id = ${ctx.actor.tenantId} order by array_position(${ladder}::text[], t.tier)`;
  return readRows(ctx, selection, statement);
}

export const tierConfig = (ctx: Context, info: GraphQLResolveInfo, id: string): Promise<TierConfig> =>
  findRow(ctx, info, tierConfigTable, id);
