import ipaddr from 'ipaddr.js';
import { v4, v7 } from 'uuid';
import { notFound } from '../../../domain/errors.ts';
import { sourceOf } from '../../../domain/referral.ts';
import { deviceOf, wordOf } from '../../../domain/touch.ts';
import { transact } from '../../../kernel/data/transact.ts';
import { system } from '../../../kernel/request/actor.ts';
import { type Context, contextFor } from '../../../kernel/request/context.ts';
import { happenedAt, metadataOf } from '../../../kernel/request/input.ts';
import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';
import { once } from '../../foundation/idempotency/public.ts';
import { isNamedBot } from './bots.ts';
import { type Click, insertClick, recordClick } from './click-ingest.ts';
import { Referral } from './referral.entity.ts';
import type { TrackReferralInput } from './referral.inputs.ts';

export const urlOf = (text: string | null | undefined): URL | null =>
  text && URL.canParse(text) ? new URL(text) : null;

/** Normalises an address: an IPv4-mapped IPv6 address becomes IPv4, and IPv6 gets one spelling. */
export const oneSpelling = (address: string): string =>
  ipaddr.isValid(address) ? ipaddr.process(address).toString() : address;

/** Records a click. The code needs no credential. An unknown code and the code of an inactive partner get the same answer.
 *  A repetition returns the first click: the same idempotency key, or the same visitor and link a moment ago. */
export async function trackReferral(ctx: Context, input: TrackReferralInput): Promise<Referral> {
  const { actor, clock, pool } = ctx;
  const staff = actor.permissions.has('referral:convert');
  const address = (actor.everyTenant && input.ipAddress) || ctx.ipAddress;
  const said = happenedAt(clock, staff ? input.occurredAt : null, 'input.occurredAt');
  const now = clock.now();
  const clickedAt = new Date(Math.min(said.getTime(), now.getTime())); // a fast clock must not place a click after its own purchase
  const landing = urlOf(input.landingUrl);
  const userAgent = input.userAgent?.slice(0, 500).toWellFormed() ?? null;
  const bot = isNamedBot(userAgent);
  const click: Click = {
    id: v7(),
    code: input.referralCode,
    tenantId: actor.everyTenant ? null : actor.tenantId,
    visitorId: input.visitorId ?? v4(),
    ofCookie: false,
    folds: input.visitorId != null && !bot,
    bot,
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
  if (input.idempotencyKey != null) return trackOnce(ctx, click, input);
  const recorded = await recordClick(pool, click);
  if (!recorded) throw unknownCode();
  if (recorded.id !== click.id) return storedClick(ctx, recorded.id);
  announceMetrics(ctx, recorded.partnerId);
  const { id, visitorId, landingUrl, referrerUrl, source } = click;
  const { expiresAt, createdAt } = recorded;
  return answer({
    ...{ id, tenantId: recorded.tenantId, partnerId: recorded.partnerId, visitorId, landingUrl, referrerUrl },
    ...{ source, bot, clickedAt, expiresAt, createdAt, metadata: click.metadata },
    referralCode: click.code,
    origin: 'CLICK' as const,
    status: 'CLICKED' as const,
    convertedAt: null,
    customerId: null,
  });
}

const unknownCode = () => notFound('referral code', { field: 'input.referralCode' });

const answer = (referral: Omit<Referral, 'visitorAlias'>): Referral =>
  Object.assign(Object.create(Referral.prototype) as Referral, referral, {
    visitorAlias: referral.visitorId, // the reporter of a click knows its visitor
  });

/** The caller may see no rows, but has sent the data of the click. */
const asSystem = (ctx: Context): Context =>
  contextFor(ctx, { actor: { ...system, id: ctx.actor.id }, requestId: ctx.requestId }); // its keys stay its own

/** Stores the click of an idempotency key unless an earlier request did. */
async function trackOnce(ctx: Context, click: Click, input: TrackReferralInput): Promise<Referral> {
  const { idempotencyKey: key, ...rest } = input;
  let first = click.id;
  try {
    const partnerId = await transact(asSystem(ctx), async (em) => {
      const stored = await insertClick(em, click);
      if (!stored) throw unknownCode();
      const effect = { tenantId: stored.tenantId, operation: 'trackReferral', key, input: rest };
      first = await once(em, ctx, effect, async () => stored.id);
      if (first !== stored.id) throw new Repeated(); // nothing of the repetition is kept
      return stored.partnerId;
    });
    if (first === click.id) announceMetrics(ctx, partnerId);
  } catch (error) {
    if (!(error instanceof Repeated)) throw error;
  }
  return storedClick(ctx, first);
}

class Repeated extends Error {}

async function storedClick(ctx: Context, id: string): Promise<Referral> {
  const stored = await asSystem(ctx).em.findOneOrFail(Referral, { id });
  const expired = stored.expiresAt <= ctx.clock.now();
  return answer({ ...stored, status: stored.convertedAt ? 'CONVERTED' : expired ? 'EXPIRED' : 'CLICKED' });
}
