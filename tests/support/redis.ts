import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { until } from './until.ts';

function installed(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Whether tests that need Redis can run; prints why where they cannot. */
export const hasRedis = Boolean(process.env['REDIS_URL']) || installed();
if (!hasRedis)
  process.stderr.write(
    'skipped: no redis-server on the PATH and no REDIS_URL, so nothing crosses processes here\n',
  );

export interface TestRedis {
  readonly url: string;
  stop(): Promise<void>;
}

/** A Redis of the test's own on a free port, or the one of REDIS_URL. */
export async function startRedis(): Promise<TestRedis> {
  const given = process.env['REDIS_URL'];
  return given ? { url: given, stop: async () => {} } : startOwnRedis();
}

export const hasOwnRedis = installed();

export interface OwnRedis extends TestRedis {
  /** Comes back at the same address, with nothing remembered. */
  start(): Promise<void>;
  /** Takes connections and commands, and answers none. */
  hang(): void;
  goOn(): void;
}

/** A Redis that the test may do anything to. */
export async function startOwnRedis(): Promise<OwnRedis> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  let server: ChildProcess | null = null;
  const runs = () => server !== null && server.exitCode === null && server.signalCode === null;
  async function start(): Promise<void> {
    if (runs()) return;
    server = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    server.stdout?.on('data', (chunk) => (output += chunk));
    await until(async () => output.includes('Ready to accept connections'));
  }
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    start,
    hang: () => void server?.kill('SIGSTOP'),
    goOn: () => void server?.kill('SIGCONT'),
    async stop() {
      if (!server || !runs()) return;
      server.kill('SIGKILL');
      await once(server, 'exit');
    },
  };
}
