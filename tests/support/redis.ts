import { execFileSync, spawn } from 'node:child_process';
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
  if (given) return { url: given, stop: async () => {} };
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  server.stdout.on('data', (chunk) => (output += chunk));
  await until(async () => output.includes('Ready to accept connections'));
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      server.kill('SIGTERM');
      await once(server, 'exit');
    },
  };
}
