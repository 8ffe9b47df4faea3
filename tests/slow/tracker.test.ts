import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import Fastify, { type FastifyInstance } from 'fastify';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { serveTracker } from '../../src/http/routes/tracker.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { type MadePartner, makePartner, staffOf } from '../support/make.ts';
import { until } from '../support/until.ts';

const root = join(import.meta.dirname, '../..');
const CHROMIUM = '/usr/bin/chromium';
const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';

let folder: string;
let script: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tracker-'));
  await build({
    root: join(root, 'src/tracker'),
    logLevel: 'silent',
    build: { outDir: folder, emptyOutDir: true },
  });
  script = join(folder, 't.js');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the script is smaller than 3 KB on the wire and evaluates no text', () => {
  const text = readFileSync(script, 'utf8');
  expect(gzipSync(text).length).toBeLessThan(3 * 1_024);
  expect(text).not.toMatch(/\beval\b|new Function|innerHTML|document\.write/);
});

const withoutChromium = !existsSync(CHROMIUM);
if (withoutChromium) process.stderr.write(`Skipped: no ${CHROMIUM} to try the script in.\n`);

describe.skipIf(withoutChromium)('the tracker in a browser, on a portal, a shop and its checkout', () => {
  let app: TestApp;
  let staff: Awaited<ReturnType<typeof staffOf>>;
  let partner: MadePartner;
  let portal: string;
  let tracker: FastifyInstance;
  let shop: Server;
  let checkout: Server;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  /** What forms sent to the checkout's server. */
  const sent: URLSearchParams[] = [];
  const portOf = (server: Server) => (server.address() as AddressInfo).port;
  const shopHost = () => `localhost:${portOf(shop)}`;
  const checkoutHost = () => `127.0.0.1:${portOf(checkout)}`;

  beforeAll(async () => {
    app = await createTestApp();
    staff = await staffOf(app);
    partner = await makePartner(app, staff.manager, { commissionRate: 20 });
    tracker = Fastify(); // the script as it was just built, at an address of its own
    await app.app.server.listen({ host: '127.0.0.1', port: 0 });
    const { services } = app.app;
    await serveTracker(tracker, {
      ...{ services, script, reportsPerMinute: 1_000, trusts: () => false },
      budgets: {
        take: async () => {},
        giveBack() {},
        requireLeft() {},
        isSpent: () => false,
        takeTogether: async () => {},
        standing: () => ({ limit: 1, remaining: 1, windowSeconds: 60, resetSeconds: 1 }),
      },
    });
    portal = `http://localhost:${(app.app.server.server.address() as AddressInfo).port}`;
    const scripts = await tracker.listen({ host: '127.0.0.1', port: 0 });
    const page = (body: string, attributes = '') => `<!doctype html><title>shop</title><body>${body}
      <script src="${scripts}/t.js" data-program="acme" data-domains="${shopHost()},${checkoutHost()}"${attributes}></script>`;
    const serve = (answer: (path: string) => string) =>
      createServer((request, response) => {
        const url = new URL(request.url ?? '/', 'http://shop');
        if (request.method === 'POST') {
          let body = '';
          request.on('data', (chunk) => (body += chunk));
          request.on('end', () => {
            sent.push(new URLSearchParams(body));
            response.setHeader('content-type', 'text/html').end(answer('/thanks'));
          });
          return;
        }
        // A strict policy: the script must need nothing but leave to be loaded and to report.
        response.setHeader(
          'content-security-policy',
          `default-src 'none'; script-src ${scripts}; connect-src ${scripts}; form-action *`,
        );
        response.setHeader('content-type', 'text/html').end(answer(url.pathname));
      }).listen(0);
    shop = serve((path) =>
      page(
        `<a id="pay" href="http://${checkoutHost()}/pay">pay</a><a id="away" href="http://127.0.0.1:9/other">away</a>`,
        path === '/consent' ? ' data-consent="required"' : '',
      ),
    );
    checkout = serve(() =>
      page('<form method="post" action="/order"><input name="email"><button>buy</button></form>'),
    );
    await app.ask(
      staff.manager,
      'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { landingUrl } }',
      { input: { landingHosts: [shopHost(), checkoutHost()], landingUrl: `http://${shopHost()}/` } },
    );
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    await tracker?.close();
    shop?.close();
    checkout?.close();
    await app?.close();
  });
  beforeEach(async () => {
    context = await browser.newContext({ userAgent: CHROME });
    page = await context.newPage();
  });
  afterEach(() => context.close());

  const call = (...args: unknown[]) => page.evaluate(`portal(...${JSON.stringify(args)})`);

  test('a visitor clicks, browses, submits and buys, and the partner gets its commission', async () => {
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    await page.goto(`${portal}/r/${partner.referralCode}?coupon=x`);
    expect(new URL(page.url()).host).toBe(shopHost());
    const click = new URL(page.url()).searchParams.get('pp_click');
    expect(await call('click')).toBe(click);

    await page.goto(`http://${shopHost()}/pricing`); // the address says nothing any more; the browser remembers
    expect(await call('click')).toBe(click);
    await page.click('#pay');
    await page.waitForURL(`http://${checkoutHost()}/**`);
    expect(new URL(page.url()).searchParams.get('pp_click')).toBe(click); // across the domains
    await page.click('button');
    await page.waitForURL('**/order');
    expect(sent.at(-1)?.get('pp_click')).toBe(click);

    await page.goto(`http://${checkoutHost()}/thanks`);
    await call('convert', { orderId: 'order-1', amount: '100.00', currency: 'USD' });
    const { pool } = app.database;
    await until(async () => (await pool.query('select 1 from reported_conversions')).rows.length === 1);
    expect((await pool.query('select 1 from commissions')).rows, 'a browser makes no money').toEqual([]);

    const { recordConversion } = await app.ask(
      staff.manager,
      `mutation ($input: RecordConversionInput!) { recordConversion(input: $input) {
        partner { id } commissions { amount { amount } } } }`,
      {
        input: {
          clickId: sent.at(-1)?.get('pp_click'),
          orderId: 'order-1',
          customerId: 'cust_1',
          amount: '100.00',
        },
      },
    );
    expect(recordConversion).toEqual({
      partner: { id: partner.id },
      commissions: [{ amount: { amount: '20.00' } }],
    });
    expect(faults).toEqual([]);
  });

  test('a page that changes its address without loading uses the click of the new address', async () => {
    const click = '0199d7a2-0000-7000-8000-000000000001';
    await page.goto(`http://${shopHost()}/`);
    expect(await call('click')).toBe('');
    await page.evaluate(`history.pushState({}, '', '/next?pp_click=${click}&coupon=SAVE')`);
    expect(await call('click')).toBe(click);
    expect(await call('coupon')).toBe('SAVE');
    await page.evaluate(`history.pushState({}, '', '/more?pp_click=%3Cscript%3E')`);
    expect(await call('click')).toBe(click);
  });

  test('a link to an unlisted host is not changed', async () => {
    await page.goto(`http://${shopHost()}/?pp_click=0199d7a2-0000-7000-8000-000000000002`);
    await page.evaluate(`addEventListener('click', (event) => event.preventDefault())`);
    await page.click('#away');
    await page.click('#pay');
    const hrefs = (await page.evaluate(
      `[...document.querySelectorAll('a')].map((link) => link.href)`,
    )) as string[];
    expect(hrefs.filter((href) => href.includes('pp_click')).map((href) => new URL(href).host)).toEqual([
      checkoutHost(),
    ]);
  });

  test('stores nothing before the consent of the visitor, and nothing after its withdrawal', async () => {
    const kept = async () =>
      String(await page.evaluate(`document.cookie + JSON.stringify(localStorage)`)).includes('0199');
    await page.goto(`http://${shopHost()}/consent?pp_click=0199d7a2-0000-7000-8000-000000000003`);
    expect(await kept()).toBe(false);
    await call('consent', true);
    expect(await kept()).toBe(true);
    await call('consent', false);
    expect(await kept()).toBe(false);
  });
});
