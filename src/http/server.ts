import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { GraphQLError, GraphQLSchema } from 'graphql';
import type { AppError } from '../domain/errors.ts';
import type { Actor } from '../kernel/request/actor.ts';
import { authorityOf } from '../kernel/request/authority.ts';
import { nothing } from '../kernel/request/bounds.ts';
import { type Context, contextFor, type Services } from '../kernel/request/context.ts';
import { refusalOf, STATUS_OF_CODE } from '../kernel/request/format-error.ts';
import { ensureProgram } from '../modules/programs/program/public.ts';
import type { CallCounter } from '../ports/call-counter.ts';
import { admissionOf, type CallLimits } from './admission/admission.ts';
import { type Authenticator, credentialOf, type Door } from './admission/authenticate.ts';
import { callBudgets, rateHeaders } from './admission/call-budgets.ts';
import { callerAddress, trusting } from './admission/caller-address.ts';
import { documentsOf } from './documents/documents.ts';
import type { Asked, TrustMode } from './documents/trusted-documents.ts';
import { allowsOrigin, type EdgeOptions, guardEdge, overloaded } from './edge.ts';
import { answersOf } from './graphql/answers.ts';
import { apolloServer } from './graphql/apollo.ts';
import { executorOf } from './graphql/executor.ts';
import { serveSockets } from './graphql/sockets.ts';
import { shareAccepting } from './listen.ts';
import { serveRest } from './rest/serve-rest.ts';
import { serveBankStatus } from './routes/bank-status.ts';
import { serveDocs } from './routes/docs.ts';
import { servePages } from './routes/pages.ts';
import { type PlaygroundOptions, servePlayground } from './routes/playground.ts';
import { serveRedirect } from './routes/redirect.ts';
import { serveTracker } from './routes/tracker.ts';
import { serveWebhooks } from './routes/webhooks.ts';

const BODY_LIMIT = 128 * 1024;
const HEADERS_LIMIT = 16 * 1024;
const REQUEST_MS = 20_000;

export interface HttpOptions extends EdgeOptions {
  readonly schema: GraphQLSchema;
  readonly services: Services;
  readonly authenticator: Authenticator;
  readonly introspection: boolean;
  readonly trustProxy: number | readonly string[];
  readonly countryHeader: string | null;
  readonly drainMs: number;
  /** Counts calls for all processes. */
  readonly counter: CallCounter;
  readonly processes: number;
  readonly limits: CallLimits;
  readonly trust: TrustMode;
  /** The limit of concurrent requests; further requests get 503 with Retry-After. */
  readonly requestsAtOnce: number;
  /** The folder of the built playground and the token that it starts with; null: no playground. */
  readonly playground: PlaygroundOptions | null;
  /** The tracking script for the pages of sellers. */
  readonly tracker: string;
  /** The folder of the built documents. */
  readonly docs: string;
}

/** Builds the server for HTTP and WebSocket; it does not listen yet. */
export async function httpServer({
  schema,
  services: given,
  authenticator,
  introspection,
  playground,
  tracker,
  docs,
  trustProxy,
  countryHeader,
  drainMs,
  counter,
  processes,
  limits,
  trust,
  requestsAtOnce,
  ...edge
}: HttpOptions): Promise<FastifyInstance> {
  const authority = authorityOf(given);
  const services = { ...given, policy: authority.policy };
  const { pool, log, tuning } = services;
  const execute = executorOf(schema);
  const documents = documentsOf(schema, { introspection });
  const apollo = await apolloServer(schema, execute, documents, log, { introspection });
  const answerOf = answersOf(apollo, execute);
  const budgets = callBudgets(counter, processes);
  const admission = admissionOf(documents, budgets, limits, trust);
  const server = fastify({
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_MS,
    connectionTimeout: 60_000,
    http: {
      headersTimeout: tuning.headersTimeoutMs,
      maxHeaderSize: HEADERS_LIMIT,
      connectionsCheckingInterval: tuning.slowClientCheckMs,
    },
    genReqId: () => randomUUID(),
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (_error, _request, reply) =>
      (reply as FastifyReply).code(400).send({
        errors: [{ message: 'the address is not valid', extensions: { code: 'BAD_REQUEST' } }],
      }),
    return503OnClosing: false, // open connections still get an answer, with `Connection: close`
  });
  await guardEdge(server, edge);
  const trusts = trusting(trustProxy);

  async function admitted(proven: Promise<Actor>): Promise<Actor> {
    const actor = await proven;
    if (actor.tenantId !== null) await ensureProgram(pool, actor.tenantId);
    return authority.granted(actor);
  }
  const door: Door = {
    actorOf: (authorization) => admitted(authenticator.actorOf(authorization)),
    actorNow: (authorization) => admitted(authenticator.actorNow(authorization)),
    expiryOf: authenticator.expiryOf,
    knows: authenticator.knows,
  };

  const sockets = serveSockets(server.server, {
    schema,
    execute,
    services,
    admission,
    door,
    trusts,
    allowsOrigin: allowsOrigin(edge),
  });
  let stopping = false;
  // While this waits the server still listens, and each answer closes its connection.
  server.addHook('preClose', async () => {
    stopping = true;
    if (server.server.listening) await sleep(drainMs);
    await sockets.close();
  });
  shareAccepting(server);
  server.addHook('onReady', () => authority.warmUp());
  server.addHook('onClose', () => apollo.stop());

  server.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const refusal = refusalOf(error);
    if (refusal) return sendRefusal(reply, refusal);
    const status = error.statusCode ?? 500;
    if (status < 500)
      return reply
        .code(status)
        .send({ errors: [{ message: error.message, extensions: { code: 'BAD_REQUEST' } }] });
    log.error({ requestId: request.id, error }, 'unexpected error');
    const extensions = { code: 'INTERNAL_SERVER_ERROR', requestId: request.id };
    return reply.code(status).send({ errors: [{ message: 'internal error', extensions }] });
  });
  servePages(server, { playground: playground !== null });

  let underWay = 0;
  async function limited<T>(work: () => Promise<T>): Promise<T> {
    if (underWay >= requestsAtOnce) throw overloaded(); // else they would all wait for a connection of the database
    underWay++;
    try {
      return await work();
    } finally {
      underWay--;
    }
  }

  async function contextOf(request: FastifyRequest): Promise<Context> {
    const { authorization } = request.headers;
    const ipAddress = callerAddress(request.raw, trusts);
    return contextFor(services, {
      actor: await admission.callerAt(ipAddress, door, authorization),
      actorNow: () => door.actorNow(authorization),
      credential: () => credentialOf(authorization),
      credentialEnd: () => door.expiryOf(authorization),
      requestId: request.id,
      ipAddress,
    });
  }

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    reply.header('x-request-id', request.id).header('cache-control', 'no-store');
    const ctx = await contextOf(request);
    const { actor } = ctx;
    const pass = await admission.passFor(ctx);
    const asked = askedOf(request);
    const operation = await pass.admit(asked).finally(() => {
      reply.headers(rateHeaders(pass.standing())); // not returned: a reply is a promise of its own end
    });
    if (operation && !('document' in operation)) return sendErrors(request, reply, operation);
    const started = performance.now();
    const { status, headers, body } = await answerOf({ request, asked, operation, ctx });
    log.debug(
      {
        requestId: request.id,
        actor: actor.id,
        role: actor.role,
        ms: Math.round(performance.now() - started),
      },
      'request',
    );
    for (const [name, value] of headers) reply.header(name, value);
    return reply.code(status).send(body);
  }
  const graphql = (request: FastifyRequest, reply: FastifyReply) => limited(() => answer(request, reply));
  server.post('/graphql', graphql);
  server.get('/graphql', graphql);
  await serveRest(server, { schema, execute, admission, contextOf, limited });

  await serveWebhooks(server, {
    services,
    admission,
    addressOf: ({ raw }) => callerAddress(raw, trusts),
  });
  await serveBankStatus(server, {
    async contextOf(request) {
      const ctx = await contextOf(request);
      await (await admission.passFor(ctx)).enter();
      return ctx;
    },
  });
  await serveRedirect(server, {
    services,
    budgets,
    unknownCodesPerMinute: limits.anonymousCallsPerMinute,
    clicksPerMinute: limits.clicksPerMinute,
    trusts,
    countryHeader,
  });
  await serveTracker(server, {
    services,
    script: tracker,
    budgets,
    reportsPerMinute: limits.anonymousCallsPerMinute,
    trusts,
  });

  const always = { config: { pressureHandler: () => {} } }; // a busy process is alive
  server.get('/health/live', always, async () => ({ status: 'ok' }));
  server.get('/health/ready', always, async (_, reply) => {
    if (stopping) return reply.code(503).send({ status: 'stopping' });
    const answers = (call: Promise<unknown>) =>
      call.then(
        () => true,
        () => false,
      );
    const [database, policy] = await Promise.all([
      answers(pool.query(nothing, { text: 'select 1' })),
      answers(services.policy.probe()),
    ]);
    const missing = database ? 'policy service' : 'database';
    const ready = database && policy;
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : `${missing} not available` });
  });
  await serveDocs(server, { folder: docs, playground: playground !== null, isHome: !edge.production });
  if (playground) await servePlayground(server, playground);
  return server;
}

/** The GraphQL parameters of a request, from its body or its query string. */
function askedOf({ method, body, query }: FastifyRequest): Asked {
  if (method !== 'GET') return (body ?? {}) as Asked;
  const asked = query as Asked;
  return { ...asked, extensions: typeof asked.extensions === 'string' ? jsonOf(asked.extensions) : null };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // Apollo refuses it
  }
}

/** A refusal of the whole request, before any operation runs. */
function sendRefusal(reply: FastifyReply, { code, message, details }: AppError): FastifyReply {
  if (details.retryAfter !== undefined) reply.header('retry-after', details.retryAfter);
  return reply.code(STATUS_OF_CODE[code]).send({ errors: [{ message, extensions: { code, ...details } }] });
}

/** Errors of an operation that does not run, as Apollo would send them. A refused caller gets the answer of the fields. */
function sendErrors(
  request: FastifyRequest,
  reply: FastifyReply,
  errors: readonly GraphQLError[],
): FastifyReply {
  const modern = request.headers.accept?.includes('application/graphql-response+json');
  const refused = errors.every(
    ({ extensions: { code } }) => code === 'UNAUTHENTICATED' || code === 'FORBIDDEN',
  );
  return reply
    .code(refused ? 200 : 400)
    .type(`${modern ? 'application/graphql-response+json' : 'application/json'}; charset=utf-8`)
    .send(JSON.stringify(refused ? { errors, data: null } : { errors }));
}
