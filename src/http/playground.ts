import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

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

/** GraphiQL at /playground/, from the folder that `npm run build` fills. */
export async function servePlayground(
  server: FastifyInstance,
  { folder, token }: { folder: string; token: () => Promise<string | null> },
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

    playground.get('/playground/settings.json', async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return { token: await token() };
    });

    playground.register(fastifyStatic, {
      root: folder,
      prefix: '/playground/',
      decorateReply: false, // another folder of the server may have done that
      suppressWarning: true, // a folder that is not there yet answers 503
      cacheControl: false,
      setHeaders: (reply, path) => {
        const hashed = path.startsWith(join(folder, 'assets'));
        reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });

    done();
  });
}
