import type { GraphiQLProps } from 'graphiql';
import { type ExecutionResult, GraphQLError, getOperationAST } from 'graphql';
import { createClient } from 'graphql-ws';

type Fetcher = GraphiQLProps['fetcher'];
type Params = Parameters<Fetcher>[0];
type HeaderTexts = Record<string, string>;

const url = '/graphql';

export interface FetcherOptions {
  /** The token of the chosen role, for requests without a credential of their own. */
  readonly token: () => string | null;
  readonly role: () => string;
  readonly onResult: (result: ExecutionResult) => void;
}

/** Sends queries and mutations by HTTP and subscriptions by WebSocket. A mutation asks first. */
export function fetcherWith({ token, role, onResult }: FetcherOptions): Fetcher {
  const send = async (params: Params, headers: HeaderTexts): Promise<ExecutionResult> => {
    const result = await post(params, headers);
    if (params.operationName !== 'IntrospectionQuery') onResult(result);
    return result;
  };
  return (params, { headers: own = {}, documentAST } = {}) => {
    const bearer = token();
    const isOwn = new Headers(own).has('authorization');
    const headers = bearer && !isOwn ? { ...own, authorization: `Bearer ${bearer}` } : own;
    const operation = documentAST && getOperationAST(documentAST, params.operationName);
    if (operation?.operation === 'subscription') return subscribe(params, headers);
    if (operation?.operation === 'mutation') {
      const name = operation.name?.value ?? 'This mutation';
      const who = isOwn || !bearer ? 'with the credential in Headers' : `as ${role()}`;
      if (!window.confirm(`${name} changes data. Run it ${who}?`))
        return Promise.resolve({ errors: [new GraphQLError('You did not run the mutation.')] });
    }
    return send(params, headers);
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
