import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Binaries } from './binaries.ts';
import type { DataFolder } from './data-folder.ts';
import { runningServer } from './running.ts';

/**
 * Runs the server and holds our end of a pipe. When the pipe closes, because we stop or were killed, the server
 * gets SIGINT (fast shutdown), and SIGQUIT if it does not stop. Stopping and crashing take the same path, without an orphan.
 */
const keeper = `
trap '' HUP INT TERM
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
{
  read -r _ <&3
  exec 3<&-
  kill -INT $server
  for second in 1 2 3 4 5 6 7 8 9 10; do sleep 1; done # in steps, so that no long sleep stays behind
  kill -QUIT $server
} >/dev/null 2>&1 &
guard=$!
wait $server
code=$?
kill -KILL $guard
exit $code
`;

export interface Server {
  readonly hasExited: () => boolean;
  readonly exited: Promise<unknown>;
  stop(): Promise<void>;
}

export interface Launch {
  readonly binaries: Binaries;
  readonly data: DataFolder;
  readonly port: number;
  readonly durable: boolean;
  readonly log: string;
}

export async function launch({ binaries, data, port, durable, log }: Launch): Promise<Server> {
  await writeFile(log, '', { mode: 0o600 }); // only the last run is kept
  const output = await open(log, 'a');
  const settings = Object.entries(settingsFor(port, durable)).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const child = spawn('/bin/sh', ['-c', keeper, 'sh', binaries.postgres, '-D', data.path, ...settings], {
    ...data.user,
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' }, // no PGPORT and the like from the shell; messages in English
    stdio: ['pipe', output.fd, output.fd],
    detached: true, // Ctrl-C reaches only the application, which needs its database to finish
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.stdin?.on('error', () => {}); // closing a pipe without a reader is not an error
  await once(child, 'spawn');
  await output.close();

  return {
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
    exited,
    stop: async () => {
      child.stdin?.end();
      await exited;
    },
  };
}

/** Read from the file where PostgreSQL writes `ready`, because another server may answer on a port that ours did not get. */
export async function untilReady(
  server: Server,
  data: string,
  port: number,
  timeoutMs: number,
): Promise<boolean> {
  for (
    const deadline = Date.now() + timeoutMs;
    Date.now() < deadline && !server.hasExited();
    await sleep(20)
  ) {
    const running = await runningServer(data);
    if (running?.ready && running.port === port) return true;
  }
  return false;
}

/** For tests: no data outlives the run, and several test files are connected at the same time. */
const forTests = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: 0,
  max_connections: 400,
};

function settingsFor(port: number, durable: boolean): Record<string, string | number> {
  return {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 100,
    shared_buffers: '256MB',
    jit: 'off', // our queries are short: compilation costs more than it saves
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_destination: 'stderr',
    log_checkpoints: 'off',
    ...(durable ? {} : forTests),
  };
}
