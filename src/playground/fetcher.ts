import type { GraphiQLProps } from 'graphiql';
import { type ExecutionResult, getOperationAST } from 'graphql';
import { createClient } from 'graphql-ws';

type Fetcher = GraphiQLProps['fetcher'];
type Params = Parameters<Fetcher>[0];
type HeaderTexts = Record<string, string>;

const url = '/graphql';

/** Sends queries and mutations by HTTP and subscriptions by WebSocket, with the credential of the headers editor. */
export function fetcherWith(served: HeaderTexts): Fetcher {
  return (params, { headers, documentAST } = {}) => {
    // GraphiQL requests the schema before its headers editor exists.
    const first = params.operationName === 'IntrospectionQuery' ? served : {};
    const operation = documentAST && getOperationAST(documentAST, params.operationName);
    const send = operation?.operation === 'subscription' ? subscribe : post;
    return send(params, headers ?? first);
  };
}

async function post(params: Params, headers: HeaderTexts): Promise<ExecutionResult> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(params),
  });
  return response.json();
}

/** Opens one connection for each subscription, so that each uses the current credential. */
function subscribe(params: Params, headers: HeaderTexts): AsyncIterable<ExecutionResult> {
  const client = createClient({
    url,
    connectionParams: { authorization: new Headers(headers).get('authorization') ?? undefined },
    retryAttempts: 0, // a refused credential must show at once, not after half a minute of retries
  });
  const events = client.iterate({ ...params, operationName: params.operationName ?? null });
  const next = () => events.next().catch((reason) => Promise.reject(readable(reason)));
  const stop = () => events.return?.() ?? Promise.resolve({ done: true, value: undefined });
  return { [Symbol.asyncIterator]: () => ({ next, return: stop }) } as AsyncIterable<ExecutionResult>;
}

/** Returns an Error for a failed subscription. GraphiQL prints errors as JSON, and a browser event would print as `{}`. */
function readable(reason: unknown): unknown {
  if (reason instanceof CloseEvent)
    return { message: `The server closed the subscription: ${reason.code} ${reason.reason}` };
  if (reason instanceof Event)
    return { message: 'The server does not accept subscriptions at this address.' };
  return reason;
}
