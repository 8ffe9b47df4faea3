import { stringify } from 'uuid';
import type { Money } from '../domain/money.ts';
import { expiryOf, insideWindow, sourceOf } from '../domain/referral.ts';
import { deviceOf } from '../domain/touch.ts';
import { landingPages, userAgents } from './names.ts';
import { type DemoPartner, standingAt } from './partners.ts';
import { DAY_MS, later, type Random } from './random.ts';
import { saleOf } from './sales.ts';

const WINDOW_DAYS = 30;
const SOURCES = { google: 34, newsletter: 16, twitter: 12, direct: 14, linkedin: 8, blog: 16 };
const referrers: Partial<Record<keyof typeof SOURCES, string>> = {
  google: 'https://www.google.com/',
  twitter: 'https://t.co/a1',
  linkedin: 'https://www.linkedin.com/feed/',
};
const COUNTRIES = ['US', 'US', 'US', 'DE', 'IN', 'GB', 'JP', 'AE'] as const;
const reach = { BRONZE: 1, SILVER: 2, GOLD: 4, PLATINUM: 7, DIAMOND: 12 };
const pull = { AFFILIATE: 2, RESELLER: 0.6, REFERRAL: 0.8, WHITE_LABEL: 0.7 };

interface Click {
  readonly id: string;
  readonly tenantId: string;
  readonly createdAt: Date;
  readonly partnerId: string;
  readonly referralCode: string;
  readonly visitorId: string;
  readonly landingUrl: string;
  readonly referrerUrl: string | null;
  readonly source: string;
  readonly userAgent: string;
  readonly clickedAt: Date;
  readonly expiresAt: Date;
  convertedAt: Date | null;
  customerId: string | null;
  readonly metadata: object;
}

/** A purchase by a new customer; `click` is null where the partner sold to it directly. */
export interface Purchase {
  readonly partner: DemoPartner;
  readonly customerId: string;
  readonly externalId: string;
  readonly subscriptionId: string | null;
  readonly click: Click | null;
  readonly sale: Money;
  readonly at: Date;
}

/** Returns the clicks of the year, about `total`, and the purchases that they led to. */
export function makeClicks(
  random: Random,
  tenantId: string,
  partners: readonly DemoPartner[],
  total: number,
  now: Date,
): { clicks: Click[]; purchases: Purchase[] } {
  const active = partners.flatMap((partner) => {
    const span = activeSpan(partner, now);
    if (!span) return [];
    const days = (span.end.getTime() - span.start.getTime()) / DAY_MS;
    const luck = partner.slug === 'acme' ? 5 : random.between(0.4, 1.6);
    return [{ partner, span, weight: days * reach[partner.tier] * pull[partner.partnerType] * luck }];
  });
  const whole = active.reduce((sum, { weight }) => sum + weight, 0);
  const clicks: Click[] = [];
  const purchases: Purchase[] = [];
  for (const { partner, span, weight } of active) {
    const conversionRate = 0.035 * random.between(0.5, 1.7);
    let visitorId = visitor(random);
    for (let left = Math.round((total * weight) / whole); left > 0; left--) {
      if (random.chance(0.85)) visitorId = visitor(random); // else the same visitor again
      const click = makeClick(random, tenantId, partner, visitorId, momentIn(random, span));
      clicks.push(click);
      if (!random.chance(conversionRate)) continue;
      const at = later(click.clickedAt, -Math.log(1 - random.next()) * 3 * DAY_MS);
      if (at > span.end || !insideWindow(click.clickedAt, click.expiresAt, at)) continue;
      const subscribes = random.chance(0.8);
      const purchase = {
        partner,
        customerId: random.id(at),
        externalId: random.token('cust'),
        subscriptionId: subscribes ? random.token('sub') : null,
        click,
        sale: saleOf(random, partner, standingAt(partner, at).tier),
        at,
      };
      click.convertedAt = at;
      click.customerId = purchase.customerId;
      purchases.push(purchase);
    }
  }
  return { clicks, purchases: withExample(purchases) };
}

/** Acme's clicks come first, because the examples of the documentation name its first customer. */
function withExample([first, ...others]: Purchase[]): Purchase[] {
  return first ? [{ ...first, externalId: 'cust_abc123', subscriptionId: 'sub_xyz789' }, ...others] : [];
}

/** Returns the touch of a click, for paths and funnels. */
export const touchOf = (click: Click) => ({
  id: click.id,
  tenantId: click.tenantId,
  createdAt: click.createdAt,
  partnerId: click.partnerId,
  visitorId: click.visitorId,
  clickedAt: click.clickedAt,
  code: click.referralCode,
  source: click.source,
  device: deviceOf(click.userAgent),
  country: COUNTRIES[Number.parseInt(click.visitorId.slice(0, 2), 16) % COUNTRIES.length],
  bot: false,
  subs: [],
});

/** Returns the part of the last year in which the partner was ACTIVE. */
export function activeSpan(partner: DemoPartner, now: Date): { start: Date; end: Date } | null {
  const admitted = partner.standings.find(({ status }) => status === 'ACTIVE');
  if (!admitted) return null;
  const left = partner.standings.at(-1);
  const end = left && left.status !== 'ACTIVE' ? left.from : now;
  const start = new Date(
    Math.max(now.getTime() - 365 * DAY_MS, partner.createdAt.getTime(), admitted.from.getTime()),
  );
  return start < end ? { start, end } : null;
}

/** Draws a time: recent times are more likely, weekends less likely. */
export function momentIn(random: Random, { start, end }: { start: Date; end: Date }): Date {
  for (;;) {
    const at = later(start, random.next() ** 0.8 * (end.getTime() - start.getTime() - 1));
    const weekend = at.getUTCDay() % 6 === 0;
    if (!weekend || random.chance(0.4)) return at;
  }
}

function makeClick(
  random: Random,
  tenantId: string,
  partner: DemoPartner,
  visitorId: string,
  at: Date,
): Click {
  const channel = random.weighted(SOURCES);
  const landing = new URL(`https://finaceverse.com${random.pick(landingPages)}`);
  landing.searchParams.set('ref', partner.referralCode);
  if (channel !== 'direct' && channel !== 'blog') landing.searchParams.set('utm_source', channel);
  const referrerUrl =
    channel === 'blog' ? `https://blog.${partner.slug}.example/` : (referrers[channel] ?? null);
  return {
    id: random.id(at),
    tenantId,
    createdAt: at,
    partnerId: partner.id,
    referralCode: partner.referralCode,
    visitorId,
    landingUrl: landing.href,
    referrerUrl,
    source: sourceOf(landing, referrerUrl ? new URL(referrerUrl) : null),
    userAgent: random.pick(userAgents),
    clickedAt: at,
    expiresAt: expiryOf(at, partner.affiliate?.cookieDays ?? WINDOW_DAYS),
    convertedAt: null,
    customerId: null,
    metadata: {},
  };
}

function visitor(random: Random): string {
  const bytes = random.bytes();
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40; // version 4
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return stringify(bytes);
}
