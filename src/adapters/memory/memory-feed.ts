import { EventEmitter } from 'node:events';
import type { ChangeFeed } from '../../ports/change-feed.ts';

/** Within one process. */
export function memoryFeed(): ChangeFeed {
  const emitter = new EventEmitter().setMaxListeners(0);
  return {
    publish: (topic) => void emitter.emit(topic),
    subscribe(topic, listener) {
      emitter.on(topic, listener);
      return () => void emitter.off(topic, listener);
    },
    async close() {
      emitter.removeAllListeners();
    },
  };
}
