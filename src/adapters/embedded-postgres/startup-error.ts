import { statfs } from 'node:fs/promises';

/** A refusal to start that a person can act on: one clear sentence, no stack. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}

export const diskIsFull = (folder: string): StartupError =>
  new StartupError(`The disk that holds ${folder} is full: free some space and start again.`);

/** Asked of the disk and not only of the log, because a full disk has no room for the log's last words. */
export async function hasRoom(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize > 32 * 1024 * 1024; // two segments of the write-ahead log
}

/** Runs `work`, and says what the operating system refused in a sentence. */
export async function explained<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC') throw diskIsFull(folder);
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
      const place = path ?? folder;
      throw new StartupError(
        `Partner Portal may not read and write ${place} (${code}): give this user the right to, or start it as the user who did so before.`,
      );
    }
    throw error;
  }
}
