import { describe, expect, test } from 'vitest';
import { isCountry } from '../../src/domain/country.ts';
import { amountOf, amountText, currencyOn, digits } from '../../src/kernel/request/currency.ts';
import { emailOf, readDomain, shownEmail } from '../../src/kernel/request/email.ts';
import { readHost } from '../../src/kernel/request/host.ts';
import { readId, readText } from '../../src/kernel/request/text.ts';

describe('an e-mail address', () => {
  test.each([
    ['nancy@northwind.example', 'nancy@northwind.example'],
    [' Nancy.O+tag@Northwind.example ', 'Nancy.O+tag@Northwind.example'],
    ["o'brien_x@a-b.co.uk", "o'brien_x@a-b.co.uk"],
    ['info@müller-shop.example', 'info@xn--mller-shop-9db.example'],
    ['info@MÜLLER-shop.Example', 'info@xn--mller-shop-9db.example'],
    ['info@mu\u0308ller-shop.example', 'info@xn--mller-shop-9db.example'],
    ['почта@пример.рф', null],
    ['info@пример.рф', 'info@xn--e1afmkfd.xn--p1ai'],
    ['info@xn--e1afmkfd.xn--p1ai', 'info@xn--e1afmkfd.xn--p1ai'],
    ['a@b', null],
    ['a..b@x.example', null],
    ['a@x\u3002example', null],
  ])('%j is stored as %j', (typed, stored) => {
    expect(emailOf(typed)).toBe(stored);
  });

  test('is shown in the script in which its domain is typed', () => {
    expect(shownEmail('info@xn--mller-shop-9db.example')).toBe('info@müller-shop.example');
    expect(shownEmail('xn--a@plain.example')).toBe('xn--a@plain.example');
    expect(shownEmail('erased+1@invalid')).toBe('erased+1@invalid');
  });

  test('has a domain that is also stored in ASCII when it is given alone', () => {
    expect(readDomain(' Müller-Shop.example ')).toBe('xn--mller-shop-9db.example');
  });
});

describe('an id of another system', () => {
  test.each(['Ord-1', 'Ord-1 ', ' Ord-1', 'Ord-1\u00a0', '\u3000Ord-1', 'Ord-1\t', 'Ord-1\n', '\u2009Ord-1'])(
    'has one form without the spaces around it: %j',
    (typed) => {
      expect(readId(200)(typed)).toBe('Ord-1');
    },
  );

  test('has one form for every composition of its letters, and keeps its case and inner spaces', () => {
    expect(readId(200)('Zoe\u0308 1')).toBe('Zoë 1');
    expect(readId(1)('e\u0301')).toBe('é');
  });
});

test('a text of right-to-left letters, emoji or joined letters is not blank', () => {
  for (const text of ['شركة', 'खाता', '株式会社', '👩‍👩‍👧', '.', '⠿', 'می\u200cخواهم'])
    expect(readText(20)(text)).toBe(text);
});

describe('a currency', () => {
  test('XCG has two digits', () => {
    expect(amountText(amountOf('12.34', 'XCG', 'amount'))).toBe('12.34');
  });

  test('that ISO withdrew keeps its digits and is accepted for a day of its life', () => {
    expect(['ANG', 'BGN', 'CUC'].map(digits)).toEqual([2, 2, 2]);
    expect(currencyOn('2025-12-31', 'BGN', 'base')).toBe('BGN');
    expect(() => currencyOn('2026-01-01', 'BGN', 'base')).toThrow(
      'base: must be a currency of today: BGN ended on 2025-12-31',
    );
    expect(currencyOn('2031-01-01', 'EUR', 'base')).toBe('EUR');
  });
});

test('the countries are those of ISO 3166-1 and Kosovo', () => {
  const letters = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
  const all = letters.flatMap((first) => letters.map((second) => first + second)).filter(isCountry);
  expect(all).toHaveLength(250);
  expect(all).toEqual(expect.arrayContaining(['GB', 'GR', 'XK', 'SS', 'TL', 'BQ']));
  expect(all).not.toEqual(expect.arrayContaining(['UK']));
});

test.each([
  ['shop.example', 'shop.example'],
  ['shop.example:443', 'shop.example'],
  ['shop.example:8443', 'shop.example:8443'],
  ['shop.example:80', 'shop.example:80'],
  ['localhost:80', 'localhost'],
  ['localhost:3000', 'localhost:3000'],
])('the host %s is stored as %s', (typed, stored) => {
  expect(readHost(typed)).toBe(stored);
});

test.each(['shop.example.com:0443', 'shop.example.com:99999', 'a..b', '1.1', '0x7f.1', 'shop.example.com:'])(
  'a host that no page can have is refused: %s',
  (host) => {
    expect(() => readHost(host)).toThrow('must contain hosts');
  },
);
