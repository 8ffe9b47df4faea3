import { v4, v7 } from 'uuid';
import { landingPage, setParameter } from '../../../domain/landing.ts';
import { linkCodeOf, sourceOf } from '../../../domain/referral.ts';
import { escapeUnstorable } from '../../../domain/storable.ts';
import { deviceOf, wordOf } from '../../../domain/touch.ts';
import type { Services } from '../../../kernel/request/context.ts';
import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';
import { isBot } from './bots.ts';
import { recordClick } from './click-ingest.ts';
import { oneSpelling, urlOf } from './track-referral.ts';

/** The data of a browser that follows a link. */
export interface Followed {
  /** The code of the link, perhaps with characters of the text around the link. */
  readonly code: string;
  /** The parameters of the link: s1 to s5, utm_*, `to`, `consent`. A parameter given twice is ignored. */
  readonly query: Readonly<Record<string, unknown>>;
  /** The value of our cookie, if its signature is valid. */
  readonly visitorId: string | null;
  readonly ipAddress: string;
  readonly userAgent: string | null;
  readonly referrer: string | null;
  /** ISO 3166 code from the proxy, if configured. */
  readonly country: string | null;
  /** True if the browser sends Global Privacy Control. */
  readonly optedOut: boolean;
  /** True for a prefetch or a link check. */
  readonly looksOnly: boolean;
  /** Over the click limit for this network: redirect as usual, but do not attribute the click. */
  readonly tooMany: boolean;
}

export interface Landing {
  readonly location: string;
  /** The visitor to store in the cookie and its lifetime; null if no cookie may be set. */
  readonly remember: { readonly visitorId: string; readonly days: number } | null;
  /** True to delete the cookie of a browser that asks not to be tracked. */
  readonly forget: boolean;
}

/** The parameter of the click id in the URL of the landing page. The server of the page sends it to `recordConversion`. */
const CLICK_PARAMETER = 'pp_click';
const PASSED_ON = ['utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_term'];

/** Records the click and returns its target, after the commit; null for an unknown code. */
export async function followLink(services: Services, followed: Followed): Promise<Landing | null> {
  const { query, userAgent, referrer, ipAddress, looksOnly, tooMany } = followed;
  const code = linkCodeOf(followed.code);
  if (code === null) return null;
  const clickedAt = services.clock.now();
  const tags = PASSED_ON.map((name) => [name, wordOf(query[name])] as const);
  const tag = (name: string) => tags.find(([known]) => known === name)?.[1] ?? null;
  const subs = ['s1', 's2', 's3', 's4', 's5'].map((name) => wordOf(query[name]) ?? '');
  const agent = userAgent === null ? null : escapeUnstorable(userAgent.slice(0, 500));
  const bot = looksOnly || isBot(agent);
  const denied = followed.optedOut || query['consent'] === 'denied';
  const visitorId = (denied ? null : followed.visitorId) ?? v4();
  const id = v7();
  const tagged = tag('utm_source');
  const from = urlOf(referrer?.slice(0, 2_000));
  const recorded = await recordClick(services.pool, {
    id,
    code,
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
  if (page && counts) setParameter(page, CLICK_PARAMETER, recorded.id);
  for (const [name, value] of tags) if (page && value !== null) setParameter(page, name, value);
  const consented = query['consent'] === 'granted' || !consentRequired;
  return {
    location: page?.href ?? services.portalUrl,
    forget: denied && followed.visitorId !== null,
    remember: consented && !denied && !bot ? { visitorId, days: cookieDays } : null,
  };
}
