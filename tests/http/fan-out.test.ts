import { GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, parse } from 'graphql';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { memoryFeed } from '../../src/adapters/memory/memory-feed.ts';
import { unauthenticated } from '../../src/domain/errors.ts';
import { fanOut, type Lasting, type Reader } from '../../src/http/graphql/fan-out.ts';
import { changesOf } from '../../src/kernel/data/changes-of.ts';
import { type Actor, actorOf } from '../../src/kernel/request/actor.ts';
import type { Context } from '../../src/kernel/request/context.ts';

const document = parse('subscription { count }');
const staff = actorOf({ id: 'maria', role: 'FINANCE', tenantId: 'acme', credential: 'TOKEN' });
const partner = (partnerId: string): Actor =>
  actorOf({ id: 'p', role: 'PARTNER', tenantId: 'acme', partnerId, credential: 'TOKEN' });

interface Socket extends Reader {
  readonly frames: Buffer[];
  bufferedAmount: number;
  closed: number | null;
  terminated: boolean;
}

function socket(): Socket {
  const made: Socket = {
    frames: [],
    bufferedAmount: 0,
    closed: null,
    terminated: false,
    send: (frame) => void made.frames.push(frame),
    close: (code) => {
      made.closed = code;
    },
    terminate: () => {
      made.terminated = true;
    },
  };
  return made;
}

let count: number;
let executions: { of: Actor; count: number }[];
let feed: ReturnType<typeof memoryFeed>;
let out: ReturnType<typeof fanOut>;
let schema: GraphQLSchema;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  count = 0;
  executions = [];
  feed = memoryFeed();
  out = fanOut();
  schema = new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { count: { type: GraphQLInt } } }),
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: {
        count: {
          type: new GraphQLNonNull(GraphQLInt),
          subscribe: () => changesOf((changed) => feed.subscribe('count', changed), {}),
          resolve(_root, _args, { actor }: Context) {
            executions.push({ of: actor, count });
            return count;
          },
        },
      },
    }),
  });
});
afterEach(() => vi.useRealTimers());

const settled = () => vi.advanceTimersByTimeAsync(0);
async function happens(): Promise<void> {
  count++;
  feed.publish('count');
  await vi.advanceTimersByTimeAsync(250);
}

async function joins(reader: Socket, actor: Actor, more: Partial<Lasting> = {}) {
  const log = { error() {}, warn() {}, info() {} };
  const joined = await out.join({
    schema,
    document,
    contextValue: { actor, requestId: 'r', log },
    ...{ id: '1', reader, authorization: actor.id, again: async () => actor },
    ...more,
  });
  await settled();
  return joined as AsyncIterableIterator<unknown>;
}
const heard = ({ frames }: Socket) => frames.map((frame) => JSON.parse(String(frame)).payload.data?.count);

describe('an event', () => {
  test('executes and serialises an event once for all callers with the same permissions', async () => {
    const sockets = Array.from({ length: 1_000 }, socket);
    for (const [i, each] of sockets.entries()) await joins(each, staff, { id: i % 2 ? '1' : `own ${i}` });
    const before = executions.length;
    await happens();
    await vi.waitFor(() => expect(sockets.every((each) => heard(each).at(-1) === 1)).toBe(true));
    expect(executions.length).toBe(before + 1);
    const same = sockets.filter((_, i) => i % 2).map(({ frames }) => String(frames.at(-1)));
    expect(new Set(same)).toEqual(new Set(['{"id":"1","type":"next","payload":{"data":{"count":1}}}']));
    expect(JSON.parse(String(sockets[0]?.frames.at(-1)))).toMatchObject({ id: 'own 0', type: 'next' });
  });

  test('executes an event separately for callers with other permissions', async () => {
    const [one, two, three] = [socket(), socket(), socket()];
    await joins(one, partner('a'));
    await joins(two, partner('b'));
    await joins(three, staff);
    executions = [];
    await happens();
    expect(executions.map(({ of }) => of.partnerId)).toEqual(['a', 'b', null]);
    expect([one, two, three].map((each) => heard(each))).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
    ]);
  });

  test('sends the first event of a burst at once, and the others combined', async () => {
    const one = socket();
    await joins(one, staff);
    await vi.advanceTimersByTimeAsync(250);
    for (count = 1; count < 50; count++) feed.publish('count');
    await settled();
    expect(heard(one)).toEqual([0, 50]);
    count = 60;
    feed.publish('count');
    await vi.advanceTimersByTimeAsync(200);
    expect(heard(one)).toEqual([0, 50]);
    await vi.advanceTimersByTimeAsync(50);
    expect(heard(one)).toEqual([0, 50, 60]);
  });

  test('sends no event to a closed socket, and stops listening after the last one', async () => {
    const listens = vi.spyOn(feed, 'subscribe');
    const [one, two] = [socket(), socket()];
    const [first, second] = [await joins(one, staff), await joins(two, staff)];
    expect(listens).toHaveBeenCalledTimes(1);
    await first.return?.();
    await happens();
    expect([heard(one), heard(two)]).toEqual([[0], [0, 1]]);
    expect(await first.next()).toMatchObject({ done: true });
    await second.return?.();
    executions = [];
    await happens();
    expect(executions).toEqual([]);
    await joins(one, staff);
    expect(listens).toHaveBeenCalledTimes(2);
    expect(heard(one)).toEqual([0, 2]);
  });
});

describe('a reader', () => {
  test('sends a slow reader nothing until it has read, and then only the newest value', async () => {
    const [slow, quick] = [socket(), socket()];
    await joins(slow, staff);
    await joins(quick, staff);
    slow.bufferedAmount = 20_000;
    for (let i = 0; i < 8; i++) await happens();
    expect([heard(slow).length, heard(quick).length]).toEqual([1, 9]);
    slow.bufferedAmount = 0;
    await vi.advanceTimersByTimeAsync(500);
    expect(heard(slow)).toEqual([0, 8]);
  });

  test('closes the socket of a reader that is ten seconds behind, with the request to reconnect', async () => {
    const [slow, quick] = [socket(), socket()];
    await joins(slow, staff);
    await joins(quick, staff);
    slow.bufferedAmount = 20_000;
    await happens();
    await vi.advanceTimersByTimeAsync(11_000); // nothing further happens, and it does not read
    expect(slow).toMatchObject({ closed: 1013, terminated: true });
    expect(quick).toMatchObject({ closed: null, terminated: false });
    expect(heard(slow)).toEqual([0]);
  });

  test('closes the socket of a revoked credential with that reason; others continue', async () => {
    let counts = true;
    const [gone, stays] = [socket(), socket()];
    const again = async () => {
      if (!counts) throw unauthenticated('The token was signed out. Sign in again.');
      return staff;
    };
    await joins(gone, staff, { authorization: 'gone', again });
    await joins(stays, staff);
    counts = false;
    await happens();
    expect(gone.closed).toBe(4403);
    expect(JSON.parse(String(gone.frames.at(-1))).payload.errors[0].extensions.code).toBe('UNAUTHENTICATED');
    expect([heard(gone)[0], heard(stays)]).toEqual([0, [0, 1]]);
  });

  test('uses the new permissions after a caller changed its identity', async () => {
    let is = partner('a');
    const one = socket();
    await joins(one, is, { again: async () => is });
    is = partner('b');
    executions = [];
    await happens();
    expect(executions.map(({ of }) => of.partnerId)).toEqual(['b']);
    expect(heard(one)).toEqual([0, 1]);
  });

  test('checks a credential once per event for all of its sockets', async () => {
    const again = vi.fn(async () => staff);
    for (let i = 0; i < 20; i++) await joins(socket(), staff, { again });
    again.mockClear();
    await happens();
    expect(again).toHaveBeenCalledTimes(1);
  });
});

test('all subscribers look for events that were published during an interruption of the feed', async () => {
  const one = socket();
  await joins(one, staff);
  await vi.advanceTimersByTimeAsync(250);
  count = 7; // nobody told us
  feed.missed();
  await settled();
  expect(heard(one)).toEqual([0, 7]);
});
