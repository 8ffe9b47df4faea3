import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
} from 'graphql';
import { CloseCode } from 'graphql-ws';
import type { Actor } from '../../kernel/request/actor.ts';
import type { Context } from '../../kernel/request/context.ts';
import { refusalOf, responseError } from '../../kernel/request/format-error.ts';

/** The socket of a subscription. */
export interface Reader {
  readonly bufferedAmount: number;
  send(frame: Buffer): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

/** A running subscription. Each event is executed with the current rights of its caller. */
export interface Lasting extends ExecutionArgs {
  /** The client's name for the operation. */
  readonly id: string;
  readonly reader: Reader;
  /** Identifies the credential; equal credentials are checked once for each event. */
  readonly authorization: string | undefined;
  readonly again: () => Promise<Actor>;
}

interface Member extends Omit<Lasting, 'contextValue'> {
  readonly context: Context;
  group: Group | null;
  /** The time since which the reader is too slow to be sent more; null if it keeps up. */
  behindSince: number | null;
  /** The timer that checks the slow reader again. */
  look: NodeJS.Timeout | null;
  readonly end: () => void;
  ended: boolean;
}

interface Group {
  readonly key: string;
  readonly events: AsyncIterator<unknown>;
  readonly members: Set<Member>;
  /** Members that wait for the current state: new ones, and those that were too slow. */
  readonly waiting: Set<Member>;
  /** The source value of the events, once there was one. */
  root: { readonly value: unknown } | null;
  /** Answers are sent one after the other, so that no member gets an older one after a newer one. */
  turn: Promise<void>;
  closed: boolean;
}

const TURN = 256; // sends before the event loop gets a turn
/** A reader with this many unread bytes gets no further event; once it has read, it gets the newest. */
const MAX_BEHIND = 16 * 1024;
const LOOK_AGAIN_MS = 250;
/** A reader that lags this long is closed with 1013; on reconnect it gets the current state. */
const MAX_BEHIND_MS = 10_000;
const TRY_AGAIN_LATER = 1013; // RFC 6455's registry of close codes

export interface FanOut {
  /** Starts a subscription: sends the current state first, then events. A refusal is sent here. */
  join(args: Lasting): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult>;
}

/** Subscriptions with the same operation and the same scope form a group: an event is executed and serialised once for
 *  all of them. The rights of each member are checked at every event. */
export function fanOut(): FanOut {
  const groups = new Map<string, Promise<Group | ExecutionResult>>();
  const numbers = new WeakMap<object, number>();
  let documents = 0;

  function keyOf({ document, operationName, variableValues }: Member, actor: Actor): string {
    let number = numbers.get(document);
    if (number === undefined) {
      number = documents++;
      numbers.set(document, number);
    }
    return JSON.stringify([number, operationName ?? null, variableValues, ...alike(actor)]);
  }

  async function open(key: string, member: Member): Promise<Group | ExecutionResult> {
    const source = await createSourceEventStream({ ...member, contextValue: member.context }).catch(failed);
    if (!(Symbol.asyncIterator in source)) return withErrors(source, member.context);
    const group: Group = {
      key,
      events: source[Symbol.asyncIterator](),
      members: new Set(),
      waiting: new Set(),
      root: null,
      turn: Promise.resolve(),
      closed: false,
    };
    void follow(group);
    return group;
  }

  async function follow(group: Group): Promise<void> {
    const next = () => group.events.next().catch((error: Error) => error);
    for (let event = await next(); ; event = await next()) {
      if (event instanceof Error) for (const member of group.members) tell(member, failed(event));
      if (event instanceof Error || event.done) break;
      group.root = { value: event.value };
      await inTurn(group, () => [...group.members]);
    }
    for (const member of group.members) {
      leave(member);
      member.end();
    }
  }

  function inTurn(group: Group, whom: () => readonly Member[]): Promise<void> {
    group.turn = group.turn.then(() => answer(group, whom()));
    return group.turn;
  }

  function answerSoon(group: Group, member: Member): void {
    group.waiting.add(member);
    if (group.root) void inTurn(group, () => [...group.waiting]);
  }

  function leave(member: Member): void {
    const { group } = member;
    member.group = null;
    if (!group) return;
    group.members.delete(member);
    group.waiting.delete(member);
    closeIfEmpty(group);
  }

  function closeIfEmpty(group: Group): void {
    if (group.closed || group.members.size > 0) return;
    group.closed = true;
    groups.delete(group.key);
    void group.events.return?.();
  }

  async function answer(group: Group, whom: readonly Member[]): Promise<void> {
    const heard = await stillMay(group, whom);
    const [first] = heard;
    if (!first) return;
    for (const member of heard) group.waiting.delete(member); // members that start to wait now want the next answer
    const { context } = first;
    const answered = await executed(first, group.root?.value).catch(failed);
    const frameOf = framesOf(withErrors(answered, context));
    let sent = 0;
    for (const member of heard) {
      if (member.group === group) send(member, group, frameOf);
      if (++sent % TURN === 0) await nextTurn();
    }
  }

  /** The members that may receive an event, with their current actors. A member without the right is refused; a member with another scope changes its group. */
  async function stillMay(group: Group, whom: readonly Member[]): Promise<Member[]> {
    const asked = new Map<string | undefined, Promise<Actor | Error>>();
    const heard: Member[] = [];
    for (const member of whom) {
      const { authorization } = member;
      const asking = asked.get(authorization) ?? member.again().catch((error: Error) => error);
      asked.set(authorization, asking);
      const actor = await asking;
      if (member.group !== group) continue; // it left meanwhile
      if (actor instanceof Error) {
        group.waiting.delete(member);
        tell(member, failed(actor));
        if (refusalOf(actor)?.code === 'UNAUTHENTICATED')
          member.reader.close(CloseCode.Forbidden, 'the credential no longer counts');
        continue;
      }
      Object.assign(member.context, { actor });
      if (keyOf(member, actor) === group.key) heard.push(member);
      else await move(member);
    }
    return heard;
  }

  async function move(member: Member): Promise<void> {
    leave(member);
    const refused = await place(member);
    if (!refused) return;
    tell(member, refused);
    member.end();
  }

  function send(member: Member, group: Group, frameOf: (id: string) => Buffer): void {
    const { reader, id } = member;
    if (reader.bufferedAmount <= MAX_BEHIND) {
      member.behindSince = null;
      reader.send(frameOf(id));
      return;
    }
    const now = Date.now();
    member.behindSince ??= now;
    if (now - member.behindSince > MAX_BEHIND_MS) {
      leave(member);
      reader.close(TRY_AGAIN_LATER, 'it reads too slowly');
      reader.terminate(); // it would not read a refusal either
      return;
    }
    member.look ??= setTimeout(() => {
      member.look = null;
      if (member.group === group) answerSoon(group, member);
    }, LOOK_AGAIN_MS).unref();
  }

  /** Puts a member into its group, or sends the refusal. */
  async function place(member: Member): Promise<ExecutionResult | null> {
    while (!member.ended) {
      const key = keyOf(member, member.context.actor);
      const opening = groups.get(key) ?? open(key, member);
      groups.set(key, opening);
      const group = await opening;
      if (!('members' in group)) {
        if (groups.get(key) === opening) groups.delete(key);
        return group;
      }
      if (group.closed) continue; // its last member left meanwhile
      if (member.ended) closeIfEmpty(group);
      else {
        member.group = group;
        group.members.add(member);
        answerSoon(group, member);
        return null;
      }
    }
    return null;
  }

  return {
    async join({ contextValue, ...args }) {
      const over = Promise.withResolvers<IteratorResult<ExecutionResult>>();
      const member: Member = {
        ...args,
        context: contextValue as Context,
        group: null,
        behindSince: null,
        look: null,
        ended: false,
        end() {
          member.ended = true;
          over.resolve({ value: undefined, done: true });
        },
      };
      const refused = await place(member);
      if (refused) return refused;
      const ended = async () => {
        member.end();
        leave(member);
        return { value: undefined, done: true as const };
      };
      const answers: AsyncIterableIterator<ExecutionResult> = {
        next: () => over.promise, // no value comes this way: frames go to the socket directly
        return: ended,
        throw: ended,
        [Symbol.asyncIterator]: () => answers,
      };
      return answers;
    },
  };
}

const failed = (error: Error): ExecutionResult => ({
  errors: [error instanceof GraphQLError ? error : new GraphQLError('', { originalError: error })],
});

const executed = async (member: Member, rootValue: unknown): Promise<ExecutionResult> =>
  execute({ ...member, contextValue: member.context, rootValue });

const tell = (member: Member, result: ExecutionResult): void =>
  member.reader.send(framesOf(withErrors(result, member.context))(member.id));

/** The key of actors with the same rows, for whom the policies are asked once (`authority.ts`). */
const alike = ({ role, tenantId, partnerId, member, scopes }: Actor): unknown[] => [
  role,
  tenantId,
  partnerId,
  member,
  scopes,
];

/** The `next` message of graphql-transport-ws, encoded once for all members with the same operation id. */
function framesOf(result: ExecutionResult): (id: string) => Buffer {
  const payload = JSON.stringify(result);
  let last: { id: string; frame: Buffer } | null = null;
  return (id) => {
    if (last?.id !== id)
      last = { id, frame: Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":${payload}}`) };
    return last.frame;
  };
}

const withErrors = (result: ExecutionResult, context: Context): ExecutionResult =>
  result.errors ? { ...result, errors: result.errors.map((error) => responseError(error, context)) } : result;
