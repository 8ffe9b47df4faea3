import fc from 'fast-check';
import type { RuleInput } from '../../support/naive-terms.ts';

const nat = fc.nat(10_000);
const of = <const T>(...values: readonly T[]) => fc.constantFrom(...values);
const PERIODS = ['MONTH', 'QUARTER', 'YEAR', 'LIFETIME'] as const;

const ruleInput = fc
  .record({
    method: of('PERCENTAGE', 'FLAT', 'TIERED', 'TIERED'),
    rates: fc.tuple(of(0, 3.33, 10), of(5.5, 20), of(1, 25)),
    bandMode: of('PROGRESSIVE', 'RETROACTIVE'),
    bandPeriod: of(...PERIODS),
    window: of(
      {},
      {},
      { firstPurchaseOnly: true },
      { recurringCount: 2 },
      { recurringMonths: 1, recurringCount: 3 },
    ),
    stepDownRate: of(null, 5),
    cap: of(null, '7.77', '40.00', '100.00'),
    per: of('SALE', 'CUSTOMER', 'PARTNER'),
    period: of(...PERIODS),
    minimumPurchase: of(null, null, '60.00'),
    customerKind: of('ANY', 'ANY', 'NEW', 'RETURNING'),
    countries: of(null, null, null, ['DE', 'FR']),
    types: of(null, null, null, ['RECURRING', 'SIGNUP']),
    product: of(null, null, 'p1'),
  })
  .map(
    ({
      method,
      rates,
      bandMode,
      bandPeriod,
      window,
      stepDownRate,
      cap,
      per,
      period,
      ...rest
    }): RuleInput => ({
      ...rest,
      ...window,
      ...('recurringCount' in window ? { stepDownRate } : {}),
      ...{ name: 'a rule', currency: 'USD', method, cap: cap && { amount: cap, per, period } },
      ...(method === 'PERCENTAGE' && { rate: rates[1] }),
      ...(method === 'FLAT' && { perUnit: '9.99' }),
      ...(method === 'TIERED' && {
        ...{ bandMode, bandPeriod },
        bands: ['0', '100.05', '400'].map((from, index) => ({ from, rate: rates[index] ?? 0 })),
      }),
    }),
  );

/** The kinds of steps with their weights. */
const WEIGHTS = {
  ...{ sell: 6, convert: 2, create: 1, edit: 2, setting: 1, tier: 1, evaluate: 2 },
  ...{ refund: 2, product: 1, whole: 1, reverse: 1, reject: 1, dispute: 1, lose: 2, win: 2 },
  ...{ approve: 3, payout: 1 },
};
type Kind = keyof typeof WEIGHTS;
const kind = fc.oneof(
  ...Object.entries(WEIGHTS).map(([name, weight]) => ({ weight, arbitrary: fc.constant(name as Kind) })),
);

/** A history: each step has numbers that select its objects and amounts, and a rule for an edit. */
export const history = (steps: number) =>
  fc.array(fc.record({ kind, n: fc.array(nat, { minLength: 8, maxLength: 8 }), rule: ruleInput }), {
    minLength: steps,
    maxLength: steps,
  });
export interface Step {
  readonly kind: Kind;
  readonly n: readonly number[];
  readonly rule: RuleInput;
}
