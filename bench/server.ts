import { monitorEventLoopDelay } from 'node:perf_hooks';
import { answer } from './processes.ts';

export interface Usage {
  /** Microseconds of CPU that all threads of the process have used. */
  readonly cpu: number;
  readonly rssMb: number;
  /** Delay of the event loop since the last question, at the 99th percentile. */
  readonly delayMs: number;
}

const RESOLUTION_MS = 10;

/** A server under test: its address and its use of the machine. */
export function serveBench(port: number, close: () => Promise<void>): void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  answer<{ ask: 'port' | 'usage' }>(async ({ ask }) => {
    if (ask === 'port') return { port };
    const { user, system } = process.cpuUsage();
    const delayMs = Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS);
    delay.reset();
    return { cpu: user + system, rssMb: process.memoryUsage.rss() / 2 ** 20, delayMs } satisfies Usage;
  }, close);
}
