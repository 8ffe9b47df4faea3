import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

const headers = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; '),
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-cache',
};

export interface DocsOptions {
  /** The folder that `npm run build` fills with the site. */
  readonly folder: string;
  /** True if the playground is served, so that the pages link it. */
  readonly playground: boolean;
  /** True if `/` redirects to the documents. */
  readonly isHome: boolean;
}

/** The documents and the reference of the schema at /docs/. */
export async function serveDocs(
  server: FastifyInstance,
  { folder, playground, isHome }: DocsOptions,
): Promise<void> {
  if (isHome) server.get('/', (_request, reply) => reply.redirect('/docs/'));

  await server.register((docs, _options, done) => {
    docs.addHook('onRequest', async (_request, reply) => {
      reply.headers(headers);
      if (existsSync(join(folder, 'index.html'))) return;
      return reply
        .code(503)
        .type('text/plain')
        .send('The documents are not built yet: run `npm run build`.\n');
    });
    docs.get('/docs', (_request, reply) => reply.redirect('/docs/'));
    docs.get('/docs/settings.json', async () => ({ playground }));
    docs.register(fastifyStatic, {
      root: folder,
      prefix: '/docs/',
      decorateReply: false, // another folder of the server may have done that
      suppressWarning: true, // a missing folder answers 503
      cacheControl: false,
    });
    done();
  });
}
