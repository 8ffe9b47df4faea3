import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultTiers, referralCode } from '../../src/domain/partner.ts';

const zeros = new Uint8Array(10);

describe('a referral code', () => {
  test.each([
    ['Acme Resellers Inc', 'ACME'],
    ['Éclair & Co', 'ECLA'],
    ['3M', 'MXXX'],
    ['株式会社', 'XXXX'],
    ['', 'XXXX'],
    ['x y', 'XYXX'],
  ])('of %j begins with %s', (company, prefix) => {
    expect(referralCode(company, zeros)).toBe(`${prefix}AAAAAA`);
  });

  test('has ten letters without confusable ones, for any name and any random bytes', () => {
    fc.assert(
      fc.property(fc.string(), fc.uint8Array({ minLength: 10, maxLength: 10 }), (company, random) => {
        expect(referralCode(company, random)).toMatch(/^[A-Z]{4}[A-HJKMNP-Z2-9]{6}$/);
      }),
    );
  });

  test('differs where the randomness does', () => {
    const codes = Array.from({ length: 31 }, (_, byte) =>
      referralCode('Acme', new Uint8Array(10).fill(byte)),
    );
    expect(new Set(codes).size).toBe(31);
  });
});

test("a new program starts with the seed's tiers", () => {
  expect(
    defaultTiers.map(
      ({ tier, minMonthlyRevenue, minCustomers, rateBps, apiCallsPerHour, dedicatedManager }) => [
        tier,
        minMonthlyRevenue,
        minCustomers,
        rateBps,
        apiCallsPerHour,
        dedicatedManager,
      ],
    ),
  ).toEqual([
    ['BRONZE', 0n, 0, 1_000, 1_000, false],
    ['SILVER', 5_000n, 10, 1_500, 2_500, false],
    ['GOLD', 25_000n, 50, 2_000, 5_000, false],
    ['PLATINUM', 100_000n, 200, 2_500, 10_000, true],
    ['DIAMOND', 500_000n, 1_000, 3_000, 25_000, true],
  ]);
});
