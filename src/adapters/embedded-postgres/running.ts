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
  /** False while it starts, recovers or stops. */
  readonly ready: boolean;
}

/** The live server of this data folder, by the file that PostgreSQL keeps there while it runs. */
export async function runningServer(data: string): Promise<Running | null> {
  const text = await readIfThere(join(data, 'postmaster.pid'));
  if (text === null) return null;
  const [pid = '', folder = '', , port = '', , , , status = ''] = text.split('\n');
  const command = await commandOf(pid);
  if (!folder || !command.includes('postgres') || !command.includes(folder)) return null;
  return { pid: Number(pid), port: Number(port), ready: status.trim() === 'ready' };
}

/**
 * After a crash the file may name a process that is now something else. PostgreSQL would take it for a server and
 * refuse to start, so the file goes. A file that names no process is left to PostgreSQL, which replaces it safely.
 */
export async function forgetDeadServer(data: string): Promise<void> {
  const pid = Number.parseInt((await readIfThere(join(data, 'postmaster.pid'))) ?? '', 10);
  if (isRunning(pid) && !(await runningServer(data))) await rm(join(data, 'postmaster.pid'), { force: true });
}

export async function stopRunning(data: string): Promise<void> {
  const server = await runningServer(data);
  if (!server) return;
  process.kill(server.pid, 'SIGINT'); // fast shutdown: clients are cut off, what is committed is kept
  for (let waitedMs = 0; await runningServer(data); waitedMs += 50) {
    if (waitedMs === 10_000) process.kill(server.pid, 'SIGQUIT');
    if (waitedMs === 20_000)
      throw new StartupError(`PostgreSQL (process ${server.pid}) does not stop: end it first.`);
    await sleep(50);
  }
}

export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // there, but someone else's
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
