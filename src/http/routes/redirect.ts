import cookie from '@fastify/cookie';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isCountry } from '../../domain/country.ts';
import { AppError } from '../../domain/errors.ts';
import type { Services } from '../../kernel/request/context.ts';
import { isId } from '../../kernel/request/input.ts';
import { followLink } from '../../modules/tracking/referrals/public.ts';
import { networkOf } from '../admission/admission.ts';
import type { Budget, CallBudgets } from '../admission/call-budgets.ts';
import { callerAddress, type Trusts } from '../admission/caller-address.ts';
import { sendUnknownLink } from './pages.ts';

const COOKIE = '__Host-pp_visitor'; // browsers accept it from this host only, over TLS, for all paths
const ATTRIBUTES = { path: '/', secure: true, httpOnly: true, sameSite: 'lax' } as const;
const DAY_SECONDS = 24 * 60 * 60;
/** The longest life of a cookie in browsers. */
const MAX_DAYS = 400;

/** The headers by which browsers and link checkers say that no person opens the page now. */
const PURPOSES = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'];

export interface RedirectOptions {
  readonly services: Services;
  readonly budgets: CallBudgets;
  /** Unknown codes of one network in a minute; more than that is guessing. */
  readonly unknownCodesPerMinute: number;
  /** Clicks of one network that are attributed in a minute; further ones are only redirected. */
  readonly clicksPerMinute: number;
  readonly trusts: Trusts;
  /** The header in which the proxy gives the country of a visitor. */
  readonly countryHeader: string | null;
}

/** `GET /r/:code`: the tracking link of a partner. `HEAD`, which link checkers send, redirects without a click. */
export async function serveRedirect(
  server: FastifyInstance,
  { services, budgets, unknownCodesPerMinute, clicksPerMinute, trusts, countryHeader }: RedirectOptions,
): Promise<void> {
  function visitorOf(request: FastifyRequest): string | null {
    const { valid, value } = request.unsignCookie(request.cookies[COOKIE] ?? '');
    return valid && isId(value) ? value : null;
  }

  function countryOf({ raw, headers }: FastifyRequest): string | null {
    if (countryHeader === null || !trusts(raw.socket.remoteAddress ?? '', 0)) return null;
    const said = String(headers[countryHeader] ?? '').toUpperCase();
    return isCountry(said) ? said : null;
  }

  async function taken(budget: Budget): Promise<boolean> {
    try {
      await budgets.take(budget, 1);
      return true;
    } catch (error) {
      if (error instanceof AppError) return false;
      throw error;
    }
  }

  async function follow(
    request: FastifyRequest<{ Params: { '*': string } }>,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const { headers, method } = request;
    const ipAddress = callerAddress(request.raw, trusts);
    const guesses = {
      key: `unknown code:${networkOf(ipAddress)}`,
      calls: unknownCodesPerMinute,
      seconds: 60,
    };
    budgets.requireLeft(guesses); // before any look-up, so that the answer reveals nothing about the code
    const clicks = { key: `clicks:${networkOf(ipAddress)}`, calls: clicksPerMinute, seconds: 60 };
    const landing = await followLink(services, {
      code: request.params['*'],
      query: request.query as Record<string, unknown>,
      visitorId: visitorOf(request),
      ipAddress,
      userAgent: headers['user-agent'] ?? null,
      referrer: headers.referer ?? null,
      country: countryOf(request),
      optedOut: headers['sec-gpc'] === '1',
      looksOnly:
        method === 'HEAD' ||
        PURPOSES.some((name) => /prefetch|prerender|preview/i.test(String(headers[name] ?? ''))),
      tooMany: !(await taken(clicks)),
    });
    reply.header('cache-control', 'no-store');
    if (!landing) {
      await taken(guesses); // the next request gets the refusal
      return sendUnknownLink(request, reply, services.portalUrl);
    }
    if (landing.remember) {
      const { visitorId, days } = landing.remember;
      const age = Math.min(days, MAX_DAYS) * DAY_SECONDS;
      reply.setCookie(COOKIE, visitorId, { ...ATTRIBUTES, signed: true, maxAge: age });
    }
    if (landing.forget) reply.clearCookie(COOKIE, ATTRIBUTES);
    return reply.redirect(landing.location, 302);
  }
  // Only here, so that no other route reads cookies.
  await server.register((links, _, registered) => {
    links.register(cookie, { secret: services.derive('visitor cookie') }).after(() => {
      links.route<{ Params: { '*': string } }>({ method: ['GET', 'HEAD'], url: '/r/*', handler: follow });
    });
    registered();
  });
}
