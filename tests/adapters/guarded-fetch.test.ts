import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type GuardOptions, guardedFetch } from '../../src/adapters/outbound/guarded-fetch.ts';
import { isPublicAddress } from '../../src/adapters/outbound/public-address.ts';
import { CERTIFICATE, httpsServer } from '../support/https-server.ts';

let host: Awaited<ReturnType<typeof httpsServer>>;
let asked: IncomingMessage[] = [];
let answer: (response: ServerResponse) => void = (response) => response.end('hello');

beforeAll(async () => {
  host = await httpsServer((request, response) => {
    asked.push(request);
    answer(response);
  });
});
afterEach(() => {
  asked = [];
  answer = (response) => response.end('hello');
});
afterAll(() => host.close());

/** As in production but that 127.0.0.1 counts as public and carries example.com. */
const guard = (more: GuardOptions = {}) =>
  guardedFetch({
    seconds: 2,
    resolve: async () => ['127.0.0.1'],
    isAllowed: (address) => address === '127.0.0.1',
    ports: ['', String(host.port)],
    certificateAuthority: CERTIFICATE,
    ...more,
  });
const url = (path = '/logo.png', name = 'example.com') => `https://${name}:${host.port}${path}`;
const fault = (reason: string) => expect.objectContaining({ name: 'OutboundError', fault: reason });

test('an answer comes with its status, its headers and its body', async () => {
  answer = (response) => response.writeHead(418, { 'content-type': 'text/tea' }).end('short and stout');
  const { status, headers, body, cut } = await guard().fetch({ url: url('/pot?spout=1') });
  expect({ status, type: headers['content-type'], body: Buffer.from(body).toString(), cut }).toEqual({
    status: 418,
    type: 'text/tea',
    body: 'short and stout',
    cut: false,
  });
  expect(asked[0]).toMatchObject({ url: '/pot?spout=1', headers: { host: `example.com:${host.port}` } });
});

describe('an address that is not fetched', () => {
  test.each([
    ['http', 'http://example.com/'],
    ['another scheme', 'file:///etc/passwd'],
    ['data', 'data:image/png;base64,AAAA'],
    ['another port', 'https://example.com:8443/'],
    ['a user', 'https://user@example.com/'],
    ['a user and a password', 'https://example.com:pw@127.0.0.1/'],
    ['a fragment', 'https://example.com/logo.png#x'],
    ['backslashes', 'https:\\\\example.com\\logo.png'],
    ['a line end', 'https://exam\nple.com/'],
    ['no scheme', '//example.com/logo.png'],
    ['loopback', 'https://127.0.0.1/'],
    ['loopback as one number', 'https://2130706433/'],
    ['loopback in hexadecimal', 'https://0x7f000001/'],
    ['loopback in hexadecimal parts', 'https://0x7f.0x0.0x0.0x1/'],
    ['loopback in octal', 'https://0177.0.0.1/'],
    ['loopback, shortened', 'https://127.1/'],
    ['loopback in full-width digits', 'https://１２７.０.０.１/'],
    ['loopback in circled digits', 'https://①②⑦.⓪.⓪.①/'],
    ['loopback with ideographic dots', 'https://127。0。0。1/'],
    ['loopback, percent-encoded', 'https://%31%32%37.0.0.1/'],
    ['loopback with a dot at its end', 'https://127.0.0.1./'],
    ['loopback of IPv6', 'https://[::1]/'],
    ['loopback of IPv6 in full', 'https://[0:0:0:0:0:0:0:1]/'],
    ['loopback mapped into IPv6', 'https://[::ffff:127.0.0.1]/'],
    ['loopback behind NAT64', 'https://[64:ff9b::7f00:1]/'],
    ['every address of this machine', 'https://0.0.0.0/'],
    ['the metadata of a cloud', 'https://169.254.169.254/latest/meta-data/'],
    ['localhost', 'https://localhost/'],
    ['localhost with a dot at its end', 'https://localhost./'],
    ['a name below localhost', 'https://a.localhost/'],
    ['localhost in full-width letters', 'https://ｌｏｃａｌｈｏｓｔ/'],
    ['a name of the network', 'https://metadata.google.internal/'],
    ['a name without a dot', 'https://database/'],
    ['a name with a dot at its end', 'https://example.com./'],
    ['a name that is too long', `https://example.com/${'a'.repeat(2_000)}`],
    ['nothing', ''],
  ])('%s', async (_, address) => {
    expect(guardedFetch().objectionTo(address)).toMatch(/^must /);
    let resolved = 0;
    const resolve = async () => {
      resolved++;
      return ['127.0.0.1'];
    };
    await expect(guard({ resolve, ports: [''] }).fetch({ url: address })).rejects.toEqual(
      fault('ADDRESS_REFUSED'),
    );
    expect({ resolved, asked: asked.length }).toEqual({ resolved: 0, asked: 0 });
  });

  test.each([
    'https://example.com',
    'https://cdn.example.com:443/a/b.png?v=1&w=2',
    'https://bücher.example/logo.png',
    'https://example.com/%E2%9C%93.png',
  ])('but nothing speaks against %s', (address) => {
    expect(guardedFetch().objectionTo(address)).toBeNull();
  });
});

test.each([
  '127.0.0.1',
  '127.255.255.254',
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '100.64.0.1',
  '100.100.100.200',
  '168.63.129.16',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.192',
  '192.0.2.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '64:ff9b::7f00:1',
  '64:ff9b:1::7f00:1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::1',
  '4000::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%eth0',
  'fec0::1',
  'ff02::1',
  'example.com',
  '',
])('%s is not of the public internet', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700:4700::1111', '2a00:1450:4001::1'])(
  '%s is',
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);

describe('what a name resolves to', () => {
  const inside = (address: string) => guard({ resolve: async () => [address], isAllowed: isPublicAddress });

  test.each(['127.0.0.1', '::1', '::ffff:127.0.0.1', '0.0.0.0', '169.254.169.254', '10.0.0.1', 'fd00::1'])(
    '%s is not connected to',
    async (address) => {
      await expect(inside(address).fetch({ url: url() })).rejects.toEqual(fault('ADDRESS_REFUSED'));
      expect(asked).toEqual([]);
    },
  );

  test('is refused as a whole when one address of many is inside', async () => {
    const mixed = guard({ resolve: async () => ['127.0.0.1', '127.0.0.2'] });
    await expect(mixed.fetch({ url: url() })).rejects.toEqual(fault('ADDRESS_REFUSED'));
    expect(asked).toEqual([]);
  });

  test('resolves a name once per request and connects to the checked address, so DNS rebinding fails', async () => {
    let canary = 0;
    const secret = await httpsServer((_, response) => {
      canary++;
      response.end('secret');
    }, '127.0.0.2');
    const resolved: string[] = [];
    const rebinding = guard({
      resolve: async (name) => {
        resolved.push(name);
        return [resolved.length === 1 ? '127.0.0.1' : '127.0.0.2'];
      },
      ports: [String(host.port), String(secret.port)],
    });
    expect((await rebinding.fetch({ url: url() })).status).toBe(200);
    expect(resolved).toEqual(['example.com']);
    await expect(rebinding.fetch({ url: `https://example.com:${secret.port}/` })).rejects.toEqual(
      fault('ADDRESS_REFUSED'),
    );
    await secret.close();
    expect(canary).toBe(0);
  });

  test('may be nothing', async () => {
    await expect(guard({ resolve: async () => [] }).fetch({ url: url() })).rejects.toEqual(
      fault('UNREACHABLE'),
    );
    const gone = guard({ resolve: () => Promise.reject(new Error('SERVFAIL')) });
    await expect(gone.fetch({ url: url() })).rejects.toEqual(fault('UNREACHABLE'));
  });

  test('must hold a certificate of that very name', async () => {
    await expect(guard().fetch({ url: url('/', 'elsewhere.net') })).rejects.toEqual(fault('UNREACHABLE'));
    const stranger = guard({ certificateAuthority: '' });
    await expect(stranger.fetch({ url: url() })).rejects.toEqual(fault('UNREACHABLE'));
    expect(asked).toEqual([]);
  });
});

test.each([301, 302, 303, 307, 308])(
  'a redirect %d to loopback is an answer and is not followed',
  async (status) => {
    answer = (response) => response.writeHead(status, { location: url('/inside') }).end();
    expect(await guard().fetch({ url: url() })).toMatchObject({
      status,
      headers: { location: url('/inside') },
    });
    expect(asked.map((request) => request.url)).toEqual(['/logo.png']);
  },
);

test('a proxy of the environment is not used', async () => {
  process.env['HTTPS_PROXY'] = 'http://127.0.0.1:9';
  process.env['NODE_USE_ENV_PROXY'] = '1';
  expect((await guard().fetch({ url: url() })).status).toBe(200);
  delete process.env['HTTPS_PROXY'];
  delete process.env['NODE_USE_ENV_PROXY'];
});

describe('an answer that is too much', () => {
  test('is cut at a megabyte, however long it goes on', async () => {
    let sent = 0;
    answer = (response) => {
      const chunk = Buffer.alloc(65_536, 'x');
      const pump = () => {
        if (response.destroyed) return;
        sent += chunk.length;
        if (response.write(chunk)) setImmediate(pump);
        else response.once('drain', pump);
      };
      response.writeHead(200, { 'content-length': '10000000000' });
      pump();
    };
    const { body, cut } = await guard({ seconds: 15 }).fetch({ url: url() });
    expect({ length: body.length, cut }).toEqual({ length: 1_000_000, cut: true });
    expect(sent).toBeLessThan(20_000_000); // what the sockets hold
  });

  test('is not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    answer = (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    const { body } = await guard().fetch({ url: url() });
    expect(body.length).toBe(bomb.length);
    expect(asked[0]?.headers['accept-encoding']).toBe('identity');
  });

  test('is refused where its headers alone are too much', async () => {
    answer = (response) => response.writeHead(200, { 'x-much': 'a'.repeat(20_000) }).end();
    await expect(guard().fetch({ url: url() })).rejects.toEqual(fault('UNREACHABLE'));
  });
});

describe('an answer that takes too long', () => {
  const within = async (run: () => Promise<unknown>) => {
    const started = performance.now();
    await expect(run()).rejects.toEqual(fault('TIMEOUT'));
    expect(performance.now() - started).toBeLessThan(1_500);
  };
  const impatient = (more: GuardOptions = {}) => guard({ seconds: 0.5, ...more });

  test('because it never comes', async () => {
    answer = () => {};
    await within(() => impatient().fetch({ url: url() }));
  });

  test('because it comes a byte at a time', async () => {
    answer = (response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('.'), 50);
      response.on('close', () => clearInterval(timer));
    };
    await within(() => impatient().fetch({ url: url() }));
  });

  test('because the name servers are silent', async () => {
    await within(() => impatient({ resolve: () => new Promise(() => {}) }).fetch({ url: url() }));
  });

  test('leaves other addresses alone', async () => {
    answer = (response) => {
      if (asked.length > 20) response.end();
    };
    const slow = Array.from({ length: 20 }, () => impatient({ seconds: 1 }).fetch({ url: url('/slow') }));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const started = performance.now();
    expect((await guard().fetch({ url: url('/quick') })).status).toBe(200);
    expect(performance.now() - started).toBeLessThan(500);
    for (const one of await Promise.allSettled(slow))
      expect(one).toMatchObject({ status: 'rejected', reason: { fault: 'TIMEOUT' } });
  });
});

test('a refusal does not show the internal address', async () => {
  const messages = await Promise.all(
    ['127.0.0.1', '10.1.2.3', 'fd00::1'].map((address) =>
      guard({ resolve: async () => [address], isAllowed: () => false })
        .fetch({ url: url() })
        .catch((error: Error) => error.message),
    ),
  );
  expect(new Set(messages)).toEqual(new Set(['the host is not on the public internet']));
});
