import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { money } from '../../src/domain/money.ts';
import { fromStripe, stripeAmount, stripeCurrencySupport } from '../../src/domain/stripe-amount.ts';
import { digits } from '../../src/kernel/request/currency.ts';

describe('an amount at Stripe', () => {
  test('T10: 1.852 KWD is sent as 1850, and 0.002 stays on the balance', () => {
    expect(stripeAmount(money(1_852n, 'KWD'))).toEqual({ wire: 1_850n, left: 2n });
  });

  test.each([
    ['USD', 1_999n, 1_999n, 0n],
    ['JPY', 1_250n, 1_250n, 0n],
    ['BHD', 9n, 0n, 9n],
    ['ISK', 5n, 500n, 0n],
    ['UGX', 5n, 500n, 0n],
    ['HUF', 12_345n, 12_300n, 45n],
    ['TWD', 199n, 100n, 99n],
    ['MGA', 12_345n, 123n, 45n],
  ])('in %s of %i minor units is %i, and %i stay', (currency, minor, wire, left) => {
    expect(stripeAmount(money(minor, currency))).toEqual({ wire, left });
  });

  test('comes back as it went, in every currency that Stripe carries', () => {
    const codes = carried();
    fc.assert(
      fc.property(fc.constantFrom(...codes), fc.bigInt(1n, 10n ** 13n), (currency, minor) => {
        const { wire, left } = stripeAmount(money(minor, currency));
        expect(left).toBeLessThan(stripeCurrencySupport(currency)?.step as bigint);
        expect(fromStripe(Number(wire), currency)).toEqual(money(minor - left, currency));
      }),
    );
  });

  test('is never more than a JSON number says exactly', () => {
    for (const currency of carried()) {
      const { maximum, step, minimum } = stripeCurrencySupport(currency) as NonNullable<
        ReturnType<typeof stripeCurrencySupport>
      >;
      expect(Number.isSafeInteger(Number(stripeAmount(money(maximum, currency)).wire))).toBe(true);
      expect([maximum % step, minimum % step]).toEqual([0n, 0n]);
    }
  });

  test('that the currency does not have is no amount', () => {
    expect(() => fromStripe(501, 'ISK')).toThrow('does not exist in ISK');
    expect(() => fromStripe(1.5, 'USD')).toThrow('not a whole number');
  });

  test('is there for currencies of ISO 4217 only', () => {
    for (const currency of carried()) expect(() => digits(currency)).not.toThrow();
    for (const currency of ['IQD', 'LYD', 'XAU', 'usd', 'BTC', '', 'IRR'])
      expect(stripeCurrencySupport(currency)).toBeNull();
  });
});

function carried(): string[] {
  const source = readFileSync(new URL('../../src/domain/stripe-amount.ts', import.meta.url), 'utf8');
  return [...new Set(source.match(/\b[A-Z]{3}\b/g))].filter((code) => stripeCurrencySupport(code) !== null);
}
