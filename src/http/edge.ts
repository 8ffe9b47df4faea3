import type { IncomingMessage, ServerResponse } from 'node:http';
import cors from '@fastify/cors';
import underPressure from '@fastify/under-pressure';
import type { FastifyInstance } from 'fastify';
import helmet from 'helmet';
import { AppError } from '../domain/errors.ts';

const SAMPLE_MS = 1_000;
const LOCALHOST = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

export interface EdgeOptions {
  readonly production: boolean;
  readonly corsOrigins: readonly string[];
  /** With an event loop this late no answer is in time, so requests are refused at once. */
  readonly busyAfterMs: number;
}

/** True if pages of the origin may call the API from a browser. */
export function allowsOrigin({
  production,
  corsOrigins,
}: Omit<EdgeOptions, 'busyAfterMs'>): (origin: string) => boolean {
  const allowed = new Set(corsOrigins);
  return (origin) => allowed.has('*') || allowed.has(origin) || (!production && LOCALHOST.test(origin));
}

export const overloaded = () =>
  new AppError('SERVICE_UNAVAILABLE', 'The server is overloaded. Try again soon.', { retryAfter: 2 });

/** The headers of every answer, and the checks of every request before its route. */
export async function guardEdge(server: FastifyInstance, options: EdgeOptions): Promise<void> {
  await server.register(underPressure, {
    sampleInterval: SAMPLE_MS,
    maxEventLoopDelay: options.busyAfterMs,
    pressureHandler(_request, _reply, _type, delayMs) {
      // A second without a sample is reported as an endless delay.
      if (delayMs === Number.POSITIVE_INFINITY && options.busyAfterMs > SAMPLE_MS) return;
      throw overloaded();
    },
  });
  const security = securityHeaders(options);
  server.addHook('onRequest', async (_, reply) => {
    reply.headers(security); // not returned: a reply is a promise of its own end
  });
  const allows = allowsOrigin(options);
  await server.register(cors, {
    origin: async (origin: string | undefined) => origin !== undefined && allows(origin),
    methods: ['GET', 'POST', 'PUT', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', 'apollo-require-preflight', 'idempotency-key'],
    exposedHeaders: [
      'link',
      'location',
      'ratelimit-limit',
      'ratelimit-remaining',
      'ratelimit-reset',
      'retry-after',
      'x-request-id',
    ],
    maxAge: 600,
  });

  server.removeContentTypeParser('text/plain');
  server.addHook('onRequest', async ({ headers }) => {
    const encoding = headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') throw unsupported('the body must not be compressed');
    const charset = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(headers['content-type'] ?? '')?.[1];
    if (charset !== undefined && !/^utf-?8$/i.test(charset)) throw unsupported('the body must be in UTF-8');
  });
}

/** The same headers for every answer, computed once. */
function securityHeaders({ production }: EdgeOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  const response = {
    setHeader(name: string, value: string) {
      headers[name] = value;
    },
    removeHeader() {},
  };
  const middleware = helmet({
    // Answers are data: a browser must not load, run or frame any part of them.
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
      },
    },
    frameguard: { action: 'deny' },
    hsts: production ? { maxAge: 31_536_000, includeSubDomains: true } : false,
  });
  middleware({} as IncomingMessage, response as unknown as ServerResponse, () => {});
  return headers;
}

const unsupported = (message: string) => Object.assign(new Error(message), { statusCode: 415 });
