import ipaddr from 'ipaddr.js';
import { v4, v7 } from 'uuid';
import { notFound } from '../../domain/errors.ts';
import { sourceOf } from '../../domain/referral.ts';
import type { Context } from '../../kernel/context.ts';
import { happenedAt } from '../../kernel/instants.ts';
import { metadataOf } from '../../kernel/metadata.ts';
import { announceMetrics } from '../../kernel/metrics-topic.ts';
import { type Click, recordClick } from './click-ingest.ts';
import { Referral } from './referral.entity.ts';
import type { TrackReferralInput } from './referral.inputs.ts';

const urlOf = (text: string | null | undefined): URL | null =>
  text && URL.canParse(text) ? new URL(text) : null;

/** An IPv4 address that came mapped into IPv6 is the IPv4 address, and zeros of IPv6 are written one way. */
const oneSpelling = (address: string): string =>
  ipaddr.isValid(address) ? ipaddr.process(address).toString() : address;

/** Records a click. The code is the key: an unknown one and that of a partner who is not ACTIVE answer alike. */
export async function trackReferral(ctx: Context, input: TrackReferralInput): Promise<Referral> {
  const { actor, clock, pool } = ctx;
  const staff = actor.permissions.has('referral:convert');
  const address = (actor.everyTenant && input.ipAddress) || ctx.ipAddress;
  const clickedAt = happenedAt(clock, staff ? input.occurredAt : null, 'input.occurredAt');
  const click: Click = {
    id: v7(),
    code: input.referralCode.trim().toUpperCase(),
    tenantId: actor.everyTenant ? null : actor.tenantId,
    visitorId: input.visitorId ?? v4(),
    landingUrl: input.landingUrl ?? null,
    referrerUrl: input.referrerUrl ?? null,
    source: sourceOf(urlOf(input.landingUrl), urlOf(input.referrerUrl)),
    ipHash: address ? ctx.pseudonym(oneSpelling(address), clickedAt) : null,
    userAgent: input.userAgent?.slice(0, 500).toWellFormed() ?? null,
    clickedAt,
    metadata: metadataOf(input.metadata, 'input.metadata'),
  };
  const recorded = await recordClick(pool, click);
  if (!recorded) throw notFound('referral code', { field: 'input.referralCode' });
  announceMetrics(ctx, recorded.partnerId);
  const { code, ipHash: _, userAgent: __, ...kept } = click;
  return Object.assign(Object.create(Referral.prototype) as Referral, kept, recorded, {
    referralCode: code,
    status: 'CLICKED' as const,
    convertedAt: null,
    customerId: null,
  });
}
