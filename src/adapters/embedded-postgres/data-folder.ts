import { createHash } from 'node:crypto';
import { lstat, mkdir, readFile, readlink, realpath, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { canReach, type ServerUser, serverUser } from './server-user.ts';
import { StartupError } from './startup-error.ts';

/** Location of the data when the server's user cannot enter the project's folder, for example in root's home. */
export const sharedFolder = '/var/lib/partner-portal';

/** Files in the project: the data or a link to it, the log, the password. */
export const placesIn = (folder: string) => ({
  data: join(folder, 'postgres'),
  log: join(folder, 'postgres.log'),
  password: join(folder, 'postgres-password'),
});

export interface DataFolder {
  readonly path: string;
  readonly user: ServerUser;
}

/** Existing data stays in place. New data is created in the project if the server's user can enter it. */
export async function dataFolder(folder: string): Promise<DataFolder> {
  await mkdir(folder, { recursive: true });
  const here = join(await realpath(folder), 'postgres');
  const user = await serverUser(here);
  const linked = await linkTarget(here);
  if (linked) return { path: linked, user };
  if (!user || (await canReach(user, dirname(here)))) return { path: here, user };
  if (await lstat(here).catch(() => null)) {
    throw new StartupError(
      `The user ${user.uid}, who owns the database in ${here}, cannot enter that folder: run \`chmod o+x\` on the folders above it.`,
    );
  }

  const elsewhere = join(sharedFolder, createHash('sha256').update(here).digest('hex').slice(0, 16));
  await mkdir(sharedFolder, { recursive: true, mode: 0o755 });
  await symlink(elsewhere, here);
  return { path: elsewhere, user };
}

async function linkTarget(path: string): Promise<string | null> {
  const found = await lstat(path).catch(() => null);
  return found?.isSymbolicLink() ? readlink(path) : null;
}

/** The major version that created the data, or null if there is no data yet. */
export async function versionOf(data: string): Promise<string | null> {
  return (await readIfThere(join(data, 'PG_VERSION')))?.trim() ?? null;
}

export async function readIfThere(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

export async function removeData(folder: string): Promise<void> {
  const { data, log, password } = placesIn(folder);
  const linked = await linkTarget(data);
  for (const path of [linked, data, log, password]) {
    if (path) await rm(path, { recursive: true, force: true });
  }
}
