import { type Client, createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { until } from './until.ts';

export interface Listening<T> {
  readonly events: T[];
  readonly errors: unknown[];
  readonly client: Client;
  /** Waits for the first event that fits. */
  event(fits: (event: T) => boolean, seconds?: number): Promise<T>;
}

/** Subscribes over graphql-transport-ws, as the portal does. */
// biome-ignore lint/suspicious/noExplicitAny: an event is what the operation asks for
export function listen<T = any>(
  port: number,
  token: string | null,
  query: string,
  variables: Record<string, unknown>,
): Listening<T> {
  const events: T[] = [];
  const errors: unknown[] = [];
  const client = createClient({
    url: `ws://127.0.0.1:${port}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: token ? { authorization: `Bearer ${token}` } : {},
  });
  client.subscribe<T>(
    { query, variables },
    {
      next: ({ data, errors: refused }) => {
        if (data) events.push(data);
        if (refused) errors.push(...refused);
      },
      error: (error) => errors.push(...(Array.isArray(error) ? error : [error])),
      complete() {},
    },
  );
  return {
    events,
    errors,
    client,
    event: (fits, seconds = 5) => until(async () => events.find(fits), seconds),
  };
}
