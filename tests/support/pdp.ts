import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from './until.ts';

export const POLICIES = fileURLToPath(new URL('../../src/policies', import.meta.url));

/** The process that an embedded policy service runs as just now. */
export const pidOf = (url: string): number =>
  Number(readFileSync(join(dirname(decodeURIComponent(new URL(url).pathname)), 'pid'), 'utf8'));

/** A signal is only on its way when `kill` returns: on a busy machine the process answers once more. */
export async function hang(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await until(async () => {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=', '-p', String(pid)]);
    return stdout.trim().startsWith('T');
  });
}

/** Something that listens where a policy service should and answers nonsense. */
export async function nonsense(): Promise<{ url: string; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.write('yes, whatever you ask\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `grpc://127.0.0.1:${port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
