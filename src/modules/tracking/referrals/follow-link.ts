import { v4, v7 } from 'uuid';
import { landingPage } from '../../../domain/landing.ts';
import { sourceOf } from '../../../domain/referral.ts';
import { deviceOf, wordOf } from '../../../domain/touch.ts';
import type { Services } from '../../../kernel/request/context.ts';
import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';
import { isBot } from './bots.ts';
import { recordClick } from './click-ingest.ts';
import { oneSpelling, urlOf } from './track-referral.ts';

/** What a browser sent when it followed a link. */
export interface Followed {
  readonly code: string;
  /** Of the link: s1 to s5, utm_*, `to`, `consent`. A parameter given twice is none. */
  readonly query: Readonly<Record<string, unknown>>;
  /** What its cookie holds, if it is one of ours. */
  readonly visitorId: string | null;
  readonly ipAddress: string;
  readonly userAgent: string | null;
  readonly referrer: string | null;
  /** ISO 3166, where our proxy says so. */
  readonly country: string | null;
  /** Asks not to be tracked (Global Privacy Control). */
  readonly optedOut: boolean;
  /** Loads ahead what nobody may ever look at, or checks the link. */
  readonly looksOnly: boolean;
  /** More of its network than is kept: it leads where it leads, and is nobody's click. */
  readonly tooMany: boolean;
}

export interface Landing {
  readonly location: string;
  /** The visitor to remember and for how long; null: nothing may be kept. */
  readonly remember: { readonly visitorId: string; readonly days: number } | null;
  /** Whoever asks not to be tracked is forgotten by its browser too. */
  readonly forget: boolean;
}

const CODE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
/** The click's id in the address of the landing page: what the page's server gives to `recordConversion`. */
const CLICK_PARAMETER = 'pp_click';
const PASSED_ON = ['utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_term'];

/** Sets a parameter and leaves the others as they are written: what is signed stays as it was signed. */
function give(page: URL, name: string, value: string): void {
  if (page.searchParams.has(name)) page.searchParams.set(name, value);
  else page.search += `${page.search ? '&' : '?'}${name}=${encodeURIComponent(value.toWellFormed())}`;
}

/** Records the click and says where it leads, after the commit that holds it; null where the code is nobody's. */
export async function followLink(services: Services, followed: Followed): Promise<Landing | null> {
  const { query, userAgent, referrer, ipAddress, looksOnly, tooMany } = followed;
  if (!CODE.test(followed.code)) return null;
  const clickedAt = services.clock.now();
  const tags = PASSED_ON.map((name) => [name, wordOf(query[name])] as const);
  const tag = (name: string) => tags.find(([known]) => known === name)?.[1] ?? null;
  const subs = ['s1', 's2', 's3', 's4', 's5'].map((name) => wordOf(query[name]) ?? '');
  const agent = userAgent?.slice(0, 500).toWellFormed() ?? null;
  const bot = looksOnly || isBot(agent);
  const denied = followed.optedOut || query['consent'] === 'denied';
  const visitorId = (denied ? null : followed.visitorId) ?? v4();
  const id = v7();
  const tagged = tag('utm_source');
  const from = urlOf(referrer?.slice(0, 2_000));
  const recorded = await recordClick(services.pool, {
    id,
    code: followed.code.toUpperCase(),
    tenantId: null,
    visitorId,
    ofCookie: true,
    folds: followed.visitorId === visitorId && !bot && !tooMany,
    stored: !tooMany,
    bot,
    always: false,
    medium: tag('utm_medium'),
    campaign: tag('utm_campaign'),
    subs: subs.some(Boolean) ? subs : [],
    device: deviceOf(agent),
    country: followed.country,
    landingUrl: null,
    referrerUrl:
      from && /^https?:$/.test(from.protocol) ? `${from.origin}${from.pathname}`.toWellFormed() : null,
    source: sourceOf(tagged ? new URL(`https://link/?utm_source=${encodeURIComponent(tagged)}`) : null, from),
    ipHash: ipAddress ? services.pseudonym(oneSpelling(ipAddress), clickedAt) : null,
    userAgent: agent,
    clickedAt,
    metadata: {},
  });
  if (!recorded) return null;
  const counts = !bot && !tooMany;
  if (counts && recorded.id === id) announceMetrics(services, recorded.partnerId);
  const { hosts, landingUrl, target, consentRequired, cookieDays } = recorded;
  const wanted = typeof query['to'] === 'string' ? query['to'] : null;
  const page = landingPage(hosts, landingUrl, [wanted, target]);
  if (page && counts) give(page, CLICK_PARAMETER, recorded.id);
  for (const [name, value] of tags) if (page && value !== null) give(page, name, value);
  const consented = query['consent'] === 'granted' || !consentRequired;
  return {
    location: page?.href ?? services.portalUrl,
    forget: denied && followed.visitorId !== null,
    remember: consented && !denied && !bot ? { visitorId, days: cookieDays } : null,
  };
}
