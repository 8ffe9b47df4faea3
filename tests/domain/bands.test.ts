import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Band,
  bandedCommission,
  bandedLines,
  bandOf,
  bandParts,
  checkBands,
} from '../../src/domain/bands.ts';
import { money, RoundingMode } from '../../src/domain/money.ts';

const usd = (minor: bigint) => money(minor, 'USD');
const seed: Band[] = [
  { from: 0n, rateBps: 1_000 },
  { from: 500_000n, rateBps: 1_500 },
  { from: 2_500_000n, rateBps: 2_000 },
];
const modes = fc.constantFrom('PROGRESSIVE' as const, 'RETROACTIVE' as const);
const roundings = fc.constantFrom(...Object.values(RoundingMode));
const anyBands = fc
  .array(fc.tuple(fc.bigInt(1n, 10n ** 7n), fc.integer({ min: 0, max: 10_000 })), { maxLength: 6 })
  .map((steps) => {
    const bands: Band[] = [{ from: 0n, rateBps: 500 }];
    for (const [step, rateBps] of steps) bands.push({ from: (bands.at(-1)?.from ?? 0n) + step, rateBps });
    return bands;
  });

describe('bands', () => {
  test.each([
    ['none', [], 'must contain at least one band'],
    [
      'a first one above 0',
      [{ from: 1n, rateBps: 1 }],
      'must be 0 for the first band, so that no amount is left out',
    ],
    [
      'two at one place',
      [seed[0], { from: 0n, rateBps: 1 }],
      'must be more than the start of the band before',
    ],
    [
      'two out of order',
      [seed[0], seed[2], seed[1]],
      'must be more than the start of the band before: sort the bands',
    ],
  ])('that do not cover every amount once are refused: %s', (_, bands, message) => {
    expect(() => checkBands(bands as Band[], 'input.bands')).toThrow(message);
  });

  test('have no gap between them and no top', () => {
    expect(bandOf(seed, 499_999n).rateBps).toBe(1_000);
    expect(bandOf(seed, 500_000n).rateBps).toBe(1_500);
    expect(bandOf(seed, 10n ** 15n).rateBps).toBe(2_000);
  });

  test('sales and refunds in any order end at the figure of the whole period', () => {
    fc.assert(
      fc.property(
        anyBands,
        modes,
        roundings,
        fc.array(fc.bigInt(-(10n ** 6n), 10n ** 7n), { minLength: 1, maxLength: 12 }),
        (bands, mode, rounding, sales) => {
          let revenue = 0n;
          let paid = 0n;
          for (const sale of sales) {
            const { line, trueUp } = bandedLines(bands, mode, usd(revenue), usd(sale), rounding);
            paid += line.minor + trueUp.minor;
            revenue += sale;
          }
          return paid === bandedCommission(bands, mode, usd(revenue), rounding).minor;
        },
      ),
    );
  });

  test('the parts of a period cover its revenue and sum to its commission', () => {
    fc.assert(
      fc.property(anyBands, modes, fc.bigInt(0n, 10n ** 9n), (bands, mode, revenue) => {
        const parts = bandParts(bands, mode, usd(revenue));
        const sum = (of: 'base' | 'commission') => parts.reduce((total, part) => total + part[of].minor, 0n);
        return (
          sum('base') === revenue && sum('commission') === bandedCommission(bands, mode, usd(revenue)).minor
        );
      }),
    );
  });

  test('a period below zero earns nothing', () => {
    expect(bandedCommission(seed, 'PROGRESSIVE', usd(-1n)).minor).toBe(0n);
    expect(bandedCommission(seed, 'RETROACTIVE', usd(-1n)).minor).toBe(0n);
  });
});
