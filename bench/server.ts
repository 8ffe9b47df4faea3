import { answer } from './processes.ts';

/** Microseconds of CPU that the process has used, all its threads together. */
export interface Cpu {
  readonly cpu: number;
}

/** The bench's side of a server under test: where it listens, and what it has used so far. */
export function serveBench(port: number, close: () => Promise<void>): void {
  answer<{ ask: 'port' | 'cpu' }>(async ({ ask }) => {
    if (ask === 'port') return { port };
    const { user, system } = process.cpuUsage();
    return { cpu: user + system };
  }, close);
}
