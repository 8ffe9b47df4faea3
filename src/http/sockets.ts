import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  execute as executeOne,
  GraphQLError,
  type GraphQLSchema,
} from 'graphql';
import { CloseCode } from 'graphql-ws';
import { useServer as serveProtocol } from 'graphql-ws/use/ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { AppError } from '../domain/errors.ts';
import type { Actor } from '../kernel/actor.ts';
import { type Context, contextFor, type Services } from '../kernel/context.ts';
import { refusalOf, responseError } from '../kernel/format-error.ts';
import type { Admission } from './admission.ts';
import { credentialOf, type Door } from './authenticate.ts';
import { callerAddress, type Trusts } from './caller-address.ts';
import type { Executor } from './executor.ts';
import { variableErrors } from './variables.ts';

const MAX_MESSAGE = 64 * 1024;
/** A reader that lets so many bytes pile up is dropped; it comes back and catches up by a query. */
const MAX_UNREAD = 1024 * 1024;

const TRY_AGAIN_LATER = 1013; // RFC 6455's registry of close codes

interface Extra {
  authorization: string | undefined;
}

interface SocketOptions {
  readonly schema: GraphQLSchema;
  readonly execute: Executor;
  readonly services: Services;
  readonly admission: Admission;
  readonly trusts: Trusts;
  readonly allowsOrigin: (origin: string) => boolean;
  /** The actor of a credential; its tenant has a program from then on. */
  readonly door: Door;
}

/** GraphQL over WebSocket (graphql-transport-ws) on the same path, with the same credential in `authorization`. */
export function serveSockets(
  server: Server,
  { schema, execute, services, admission, trusts, allowsOrigin, door }: SocketOptions,
): { close(): Promise<void> } {
  /** What to say of a credential that was not taken. */
  async function refusedAt(address: string, error: unknown): Promise<AppError> {
    const refusal = refusalOf(error);
    if (!refusal) throw error;
    if (refusal.code !== 'UNAUTHENTICATED') return refusal;
    return admission.refused(address).then(
      () => refusal,
      (tooMany: AppError) => tooMany,
    );
  }

  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE,
    handleProtocols: (offered) => (offered.has('graphql-transport-ws') ? 'graphql-transport-ws' : false),
  });

  const disposable = serveProtocol<{ authorization?: unknown }, Partial<Extra>>(
    {
      schema,
      connectionInitWaitTimeout: 5_000,
      async onConnect(ctx) {
        const given = ctx.connectionParams?.authorization;
        const authorization = given == null ? undefined : String(given);
        const { socket } = ctx.extra;
        try {
          const actor = await door.actorOf(authorization);
          Object.assign(ctx.extra, { authorization });
          closeAt(socket, door.expiryOf(authorization));
          if (authorization) closeWhenTakenBack(socket, actor, () => door.actorNow(authorization));
        } catch (error) {
          const refusal = await refusedAt(callerAddress(ctx.extra.request, trusts), error);
          const code = refusal.code === 'UNAUTHENTICATED' ? CloseCode.Forbidden : TRY_AGAIN_LATER;
          socket.close(code, refusal.message.slice(0, 120));
        }
        return true;
      },
      async onSubscribe(ctx, _id, { query, operationName, variables }) {
        const { authorization, request } = ctx.extra;
        const requestId = randomUUID();
        const again = () => door.actorOf(authorization);
        try {
          const contextValue = contextFor(services, {
            actor: await again(),
            actorNow: () => door.actorNow(authorization),
            credential: credentialOf(authorization),
            requestId,
            ipAddress: callerAddress(request, trusts),
          });
          const pass = await admission.passFor(contextValue);
          await pass.enter();
          const operation = await pass.admit(query, operationName);
          if (!('document' in operation)) return operation;
          const variableValues = variables ?? {};
          const faults = variableErrors(schema, operation.definition, variableValues);
          if (faults.length) return faults;
          const { document } = operation;
          return {
            schema,
            document,
            operationName: operationName ?? null,
            variableValues,
            contextValue,
            again,
          };
        } catch (error) {
          return [
            responseError(new GraphQLError('', { originalError: error as Error }), {
              ...services,
              requestId,
            }),
          ];
        }
      },
      execute: ({ document, operationName, variableValues, contextValue }: ExecutionArgs) =>
        execute({
          document,
          operationName,
          variables: variableValues as Record<string, unknown>,
          context: contextValue as Context,
        }),
      subscribe: (args: ExecutionArgs) => answersOf(args as Lasting),
    },
    sockets,
  );

  sockets.on('connection', (socket) => dropSlowReader(socket));
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url?.split('?', 1)[0] !== '/graphql') {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
      return;
    }
    const { origin, host } = request.headers;
    if (origin !== undefined && !allowsOrigin(origin) && !isOf(origin, host)) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n'); // CORS does not reach WebSockets
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => sockets.emit('connection', ws, request));
  });
  return { close: async () => disposable.dispose() };
}

/** Whether a page of that origin was served by this very host. */
const isOf = (origin: string, host: string | undefined): boolean =>
  URL.canParse(origin) && new URL(origin).host === host;

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A credential that has expired is no credential: its socket ends with it. */
function closeAt(socket: WebSocket, expiresAt: number | null): void {
  if (expiresAt === null) return;
  const end = () => socket.close(CloseCode.Forbidden, 'the token has expired');
  const timer = setTimeout(end, Math.min(expiresAt - Date.now(), LONGEST_TIMER_MS));
  socket.once('close', () => clearTimeout(timer));
}

const ASK_AGAIN_MS = 30_000;

/** A credential that was taken back, or grants something else by now, ends its socket within a minute. Whoever answers
 *  for it may be away meanwhile: a socket only reads. */
function closeWhenTakenBack(socket: WebSocket, was: Actor, ask: () => Promise<Actor>): void {
  const timer = setInterval(async () => {
    const refused = await ask().then(
      (is) => is.role !== was.role || is.tenantId !== was.tenantId || is.partnerId !== was.partnerId,
      (error: unknown) => refusalOf(error)?.code === 'UNAUTHENTICATED',
    );
    if (refused) socket.close(CloseCode.Forbidden, 'the credential no longer counts');
  }, ASK_AGAIN_MS);
  socket.once('close', () => clearInterval(timer));
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

/** An operation that goes on: each of its events is answered to who the caller is by then. */
interface Lasting extends ExecutionArgs {
  readonly again: () => Promise<Actor>;
}

async function answersOf(args: Lasting): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
  const context = args.contextValue as Context;
  const source = await createSourceEventStream(args);
  if (!(Symbol.asyncIterator in source)) return withErrors(source, context);
  const events = source[Symbol.asyncIterator]();

  async function answer(rootValue: unknown): Promise<ExecutionResult> {
    const actor = await args.again().catch((error: Error) => error);
    if (actor instanceof Error)
      return withErrors({ errors: [new GraphQLError('', { originalError: actor })] }, context);
    Object.assign(context, { actor });
    return withErrors(await executeOne({ ...args, rootValue }), context);
  }

  const answers: AsyncIterableIterator<ExecutionResult> = {
    next: async () => {
      const { value, done } = await events.next();
      return done ? { value: undefined, done } : { value: await answer(value), done: false };
    },
    return: async () => {
      await events.return?.();
      return { value: undefined, done: true };
    },
    throw: async (error: unknown) => {
      await events.return?.();
      throw error;
    },
    [Symbol.asyncIterator]: () => answers,
  };
  return answers;
}

const withErrors = (result: ExecutionResult, context: Context): ExecutionResult =>
  result.errors ? { ...result, errors: result.errors.map((error) => responseError(error, context)) } : result;
