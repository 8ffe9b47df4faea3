import { monitorEventLoopDelay } from 'node:perf_hooks';
import { answer } from './processes.ts';

export interface Usage {
  /** Microseconds of CPU that all threads of the process have used. */
  readonly cpu: number;
  readonly rssMb: number;
}

export interface Delay {
  /** Delay of the event loop since the last question for it, at the 99th percentile. */
  readonly delayMs: number;
}

const RESOLUTION_MS = 10;

/** A server under test: its address and its use of the machine. */
export function serveBench(port: number, close: () => Promise<void>): void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  answer<{ ask: 'port' | 'usage' | 'delay' }>(async ({ ask }) => {
    switch (ask) {
      case 'port':
        return { port };
      case 'usage': {
        const { user, system } = process.cpuUsage();
        return { cpu: user + system, rssMb: process.memoryUsage.rss() / 2 ** 20 } satisfies Usage;
      }
      case 'delay': {
        const delayMs = Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS);
        delay.reset();
        return { delayMs } satisfies Delay;
      }
    }
  }, close);
}
