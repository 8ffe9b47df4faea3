import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  removeEmbeddedPostgres,
  runningUrl,
  StartupError,
  startEmbeddedPostgres,
} from '../../src/adapters/embedded-postgres/embedded-postgres.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 }); // a slow machine makes a database in seconds

const source = new URL('../../src/adapters/embedded-postgres/embedded-postgres.ts', import.meta.url).href;
const asRoot = process.getuid?.() === 0;

let project: string;
let folder: string;

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'partner portal ')); // mode 0700
  await chmod(project, 0o755);
  folder = join(project, '.data');
});

afterEach(async () => {
  await removeEmbeddedPostgres(folder);
  await rm(project, { recursive: true });
});

const options = () => ({ folder, database: 'portal', durable: false });
const start = () => startEmbeddedPostgres(options());

test('keeps its data between starts, and listens only while it runs', async () => {
  const first = await startEmbeddedPostgres({ ...options(), durable: true });
  await ask(first.url, "create table partner as select 'Ada' as name");
  await first.stop();
  await first.stop();
  await expect(ask(first.url, 'select 1')).rejects.toThrow('ECONNREFUSED');

  const second = await start();
  expect(await ask(second.url, 'select name from partner')).toBe('Ada');
  expect(await ask(second.url, 'show timezone')).toBe('UTC');
  expect(await ask(second.url, 'show server_encoding')).toBe('UTF8');
  await second.stop();
});

test('refuses a second start on the same data, which can use the first by its URL', async () => {
  expect(await runningUrl(options())).toBeNull();
  const first = await start();

  const sentence = `Another Partner Portal is already running on the data in ${folder} (process ${await serverPid()}): stop it first.`;
  await expect(start()).rejects.toThrow(new StartupError(sentence));
  expect(await runningUrl(options())).toBe(first.url);

  await first.stop();
  expect(await runningUrl(options())).toBeNull();
});

test('of two processes that start at once without data, one runs and the other reports that', async () => {
  const [one, two] = await Promise.allSettled([startedChild(), startedChild()]);
  const results = [one, two].map((result) =>
    result.status === 'fulfilled' ? 'runs' : String(result.reason),
  );
  expect(results).toContain('runs');
  expect(results).toContainEqual(expect.stringMatching(/already running on the data/));
  for (const result of [one, two]) if (result.status === 'fulfilled') result.value.kill('SIGTERM');
});

test('names the version of the data when it differs', async () => {
  await mkdir(join(folder, 'postgres'), { recursive: true });
  await writeFile(join(folder, 'postgres', 'PG_VERSION'), '17\n');
  await expect(start()).rejects.toThrow(
    /was created by PostgreSQL 17, but this Partner Portal contains PostgreSQL 18: /,
  );
});

test('reports a stored password that does not match the data', async () => {
  await (await start()).stop();
  await rm(join(folder, 'postgres-password'));
  await expect(start()).rejects.toThrow(/postgres-password does not match the database next to it/);
});

test('starts after a crash when another program uses the old process id', async () => {
  await (await start()).stop();
  const data = join(folder, 'postgres');
  await writeFile(
    join(data, 'postmaster.pid'),
    [process.pid, data, 0, 5432, '', '', '', 'ready', ''].join('\n'),
  );
  expect(await runningUrl(options())).toBeNull();
  await (await start()).stop();
});

test('removes an incomplete database', async () => {
  const half = join(folder, 'postgres.new.999999999');
  await mkdir(half, { recursive: true });
  await (await start()).stop();
  expect((await readdir(folder)).sort()).toEqual(['postgres', 'postgres-password', 'postgres.log']);
});

test('takes the wanted port, or the next free one', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const server = await startEmbeddedPostgres({ ...options(), port });
  expect(server.port).toBeGreaterThan(port);
  await server.stop();
  await new Promise((resolve) => taken.close(resolve));
});

test('starts again at its port when something else ends it', async () => {
  const progress: string[] = [];
  const server = await startEmbeddedPostgres({
    ...options(),
    restarts: true,
    progress: (sentence) => progress.push(sentence),
  });
  process.kill(await serverPid(), 'SIGKILL');
  await vi.waitFor(async () => expect(await ask(server.url, 'select 1')).toBe(1), { timeout: 20_000 });
  await vi.waitFor(() => expect(progress).toContain('The database runs again.'), { timeout: 10_000 });
  await server.stop();
  await expect(ask(server.url, 'select 1')).rejects.toThrow('ECONNREFUSED');
});

test('leaves no server behind when its process is killed', async () => {
  const child = await startedChild();
  const pid = await serverPid();
  expect(isAlive(pid)).toBe(true);

  child.kill('SIGKILL');

  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 10_000 });
});

test('continues after Ctrl-C until the application has finished', async () => {
  const child = await startedChild();
  const said = once(child.stdout ?? child, 'data');

  process.kill(-(child.pid ?? 0), 'SIGINT'); // as a terminal does: to the whole process group

  expect(String(await said)).toBe('still answers\n');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('removes its files, and does nothing without files', async () => {
  await start();
  const pid = await serverPid();
  await removeEmbeddedPostgres(folder);
  expect(isAlive(pid)).toBe(false);
  expect(await readdir(folder)).toEqual([]);
  await removeEmbeddedPostgres(folder);
});

test("as root in a private home, keeps the data where the server's user can enter", async ({ skip }) => {
  skip(!asRoot, 'only root runs the server as another user');
  await chmod(project, 0o700);
  const database = await start();
  const data = await readlink(join(folder, 'postgres'));
  expect(data).toMatch(/^\/var\/lib\/partner-portal\/[0-9a-f]{16}$/);
  await ask(database.url, 'create table partner ()');
  await database.stop();

  const again = await start();
  expect(await ask(again.url, 'select count(*)::int from partner')).toBe(0);
  await again.stop();

  await removeEmbeddedPostgres(folder);
  await expect(lstat(data)).rejects.toThrow('ENOENT');
});

test('names the path that it may not write', async () => {
  await chmod(project, 0o500);
  const folder = asRoot ? '/sys/kernel/.data' : options().folder; // there not even root may
  await expect(startEmbeddedPostgres({ ...options(), folder })).rejects.toThrow(
    /cannot read and write .*\.data/,
  );
  await chmod(project, 0o700);
});

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query({ text: sql, rowMode: 'array' });
  await client.end();
  return rows[0]?.[0];
}

/** An app that holds a database, asks it something when it is interrupted, and then ends. */
async function startedChild(): Promise<ChildProcess> {
  const program = `
    import { startEmbeddedPostgres } from '${source}';
    import pg from '${import.meta.resolve('pg')}';
    const { url, stop } = await startEmbeddedPostgres(${JSON.stringify(options())});
    process.once('SIGINT', async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.end();
      console.log('still answers');
      await stop();
    });
    console.log('started');`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { detached: true });
  let complaints = '';
  child.stderr.on('data', (text) => {
    complaints += text;
  });
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(complaints)));
  ended.catch(() => {}); // of interest only while it starts
  await Promise.race([once(child.stdout, 'data'), ended]);
  return child;
}

async function serverPid(): Promise<number> {
  return Number.parseInt(await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8'), 10);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
