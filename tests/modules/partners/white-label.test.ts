import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { guardedFetch } from '../../../src/adapters/outbound/guarded-fetch.ts';
import { isImage } from '../../../src/domain/image.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { CERTIFICATE, httpsServer } from '../../support/https-server.ts';
import { makePartner, staffOf } from '../../support/make.ts';
import { until } from '../../support/until.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let host: Awaited<ReturnType<typeof httpsServer>>;
let asked: string[] = [];

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const pages: Record<string, (response: ServerResponse) => void> = {
  '/logo.png': (response) => response.end(PNG),
  '/logo.svg': (response) =>
    response.writeHead(200, { 'content-type': 'image/svg+xml' }).end('<svg onload="alert(1)"/>'),
  '/page.png': (response) =>
    response.writeHead(200, { 'content-type': 'image/png' }).end('<!doctype html><script>alert(1)</script>'),
  '/huge.png': (response) => response.end(Buffer.concat([PNG, Buffer.alloc(2_000_000)])),
  '/moved.png': (response) => response.writeHead(302, { location: '/logo.png' }).end(),
  '/broken.png': (response) => response.writeHead(500).end(PNG),
};

beforeAll(async () => {
  host = await httpsServer((request, response) => {
    asked.push(request.url ?? '');
    (pages[request.url ?? ''] ?? (() => response.writeHead(404).end()))(response);
  });
  const outbound = guardedFetch({
    seconds: 2,
    resolve: async (name) => [name === 'inside.example.com' ? '127.0.0.2' : '127.0.0.1'],
    isAllowed: (address) => address === '127.0.0.1',
    ports: ['', String(host.port)],
    certificateAuthority: CERTIFICATE,
  });
  app = await createTestApp({ outbound }, { OWN_DOMAINS: 'finaceverse.com, portal.acme.com' });
  staff = await staffOf(app);
  await app.app.startWorker();
});
afterAll(async () => {
  await app.close();
  await host.close();
});
afterEach(() => {
  asked = [];
});

const make = (whiteLabel: object = {}) =>
  makePartner(app, staff.manager, { partnerType: 'WHITE_LABEL', whiteLabel });
const UPDATE = `mutation ($id: ID!, $whiteLabel: WhiteLabelConfigInput!) {
  updatePartner(id: $id, input: { whiteLabel: $whiteLabel }) { whiteLabelConfig { logoStatus faviconStatus } }
}`;
const brandOf = async (id: string) =>
  (
    await app.ask(
      staff.manager,
      'query ($id: ID!) { partner(id: $id) { whiteLabelConfig { logoUrl logoStatus faviconStatus } } }',
      { id },
    )
  ).partner.whiteLabelConfig;
const at = (path: string, name = 'cdn.example.com') => `https://${name}:${host.port}${path}`;

describe('the address of a logo', () => {
  test.each([
    ['/logo.png', 'OK'],
    ['/page.png', 'NOT_AN_IMAGE'],
    ['/logo.svg', 'NOT_AN_IMAGE'],
    ['/huge.png', 'TOO_LARGE'],
    ['/moved.png', 'NOT_REACHABLE'],
    ['/broken.png', 'NOT_REACHABLE'],
    ['/none.png', 'NOT_REACHABLE'],
  ])('a logo is checked once: %s is %s', async (path, status) => {
    const { id } = await make({ logoUrl: at(path) });
    const { logoStatus } = await until(async () => {
      const brand = await brandOf(id);
      return brand.logoStatus && brand;
    });
    expect({ logoStatus, asked }).toEqual({ logoStatus: status, asked: [path] });
  });

  test('a logo at a name with an internal address is not fetched', async () => {
    const { id } = await make({ faviconUrl: at('/logo.png', 'inside.example.com') });
    const { faviconStatus } = await until(async () => {
      const brand = await brandOf(id);
      return brand.faviconStatus && brand;
    });
    expect({ faviconStatus, asked }).toEqual({ faviconStatus: 'NOT_REACHABLE', asked: [] });
  });

  test('a changed logo has no status until its check', async () => {
    const { id } = await make({ logoUrl: at('/logo.png') });
    await until(async () => (await brandOf(id)).logoStatus === 'OK');
    const { updatePartner } = await app.ask(staff.manager, UPDATE, {
      id,
      whiteLabel: { logoUrl: at('/logo.svg') },
    });
    expect([null, 'NOT_AN_IMAGE']).toContain(updatePartner.whiteLabelConfig.logoStatus);
    await until(async () => (await brandOf(id)).logoStatus === 'NOT_AN_IMAGE');
    await app.ask(staff.manager, UPDATE, { id, whiteLabel: { logoUrl: null } });
    expect(await brandOf(id)).toMatchObject({ logoUrl: null, logoStatus: null });
  });

  test.each([
    'http://cdn.acme.com/logo.png',
    'https://user@cdn.acme.com/logo.png',
    'https://cdn.acme.com:8443/logo.png',
    'https://127.0.0.1/logo.png',
    'https://0x7f.1/logo.png',
    'https://[::1]/logo.png',
    'https://169.254.169.254/latest/meta-data/',
    'https://localhost/logo.png',
    'https://metadata.google.internal/',
    'javascript:alert(1)',
    'data:image/png;base64,AAAA',
    '',
  ])('is refused by name: %s', async (url) => {
    const { id } = await make();
    for (const field of ['logoUrl', 'faviconUrl'])
      expect(await app.refusal(staff.manager, UPDATE, { id, whiteLabel: { [field]: url } })).toMatchObject({
        code: 'BAD_USER_INPUT',
        field: `input.whiteLabel.${field}`,
      });
  });
});

test.each([
  ['PNG', '89504e470d0a1a0a', true],
  ['JPEG', 'ffd8ffe000104a464946', true],
  ['GIF', Buffer.from('GIF89a').toString('hex'), true],
  ['WebP', Buffer.from('RIFF....WEBPVP8 ').toString('hex'), true],
  ['AVIF', Buffer.from('\0\0\0\x20ftypavif').toString('hex'), true],
  ['ICO', '000001000100', true],
  ['a PNG by name only', Buffer.from('PNG').toString('hex'), false],
  ['a sound', Buffer.from('RIFF....WAVEfmt ').toString('hex'), false],
  ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>').toString('hex'), false],
  ['nothing', '', false],
])('%s: an image by its first bytes alone', (_, hex, image) => {
  expect(isImage(Buffer.from(hex, 'hex'))).toBe(image);
});

describe('the domain of a brand', () => {
  test.each([
    ['an address', '127.0.0.1'],
    ['an address of IPv6', '[::1]'],
    ['a port', 'finance.acme.com:443'],
    ['a path', 'finance.acme.com/x'],
    ['upper case', 'Finance.Acme.com'],
    ['every name below', '*.acme.com'],
    ['a dot at its end', 'finance.acme.com.'],
    ['no dot', 'localhost'],
    ['a name of the network', 'portal.internal'],
    ['letters that look like others', 'аcme.com'],
    ['the same, encoded', 'xn--cme-7cd.com'],
    ['the same, further down', 'finance.xn--cme-7cd.com'],
    ['ours', 'finaceverse.com'],
    ['below ours', 'login.finaceverse.com'],
    ['our other one', 'portal.acme.com'],
    ['script', 'a.com"><script>'],
  ])('is refused by name: %s', async (_, domain) => {
    const { id } = await make();
    expect(await app.refusal(staff.manager, UPDATE, { id, whiteLabel: { domain } })).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'input.whiteLabel.domain',
    });
  });

  test("a brand's domain may end like the portal's domain", async () => {
    await expect(make({ domain: 'notfinaceverse.com' })).resolves.toBeDefined();
  });

  test("a brand's domain belongs to one partner of all tenants", async () => {
    await make({ domain: 'finance.brand.com' });
    const elsewhere = await staffOf(app, 'elsewhere');
    const other = await makePartner(app, elsewhere.manager, { partnerType: 'WHITE_LABEL' });
    expect(
      await app.refusal(elsewhere.manager, UPDATE, {
        id: other.id,
        whiteLabel: { domain: 'finance.brand.com' },
      }),
    ).toMatchObject({ code: 'CONFLICT' });
  });
});

test.each([
  'red',
  'red;}body{display:none',
  '#fff',
  '#12345g',
  'url(https://evil.com)',
  '#1a73e8;',
  'expression(1)',
])('a colour is six hexadecimal digits: %s is refused', async (primaryColor) => {
  const { id } = await make();
  for (const field of ['primaryColor', 'secondaryColor', 'accentColor'])
    expect(
      await app.refusal(staff.manager, UPDATE, { id, whiteLabel: { [field]: primaryColor } }),
    ).toMatchObject({ code: 'BAD_USER_INPUT', field: `input.whiteLabel.${field}` });
});
