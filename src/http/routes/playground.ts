import { existsSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { isId } from '../../kernel/request/input.ts';

const FIRST_ROLE = 'ANALYST'; // reads everything of the program and changes nothing

const headers = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "style-src 'self' 'unsafe-inline'", // Monaco positions each line by a style attribute, which no nonce can allow
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; '),
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** A role that the menu of the playground offers; the role PARTNER has the id of a partner. */
interface PlaygroundRole {
  readonly role: string;
  readonly partnerId: string | null;
}

export interface PlaygroundOptions {
  readonly folder: string;
  /** Returns a token of development for a role; null where there is none. */
  readonly token: (who: PlaygroundRole) => Promise<string | null>;
  /** The roles of the menu; none in production. */
  readonly roles: readonly string[];
  /** The host name of this server. */
  readonly host?: string;
}

/** GraphiQL at /playground/, from the folder that `npm run build` fills. */
export async function servePlayground(
  server: FastifyInstance,
  { folder, token, roles, host = 'localhost' }: PlaygroundOptions,
): Promise<void> {
  await server.register((playground, _options, done) => {
    playground.addHook('onRequest', async (_request, reply) => {
      reply.headers(headers);
      if (existsSync(join(folder, 'index.html'))) return;
      return reply
        .code(503)
        .type('text/plain')
        .send('The playground is not built yet: run `npm run build`.\n');
    });

    playground.get('/playground', (_request, reply) => reply.redirect('/playground/'));

    playground.get<{ Querystring: { role?: unknown; partner?: unknown } }>(
      '/playground/settings.json',
      async ({ headers, query: { role = FIRST_ROLE, partner } }, reply) => {
        reply.header('cache-control', 'no-store');
        if (!isOwnPage(headers, host) || !roles.includes(String(role))) return { token: null, roles: [] };
        const partnerId = typeof partner === 'string' && isId(partner) ? partner : null;
        return { token: await token({ role: String(role), partnerId }), roles };
      },
    );

    playground.register(fastifyStatic, {
      root: folder,
      prefix: '/playground/',
      decorateReply: false, // another folder of the server may have done that
      suppressWarning: true, // a missing folder answers 503
      cacheControl: false,
      setHeaders: (reply, path) => {
        const hashed = path.startsWith(join(folder, 'assets'));
        reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });

    done();
  });
}

const LOCAL = ['localhost', '127.0.0.1', '[::1]'];

/** True if our own page asks. A foreign page whose name resolves to this server still has its name in `Host` (DNS rebinding). */
function isOwnPage(headers: IncomingHttpHeaders, listensAt: string): boolean {
  const site = headers['sec-fetch-site'] ?? 'none';
  const name = /^(\[[^\]]*\]|[^:]*)(:\d+)?$/.exec(headers.host ?? '')?.[1]?.toLowerCase();
  const own = [...LOCAL, listensAt, `[${listensAt}]`];
  return (site === 'same-origin' || site === 'none') && name !== undefined && own.includes(name);
}
