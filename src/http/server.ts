import { randomUUID } from 'node:crypto';
import { HeaderMap } from '@apollo/server';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { AppError } from '../domain/errors.ts';
import type { Actor } from '../kernel/actor.ts';
import { nothing } from '../kernel/bound-pool.ts';
import { contextFor, type Services } from '../kernel/context.ts';
import { refusalOf } from '../kernel/format-error.ts';
import { ensureProgram } from '../modules/programs/program.service.ts';
import { apolloServer } from './apollo.ts';
import type { Authenticator, Door } from './authenticate.ts';
import { executorOf } from './executor.ts';
import { servePlayground } from './playground.ts';
import { serveSockets } from './sockets.ts';

const BODY_LIMIT = 128 * 1024;

export interface HttpOptions {
  readonly schema: GraphQLSchema;
  readonly services: Services;
  readonly authenticator: Authenticator;
  readonly introspection: boolean;
  /** The folder of the built playground and the token that it starts with; null: no playground. */
  readonly playground: { readonly folder: string; readonly token: () => Promise<string | null> } | null;
}

/** Everything that this process answers over HTTP and WebSocket; not listening yet. */
export async function httpServer({
  schema,
  services,
  authenticator,
  introspection,
  playground,
}: HttpOptions): Promise<FastifyInstance> {
  const { pool, log } = services;
  const execute = executorOf(schema);
  const apollo = await apolloServer(schema, execute, log, { introspection });
  const server = fastify({
    bodyLimit: BODY_LIMIT,
    requestTimeout: 30_000,
    connectionTimeout: 60_000,
    genReqId: () => randomUUID(),
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
  });

  async function withProgram(proven: Promise<Actor>): Promise<Actor> {
    const actor = await proven;
    if (actor.tenantId !== null) await ensureProgram(pool, actor.tenantId);
    return actor;
  }
  const door: Door = {
    actorOf: (authorization) => withProgram(authenticator.actorOf(authorization)),
    actorNow: (authorization) => withProgram(authenticator.actorNow(authorization)),
    expiryOf: authenticator.expiryOf,
  };

  const sockets = serveSockets(server.server, {
    schema,
    execute,
    services,
    introspection,
    door,
  });
  server.addHook('preClose', () => sockets.close());
  server.addHook('onClose', () => apollo.stop());

  server.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) log.error({ requestId: request.id, error }, 'unexpected error');
    const code =
      error instanceof AppError ? error.code : status >= 500 ? 'INTERNAL_SERVER_ERROR' : 'BAD_REQUEST';
    const message = status >= 500 ? 'internal error' : error.message;
    return reply
      .code(status)
      .send({ errors: [{ message, extensions: { code, ...(status >= 500 && { requestId: request.id }) } }] });
  });
  server.setNotFoundHandler((_, reply) =>
    reply.code(404).send({ errors: [{ message: 'no such page', extensions: { code: 'NOT_FOUND' } }] }),
  );

  async function graphql(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    reply.header('x-request-id', request.id);
    const { authorization } = request.headers;
    const actor = await door.actorOf(authorization).catch((error: unknown) => {
      const refusal = refusalOf(error);
      if (!refusal) throw error;
      return refusal;
    });
    if (actor instanceof AppError) {
      const { code, message, details } = actor;
      if (details.retryAfter !== undefined) reply.header('retry-after', details.retryAfter);
      return reply
        .code(code === 'SERVICE_UNAVAILABLE' ? 503 : 401)
        .send({ errors: [{ message, extensions: { code, ...details } }] });
    }
    const started = performance.now();
    const headers = new HeaderMap();
    for (const [name, value] of Object.entries(request.headers)) {
      if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
    }
    const {
      body,
      headers: answerHeaders,
      status,
    } = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: {
        method: request.method,
        headers,
        search: /\?.*$/.exec(request.url)?.[0] ?? '',
        body: request.body,
      },
      context: async () =>
        contextFor(services, {
          actor,
          actorNow: () => door.actorNow(authorization),
          requestId: request.id,
          ipAddress: request.ip,
        }),
    });
    log.debug(
      {
        requestId: request.id,
        actor: actor.id,
        role: actor.role,
        ms: Math.round(performance.now() - started),
      },
      'request',
    );
    for (const [name, value] of answerHeaders) reply.header(name, value);
    reply.code(status ?? 200);
    if (body.kind === 'complete') return reply.send(body.string);
    throw new Error('no operation of ours is delivered in parts');
  }
  server.post('/graphql', graphql);
  server.get('/graphql', graphql);

  server.get('/health/live', async () => ({ status: 'ok' }));
  server.get('/health/ready', async (_, reply) => {
    const ready = await pool.query(nothing, { text: 'select 1' }).then(
      () => true,
      () => false,
    );
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'database not available' });
  });
  if (playground) await servePlayground(server, playground);
  return server;
}
