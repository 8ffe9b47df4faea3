import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'pg';
import { screens } from './raw-screens.ts';
import { serveBench } from './server.ts';

// The practical limit: node:http, pg and SQL written for each screen. It does not check its callers.
const pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: 16 });

const server = createServer((incoming, outgoing) => {
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  incoming.on('end', () => {
    const screen = screens[incoming.url ?? ''];
    Promise.resolve(screen?.(pool, JSON.parse(Buffer.concat(chunks).toString()))).then(
      (data) => {
        const body = JSON.stringify({ data });
        outgoing.writeHead(200, {
          'content-type': 'application/json; charset=utf-8',
          'content-length': Buffer.byteLength(body),
        });
        outgoing.end(body);
      },
      (error: unknown) => outgoing.writeHead(500).end(String(error)),
    );
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
serveBench((server.address() as AddressInfo).port, async () => {
  server.close();
  server.closeAllConnections();
  await pool.end();
});
