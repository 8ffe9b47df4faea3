import WebSocket from 'ws';
import { answer } from './processes.ts';
import { quantile } from './quantile.ts';

export interface Crowd {
  readonly port: number;
  /** Credentials for the sockets, used in turn. */
  readonly tokens: readonly string[];
  readonly sockets: number;
  readonly partnerId: string;
  readonly referralCode: string;
  readonly events: number;
  /** Pause between two events. */
  readonly pauseMs: number;
  /** Clicks of the partner before the first event. */
  readonly clicked: number;
  /** Further sockets that ask for much and read only their first value. */
  readonly slow: number;
}

export interface Heard {
  /** Milliseconds from the click until a socket receives the new metrics, over all sockets and events. */
  readonly p50: number;
  readonly p99: number;
  /** Milliseconds until the last socket receives them: of the median event, and of the worst. */
  readonly last: number;
  readonly worst: number;
  /** Number of slow sockets that the server closed. */
  readonly dropped: number;
}

const AT_ONCE = 50;
const CLOSED_WITHIN_MS = 5_000;
// The server repeats the id of an operation in each event, so these fill the buffers of a connection within a few events.
const LONG_IDS = Array.from({ length: 20 }, (_, i) => `${i}`.padEnd(60_000, '-'));
const SUBSCRIBE =
  'subscription ($id: ID!) { partnerMetricsUpdated(partnerId: $id) { clicks conversions revenue { amount } } }';
const TRACK = 'mutation ($input: TrackReferralInput!) { trackReferral(input: $input) { id } }';

type Listener = (clicks: number) => void;

async function run(crowd: Crowd): Promise<Heard> {
  const sockets: WebSocket[] = [];
  let hears: Listener = () => {};
  for (let open = 0; open < crowd.sockets; open += AT_ONCE) {
    const size = Math.min(AT_ONCE, crowd.sockets - open);
    const opening = Array.from({ length: size }, (_, i) =>
      opened(crowd, open + i, [`${open + i}`], (clicks) => hears(clicks)),
    );
    sockets.push(...(await Promise.all(opening)));
  }
  const slow: WebSocket[] = [];
  for (let i = 0; i < crowd.slow; i++) {
    const socket = await opened(crowd, i, LONG_IDS, () => {});
    socket.pause();
    slow.push(socket);
  }
  const latencies: number[] = [];
  const lasts: number[] = [];
  for (let event = crowd.clicked + 1; event <= crowd.clicked + crowd.events; event++) {
    const started = performance.now();
    let waiting = sockets.length;
    const everybody = new Promise<void>((resolve) => {
      hears = (clicks) => {
        if (clicks !== event) return;
        latencies.push(performance.now() - started);
        if (--waiting === 0) resolve();
      };
    });
    await click(crowd);
    await everybody;
    lasts.push(performance.now() - started);
    await new Promise((resolve) => setTimeout(resolve, crowd.pauseMs)); // the next events are sent one by one
  }
  const closed = await Promise.all(slow.map(isClosed));
  for (const socket of [...sockets, ...slow]) socket.terminate();
  return {
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    last: quantile(lasts, 0.5),
    worst: Math.max(...lasts),
    dropped: closed.filter(Boolean).length,
  };
}

/** Reads what a slow socket left unread. Returns true if the server closed it. */
function isClosed(socket: WebSocket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve(true));
    setTimeout(() => resolve(false), CLOSED_WITHIN_MS);
    socket.resume();
  });
}

/** Opens a socket with an operation for each id and waits for its first value. */
function opened(
  { port, tokens, partnerId }: Crowd,
  index: number,
  ids: readonly string[],
  hears: Listener,
): Promise<WebSocket> {
  const token = tokens[index % tokens.length];
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', {
    perMessageDeflate: false,
  });
  const send = (message: object) => socket.send(JSON.stringify(message));
  socket.on('open', () => send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', (code, reason) => reject(new Error(`closed ${code} ${reason}`)));
    socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      if (message.type === 'connection_ack')
        for (const id of ids)
          send({ id, type: 'subscribe', payload: { query: SUBSCRIBE, variables: { id: partnerId } } });
      else if (message.type === 'next') {
        const { data: figures, errors } = message.payload;
        if (!figures) return reject(new Error(JSON.stringify(errors)));
        hears(figures.partnerMetricsUpdated.clicks);
        resolve(socket);
      } else if (message.type === 'error') reject(new Error(JSON.stringify(message.payload)));
    });
  });
}

async function click({ port, tokens, referralCode }: Crowd): Promise<void> {
  const reply = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${tokens[0]}` },
    body: JSON.stringify({ query: TRACK, variables: { input: { referralCode } } }),
  });
  const text = await reply.text();
  if (!text.startsWith('{"data":{')) throw new Error(text.slice(0, 300));
}

answer<Crowd>(run, async () => {});
