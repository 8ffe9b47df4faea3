import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import type { Services } from '../../kernel/request/context.ts';
import { reportConversion } from '../../modules/tracking/referrals/public.ts';
import { networkOf } from '../admission/admission.ts';
import type { CallBudgets } from '../admission/call-budgets.ts';
import { callerAddress, type Trusts } from '../admission/caller-address.ts';

export interface TrackerOptions {
  readonly services: Services;
  /** The script that `npm run build` makes. */
  readonly script: string;
  readonly budgets: CallBudgets;
  readonly reportsPerMinute: number;
  readonly trusts: Trusts;
}

const REPORT_LIMIT = 4 * 1_024;

/** `GET /t.js`, the script for the pages of sellers, and `POST /t/conversion`, where the script reports a purchase. */
export async function serveTracker(
  server: FastifyInstance,
  { services, script, budgets, reportsPerMinute, trusts }: TrackerOptions,
): Promise<void> {
  const text = await readFile(script, 'utf8').catch(() => null);
  const etag = `"${createHash('sha256')
    .update(text ?? '')
    .digest('base64url')
    .slice(0, 22)}"`;

  server.get('/t.js', async ({ headers }, reply) => {
    if (text === null)
      return reply.code(503).type('text/plain').send('The script is not built yet: run `npm run build`.\n');
    reply
      .header('cache-control', 'public, max-age=3600, stale-while-revalidate=86400')
      .header('cross-origin-resource-policy', 'cross-origin') // pages of other sites load it
      .header('etag', etag);
    if (headers['if-none-match'] === etag) return reply.code(304).send();
    return reply.type('text/javascript; charset=utf-8').send(text);
  });

  await server.register((reports, _, registered) => {
    // Parsed for this route only, so that no form of a foreign page reaches the graph.
    reports.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: REPORT_LIMIT },
      (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(body as string))),
    );
    reports.post('/t/conversion', async (request, reply) => {
      const network = networkOf(callerAddress(request.raw, trusts));
      await budgets.take({ key: `report:${network}`, calls: reportsPerMinute, seconds: 60 }, 1);
      const { origin = '' } = request.headers;
      const host = URL.canParse(origin) ? new URL(origin).host : '';
      const { program, click, order, amount, currency, coupon } = (request.body ?? {}) as Record<
        string,
        unknown
      >;
      if (host) await reportConversion(services, host, { program, click, order, amount, currency, coupon });
      return reply.code(204).header('cache-control', 'no-store').send(); // the same answer for every outcome
    });
    registered();
  });
}
