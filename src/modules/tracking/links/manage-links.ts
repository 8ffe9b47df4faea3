import { randomBytes } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { conflict, invalid, notFound } from '../../../domain/errors.ts';
import { landingPage } from '../../../domain/landing.ts';
import { authorizeRow } from '../../../kernel/data/authorize.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { record } from '../../foundation/audit/public.ts';
import { findPartner, partnerTable } from '../../partners/partner/public.ts';

import { programOf } from '../../programs/program/public.ts';
import { TrackingLink } from './tracking-link.entity.ts';
import type { CreateTrackingLinkInput, UpdateTrackingLinkInput } from './tracking-link.inputs.ts';

const MAX_LINKS = 10_000;
const FIELD = 'input.partnerId';

/** Creates a link of a partner, by a member of the partner or by staff. Returns its id. */
export async function createTrackingLink(ctx: Context, input: CreateTrackingLinkInput): Promise<string> {
  await authorizeRow(ctx, 'edit', partnerTable, input.partnerId, { field: FIELD });
  return transact(ctx, async (em) => {
    const { id: partnerId, tenantId } = await findPartner(em, input.partnerId, FIELD);
    await requireOnHosts(em, tenantId, input.targetUrl);
    const path = input.path ?? randomBytes(6).toString('hex');
    const [known] = await sql<{ taken: boolean; links: number }>`
      select is_taken(${tenantId}, ${path}) as taken,
        (select count(*)::int from tracking_links where partner_id = ${partnerId}) as links`.execute(em);
    if (known?.taken)
      throw conflict('A link or partner of this program already uses the path.', {
        field: 'input.path',
        reason: 'PATH_TAKEN',
      });
    if ((known?.links ?? 0) >= MAX_LINKS)
      throw conflict(`This partner already has ${MAX_LINKS} links. Use or change an existing one.`);
    const link = em.create(TrackingLink, {
      tenantId,
      partnerId,
      path,
      name: input.name,
      targetUrl: input.targetUrl ?? null,
      campaign: input.campaign ?? null,
      createdBy: ctx.actor.id,
    });
    record(em, ctx, 'link.created', link, { after: told(link) });
    return link.id;
  });
}

/** Changes the given fields. Earlier clicks keep the campaign of their time. */
export function updateTrackingLink(
  ctx: Context,
  id: string,
  input: UpdateTrackingLinkInput,
): Promise<string> {
  return change(ctx, id, 'link.updated', async (em, link) => {
    await requireOnHosts(em, link.tenantId, input.targetUrl);
    if (input.name != null) link.name = input.name;
    if (input.targetUrl !== undefined) link.targetUrl = input.targetUrl;
    if (input.campaign !== undefined) link.campaign = input.campaign;
  });
}

/** Archives a link, so that it no longer redirects. Its path stays reserved: an old link must never belong to another partner. */
export function archiveTrackingLink(ctx: Context, id: string): Promise<string> {
  return change(ctx, id, 'link.archived', (_, link) => {
    if (link.archivedAt) throw conflict('This link is already archived.', { reason: 'ARCHIVED' });
    link.archivedAt = ctx.clock.now();
  });
}

async function change(
  ctx: Context,
  id: string,
  action: string,
  apply: (em: EntityManager, link: TrackingLink) => Promise<void> | void,
): Promise<string> {
  return transact(ctx, async (em) => {
    const link = await em.findOne(TrackingLink, idOf(id));
    if (!link) throw notFound('trackinglink');
    const before = told(link);
    await apply(em, link);
    record(em, ctx, action, link, { before, after: told(link) });
    return link.id;
  });
}

const told = ({ path, name, targetUrl, campaign, archivedAt }: TrackingLink) => ({
  ...{ path, name, targetUrl: targetUrl ?? null, campaign: campaign ?? null, archivedAt: archivedAt ?? null },
});

async function requireOnHosts(em: EntityManager, tenantId: string, url: string | null | undefined) {
  if (url == null) return;
  const { landingHosts, landingUrl } = await programOf(em, tenantId);
  if (
    !landingPage(landingHosts, null, [
      /^\/(?![/\\])/.test(url) && landingUrl ? new URL(landingUrl).origin + url : url,
    ])
  )
    throw invalid('input.targetUrl', "must be an https URL of one of the program's hosts, or a path");
}
