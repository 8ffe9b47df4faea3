import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  after as afterAction,
  type CommissionAction,
  CommissionStatus,
  commissionBase,
  commissionOn,
  type Refund,
  rateInForce,
  reversalDue,
} from '../../src/domain/commission.ts';
import { AppError } from '../../src/domain/errors.ts';
import { money, type RoundingMode } from '../../src/domain/money.ts';

const actions: Record<CommissionAction, Partial<Record<CommissionStatus, CommissionStatus>>> = {
  approve: { PENDING: 'APPROVED' },
  hold: { PENDING: 'HELD', HELD: 'HELD' },
  resume: { HELD: 'PENDING' },
  reject: { PENDING: 'REJECTED', HELD: 'REJECTED', APPROVED: 'REJECTED' },
  reverse: { PENDING: 'REVERSED', HELD: 'REVERSED', APPROVED: 'REVERSED' },
  allocate: { APPROVED: 'ALLOCATED' },
  release: { ALLOCATED: 'APPROVED', PAID: 'APPROVED' },
  pay: { ALLOCATED: 'PAID' },
};

describe('a status moves only through its table', () => {
  const all = (Object.keys(actions) as CommissionAction[]).flatMap((action) =>
    Object.values(CommissionStatus).map((status) => [action, status, actions[action][status]] as const),
  );

  test.each(all)('%s of a %s commission: %s', (action, status, expected) => {
    if (expected) return expect(afterAction(action, status)).toBe(expected);
    const refused = expect.objectContaining({ code: 'CONFLICT', message: expect.stringContaining(status) });
    expect(() => afterAction(action, status)).toThrow(refused);
  });
});

describe('the rate in force is the narrowest one', () => {
  test.each([
    [500, 1_000, 2_000, 500],
    [null, 1_000, 2_000, 1_000],
    [null, null, 2_000, 2_000],
    [0, 1_000, 2_000, 0], // nothing is a rate too
    [null, 0, 2_000, 0],
  ])('line %s, partner %s, tier %s: %s', (line, partner, tier, expected) => {
    expect(rateInForce(line, partner, tier)).toBe(expected);
  });
});

describe('a commission is', () => {
  test('a percentage of its base, rounded as the program says', () => {
    const of = (mode: RoundingMode) =>
      commissionOn(money(1_070n, 'USD'), { method: 'PERCENTAGE', rateBps: 1_500 }, mode);
    expect([of('HALF_UP'), of('HALF_EVEN'), of('DOWN')]).toEqual(
      [161n, 160n, 160n].map((minor) => money(minor, 'USD')),
    );
  });

  test('or an amount per unit, independent of the base', () => {
    expect(
      commissionOn(
        money(99n, 'USD'),
        { method: 'FLAT', perUnit: money(500n, 'USD'), quantity: 3 },
        'HALF_UP',
      ),
    ).toEqual(money(1_500n, 'USD'));
  });
});

describe('the base is revenue collected, net of tax and discount', () => {
  test.each([
    ['paid in full', { subtotal: 10_000n, discount: 2_000n, tax: 1_440n, collected: 9_440n }, 8_000n],
    ['half paid by credit', { subtotal: 10_000n, discount: 2_000n, tax: 1_440n, collected: 4_720n }, 4_000n],
    ['wholly paid by credit', { subtotal: 10_000n, discount: 0n, tax: 1_000n, collected: 0n }, 0n],
    ['without tax or discount', { subtotal: 999n, discount: 0n, tax: 0n, collected: 999n }, 999n],
    ['nothing charged', { subtotal: 100n, discount: 100n, tax: 0n, collected: 0n }, 0n],
  ])('%s', (_, sale, base) => expect(commissionBase(sale)).toBe(base));
});

describe('a reversal', () => {
  const refund = (more: Partial<Refund>): Refund => ({
    base: 10_000n,
    original: 2_000n,
    refunded: 0n,
    reversed: 0n,
    method: 'PERCENTAGE',
    flatRefund: 'PROPORTIONAL',
    mode: 'HALF_UP',
    ...more,
  });

  test.each<[string, Partial<Refund>, bigint]>([
    ['a quarter takes back a quarter', { refunded: 2_500n }, -500n],
    ['the whole takes back the whole', { refunded: 10_000n }, -2_000n],
    ['a replay adds nothing', { refunded: 2_500n, reversed: -500n }, 0n],
    ['what is refunded beyond the sale is not taken back', { refunded: 12_000n }, -2_000n],
    ['a refund that was called off gives back', { refunded: 0n, reversed: -2_000n }, 2_000n],
    ['a negative refund is none', { refunded: -1n }, 0n],
    ['flat, in proportion', { method: 'FLAT', refunded: 2_500n }, -500n],
    [
      'flat, all or nothing: nothing yet',
      { method: 'FLAT', flatRefund: 'ALL_OR_NOTHING', refunded: 9_999n },
      0n,
    ],
    [
      'flat, all or nothing: all',
      { method: 'FLAT', flatRefund: 'ALL_OR_NOTHING', refunded: 10_000n },
      -2_000n,
    ],
    ['all or nothing is about flat lines only', { flatRefund: 'ALL_OR_NOTHING', refunded: 2_500n }, -500n],
    ['rounded as its line was', { original: 161n, refunded: 5_000n, mode: 'HALF_EVEN' }, -80n],
    ['rounded as its line was', { original: 161n, refunded: 5_000n, mode: 'HALF_UP' }, -81n],
    ['of nothing is nothing', { base: 0n, original: 0n, refunded: 0n }, 0n],
  ])('%s', (_, more, due) => expect(reversalDue(refund(more))).toBe(due));

  const line = fc.record({
    base: fc.bigInt({ min: 1n, max: 10n ** 15n }),
    rateBps: fc.integer({ min: 0, max: 10_000 }),
    mode: fc.constantFrom<RoundingMode>('HALF_UP', 'HALF_EVEN', 'DOWN'),
    method: fc.constantFrom('PERCENTAGE', 'FLAT'),
    flatRefund: fc.constantFrom('PROPORTIONAL', 'ALL_OR_NOTHING'),
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }),
  });

  test('in any parts sums to minus the original, and never exceeds it', () => {
    fc.assert(
      fc.property(line, ({ base, rateBps, mode, method, flatRefund, cuts }) => {
        const original = commissionOn(money(base, 'USD'), { method: 'PERCENTAGE', rateBps }, mode).minor;
        const totals = [...cuts.map((cut) => (base * BigInt(Math.floor(cut * 1e6))) / 1_000_000n), base].sort(
          (a, b) => (a < b ? -1 : a > b ? 1 : 0),
        );
        let reversed = 0n;
        for (const refunded of totals) {
          const due = reversalDue({ base, original, refunded, reversed, method, flatRefund, mode });
          expect(due <= 0n).toBe(true);
          reversed += due;
          expect(-reversed <= original).toBe(true);
        }
        expect(reversed).toBe(-original);
      }),
    );
  });

  test('reverses the same amount for any order of the refunds', () => {
    fc.assert(
      fc.property(
        line,
        fc.array(fc.bigInt({ min: 1n, max: 10n ** 14n }), { minLength: 2, maxLength: 6 }),
        (one, parts) => {
          const { base, rateBps, mode, method, flatRefund } = one;
          const original = commissionOn(money(base, 'USD'), { method: 'PERCENTAGE', rateBps }, mode).minor;
          const takeBack = (order: readonly bigint[]) => {
            let refunded = 0n;
            let reversed = 0n;
            for (const part of order) {
              refunded += part;
              reversed += reversalDue({ base, original, refunded, reversed, method, flatRefund, mode });
            }
            return reversed;
          };
          expect(takeBack(parts)).toBe(takeBack([...parts].reverse()));
        },
      ),
    );
  });

  test('mirrors its sale: the refund of a negative commission is positive', () => {
    fc.assert(
      fc.property(line, fc.bigInt({ min: 0n, max: 10n ** 15n }), (one, refunded) => {
        const { base, rateBps, mode, method, flatRefund } = one;
        const original = commissionOn(money(base, 'USD'), { method: 'PERCENTAGE', rateBps }, mode).minor;
        const terms = { base, refunded, reversed: 0n, method, flatRefund, mode } as const;
        expect(reversalDue({ ...terms, original: -original })).toBe(-reversalDue({ ...terms, original }));
      }),
    );
  });
});

test('a refusal is an AppError that names its code', () => {
  expect(() => afterAction('approve', 'PAID')).toThrow(AppError);
});
