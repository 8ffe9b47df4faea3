import { Redis } from 'ioredis';
import type { ChangeFeed } from '../../ports/change-feed.ts';
import { memoryFeed } from '../memory/memory-feed.ts';

const CHANNEL = 'partner-portal:changes';

/** A change feed across processes. A change reaches the listeners of its own process directly and the others by Redis. While Redis
 *  is down they get no changes; when Redis is back, all listeners read again. */
export function redisFeed(url: string, warn: (error: Error) => void): ChangeFeed {
  const origin = crypto.randomUUID();
  const local = memoryFeed();
  // No queue while Redis is down: an old notification has no value, and the queue would use memory.
  const sender = new Redis(url, {
    enableOfflineQueue: false,
    commandTimeout: 1_000,
    maxRetriesPerRequest: 1,
  });
  // The client's own resubscription does not catch errors, which would end the process.
  const receiver = new Redis(url, { maxRetriesPerRequest: null, autoResubscribe: false });
  sender.on('error', warn);
  receiver.on('error', warn);
  let listened = false;
  receiver.on('ready', async () => {
    await receiver.subscribe(CHANNEL).catch(warn);
    if (listened) local.missed(); // publications of other processes were missed while Redis was down
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
