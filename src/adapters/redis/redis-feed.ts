import { Redis } from 'ioredis';
import type { ChangeFeed } from '../../ports/change-feed.ts';
import { memoryFeed } from '../memory/memory-feed.ts';

const CHANNEL = 'partner-portal:changes';

/** Across processes. A change reaches the listeners of its own process at once and the others by Redis; while Redis is
 *  gone they hear nothing, and once it is back every listener looks again. */
export function redisFeed(url: string, warn: (error: Error) => void): ChangeFeed {
  const origin = crypto.randomUUID();
  const local = memoryFeed();
  // No queue while Redis is gone: a stale push is worth nothing and the memory it holds is.
  const sender = new Redis(url, {
    enableOfflineQueue: false,
    commandTimeout: 1_000,
    maxRetriesPerRequest: 1,
  });
  // Its own way to subscribe again catches no failure, which would end the process.
  const receiver = new Redis(url, { maxRetriesPerRequest: null, autoResubscribe: false });
  sender.on('error', warn);
  receiver.on('error', warn);
  let listened = false;
  receiver.on('ready', async () => {
    await receiver.subscribe(CHANNEL).catch(warn);
    if (listened) local.missed(); // what others published while it was away was heard by nobody here
    listened = true;
  });
  receiver.on('message', (_, message) => {
    const [from, topic] = message.split(' ', 2);
    if (from !== origin && topic) local.publish(topic);
  });
  return {
    publish(topic) {
      local.publish(topic);
      if (sender.status === 'ready') sender.publish(CHANNEL, `${origin} ${topic}`).catch(warn);
    },
    subscribe: local.subscribe,
    subscribeToAll: local.subscribeToAll,
    async close() {
      sender.disconnect();
      receiver.disconnect();
      await local.close();
    },
  };
}
