import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exchange, inverse, parseRate } from '../../src/domain/exchange.ts';
import { money } from '../../src/domain/money.ts';

describe('a rate', () => {
  test.each(['', '0', '0.0', '-1', '1e3', 'NaN', '1,5', '.5', '1.', '1.0000000000001'])(
    'is no %j',
    (text) => {
      expect(() => parseRate(text)).toThrow();
    },
  );

  test('there and back comes to the same amount where the target is finer', () => {
    fc.assert(
      fc.property(
        fc.bigInt(-(10n ** 12n), 10n ** 12n),
        fc.integer({ min: 100, max: 99_999 }),
        (minor, cents) => {
          const rate = parseRate(`${Math.floor(cents / 100)}.${`${cents % 100}`.padStart(2, '0')}`);
          const there = exchange(money(minor, 'USD'), rate, { currency: 'KWD', digits: 3, fromDigits: 2 });
          const back = exchange(there, inverse(rate), { currency: 'USD', digits: 2, fromDigits: 3 });
          return back.minor === minor;
        },
      ),
    );
  });

  test('mirrors a refund', () => {
    const to = { currency: 'JPY', digits: 0, fromDigits: 2 };
    const rate = parseRate('149.67');
    expect(exchange(money(-12_345n, 'USD'), rate, to).minor).toBe(
      -exchange(money(12_345n, 'USD'), rate, to).minor,
    );
  });
});
