import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AttributionModel,
  AttributionUnit,
  attribute,
  type PathTouch,
  pathOf,
  weightText,
} from '../../src/domain/attribution.ts';
import { normalEmail } from '../../src/domain/fraud.ts';

const DAY_MS = 86_400_000;
const at = new Date('2026-06-30T12:00:00Z');
const touch = (
  id: string,
  partnerId: string,
  daysBefore: number,
  more: Partial<PathTouch> = {},
): PathTouch => ({
  id,
  partnerId,
  at: new Date(at.getTime() - daysBefore * DAY_MS),
  until: new Date(at.getTime() + 1),
  excluded: null,
  ...more,
});
const shares = (
  base: bigint,
  path: readonly PathTouch[],
  model: AttributionModel,
  unit: AttributionUnit = 'TOUCH',
) =>
  attribute(base, pathOf(path, at), { model, unit }).shares.map(({ partnerId, minor }) => [partnerId, minor]);

const touches = fc.array(
  fc.record({
    partner: fc.constantFrom('A', 'B', 'C', 'D'),
    age: fc.integer({ min: 0, max: 90 * DAY_MS }),
    excluded: fc.constantFrom(
      null,
      null,
      null,
      'BOT' as const,
      'INACTIVE' as const,
      'SELF_REFERRAL' as const,
    ),
  }),
  { maxLength: 40 },
);
const paths = touches.map((list) =>
  list.map(({ partner, age, excluded }, index) =>
    touch(String(index).padStart(3, '0'), partner, 0, { at: new Date(at.getTime() - age), excluded }),
  ),
);
const models = fc.constantFrom(...Object.values(AttributionModel));
const units = fc.constantFrom(...Object.values(AttributionUnit));
const bases = fc.bigInt({ min: 1n, max: 10n ** 15n });

describe('the shares of a sale', () => {
  test('sum to the sale under every model, or are none where no touch counts', () => {
    fc.assert(
      fc.property(paths, models, units, bases, (path, model, unit, base) => {
        const made = attribute(base, pathOf(path, at), { model, unit });
        const counts = path.some(({ excluded }) => excluded === null);
        expect(made.shares.reduce((sum, { minor }) => sum + minor, 0n)).toBe(counts ? base : 0n);
        expect(made.shares.every(({ minor }) => minor >= 0n)).toBe(true);
        expect(made.closing === null).toBe(!counts);
        const counted = made.shares.reduce((sum, each) => sum + each.touches, 0);
        expect(counted).toBe(path.filter(({ excluded }) => excluded === null).length);
      }),
    );
  });

  test('are the same in any order of the touches', () => {
    fc.assert(
      fc.property(
        paths,
        models,
        units,
        bases,
        fc.infiniteStream(fc.nat()),
        (path, model, unit, base, random) => {
          const shuffled = path
            .map((each) => ({ each, key: random.next().value ?? 0 }))
            .sort((a, b) => a.key - b.key)
            .map(({ each }) => each);
          expect(shares(base, shuffled, model, unit)).toEqual(shares(base, path, model, unit));
        },
      ),
    );
  });

  test('of a refund mirror those of its sale', () => {
    fc.assert(
      fc.property(paths, models, units, bases, (path, model, unit, base) => {
        const mirrored = shares(-base, path, model, unit).map(([id, minor]) => [id, -(minor as bigint)]);
        expect(mirrored).toEqual(shares(base, path, model, unit));
      }),
    );
  });

  test('have nothing of a touch that is excluded, whatever came of it', () => {
    fc.assert(
      fc.property(paths, models, units, bases, (path, model, unit, base) => {
        const without = path.filter(({ excluded }) => excluded === null);
        expect(shares(base, path, model, unit)).toEqual(shares(base, without, model, unit));
      }),
    );
  });

  test('are fair with five hundred touches, which are more than the cents', () => {
    const path = Array.from({ length: 500 }, (_, index) =>
      touch(String(index).padStart(3, '0'), index < 250 ? 'A' : 'B', 20 - index / 50),
    );
    expect(shares(100n, path, 'LINEAR')).toEqual([
      ['A', 50n],
      ['B', 50n],
    ]);
  });

  test('halve with every seven days, the more the closer to the millisecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 80 * DAY_MS }), (age) => {
        const [first, second] = attribute(
          0n,
          [touch('1', 'A', 0, { at: new Date(at.getTime() - age) }), touch('2', 'B', 0)],
          { model: 'TIME_DECAY', unit: 'TOUCH' },
        ).touches;
        const ratio =
          Number((first as { weight: bigint }).weight) / Number((second as { weight: bigint }).weight);
        expect(ratio).toBeCloseTo(2 ** (-age / (7 * DAY_MS)), 12);
      }),
    );
  });

  test('of a partner that counts once are by its last touch, under FIRST by its first', () => {
    const path = [touch('1', 'A', 9), touch('2', 'B', 6), touch('3', 'C', 4), touch('4', 'A', 2)];
    expect(shares(10_000n, path, 'POSITION', 'PARTNER')).toEqual([
      ['A', 4_000n],
      ['B', 4_000n],
      ['C', 2_000n],
    ]);
    expect(shares(10_000n, path, 'FIRST', 'PARTNER')[0]).toEqual(['A', 10_000n]);
    expect(shares(10_000n, path, 'POSITION')).toEqual([
      ['A', 8_000n],
      ['B', 1_000n],
      ['C', 1_000n],
    ]);
  });
});

describe('a path', () => {
  test('counts a touch in its window, half-open to the millisecond, and none after the sale', () => {
    const reasons = pathOf(
      [
        touch('1', 'A', 3, { until: at }),
        touch('2', 'A', 2, { until: new Date(at.getTime() + 1) }),
        touch('3', 'A', 0),
        touch('4', 'A', 0, { at: new Date(at.getTime() + 1), until: new Date(at.getTime() + DAY_MS) }),
      ],
      at,
    ).map(({ excluded }) => excluded);
    expect(reasons).toEqual(['WINDOW', null, null, 'AFTER']);
  });

  test('ends with the touch that was named', () => {
    const path = pathOf([touch('1', 'A', 3), touch('2', 'B', 2), touch('3', 'C', 1)], at, '2');
    expect(path.map(({ excluded }) => excluded)).toEqual([null, null, 'AFTER']);
    expect(attribute(100n, path, { model: 'LAST', unit: 'TOUCH' }).closing?.partnerId).toBe('B');
  });
});

test('writes a weight as a fraction of the total with six decimals', () => {
  expect([weightText(1n, 3n), weightText(2n, 3n), weightText(5n, 5n), weightText(0n, 0n)]).toEqual([
    '0.333333',
    '0.666667',
    '1.000000',
    '0.000000',
  ]);
});

test('a mailbox is the same by every spelling of it', () => {
  expect(new Set(['a.b+shop@Gmail.com', 'AB@googlemail.com', ' ab@gmail.com'].map(normalEmail)).size).toBe(1);
  expect(normalEmail('a.b+x@acme.com')).toBe('a.b@acme.com');
  expect(normalEmail('nobody')).toBe('nobody');
});
