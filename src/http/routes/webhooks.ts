import type { FastifyInstance, FastifyRequest } from 'fastify';
import { PayoutMethod } from '../../domain/payout.ts';
import { system } from '../../kernel/request/actor.ts';
import { contextFor, type Services } from '../../kernel/request/context.ts';
import { refusalOf } from '../../kernel/request/format-error.ts';
import { receive } from '../../modules/payouts/rail-events/public.ts';
import { type PayoutRail, RailBusy } from '../../ports/payout-rail.ts';
import type { Admission } from '../admission/admission.ts';

const BODY_LIMIT = 1024 * 1024;

interface WebhookOptions {
  readonly services: Services;
  readonly admission: Admission;
  readonly addressOf: (request: FastifyRequest) => string;
}

/** `POST /webhooks/:rail`, by the name of the rail. The bytes stay unchanged, because the signature covers them. A signed
 *  message is stored before it is acknowledged, and a job acts on it later. */
export async function serveWebhooks(
  server: FastifyInstance,
  { services, admission, addressOf }: WebhookOptions,
): Promise<void> {
  const railOf = (name: string): PayoutRail | null =>
    Object.values(PayoutMethod)
      .map((method) => services.rail(method))
      .find((rail) => rail?.name === name) ?? null;

  await server.register((scope, _, registered) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
    scope.post<{ Params: { rail: string } }>(
      '/webhooks/:rail',
      { bodyLimit: BODY_LIMIT },
      async (request, reply) => {
        const rail = railOf(request.params.rail);
        if (!rail?.verifyEvent) return reply.callNotFound();
        const { verifyEvent } = rail;
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const ctx = contextFor(services, { actor: system, requestId: request.id });
        let event: Awaited<ReturnType<typeof verifyEvent>>;
        try {
          event = await admission.provenAt(addressOf(request), () =>
            verifyEvent({ headers: request.headers, body }),
          );
        } catch (error) {
          if (refusalOf(error)) throw error;
          ctx.log.warn({ rail: rail.name, error }, 'a webhook was not understood');
          const busy = error instanceof RailBusy;
          return reply.code(busy ? 503 : 400).send({ received: false });
        }
        if (event) await receive(ctx, rail, event);
        return reply.send({ received: true });
      },
    );
    registered();
  });
}
