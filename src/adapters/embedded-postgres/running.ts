import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { readIfThere } from './data-folder.ts';
import { StartupError } from './startup-error.ts';

export interface Running {
  readonly pid: number;
  readonly port: number;
  /** False while the server starts, recovers or stops. */
  readonly ready: boolean;
}

/** The running server of this data folder, read from the file that PostgreSQL keeps there. */
export async function runningServer(data: string): Promise<Running | null> {
  const text = await readIfThere(join(data, 'postmaster.pid'));
  if (text === null) return null;
  const [pid = '', folder = '', , port = '', , , , status = ''] = text.split('\n');
  const command = await commandOf(pid);
  if (!folder || !command.includes('postgres') || !command.includes(folder)) return null;
  return { pid: Number(pid), port: Number(port), ready: status.trim() === 'ready' };
}

/**
 * After a crash the file may contain the id of a process that is now a different program. PostgreSQL would take it for a server and
 * refuse to start, so the file is removed. PostgreSQL itself safely replaces a file without a running process.
 */
export async function forgetDeadServer(data: string): Promise<void> {
  const pid = Number.parseInt((await readIfThere(join(data, 'postmaster.pid'))) ?? '', 10);
  if (isRunning(pid) && !(await runningServer(data))) await rm(join(data, 'postmaster.pid'), { force: true });
}

export async function stopRunning(data: string): Promise<void> {
  const server = await runningServer(data);
  if (!server) return;
  process.kill(server.pid, 'SIGINT'); // fast shutdown: clients are disconnected, committed data is kept
  for (let waitedMs = 0; await runningServer(data); waitedMs += 50) {
    if (waitedMs === 10_000) process.kill(server.pid, 'SIGQUIT');
    if (waitedMs === 20_000)
      throw new StartupError(`PostgreSQL (process ${server.pid}) does not stop: end this process first.`);
    await sleep(50);
  }
}

export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // running, but owned by another user
  }
}

async function commandOf(pid: string): Promise<string> {
  if (process.platform === 'linux') {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
  }
  const { stdout } = await promisify(execFile)('ps', ['-o', 'command=', '-p', pid]).catch(() => ({
    stdout: '',
  }));
  return stdout;
}
