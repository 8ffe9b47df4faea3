import { describe, expect, test } from 'vitest';
import { landingPage, pageOn, setParameter } from '../../src/domain/landing.ts';

const hosts = ['shop.example.com', 'shop.example.com:8443', 'localhost:3000', 'xn--e1afmkfd.example'];

describe('a landing page', () => {
  test.each([
    'https://shop.example.com',
    'https://shop.example.com/pricing?plan=pro#top',
    'https://shop.example.com:8443/',
    'https://shop.example.com:443/x',
    'https://shop.example.com:/x',
    'HTTPS://SHOP.example.com/',
    'http://localhost:3000/x', // a developer's own machine
    'https://xn--e1afmkfd.example/',
  ])('is one of a host on the list: %s', (text) => {
    expect(pageOn(hosts, text)?.host).toBeTruthy();
  });

  test.each([
    ['another host', 'https://evil.com/'],
    ['a host that only begins so', 'https://shop.example.com.evil.com/'],
    ['a host that only ends so', 'https://evilshop.example.com/'],
    ['a host below', 'https://a.shop.example.com/'],
    ['another port', 'https://shop.example.com:444/'],
    ['no scheme', '//evil.com/'],
    ['three slashes', '///evil.com'],
    ['backslashes', '\\\\evil.com'],
    ['a backslash in the host', 'https://shop.example.com\\@evil.com/'],
    ['a scheme without slashes', 'https:evil.com'],
    ['a scheme without slashes, of the host', 'https:shop.example.com'],
    ['one slash', 'https:/evil.com'],
    ['a user', 'https://shop.example.com@evil.com/'],
    ['a user at the host itself', 'https://evil.com@shop.example.com/'],
    ['a password', 'https://a:b@shop.example.com/'],
    ['a tab', 'https://shop.example.com\t.evil.com/'],
    ['a new line', 'https://ev\nil.com'],
    ['a blank before', ' https://shop.example.com/'],
    ['NUL', 'https://shop.example.com\0.evil.com/'],
    ['a Cyrillic letter', 'https://shоp.example.com/'],
    ['full-width letters', 'https://ｓhop.example.com/'],
    ['an ideographic full stop', 'https://shop。example.com/'],
    ['an IDN that spells a host of the list', 'https://пример.example/'],
    ['per cent in the host', 'https://shop%2eexample.com/'],
    ['a dot at the end', 'https://shop.example.com./'],
    ['script', 'javascript:alert(1)'],
    ['data', 'data:text/html,x'],
    ['a file', 'file://shop.example.com/etc'],
    ['no encryption', 'http://shop.example.com/'],
    ['nothing', ''],
    ['too much', `https://shop.example.com/${'x'.repeat(2_000)}`],
  ])('is none of %s', (_, text) => {
    expect(pageOn(hosts, text)).toBeNull();
    expect(landingPage(hosts, 'https://shop.example.com/home', [text])?.href).toBe(
      'https://shop.example.com/home',
    );
  });

  test('may be given as a path of the program’s own page, and never leaves its host', () => {
    const base = 'https://shop.example.com/home';
    expect(landingPage(hosts, base, ['/pricing?plan=pro'])?.href).toBe(
      'https://shop.example.com/pricing?plan=pro',
    );
    for (const text of [
      '//evil.com',
      '/\\evil.com',
      '/\t/evil.com',
      '/\n/evil.com',
      'pricing',
      '@evil.com',
      '.evil.com',
    ])
      expect(landingPage(hosts, base, [text])?.href, JSON.stringify(text)).toBe(base);
    expect(landingPage(hosts, null, ['/pricing'])).toBeNull();
    expect(landingPage([], base, [])).toBeNull();
  });
});

describe('a parameter', () => {
  const set = (query: string, value = 'n') => {
    const url = new URL(`https://shop.example.com/p${query}#top`);
    setParameter(url, 'a', value);
    return url.search;
  };

  test.each([
    ['', '?a=n'],
    ['?', '?a=n'],
    ['?b=1', '?b=1&a=n'],
    ['?a=1', '?a=n'],
    ['?a', '?a=n'],
    ['?%61=1&b', '?a=n&b'],
    ['?b=x%2By~z&a=1&c=a%20b&a=2&d=+', '?b=x%2By~z&a=n&c=a%20b&d=+'],
    ['?&b&&c=', '?&b&&c=&a=n'],
    ['??a=1', '??a=1&a=n'],
    ['?A=1', '?A=1&a=n'],
  ])('is set in %j without a change of the rest', (query, expected) => {
    expect(set(query)).toBe(expected);
  });

  test('is encoded', () => {
    expect(set('?b=1', 'x&y=ü #')).toBe('?b=1&a=x%26y%3D%C3%BC%20%23');
  });
});
