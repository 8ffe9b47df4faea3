import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  divide,
  formatMinor,
  MAX_MINOR,
  money,
  parseMinor,
  parseRateBps,
  plus,
  type RoundingMode,
  share,
  split,
} from '../../src/domain/money.ts';

const modes: RoundingMode[] = ['HALF_UP', 'HALF_EVEN', 'DOWN'];
const minor = fc.bigInt({ min: -MAX_MINOR, max: MAX_MINOR });
const usd = (amount: bigint) => money(amount, 'USD');

describe('decimal text becomes minor units exactly', () => {
  test.each([
    ['19.99', 2, 1_999n],
    ['0.07', 2, 7n],
    ['7', 2, 700n],
    ['7.5', 2, 750n],
    ['-0.03', 2, -3n],
    ['0', 2, 0n],
    ['007.10', 2, 710n],
    ['1250', 0, 1_250n],
    ['1.852', 3, 1_852n],
    ['9999999999999.99', 2, 999_999_999_999_999n],
    ['10000000000000.00', 2, MAX_MINOR],
  ])('%s with %i digits', (text, digits, expected) => {
    expect(parseMinor(text, digits)).toBe(expected);
  });

  test.each([
    '',
    ' ',
    '1e3',
    '1E3',
    '+1',
    '.5',
    '1.',
    '1,5',
    '1 000',
    'NaN',
    'Infinity',
    '0x10',
    '--1',
    '１',
    '1.2.3',
    '1.5\n',
  ])('%j is no amount', (text) => expect(() => parseMinor(text, 2)).toThrow('decimal amount'));

  test.each([
    ['1.999', 2, 'at most 2 decimals'],
    ['1.990', 2, 'at most 2 decimals'], // more digits than the currency has, even where they say nothing
    ['1.0', 0, 'no decimals'],
    ['1.8521', 3, 'at most 3 decimals'],
    ['10000000000000.01', 2, '10^15'],
    ['999999999999999999', 0, '10^15'],
    ['-10000000000000.01', 2, '10^15'],
  ])('%s with %i digits is refused: %s', (text, digits, sentence) => {
    expect(() => parseMinor(text, digits)).toThrow(sentence);
  });

  test.each([0, 2, 3])('reads an amount with %i digits back without a change', (digits) => {
    fc.assert(fc.property(minor, (amount) => parseMinor(formatMinor(amount, digits), digits) === amount));
  });

  test.each([0, 2, 3])('and has exactly %i digits', (digits) => {
    const shape = digits === 0 ? /^-?\d+$/ : new RegExp(`^-?\\d+\\.\\d{${digits}}$`);
    fc.assert(fc.property(minor, (amount) => shape.test(formatMinor(amount, digits))));
  });

  test.each([
    [5n, 2, '0.05'],
    [-5n, 2, '-0.05'],
    [0n, 3, '0.000'],
    [1_852n, 3, '1.852'],
    [1_250n, 0, '1250'],
    [-100n, 2, '-1.00'],
  ])('%i minor units with %i digits are written %s', (amount, digits, text) => {
    expect(formatMinor(amount, digits)).toBe(text);
  });
});

describe('a percentage is read into basis points', () => {
  test.each([
    ['20', 2_000],
    ['12.5', 1_250],
    ['0.01', 1],
    ['0', 0],
    ['100', 10_000],
    ['100.00', 10_000],
  ])('%s', (text, bps) => expect(parseRateBps(text)).toBe(bps));

  test.each(['100.01', '101', '-1', '-0.5', '12.345', '1e1', 'ten', ''])('%j is refused', (text) =>
    expect(() => parseRateBps(text)).toThrow(),
  );
});

describe('rounding', () => {
  test.each<[bigint, bigint, bigint, bigint, bigint]>([
    // numerator, denominator, half up, half even, down
    [1n, 2n, 1n, 0n, 0n],
    [3n, 2n, 2n, 2n, 1n],
    [5n, 2n, 3n, 2n, 2n],
    [-1n, 2n, -1n, 0n, 0n],
    [-3n, 2n, -2n, -2n, -1n],
    [-5n, 2n, -3n, -2n, -2n],
    [10n, 3n, 3n, 3n, 3n],
    [11n, 3n, 4n, 4n, 3n],
    [-11n, 3n, -4n, -4n, -3n],
    [6n, 3n, 2n, 2n, 2n],
    [0n, 7n, 0n, 0n, 0n],
  ])('%i / %i is %i half up, %i half even, %i down', (numerator, denominator, up, even, down) => {
    expect(modes.map((mode) => divide(numerator, denominator, mode))).toEqual([up, even, down]);
  });

  test('is half up where no mode is named', () => {
    expect(divide(5n, 2n)).toBe(3n);
    expect(share(usd(25n), 1_000)).toEqual(usd(3n));
  });

  test.each(modes)('%s mirrors negatives, so that a refund mirrors its sale', (mode) => {
    fc.assert(
      fc.property(minor, fc.integer({ min: 0, max: 10_000 }), (amount, bps) => {
        expect(share(usd(-amount), bps, mode).minor).toBe(-share(usd(amount), bps, mode).minor);
      }),
    );
  });

  test.each(modes)('%s is never a whole unit away from the exact share', (mode) => {
    fc.assert(
      fc.property(minor, fc.integer({ min: 0, max: 10_000 }), (amount, bps) => {
        const error = share(usd(amount), bps, mode).minor * 10_000n - amount * BigInt(bps);
        const size = error < 0n ? -error : error;
        expect(mode === 'DOWN' ? size < 10_000n : size <= 5_000n).toBe(true);
      }),
    );
  });

  test('needs a positive denominator', () => {
    expect(() => divide(1n, 0n)).toThrow();
    expect(() => divide(1n, -2n)).toThrow();
  });
});

describe('a whole that is split', () => {
  const weights = fc
    .array(fc.bigInt({ min: 0n, max: 1_000_000n }), { minLength: 1, maxLength: 20 })
    .filter((list) => list.some((weight) => weight > 0n));

  test.each([
    [100n, [1n, 1n, 1n], [34n, 33n, 33n]], // a tie goes to the earlier index
    [-100n, [1n, 1n, 1n], [-34n, -33n, -33n]],
    [1n, [1n, 1n], [1n, 0n]],
    [10n, [40n, 20n, 40n], [4n, 2n, 4n]],
    [11n, [40n, 20n, 40n], [5n, 2n, 4n]], // 4.4, 2.2, 4.4
    [5n, [0n, 1n, 0n], [0n, 5n, 0n]],
    [7n, [1n, 2n, 4n], [1n, 2n, 4n]],
    [8n, [1n, 2n, 4n], [1n, 2n, 5n]], // 1.14, 2.29, 4.57: the largest remainder gets the odd one
    [0n, [3n, 4n], [0n, 0n]],
  ])('%s by %s', (whole, by, expected) => {
    expect(split(usd(whole), by).map((part) => part.minor)).toEqual(expected);
  });

  test('has parts that sum to it, each within one unit of its exact share', () => {
    fc.assert(
      fc.property(minor, weights, (whole, by) => {
        const parts = split(usd(whole), by).map((part) => part.minor);
        const total = by.reduce((sum, weight) => sum + weight, 0n);
        expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(whole);
        parts.forEach((part, index) => {
          const error = part * total - whole * (by[index] as bigint);
          expect(error < total && error > -total).toBe(true);
        });
      }),
    );
  });

  test('mirrors for negatives', () => {
    fc.assert(
      fc.property(minor, weights, (whole, by) => {
        expect(split(usd(-whole), by).map((part) => -part.minor)).toEqual(
          split(usd(whole), by).map((part) => part.minor),
        );
      }),
    );
  });

  test('needs weights', () => {
    expect(() => split(usd(1n), [])).toThrow();
    expect(() => split(usd(1n), [0n, 0n])).toThrow();
  });
});

test('currencies do not mix', () => {
  expect(plus(usd(1n), usd(2n))).toEqual(usd(3n));
  expect(() => plus(usd(1n), money(1n, 'EUR'))).toThrow('USD and EUR');
});
