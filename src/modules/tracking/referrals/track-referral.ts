import ipaddr from 'ipaddr.js';
import { v4, v7 } from 'uuid';
import { notFound } from '../../../domain/errors.ts';
import { sourceOf } from '../../../domain/referral.ts';
import { deviceOf, wordOf } from '../../../domain/touch.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { happenedAt, metadataOf } from '../../../kernel/request/input.ts';

import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';
import { isNamedBot } from './bots.ts';
import { type Click, recordClick } from './click-ingest.ts';
import { Referral } from './referral.entity.ts';
import type { TrackReferralInput } from './referral.inputs.ts';

export const urlOf = (text: string | null | undefined): URL | null =>
  text && URL.canParse(text) ? new URL(text) : null;

/** Normalises an address: an IPv4-mapped IPv6 address becomes IPv4, and IPv6 gets one spelling. */
export const oneSpelling = (address: string): string =>
  ipaddr.isValid(address) ? ipaddr.process(address).toString() : address;

/** Records a click. The code needs no credential. An unknown code and the code of an inactive partner get the same answer. */
export async function trackReferral(ctx: Context, input: TrackReferralInput): Promise<Referral> {
  const { actor, clock, pool } = ctx;
  const staff = actor.permissions.has('referral:convert');
  const address = (actor.everyTenant && input.ipAddress) || ctx.ipAddress;
  const said = happenedAt(clock, staff ? input.occurredAt : null, 'input.occurredAt');
  const now = clock.now();
  const clickedAt = new Date(Math.min(said.getTime(), now.getTime())); // a fast clock must not place a click after its own purchase
  const landing = urlOf(input.landingUrl);
  const userAgent = input.userAgent?.slice(0, 500).toWellFormed() ?? null;
  const click: Click = {
    id: v7(),
    code: input.referralCode.trim().toUpperCase(),
    tenantId: actor.everyTenant ? null : actor.tenantId,
    visitorId: input.visitorId ?? v4(),
    ofCookie: false,
    folds: false, // each call of a server is a separate click
    bot: isNamedBot(userAgent),
    always: true,
    stored: true,
    medium: wordOf(landing?.searchParams.get('utm_medium')),
    campaign: wordOf(landing?.searchParams.get('utm_campaign')),
    subs: [],
    device: deviceOf(userAgent),
    country: input.country ?? null,
    landingUrl: input.landingUrl ?? null,
    referrerUrl: input.referrerUrl ?? null,
    source: sourceOf(landing, urlOf(input.referrerUrl)),
    ipHash: address ? ctx.pseudonym(oneSpelling(address), clickedAt) : null,
    userAgent,
    clickedAt,
    metadata: metadataOf(input.metadata, 'input.metadata'),
  };
  const recorded = await recordClick(pool, click);
  if (!recorded) throw notFound('referral code', { field: 'input.referralCode' });
  announceMetrics(ctx, recorded.partnerId);
  const { id, visitorId, landingUrl, referrerUrl, source, bot } = click;
  const { expiresAt, createdAt } = recorded;
  return Object.assign(Object.create(Referral.prototype) as Referral, {
    ...{ id, tenantId: recorded.tenantId, partnerId: recorded.partnerId, visitorId, landingUrl, referrerUrl },
    ...{ source, bot, clickedAt, expiresAt, createdAt, metadata: click.metadata },
    referralCode: click.code,
    origin: 'CLICK' as const,
    status: 'CLICKED' as const,
    visitorAlias: visitorId, // the reporter of a click knows its visitor
    convertedAt: null,
    customerId: null,
  });
}
