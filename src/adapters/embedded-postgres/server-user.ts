import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { StartupError } from './startup-error.ts';

const run = promisify(execFile);

/** The user who runs PostgreSQL; null for the current user. */
export type ServerUser = { readonly uid: number; readonly gid: number } | null;

/** PostgreSQL refuses to run as root. Then the owner of existing data runs it, otherwise `postgres`, otherwise `nobody`. */
export async function serverUser(data: string): Promise<ServerUser> {
  if (process.getuid?.() !== 0) return null;
  const owner = await stat(data).catch(() => null);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };

  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const [, , uid, gid] =
    users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody') ?? [];
  if (!uid || !gid) {
    throw new StartupError(
      'PostgreSQL refuses to run as root and there is no user `nobody`: start as another user.',
    );
  }
  return { uid: Number(uid), gid: Number(gid) };
}

/** Checked by the kernel as that user, so that the modes and access lists of all parent folders apply. */
export async function canReach(user: ServerUser, folder: string): Promise<boolean> {
  return run('/bin/sh', ['-c', 'test -x "$0"', folder], { ...user, cwd: '/' }).then(
    () => true,
    () => false,
  );
}
