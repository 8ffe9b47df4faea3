import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildSite } from '../../scripts/site/build-site.ts';
import { idOf, renderMarkdown } from '../../scripts/site/markdown.ts';
import { readIndex } from '../../scripts/site/search-index.ts';
import { serveDocs } from '../../src/http/routes/docs.ts';

let folder: string;
let server: FastifyInstance;
let origin: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docs-'));
  await buildSite(folder);
  server = Fastify();
  await serveDocs(server, { folder, playground: false, isHome: true });
  origin = await server.listen({ port: 0, host: '127.0.0.1' });
}, 60_000);

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const pages = (): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.html'));

test('every link of the site leads to a page, and to a place on it', () => {
  const texts = new Map(pages().map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
  const ids = new Map(
    [...texts].map(([path, text]) => [
      path,
      new Set(Array.from(text.matchAll(/ id="([^"]+)"/g), ([, id]) => id)),
    ]),
  );
  const broken: string[] = [];
  for (const [page, text] of texts) {
    for (const [, link = ''] of text.matchAll(/ (?:href|src)="([^"]+)"/g)) {
      if (/^(https?:|mailto:)/.test(link) || link === '/playground/') continue;
      const [address = '', id] = link.split('#');
      const path =
        address === '' ? page : address.replace(/^\/docs\//, '').replace(/(^|\/)$/, '$1index.html');
      if (!existsSync(join(folder, path)) || (id && !ids.get(path)?.has(id))) broken.push(`${page}: ${link}`);
    }
  }
  expect(broken).toEqual([]);
  expect(texts.size).toBeGreaterThan(300);
});

test('each heading of a page has a unique id', () => {
  const doubled = pages().filter((path) => {
    const ids = Array.from(
      readFileSync(join(folder, path), 'utf8').matchAll(/ id="([^"]+)"/g),
      ([, id]) => id,
    );
    return new Set(ids).size < ids.length;
  });
  expect(doubled).toEqual([]);
});

test('the search finds a type, an operation by its words, a field, and a document', () => {
  const search = readIndex(readFileSync(join(folder, 'search.json'), 'utf8'));
  const first = (query: string) => search(query, 5).map(({ title, kind }) => `${kind} ${title}`);
  expect(first('PayoutRun')[0]).toBe('object PayoutRun');
  expect(first('approve commission')).toContain('mutation approveCommission');
  expect(first('payoutFrequency')).toContain('object Partner');
  expect(search('glossary', 5)[0]?.path).toBe('glossary.html');
  expect(search('commission', 5).map(({ path }) => path)).toContain('concepts/commissions.html');
});

describe('a Markdown file', () => {
  const site = {
    files: new Set(['README.md', 'docs/a.md', 'docs/api/README.md']),
    schemaPath: (name: string) => (name === 'Partner' ? 'schema/Partner.html' : null),
  };
  const bodyOf = (text: string) => renderMarkdown('docs/a.md', text, 'Documents', site).body;

  test.each([
    ['[x](../README.md)', '<a href="/docs/">x</a>'],
    ['[x](api/README.md#errors)', '<a href="/docs/api/#errors">x</a>'],
    ['[x](api)', '<a href="/docs/api/">x</a>'],
    ['[x](#here)', '<a href="#here">x</a>'],
    ['[x](https://example.com)', '<a href="https://example.com">x</a>'],
    ['[x](../src/app.ts)', 'x'],
    ['`Partner`', '<a href="/docs/schema/Partner.html"><code>Partner</code></a>'],
    ['`<b>`', '<code>&lt;b&gt;</code>'],
  ])('renders %s', (text, html) => {
    expect(bodyOf(text).trim()).toBe(`<p>${html}</p>`);
  });

  test('has the ids of GitHub', () => {
    expect(idOf('What does `npm start` do?')).toBe('what-does-npm-start-do');
    expect(bodyOf('## One\n\n## One').match(/id="[^"]+"/g)).toEqual(['id="one"', 'id="one-1"']);
  });
});

describe('the server', () => {
  test.each(['/docs/', '/docs/schema/', '/docs/schema/Partner.html', '/docs/settings.json'])(
    'serves %s and allows no other host',
    async (path) => {
      const { statusCode, headers } = await server.inject(path);
      expect(statusCode).toBe(200);
      expect(headers['content-security-policy']).toContain(
        "default-src 'none'; script-src 'self'; style-src 'self';",
      );
      expect(headers['content-security-policy']).not.toMatch(/https?:|unsafe|\*/);
    },
  );

  test.each(['/', '/docs'])('leads from %s to the documents', async (path) => {
    const { statusCode, headers } = await server.inject(path);
    expect([statusCode, headers.location]).toEqual([302, '/docs/']);
  });

  test.each(['/docs/no-such-page.html', '/docs/../package.json', '/docs/%2e%2e/package.json'])(
    'has no %s',
    async (path) => {
      expect((await server.inject(path)).statusCode).toBe(404);
    },
  );

  test('explains how to build missing documents', async () => {
    const other = Fastify();
    await serveDocs(other, { folder: join(folder, 'none'), playground: false, isHome: false });
    const reply = await other.inject('/docs/');
    expect([reply.statusCode, reply.body]).toEqual([503, expect.stringContaining('npm run build')]);
    expect((await other.inject('/')).statusCode).toBe(404);
  });
});

const executablePath = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path && existsSync(path));
if (!executablePath) process.stderr.write('Skipped: no Chromium to open the documents with.\n');

describe('in Chromium', { skip: !executablePath, timeout: 30_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: executablePath as string,
      args: ['--no-sandbox', '--no-first-run', '--disable-gpu', '--disable-background-networking'],
    });
  }, 30_000);
  afterAll(() => browser.close());

  test.each([390, 1440])('a reader searches and reads at %i pixels', async (width) => {
    const page = await browser.newPage({ viewport: { width, height: 844 } });
    const complaints: string[] = [];
    page.on('console', (line) => void (line.type() === 'error' && complaints.push(line.text())));
    page.on('pageerror', ({ message }) => void complaints.push(message));
    await page.goto(origin);
    await page.keyboard.press('/');
    await page.keyboard.type('CreatePartnerInput');
    await page.locator('#search-results a', { hasText: 'CreatePartnerInput' }).first().waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/docs/schema/CreatePartnerInput.html');
    for (const path of ['', 'glossary.html', 'schema/mutations.html', 'schema/Partner.html']) {
      await page.goto(`${origin}/docs/${path}`);
      const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect([path, await page.evaluate<number>(overflow)]).toEqual([path, 0]);
    }
    expect(complaints).toEqual([]);
    await page.close();
  });
});
