import { statfs } from 'node:fs/promises';

/** A startup failure that a person can fix: one clear sentence, no stack trace. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}

export const diskIsFull = (folder: string): StartupError =>
  new StartupError(`The disk that holds ${folder} is full: free some space and start again.`);

/** Checks the disk and not only the log, because a full disk has no space for the last log message. */
export async function hasRoom(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize > 32 * 1024 * 1024; // two segments of the write-ahead log
}

/** Runs `work` and turns refusals of the operating system into one sentence. */
export async function explained<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC') throw diskIsFull(folder);
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
      const place = path ?? folder;
      throw new StartupError(
        `Partner Portal cannot read and write ${place} (${code}): give this user the permission, or start as the user who created the files.`,
      );
    }
    throw error;
  }
}
