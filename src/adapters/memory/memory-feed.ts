import { EventEmitter } from 'node:events';
import type { ChangeFeed } from '../../ports/change-feed.ts';

/** A feed that can report that publications may have been missed. */
export interface MemoryFeed extends ChangeFeed {
  missed(): void;
}

/** A change feed within one process. */
export function memoryFeed(): MemoryFeed {
  const emitter = new EventEmitter().setMaxListeners(0);
  const all = new EventEmitter().setMaxListeners(0);
  return {
    publish(topic) {
      emitter.emit(topic);
      all.emit('change', topic);
    },
    missed() {
      for (const topic of emitter.eventNames()) emitter.emit(topic);
      all.emit('change', null);
    },
    subscribe(topic, listener) {
      emitter.on(topic, listener);
      return () => void emitter.off(topic, listener);
    },
    subscribeToAll(listener) {
      all.on('change', listener);
      return () => void all.off('change', listener);
    },
    async close() {
      emitter.removeAllListeners();
      all.removeAllListeners();
    },
  };
}
