import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { money } from '../../src/domain/money.ts';
import { afterNoTrace, afterPayout, backoffSeconds, PayoutStatus } from '../../src/domain/payout.ts';
import {
  commissionAccrued,
  commissionWithdrawn,
  type Posting,
  payoutFailed,
  payoutReturned,
  payoutSent,
  payoutSettled,
} from '../../src/domain/posting.ts';

type Action = Parameters<typeof afterPayout>[0];
const actions: Record<Action, Partial<Record<PayoutStatus, PayoutStatus>>> = {
  approve: { PENDING: 'APPROVED' },
  send: { APPROVED: 'PROCESSING' },
  confirm: { PROCESSING: 'PAID' },
  fail: { PROCESSING: 'FAILED' },
  retry: { FAILED: 'APPROVED' },
  cancel: { PENDING: 'CANCELED', APPROVED: 'CANCELED', FAILED: 'CANCELED' },
  return: { PAID: 'RETURNED' },
};

describe('a payout moves only through its table', () => {
  const all = (Object.keys(actions) as Action[]).flatMap((action) =>
    Object.values(PayoutStatus).map((status) => [action, status, actions[action][status]] as const),
  );

  test.each(all)('%s of a %s payout: %s', (action, status, expected) => {
    if (expected) return expect(afterPayout(action, status)).toBe(expected);
    const refused = expect.objectContaining({ code: 'CONFLICT', message: expect.stringContaining(status) });
    expect(() => afterPayout(action, status)).toThrow(refused);
  });
});

describe('the rail is asked again', () => {
  test.each([
    [1, 0, 1],
    [1, 0.999, 2],
    [3, 0.999, 8],
    [9, 0.999, 512],
    [10, 0.999, 600],
    [1_000, 0.999, 600],
  ])('after %i tries and a random of %d: in %i s', (tries, random, seconds) => {
    expect(backoffSeconds(tries, random)).toBe(seconds);
  });

  test('after a second at least and ten minutes at most', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (tries, random) => {
          const seconds = backoffSeconds(tries, random);
          expect(Number.isInteger(seconds) && seconds >= 1 && seconds <= 601).toBe(true);
        },
      ),
    );
  });
});

describe('the ledger', () => {
  const usd = (minor: bigint) => money(minor, 'USD');
  const sums = (postings: readonly Posting[]) => {
    const balances = new Map<string, bigint>();
    for (const { from, to, amount } of postings) {
      balances.set(from, (balances.get(from) ?? 0n) - amount.minor);
      balances.set(to, (balances.get(to) ?? 0n) + amount.minor);
    }
    return balances;
  };
  const pairs = [
    ['an approval and its withdrawal', commissionAccrued, commissionWithdrawn],
    ['a sending and its failure', payoutSent, payoutFailed],
  ] as const;

  test.each(pairs)('is unchanged after %s', (_, there, back) => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), (minor) => {
        expect(
          [...sums([there('p', usd(minor)), back('p', usd(minor))]).values()].every((sum) => sum === 0n),
        ).toBe(true);
      }),
    );
  });

  test('owes the amount again after a return', () => {
    const amount = usd(500n);
    const postings = [
      commissionAccrued('p', amount),
      payoutSent('p', amount),
      payoutSettled('p', amount),
      payoutReturned('p', amount),
    ];
    expect(Object.fromEntries(sums(postings))).toEqual({
      'program:commission-expense': -500n,
      'partner:p:payable': 500n,
      'partner:p:in-transit': 0n,
      'partner:p:paid': 0n,
    });
  });

  test('moves positive amounts only; a refund moves the other way', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 15n }), (minor) => {
        const refund = commissionAccrued('p', usd(-minor));
        const sale = commissionAccrued('p', usd(minor));
        expect(refund).toEqual({ from: sale.to, to: sale.from, amount: sale.amount });
        expect(sale).toEqual({
          from: 'program:commission-expense',
          to: 'partner:p:payable',
          amount: usd(minor),
        });
      }),
    );
  });
});

describe('a key that the rail has no trace of', () => {
  const day = { lifetimeSeconds: 86_400, settleSeconds: 600, acknowledged: false };

  test.each([
    ['is sent again while the same key pays at most once', { ...day, ageSeconds: 86_399 }, 'SEND'],
    ['is not sent any more from then on', { ...day, ageSeconds: 86_400 }, 'WAIT'],
    ['may still show up until the rail has settled', { ...day, ageSeconds: 86_999 }, 'WAIT'],
    ['never will after that, so a new key is safe', { ...day, ageSeconds: 87_000 }, 'NEW_KEY'],
    [
      'is sent again at any time if the rail keeps keys for ever',
      { ...day, lifetimeSeconds: null, ageSeconds: 1e9 },
      'SEND',
    ],
    [
      'is left to a person if the rail had acknowledged the payout',
      { ...day, acknowledged: true, ageSeconds: 1 },
      'ASK_A_PERSON',
    ],
  ] as const)('%s', (_, age, step) => expect(afterNoTrace(age)).toBe(step));
});
