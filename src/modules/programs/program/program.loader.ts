import type { GraphQLResolveInfo } from 'graphql';
import { notFound } from '../../../domain/errors.ts';
import { PartnerTier } from '../../../domain/partner.ts';
import { where } from '../../../kernel/data/condition.ts';
import { findRow, from, query, select } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { type Program, programTable } from './program.entity.ts';
import { type TierConfig, tierConfigTable } from './tier-config.entity.ts';

/** Loads the program of the credential's tenant, also for a platform administrator. */
export async function program(ctx: Context, info: GraphQLResolveInfo): Promise<Program> {
  const selection = select(programTable, info, ctx.actor, [], ['tenantId']);
  const statement = from(programTable, ctx.actor, selection).and([
    where('g.tenant_id = $', ctx.actor.tenantId),
  ]);
  const [row] = await query(ctx, statement);
  if (!row) throw notFound('program');
  return selection.read(row);
}

const ladder = Object.keys(PartnerTier);

export async function tierConfigs(ctx: Context, info: GraphQLResolveInfo): Promise<TierConfig[]> {
  const selection = select(tierConfigTable, info, ctx.actor);
  const statement = from(tierConfigTable, ctx.actor, selection)
    .and([where('t.tenant_id = $', ctx.actor.tenantId)])
    .add(' order by array_position($::text[], t.tier)', ladder);
  return (await query(ctx, statement)).map((row) => selection.read(row));
}

export const tierConfig = (ctx: Context, info: GraphQLResolveInfo, id: string): Promise<TierConfig> =>
  findRow(ctx, info, tierConfigTable, id);
