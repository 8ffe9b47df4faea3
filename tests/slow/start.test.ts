import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'partner portal '));
const typescript = ['--import', import.meta.resolve('@oxc-node/core/register')];
const entry = (file: string) => join(import.meta.dirname, '../../src', file);
const environment = { ...process.env, DATABASE_URL: '', REDIS_URL: '', NODE_ENV: '', JWT_SECRET: '' };
const running = new Set<ChildProcess>();
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  execFileSync(process.execPath, [...typescript, entry('cli/reset.ts')], { cwd: folder, env: environment });
  rmSync(folder, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  return port;
}

interface Started {
  readonly child: ChildProcess;
  output(): string;
}

function start(port: number): Started {
  const child = spawn(process.execPath, [...typescript, entry('main.ts')], {
    cwd: folder,
    env: { ...environment, PORT: String(port) },
  });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  child.once('exit', () => running.delete(child));
  return { child, output: () => output };
}

async function ready(started: Started): Promise<string> {
  await until(async () => /^eyJ.+$/m.test(started.output()) || started.child.exitCode !== null, 60);
  const token = /^eyJ.+$/m.exec(started.output())?.[0];
  if (!token) throw new Error(started.output());
  return token;
}

const ask = async (port: number, token: string, query: string) =>
  (
    await fetch(`http://localhost:${port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query }),
    })
  ).json();

async function stopped({ child }: Started, signal: 'SIGTERM' | 'SIGINT'): Promise<number | null> {
  child.kill(signal);
  const [code] = await once(child, 'exit');
  return code as number | null;
}

const serverProcess = () =>
  Number(readFileSync(join(folder, '.data/postgres/postmaster.pid'), 'utf8').split('\n')[0]);
const alive = (pid: number) => existsSync(`/proc/${pid}`);

test('the first start creates the demo program, the second start finds it, and no start leaves a server behind', async () => {
  const port = await freePort();
  const first = start(port);
  const token = await ready(first);
  expect(first.output()).toContain('200 partners');
  expect(await ask(port, token, '{ partners(first: 1) { totalCount } }')).toEqual({
    data: { partners: { totalCount: 200 } },
  });
  expect((await fetch(`http://localhost:${port}/health/ready`)).status).toBe(200);
  const made = execFileSync(
    process.execPath,
    [...typescript, entry('cli/token.ts'), '--role', 'ANALYST', '--tenant', 'demo'],
    { cwd: folder, env: environment, encoding: 'utf8' },
  );
  expect(made).toMatch(/^eyJ[\w.-]+\n$/);
  expect(await ask(port, made.trim(), '{ program { tenantId } }')).toEqual({
    data: { program: { tenantId: 'demo' } },
  });

  const inTheWay = start(port);
  const [code] = await once(inTheWay.child, 'exit');
  expect(code).toBe(1);
  expect(inTheWay.output().trim()).toMatch(/^Another Partner Portal is already running .+$/);

  const pid = serverProcess();
  expect(alive(pid)).toBe(true);
  expect(await stopped(first, 'SIGTERM')).toBe(0);
  expect(alive(pid)).toBe(false);

  const other = createServer().listen(port, 'localhost');
  await once(other, 'listening');
  const refused = start(port);
  expect((await once(refused.child, 'exit'))[0]).toBe(1);
  expect(refused.output()).toContain(
    `Port ${port} is in use. Stop the process that uses it, or set PORT to another port.`,
  );
  other.close();

  const second = start(port);
  const again = await ready(second);
  expect(second.output()).not.toContain('Demo data');
  expect(await ask(port, again, '{ partners(first: 1) { totalCount } }')).toEqual({
    data: { partners: { totalCount: 200 } },
  });
  const secondPid = serverProcess();
  expect(await stopped(second, 'SIGINT')).toBe(0);
  expect(alive(secondPid)).toBe(false);
}, 300_000);
