import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import WebSocket from 'ws';
import { createDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const typescript = ['--import', import.meta.resolve('@oxc-node/core/register')];
const main = join(import.meta.dirname, '../../src/main.ts');

test('a deploy under load: no request fails, sockets are closed with a reason, and the process ends', async () => {
  const database = await createDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'portal-deploy-'));
  const child = spawn(process.execPath, [...typescript, main], {
    cwd: folder,
    env: {
      ...process.env,
      NODE_ENV: '',
      JWT_SECRET: '',
      REDIS_URL: '',
      DATABASE_URL: database.url,
      CERBOS_URL: inject('cerbos'),
      PORT: '0',
      HOST: '127.0.0.1',
      SHUTDOWN_DRAIN_MS: '1000',
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const token = await until(async () => /^eyJ.+$/m.exec(output)?.[0], 60).catch(() =>
    Promise.reject(new Error(output)),
  );
  const url = /http:\/\/localhost:(\d+)\/graphql/
    .exec(output)?.[0]
    .replace('localhost', '127.0.0.1') as string;

  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
  const closed = once(socket, 'close');

  const statuses: number[] = [];
  let farewells = 0;
  const faults: string[] = [];
  const clients = Array.from({ length: 50 }, async () => {
    for (;;) {
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
          body: JSON.stringify({ query: '{ partners { totalCount edges { node { id } } } }' }),
        });
        if (response.headers.get('connection') === 'close') farewells++;
        statuses.push(response.status);
        await response.text();
      } catch (error) {
        faults.push(String((error as { cause?: { code?: string } }).cause?.code));
        return;
      }
    }
  });
  await until(async () => statuses.length > 100);
  const before = statuses.length;
  const asked = Date.now();
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  await Promise.all(clients);

  expect(code).toBe(0);
  expect(Date.now() - asked).toBeLessThan(30_000);
  expect(statuses.length).toBeGreaterThan(before);
  expect([...new Set(statuses)]).toEqual([200]);
  expect(farewells).toBeGreaterThan(0);
  // A connection that the process had not accepted when it stopped listening is reset.
  expect(faults.filter((fault) => !/^(ECONNREFUSED|ECONNRESET|UND_ERR_SOCKET)$/.test(fault))).toEqual([]);
  expect((await closed)[0]).toBe(1001);
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
}, 120_000);
