import type { FastifyInstance, FastifyRequest } from 'fastify';
import { invalid } from '../../domain/errors.ts';
import type { Context } from '../../kernel/request/context.ts';
import { needsStepUp, requireFreshSignIn, requireStillGranted } from '../../kernel/request/permission.ts';
import { importBankStatus } from '../../modules/payouts/bank-files/public.ts';

/** The largest status file; the body limit of an operation is far smaller. */
const BODY_LIMIT = 8 * 1024 * 1024;

interface BankStatusOptions {
  /** Authenticates the caller and takes one call of its rate limit. */
  readonly contextOf: (request: FastifyRequest) => Promise<Context>;
}

/** `POST /bank-status` with a status file as its body: `importBankStatus` for files that are larger than an operation, with
 *  the same permission. A caller without permission is refused before the body is read. */
export async function serveBankStatus(
  server: FastifyInstance,
  { contextOf }: BankStatusOptions,
): Promise<void> {
  const contexts = new WeakMap<FastifyRequest, Context>();
  await server.register((scope, _, registered) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
    scope.post(
      '/bank-status',
      {
        bodyLimit: BODY_LIMIT,
        async onRequest(request, reply) {
          reply.header('x-request-id', request.id).header('cache-control', 'no-store');
          const ctx = await contextOf(request);
          await requireStillGranted(ctx, ['payout:decide']);
          if (needsStepUp('importBankStatus', {})) requireFreshSignIn(ctx.actor);
          contexts.set(request, ctx);
        },
      },
      async (request, reply) => {
        const ctx = contexts.get(request) as Context;
        const id = await importBankStatus(ctx, textOf(request.body));
        return reply.send({ id });
      },
    );
    registered();
  });
}

function textOf(body: unknown): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.isBuffer(body) ? body : Buffer.alloc(0));
  } catch {
    throw invalid('content', 'is not UTF-8');
  }
}
