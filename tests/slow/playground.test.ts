import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { buildSchema, graphql, parse, validate } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { servePlayground } from '../../src/http/routes/playground.ts';

const root = join(import.meta.dirname, '../..');
const examples = ['src/playground/examples', 'src/documents'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((file) => file.endsWith('.graphql'))
    .map((file) => ({ file, text: readFileSync(join(root, folder, file), 'utf8') })),
);

const schemaFile = join(root, 'schema.graphql');
const withoutSchema = !existsSync(schemaFile);
if (withoutSchema) process.stderr.write('Skipped: no schema.graphql to check the examples with.\n');

test.each(examples)('the first operation of $file reads', ({ text }) => {
  const first = parse(text).definitions.find(({ kind }) => kind === 'OperationDefinition');
  expect(first).toMatchObject({ operation: 'query' });
});

describe.skipIf(withoutSchema)('the examples', () => {
  test.each(examples)('of $file are valid operations', ({ text }) => {
    const schema = buildSchema(readFileSync(schemaFile, 'utf8'));
    expect(validate(schema, parse(text)).map(({ message }) => message)).toEqual([]);
  });
});

test('explains how to build a missing playground', async () => {
  const server = Fastify();
  await servePlayground(server, {
    folder: join(tmpdir(), 'no-such-folder'),
    roles: [],
    token: async () => null,
  });
  const reply = await server.inject('/playground/');
  expect(reply.statusCode).toBe(503);
  expect(reply.body).toContain('npm run build');
});

/** The subject of a credential that the server of this test made. */
function subjectOf(authorization: unknown): string | null {
  const payload = /^Bearer head\.([\w-]+)\.sign$/.exec(String(authorization))?.[1];
  return payload ? JSON.parse(Buffer.from(payload, 'base64url').toString()).sub : null;
}

const ACME = '550e8400-e29b-41d4-a716-446655440000';

describe('the playground', () => {
  const schema = buildSchema(`
    type Query { partners(first: Int, filter: PartnerFilter): Partners! }
    type Mutation { approve: Boolean! }
    input PartnerFilter { status: Status }
    enum Status { ACTIVE }
    type Subscription { ticks: Int! }
    type Partners { totalCount: Int! edges: [Edge!]! }
    type Edge { node: Partner! }
    type Partner { id: ID! companyName: String! partnerType: String! tier: String! status: String! }
  `);
  const acme = { id: ACME, companyName: '=Acme', partnerType: 'RESELLER', tier: 'SILVER', status: 'ACTIVE' };
  const rootValue = {
    partners: { totalCount: 1, edges: [{ node: acme }] },
    ticks,
    approve: () => ++approvals > 0,
  };
  let approvals = 0;

  let folder: string;
  let server: FastifyInstance;
  let origin: string;
  let token: string;
  let credentials: unknown[];
  let listeners = 0;

  async function* ticks() {
    listeners++;
    try {
      for (let tick = 1; ; tick++) {
        yield { ticks: tick };
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    } finally {
      listeners--;
    }
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'playground-'));
    vi.stubEnv('NODE_ENV', 'production'); // Vitest's own value would bundle React's development build
    await build({ root: join(root, 'src/playground'), logLevel: 'error', build: { outDir: folder } });
    vi.unstubAllEnvs();

    server = Fastify();
    await servePlayground(server, {
      folder,
      roles: ['PLATFORM_ADMIN', 'ANALYST', 'PARTNER'],
      token: async ({ role, partnerId }) => {
        const payload = {
          sub: [role.toLowerCase(), partnerId, token].filter(Boolean).join(' '),
          tenant: 'demo',
        };
        return `head.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.sign`;
      },
      host: 'portal.lan',
    });
    server.post<{ Body: { query: string; operationName?: string } }>('/graphql', ({ body, headers }) => {
      credentials.push(subjectOf(headers.authorization) ?? headers.authorization);
      return graphql({ schema, rootValue, source: body.query, operationName: body.operationName ?? null });
    });
    const onConnect = ({ connectionParams }: { connectionParams?: Record<string, unknown> | undefined }) => {
      credentials.push(subjectOf(connectionParams?.['authorization']));
      return token !== 'refused';
    };
    const sockets = new WebSocketServer({ server: server.server, path: '/graphql' });
    useServer({ schema, roots: { subscription: rootValue }, onConnect }, sockets);
    origin = await server.listen({ port: 0, host: '127.0.0.1' });
  }, 120_000);

  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  beforeEach(() => {
    token = 'dev-token';
    credentials = [];
  });

  test.each(['', '/', '/settings.json', '/no-such-file'])(
    'allows no other host, no inline script and no eval at "%s"',
    async (path) => {
      const { headers } = await server.inject(`/playground${path}`);
      expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self';");
      expect(headers['content-security-policy']).not.toMatch(/https?:|unsafe-eval|\*/);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['referrer-policy']).toBe('no-referrer');
    },
  );

  test('lets the browser keep its scripts, but never its token', async () => {
    const page = await server.inject('/playground/');
    const [script = ''] = /\/playground\/assets\/[^"]+\.js/.exec(page.body) ?? [];
    expect((await server.inject(script)).headers['cache-control']).toContain('immutable');
    expect(page.headers['cache-control']).toBe('no-cache');
    expect((await server.inject('/playground/settings.json')).headers['cache-control']).toBe('no-store');
  });

  test.each([
    [{ host: 'localhost:4000' }, true],
    [{ host: '127.0.0.1:4000', 'sec-fetch-site': 'same-origin' }, true],
    [{ host: '[::1]', 'sec-fetch-site': 'none' }, true],
    [{ host: 'portal.lan:4000' }, true], // where it listens
    [{ host: 'evil.example:4000' }, false],
    [{ host: 'localhost.evil.example' }, false],
    [{ host: 'localhost:4000', 'sec-fetch-site': 'cross-site' }, false],
    [{ host: 'localhost:4000', 'sec-fetch-site': 'same-site' }, false],
  ])('gives its token to its own page only: %j %s', async (headers, told) => {
    const settings = (await server.inject({ url: '/playground/settings.json', headers })).json();
    expect(settings.token === null).toBe(!told);
    expect(settings.roles.length > 0).toBe(told);
  });

  const executablePath = [
    process.env['CHROMIUM_PATH'],
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ].find((path) => path && existsSync(path));
  if (!executablePath) process.stderr.write('Skipped: no Chromium to open the playground with.\n');

  describe('in Chromium', { skip: !executablePath, timeout: 30_000 }, () => {
    let browser: Browser;
    let page: Page;
    let complaints: string[];

    beforeAll(async () => {
      const quiet = ['background-networking', 'component-update', 'sync', 'quic', 'gpu'];
      browser = await chromium.launch({
        executablePath: executablePath as string,
        args: ['--no-sandbox', '--no-first-run', ...quiet.map((what) => `--disable-${what}`)],
      });
    }, 30_000);

    afterAll(() => browser.close());

    beforeEach(async () => {
      complaints = [];
      page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
      page.on('console', (line) => void (line.type() === 'error' && complaints.push(line.text())));
      page.on('pageerror', ({ message }) => void complaints.push(message));
      page.on('request', (request) => {
        const { protocol, host } = new URL(request.url());
        if (protocol !== 'data:' && host !== new URL(origin).host) complaints.push(request.url());
      });
      await page.goto(`${origin}/playground`);
      await shown('.bar', `You are analyst ${token} of demo`);
      await shown('.graphiql-query-editor', 'totalCount');
    }, 30_000);

    // Whatever a test does, the page obeys its policy, stays on this host and misses no file.
    afterEach(async () => {
      await page.close();
      expect(complaints).toEqual([]);
    });

    async function shown(selector: string, hasText: string): Promise<void> {
      await page.locator(selector, { hasText }).waitFor();
    }

    /** Replaces the text of the query editor and waits until GraphiQL has read it. */
    async function write(text: string, name: string): Promise<void> {
      await page.locator('.graphiql-query-editor .view-lines').click();
      await page.keyboard.press('Control+A');
      await page.keyboard.insertText(text);
      await page.getByRole('tab', { name }).waitFor();
    }

    async function subscribe(): Promise<void> {
      await write('subscription Ticks { ticks }', 'Ticks');
      await page.keyboard.press('Control+Enter');
    }

    const run = () => page.getByRole('button', { name: 'Execute query' }).click();

    test('runs the welcome query as an analyst', async () => {
      await run();
      await shown('.result-window', '"companyName": "=Acme"');
      expect(credentials).toEqual(['analyst dev-token', 'analyst dev-token']); // the schema, then the query
    });

    test('keeps the role of the menu after a reload, with the current token of the server', async () => {
      await page.getByLabel('Role').selectOption('PLATFORM_ADMIN');
      await shown('.bar', 'You are platform_admin dev-token of demo');
      token = 'newer-token';
      await page.reload();
      await shown('.bar', 'You are platform_admin newer-token of demo');
      await run();
      await shown('.result-window', 'Acme');
      expect(credentials.at(-1)).toBe('platform_admin newer-token');
    });

    test('acts as a partner that one chooses', async () => {
      await page.getByLabel('Role').selectOption('PARTNER');
      await shown('.bar', `You are partner ${ACME}`);
      expect(await page.getByLabel('Partner').inputValue()).toBe(ACME);
      await run();
      await shown('.result-window', 'Acme');
      expect(credentials.at(-1)).toBe(`partner ${ACME} dev-token`);
    });

    test('asks before a mutation, which does not run without consent', async () => {
      const questions: string[] = [];
      let consent = false;
      page.on('dialog', (dialog) => {
        questions.push(dialog.message());
        void (consent ? dialog.accept() : dialog.dismiss());
      });
      await write('mutation Approve { approve }', 'Approve');
      await run();
      await shown('.result-window', 'You did not run the mutation.');
      expect([approvals, questions]).toEqual([0, ['Approve changes data. Run it as ANALYST?']]);
      consent = true;
      await run();
      await shown('.result-window', '"approve": true');
      expect(approvals).toBe(1);
    });

    test('shows a result as a table and saves it as CSV, without formulas', async () => {
      await page.getByRole('button', { name: 'Table' }).click();
      await shown('.bar', 'Run a query first');
      await run();
      await shown('.result-window', 'Acme');
      await page.getByRole('button', { name: 'Table' }).click();
      await shown('dialog', '1 row');
      await shown('dialog td', 'RESELLER');
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Download CSV' }).click(),
      ]);
      expect(readFileSync(await download.path(), 'utf8')).toBe(
        "\ufeffcompanyName,partnerType,tier,status\r\n'=Acme,RESELLER,SILVER,ACTIVE\r\n",
      );
    });

    test('shares a query by a link, never a credential', async () => {
      await write('query Shared { partners { totalCount } }', 'Shared');
      await page.evaluate('navigator.clipboard.writeText = async (text) => void (window.copied = text)');
      const link = await vi.waitUntil(
        async () => {
          await page.getByRole('button', { name: 'Copy link' }).click();
          const text = await page.evaluate<string>('window.copied');
          return text.includes('Shared') && text;
        },
        { timeout: 5_000 },
      );
      expect(link).not.toContain('sign');
      const other = await (await browser.newContext()).newPage();
      await other.goto(link);
      await other.getByRole('tab', { name: 'Shared' }).waitFor();
      expect(new URL(other.url()).hash).toBe('');
      await other.context().close();
    });

    test('gives the answer the whole width of a phone', async () => {
      await page.setViewportSize({ width: 390, height: 844 });
      await run();
      await shown('.result-window', 'Acme');
      const answer = await page.locator('.graphiql-response').boundingBox();
      const editor = await page.locator('.graphiql-query-editor').boundingBox();
      expect(answer?.width).toBeGreaterThan(300);
      expect(answer?.height).toBeGreaterThan(150);
      expect(answer?.y).toBeGreaterThan((editor?.y ?? 0) + (editor?.height ?? 0) - 1);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    });

    test('shows the values of a subscription until it is stopped', async () => {
      await subscribe();
      await shown('.result-window', '"ticks": 3');
      expect(credentials.at(-1)).toBe('analyst dev-token');

      await page.getByRole('button', { name: 'Stop query' }).click();
      await vi.waitFor(() => expect(listeners).toBe(0));
    });

    test('shows the reason for a refused subscription', async () => {
      token = 'refused';
      await page.reload();
      await subscribe();
      await shown('.result-window', 'The server closed the subscription: 4403 Forbidden');
    });

    test('documents the schema', async () => {
      await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
      await page.getByRole('link', { name: 'Query', exact: true }).click();
      await shown('.graphiql-doc-explorer', 'partners');
    });

    test('opens a first visit with every example', async () => {
      const stored = await vi.waitUntil(() => page.evaluate<string>('localStorage["graphiql:tabState"]'));
      const tabs: { query: string }[] = JSON.parse(stored).tabs;
      expect(new Set(tabs.map(({ query }) => query))).toEqual(new Set(examples.map(({ text }) => text)));

      await page.getByRole('tab', { name: 'PayoutList' }).click();
      await shown('.graphiql-query-editor', 'fragment PayoutFields');
    });
  });
});
