import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  specifiedRules,
  subscribe,
  validate,
} from 'graphql';
import { CloseCode } from 'graphql-ws';
import { useServer as serveProtocol } from 'graphql-ws/use/ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { AppError } from '../domain/errors.ts';
import type { Actor } from '../kernel/actor.ts';
import { type Context, contextFor, type Services } from '../kernel/context.ts';
import { responseError } from '../kernel/format-error.ts';
import type { Authenticator } from './authenticate.ts';
import type { Executor } from './executor.ts';

const MAX_MESSAGE = 64 * 1024;
/** A reader that lets so many bytes pile up is dropped; it comes back and catches up by a query. */
const MAX_UNREAD = 1024 * 1024;

interface Extra {
  actor: Actor;
}

interface SocketOptions {
  readonly schema: GraphQLSchema;
  readonly execute: Executor;
  readonly services: Services;
  readonly introspection: boolean;
  /** The actor of a credential; its tenant has a program from then on. */
  readonly actorOf: Authenticator['actorOf'];
}

/** GraphQL over WebSocket (graphql-transport-ws) on the same path, with the same credential in `authorization`. */
export function serveSockets(
  server: Server,
  { schema, execute, services, introspection, actorOf }: SocketOptions,
): { close(): Promise<void> } {
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE,
    handleProtocols: (offered) => (offered.has('graphql-transport-ws') ? 'graphql-transport-ws' : false),
  });

  const disposable = serveProtocol<{ authorization?: unknown }, Partial<Extra>>(
    {
      schema,
      connectionInitWaitTimeout: 5_000,
      validate: (schema, document) => validate(schema, document, rules),
      async onConnect(ctx) {
        const authorization = ctx.connectionParams?.authorization;
        try {
          ctx.extra.actor = await actorOf(typeof authorization === 'string' ? authorization : undefined);
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          ctx.extra.socket.close(CloseCode.Forbidden, error.message.slice(0, 120));
        }
        return true;
      },
      context: (ctx): Context =>
        contextFor(services, {
          actor: ctx.extra.actor as Actor,
          requestId: randomUUID(),
          ipAddress: ctx.extra.request.socket.remoteAddress ?? null,
        }) as Context,
      execute: ({ document, operationName, variableValues, contextValue }: ExecutionArgs) =>
        execute({
          document,
          operationName,
          variables: variableValues as Record<string, unknown>,
          context: contextValue as Context,
        }),
      subscribe: async (args: ExecutionArgs) =>
        formatted(await subscribe(args), args.contextValue as Context),
    },
    sockets,
  );

  sockets.on('connection', (socket) => dropSlowReader(socket));
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (new URL(request.url ?? '/', 'http://localhost').pathname !== '/graphql') {
      socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => sockets.emit('connection', ws, request));
  });
  return { close: async () => disposable.dispose() };
}

function dropSlowReader(socket: WebSocket): void {
  const send = socket.send.bind(socket) as (data: string, sent: (error?: Error) => void) => void;
  let dropped = false;
  socket.send = ((data: string, sent: (error?: Error) => void) => {
    dropped ||= socket.bufferedAmount > MAX_UNREAD;
    if (dropped) socket.terminate();
    else send(data, (error) => sent(dropped ? undefined : error)); // what was under way to a dropped reader is no error
  }) as WebSocket['send'];
}

type Subscribed = Awaited<ReturnType<typeof subscribe>>;

function formatted(result: Subscribed, context: Context): Subscribed {
  if (!(Symbol.asyncIterator in result)) return withErrors(result, context);
  return {
    next: async () => {
      const { value, done } = await result.next();
      return done ? { value: undefined, done } : { value: withErrors(value, context), done: false };
    },
    return: async () => {
      await result.return(undefined);
      return { value: undefined, done: true };
    },
    throw: (error: unknown) => result.throw(error),
    [Symbol.asyncIterator]() {
      return this;
    },
  } as Subscribed;
}

const withErrors = (result: ExecutionResult, context: Context): ExecutionResult =>
  result.errors ? { ...result, errors: result.errors.map((error) => responseError(error, context)) } : result;
