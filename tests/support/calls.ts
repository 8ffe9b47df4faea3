import type { App } from '../../src/app.ts';

export const ONE = '{ __typename }';
export const FIFTY = `{ ${Array.from({ length: 50 }, (_, i) => `a${i}: __typename`).join(' ')} }`;

interface Reply {
  readonly status: number;
  readonly code: string | undefined;
  readonly limit: number;
  readonly remaining: number;
  readonly reset: number;
  readonly retryAfter: number;
  readonly retryInBody: number | undefined;
  readonly ms: number;
}

/** Sends an operation, and reads what the answer says of the caller's limit. */
export async function call(
  { server }: App,
  {
    token = null,
    query = ONE,
    variables = {},
    from = '127.0.0.1',
  }: { token?: string | null; query?: string; variables?: object; from?: string } = {},
): Promise<Reply> {
  const started = performance.now();
  const { statusCode, headers, body } = await server.inject({
    method: 'POST',
    url: '/graphql',
    headers: {
      'content-type': 'application/json',
      'x-forwarded-for': from,
      ...(token && { authorization: `Bearer ${token}` }),
    },
    payload: JSON.stringify({ query, variables }),
  });
  const { errors } = JSON.parse(body);
  return {
    ms: performance.now() - started,
    status: statusCode,
    code: errors?.[0].extensions.code,
    retryInBody: errors?.[0].extensions.retryAfter,
    limit: Number(headers['ratelimit-limit']),
    remaining: Number(headers['ratelimit-remaining']),
    reset: Number(headers['ratelimit-reset']),
    retryAfter: Number(headers['retry-after']),
  };
}
