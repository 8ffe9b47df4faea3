import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const BROWSER = 'text/html,application/xhtml+xml,*/*;q=0.8';

test.each([
  ['/no-such-page', 404, 'Page not found'],
  ['/accept-invitation', 200, 'Your invitation'],
  ['/r/UNKNOWN', 404, 'This link leads nowhere'],
])('a browser gets a page at %s', async (url, status, title) => {
  const reply = await app.app.server.inject({ url, headers: { accept: BROWSER } });
  expect(reply.statusCode).toBe(status);
  expect(reply.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(reply.headers['content-security-policy']).toContain("default-src 'none'");
  expect(reply.body).toContain(`<h1>${title}</h1>`);
});

test.each(['/no-such-page', '/accept-invitation', '/r/UNKNOWN'])('a program gets JSON at %s', async (url) => {
  const reply = await app.app.server.inject({ url, headers: { accept: 'application/json' } });
  expect(reply.statusCode).toBe(404);
  expect(reply.json().errors[0].extensions.code).toBe('NOT_FOUND');
});

test('no page repeats what the address contains', async () => {
  const reply = await app.app.server.inject({
    url: '/r/<script>alert(1)</script>',
    headers: { accept: BROWSER },
  });
  expect(reply.body).not.toContain('<script');
});

test('the first page leads to the documents', async () => {
  const reply = await app.app.server.inject({ url: '/', headers: { accept: BROWSER } });
  expect([reply.statusCode, reply.headers.location]).toEqual([302, '/docs/']);
});
