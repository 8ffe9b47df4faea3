import { answer } from './processes.ts';

/** Returns the microseconds of CPU that all threads of the process have used. */
export interface Cpu {
  readonly cpu: number;
}

/** A server under test: its address and the CPU that it has used. */
export function serveBench(port: number, close: () => Promise<void>): void {
  answer<{ ask: 'port' | 'cpu' }>(async ({ ask }) => {
    if (ask === 'port') return { port };
    const { user, system } = process.cpuUsage();
    return { cpu: user + system };
  }, close);
}
