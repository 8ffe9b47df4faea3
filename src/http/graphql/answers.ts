import { type ApolloServer, HeaderMap } from '@apollo/server';
import type { FastifyRequest } from 'fastify';
import type { ExecutionResult } from 'graphql';
import type { Context } from '../../kernel/request/context.ts';
import type { Operation } from '../documents/documents.ts';
import { type Asked, namesDocument } from '../documents/trusted-documents.ts';
import { withResult } from './apollo.ts';
import type { Executor } from './executor.ts';

const MANY_TYPES = 100;

interface Admitted {
  readonly request: FastifyRequest;
  readonly asked: Asked;
  /** Null if the request names no operation. */
  readonly operation: Operation | null;
  readonly ctx: Context;
}

interface Answer {
  readonly status: number;
  readonly headers: Iterable<readonly [name: string, value: string]>;
  readonly body: string;
}

/** Returns the function that answers a request over HTTP. A POST whose operation was admitted is executed at once, and its
 *  result is the answer. Apollo answers everything else: GET, requests without a document, bodies of another form, and
 *  results with errors. */
export function answersOf(apollo: ApolloServer<Context>, execute: Executor) {
  /** The content type that Apollo chose for a value of the header `accept`. */
  const typeFor = new Map<string | undefined, string>();

  async function throughApollo(
    { request, asked, operation, ctx }: Admitted,
    result?: ExecutionResult,
  ): Promise<Answer> {
    const headers = new HeaderMap();
    for (const [name, value] of Object.entries(request.headers)) {
      if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
    }
    const isSent = !operation || (operation.text === asked.query && !namesDocument(asked));
    const answer = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: {
        method: request.method,
        headers,
        ...(isSent ? asSent(request) : withText(request, operation.text)),
      },
      context: async () => (result ? withResult(ctx, result) : ctx),
    });
    if (answer.body.kind !== 'complete') throw new Error('no operation of ours is delivered in parts');
    return { status: answer.status ?? 200, headers: answer.headers, body: answer.body.string };
  }

  return async (admitted: Admitted): Promise<Answer> => {
    const { request, operation, ctx } = admitted;
    if (request.method !== 'POST') return throughApollo(admitted);
    const { accept } = request.headers;
    const type = typeFor.get(accept);
    const asked = operation && type && parametersOf(request.body);
    if (!asked) {
      const answer = await throughApollo(admitted);
      const chosen = new Map(answer.headers).get('content-type');
      if (answer.status === 200 && chosen && typeFor.size < MANY_TYPES) typeFor.set(accept, chosen);
      return answer;
    }
    const asking = { document: operation.document, ...asked, context: ctx };
    const text = await execute.text(asking);
    if (text !== null) return { status: 200, headers: [['content-type', type]], body: `{"data":${text}}\n` };
    const result = await execute(asking);
    if (result.errors) return throughApollo(admitted, result);
    return {
      status: 200,
      headers: [['content-type', type]],
      body: `${JSON.stringify({ data: result.data })}\n`,
    };
  };
}

/** Returns the parameters of a body. Null if Apollo would refuse the body. */
function parametersOf(body: unknown): Pick<Parameters<Executor>[0], 'operationName' | 'variables'> | null {
  const { variables = null, operationName = null, extensions = null } = body as Record<string, unknown>;
  return isRecord(variables) &&
    isRecord(extensions) &&
    (operationName === null || typeof operationName === 'string')
    ? { variables, operationName }
    : null;
}

const isRecord = (value: unknown): value is Record<string, unknown> | null =>
  typeof value === 'object' && !Array.isArray(value);

/** The URL written again from the parameters that were checked, so that Apollo reads only those. */
const asSent = ({ query, body }: FastifyRequest) => ({
  search: `?${new URLSearchParams(
    Object.entries(query as Record<string, string | string[]>).flatMap(([name, values]) =>
      [values].flat().map((value): [string, string] => [name, value]),
    ),
  )}`,
  body,
});

/** The request as Apollo reads it, with the text of the document in place of its hash. */
function withText(request: FastifyRequest, query: string): { search: string; body: unknown } {
  const { search, body } = asSent(request);
  if (request.method !== 'GET') return { search, body: { ...(body as Asked), query, extensions: null } };
  const params = new URLSearchParams(search);
  params.set('query', query);
  params.delete('extensions');
  return { search: `?${params}`, body };
}
