import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Band, bandedBasis, bandOf, checkBands } from '../../src/domain/bands.ts';

const seed: Band[] = [
  { from: 0n, rateBps: 1_000 },
  { from: 500_000n, rateBps: 1_500 },
  { from: 2_500_000n, rateBps: 2_000 },
];
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

  test('give each amount its own rate', () => {
    expect(bandedBasis(seed, 600_000n)).toBe(500_000n * 1_000n + 100_000n * 1_500n);
    expect(bandedBasis(seed, -1n)).toBe(0n);
    fc.assert(
      fc.property(anyBands, fc.bigInt(0n, 2n * 10n ** 4n), (bands, revenue) => {
        let sum = 0n;
        for (let unit = 0n; unit < revenue; unit += 1n) sum += BigInt(bandOf(bands, unit).rateBps);
        return bandedBasis(bands, revenue) === sum;
      }),
      { numRuns: 20 },
    );
  });
});
