import { execFile } from 'node:child_process';
import { chown, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Binaries } from './binaries.ts';
import type { DataFolder } from './data-folder.ts';
import { isRunning } from './running.ts';
import { diskIsFull, hasRoom, StartupError } from './startup-error.ts';

export const portalUser = 'portal';

/** Creates the data in a neighbouring folder and renames it when it is complete, so that a kill leaves no incomplete database. */
export async function initdb(
  { initdb }: Binaries,
  { path, user }: DataFolder,
  password: string,
  durable: boolean,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true }); // a link in the project outlives a machine's /var
  await removeHalfMade(path);
  const half = `${path}.new.${process.pid}`;
  await mkdir(half, { mode: 0o700 });
  const passwordFile = join(half, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user) {
    await chown(half, user.uid, user.gid);
    await chown(passwordFile, user.uid, user.gid);
  }

  const made = join(half, 'data');
  const options = [
    `--pgdata=${made}`,
    `--username=${portalUser}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale-provider=builtin', // the same order of text on every machine, whatever its libraries
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-instructions',
    ...(durable ? [] : ['--no-sync']),
  ];
  try {
    await promisify(execFile)(initdb, options, {
      ...user,
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    });
    await rename(made, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY') throw error; // another process was faster and holds the lock
    });
  } catch (error) {
    const said = `${(error as { stderr?: string }).stderr ?? ''}${(error as Error).message}`;
    if (said.includes('No space left on device') || !(await hasRoom(dirname(path)))) throw diskIsFull(path);
    const reason = /(?:error|FATAL): .*/.exec(said)?.[0] ?? said.trim().split('\n').at(-1);
    throw new StartupError(`The database in ${path} could not be created: ${reason}`);
  } finally {
    await rm(half, { recursive: true, force: true });
  }
}

/** Removes the folders of killed processes. A process that is still running keeps its folder. */
async function removeHalfMade(path: string): Promise<void> {
  const start = `${basename(path)}.new.`;
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(start)) continue;
    const maker = Number(name.slice(start.length));
    if (maker === process.pid || !isRunning(maker))
      await rm(join(dirname(path), name), { recursive: true, force: true });
  }
}
