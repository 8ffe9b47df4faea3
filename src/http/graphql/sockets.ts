import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ExecutionArgs, GraphQLError, type GraphQLSchema } from 'graphql';
import { CloseCode } from 'graphql-ws';
import { useServer as serveProtocol } from 'graphql-ws/use/ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { AppError } from '../../domain/errors.ts';
import { withoutUsualPort } from '../../domain/landing.ts';
import type { Actor } from '../../kernel/request/actor.ts';
import { type Context, contextFor, type Services } from '../../kernel/request/context.ts';
import { refusalOf, responseError } from '../../kernel/request/format-error.ts';
import { type Admission, networkOf } from '../admission/admission.ts';
import { credentialOf, type Door } from '../admission/authenticate.ts';
import { callerAddress, type Trusts } from '../admission/caller-address.ts';
import { variableErrors } from '../documents/variables.ts';
import type { Executor } from './executor.ts';
import { fanOut, type Lasting, type Reader } from './fan-out.ts';
import { placeCounter } from './place-counter.ts';

const MAX_MESSAGE = 64 * 1024;
/** A reader with this many unread bytes is closed; after a reconnect, a query brings it up to date. */
const MAX_UNREAD = 1024 * 1024;

const MAX_OPERATIONS = 20; // at a time on one socket
const MAX_SOCKETS = 10_000; // of the process
/** Sockets that have not shown their credential yet: of one network, and of the process. */
const MAX_HANDSHAKES = { network: 100, all: 2_000 };
const MAX_SOCKETS_OF = { staff: 2_000, partner: 100, other: 10 };
const ANONYMOUS_IDLE_MS = 30_000;
const PATIENCE_MS = 3_000; // for the other side to close too
const TOO_MANY = 4429;
const IDLE = 4408;

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
  /** Returns the actor of a credential, and creates the program of its tenant if needed. */
  readonly door: Door;
}

/** GraphQL over WebSocket (graphql-transport-ws) on the same path, with the same credential in `authorization`. */
export function serveSockets(
  server: Server,
  { schema, execute, services, admission, trusts, allowsOrigin, door }: SocketOptions,
): { close(): Promise<void> } {
  const places = placeCounter();
  const handshakes = new WeakMap<WebSocket, () => void>();
  const lasting = fanOut();

  /** True if the caller may open one more socket; the socket counts until it closes. */
  function countSocket(
    socket: WebSocket,
    { id, issuer, tenantId, partnerId }: Actor,
    address: string,
  ): boolean {
    const leave =
      tenantId === null
        ? places.enter(
            issuer ? `guest ${issuer} ${id}` : `address ${networkOf(address)}`,
            MAX_SOCKETS_OF.other,
          )
        : partnerId === null
          ? places.enter(`staff ${tenantId} ${id}`, MAX_SOCKETS_OF.staff)
          : places.enter(`partner ${partnerId}`, MAX_SOCKETS_OF.partner);
    if (leave) socket.once('close', leave);
    return leave !== null;
  }

  /** Takes a place for a socket until its caller is known or it closes. Returns the end of the handshake, or the status of
   *  the refusal. */
  function beginHandshake(
    address: string,
  ): (() => void) | '429 Too Many Requests' | '503 Service Unavailable' {
    const ofNetwork = places.enter(`handshakes ${networkOf(address)}`, MAX_HANDSHAKES.network);
    if (!ofNetwork) return '429 Too Many Requests';
    const ofAll = places.enter('handshakes', MAX_HANDSHAKES.all);
    if (!ofAll) {
      ofNetwork();
      return '503 Service Unavailable';
    }
    return () => {
      ofNetwork();
      ofAll();
    };
  }

  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE,
    handleProtocols: (offered) => (offered.has('graphql-transport-ws') ? 'graphql-transport-ws' : false),
  });

  const disposable = serveProtocol<{ authorization?: unknown }, Partial<Extra>>(
    {
      schema,
      connectionInitWaitTimeout: services.tuning.socketInitTimeoutMs,
      async onConnect(ctx) {
        const given = ctx.connectionParams?.authorization;
        const authorization = given == null ? undefined : String(given);
        const { socket } = ctx.extra;
        const address = callerAddress(ctx.extra.request, trusts);
        try {
          const actor = await admission.callerAt(address, door, authorization);
          Object.assign(ctx.extra, { authorization });
          if (!countSocket(socket, actor, address)) {
            socket.close(TOO_MANY, 'too many sockets are open');
            return true;
          }
          if (authorization === undefined)
            closeWhenIdle(socket, () => Object.keys(ctx.subscriptions).length === 0);
          closeAt(socket, door.expiryOf(authorization));
          if (authorization) closeWhenTakenBack(socket, actor, () => door.actorNow(authorization));
        } catch (error) {
          const refusal = refusalOf(error);
          if (!refusal) throw error;
          const code = refusal.code === 'UNAUTHENTICATED' ? CloseCode.Forbidden : TRY_AGAIN_LATER;
          socket.close(code, refusal.message.slice(0, 120));
        } finally {
          handshakes.get(socket)?.();
        }
        return true;
      },
      async onSubscribe(ctx, id, { query, operationName, variables, extensions }) {
        const { authorization, request } = ctx.extra;
        const requestId = randomUUID();
        const ipAddress = callerAddress(request, trusts);
        const again = () => door.actorOf(authorization);
        try {
          if (Object.keys(ctx.subscriptions).length > MAX_OPERATIONS)
            throw new AppError('RATE_LIMITED', `a socket takes ${MAX_OPERATIONS} operations at a time`, {
              retryAfter: 1,
            });
          const contextValue = contextFor(services, {
            actor: await admission.callerAt(ipAddress, door, authorization),
            actorNow: () => door.actorNow(authorization),
            credential: () => credentialOf(authorization),
            credentialEnd: () => door.expiryOf(authorization),
            requestId,
            ipAddress,
          });
          const pass = await admission.passFor(contextValue);
          const operation = await pass.admit({ query, operationName, extensions });
          if (!operation || !('document' in operation)) return operation ?? [];
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
            id,
            reader: readerOf(ctx.extra.socket),
            authorization,
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
      subscribe: (args: ExecutionArgs) => lasting.join(args as Lasting),
    },
    sockets,
  );

  sockets.on('connection', (socket) => {
    dropSlowReader(socket);
    // A malformed or too long frame: `ws` closes the socket with the right code, so it is not logged as an error.
    socket.removeAllListeners('error').on('error', () => {});
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url?.split('?', 1)[0] !== '/graphql') {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
      return;
    }
    if (sockets.clients.size >= MAX_SOCKETS) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n\r\n');
      return;
    }
    const { origin, host } = request.headers;
    if (origin !== undefined && !allowsOrigin(origin) && !isOf(origin, host)) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n'); // CORS does not reach WebSockets
      return;
    }
    const handshake = beginHandshake(callerAddress(request, trusts));
    if (typeof handshake === 'string') {
      socket.end(`HTTP/1.1 ${handshake}\r\nRetry-After: 5\r\nConnection: close\r\n\r\n`);
      return;
    }
    socket.once('close', handshake);
    sockets.handleUpgrade(request, socket, head, (ws) => {
      handshakes.set(ws, handshake);
      sockets.emit('connection', ws, request);
    });
  });
  return {
    async close() {
      const impatient = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate();
      }, PATIENCE_MS);
      await disposable.dispose();
      clearTimeout(impatient);
    },
  };
}

/** True if a page of the origin was served by this host. */
function isOf(origin: string, host = ''): boolean {
  const page = URL.canParse(origin) ? new URL(origin) : null;
  return page !== null && page.host === withoutUsualPort(host, page.protocol); // a proxy may add the port
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Closes the socket when its credential expires. */
function closeAt(socket: WebSocket, expiresAt: number | null): void {
  if (expiresAt === null) return;
  const end = () =>
    socket.close(CloseCode.Forbidden, 'The token has expired. Sign in again or create a new token.');
  const timer = setTimeout(end, Math.min(expiresAt - Date.now(), LONGEST_TIMER_MS));
  socket.once('close', () => clearTimeout(timer));
}

/** Closes an anonymous socket without operations. */
function closeWhenIdle(socket: WebSocket, idle: () => boolean): void {
  const timer = setInterval(() => {
    if (idle()) socket.close(IDLE, 'nothing goes on here');
  }, ANONYMOUS_IDLE_MS);
  socket.once('close', () => clearInterval(timer));
}

const ASK_AGAIN_MS = 30_000;

/** Closes the socket within a minute after its credential was revoked or its rights changed. If the source of the
 *  credential is down, the socket stays open, because a socket only reads. */
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
  const send = socket.send.bind(socket);
  let dropped = false;
  socket.send = ((data: string | Buffer, sent: (error?: Error) => void) => {
    dropped ||= socket.bufferedAmount > MAX_UNREAD;
    if (dropped) socket.terminate();
    // A failed send to a closed reader is no error.
    else send(data, { binary: false }, (error) => sent(dropped ? undefined : error));
  }) as WebSocket['send'];
}

/** A socket as the fan-out uses it: a failed send is ignored. */
const readerOf = (socket: WebSocket): Reader => ({
  get bufferedAmount() {
    return socket.bufferedAmount;
  },
  send(frame) {
    if (socket.readyState === socket.OPEN) socket.send(frame, () => {});
  },
  close: (code, reason) => socket.close(code, reason),
  terminate: () => socket.terminate(),
});
