import fc from 'fast-check';
import { expect, test } from 'vitest';
import { computedOf, parseComputed, recompute, serializeComputed } from '../../src/domain/computed.ts';
import { explain, explainChange } from '../../src/domain/explanation.ts';
import { formatMinor, RoundingMode } from '../../src/domain/money.ts';
import { owedBy, type SaleItem, type Terms } from '../../src/domain/owed.ts';
import { checkSteps, recomputeSentence } from '../support/explained.ts';

const bps = fc.integer({ min: 0, max: 10_000 });
const minor = (max: number) => fc.bigInt({ min: 1n, max: BigInt(max) });
const bands = fc
  .tuple(bps, fc.uniqueArray(fc.tuple(minor(60_000), bps), { maxLength: 4, selector: ([from]) => from }))
  .map(([first, rest]) => [
    { from: 0n, rateBps: first },
    ...rest.map(([from, rateBps]) => ({ from, rateBps })).toSorted((a, b) => Number(a.from - b.from)),
  ]);
const period = fc.constantFrom('MONTH', 'QUARTER', 'YEAR', 'LIFETIME');
const flat = fc
  .record({
    perUnit: minor(9_999),
    quantity: fc.integer({ min: 1, max: 9 }),
    part: minor(500),
    more: fc.bigInt(0n, 500n),
  })
  .map(({ perUnit, quantity, part, more }) => {
    const whole = part + more;
    return { perUnit, quantity, part, whole, amount: (perUnit * BigInt(quantity) * part) / whole };
  });
const method = fc.oneof(
  bps.map((rateBps) => ({ method: 'PERCENTAGE' as const, rateBps, flat: null, tiered: null })),
  flat.map((given) => ({ method: 'FLAT' as const, rateBps: null, flat: given, tiered: null })),
  fc
    .record({ mode: fc.constantFrom('PROGRESSIVE', 'RETROACTIVE'), period, bands })
    .map((tiered) => ({ method: 'TIERED' as const, rateBps: null, flat: null, tiered })),
);
const terms: fc.Arbitrary<Terms> = fc
  .record({
    method,
    version: fc.integer({ min: 1, max: 2 }),
    windows: fc.option(
      fc.record({
        firstPurchaseOnly: fc.boolean(),
        months: fc.option(fc.integer({ min: 1, max: 12 })),
        count: fc.option(fc.integer({ min: 1, max: 3 })),
        stepDownRateBps: fc.option(bps),
      }),
    ),
    cap: fc.option(
      fc.record({ limit: minor(20_000), per: fc.constantFrom('SALE', 'CUSTOMER', 'PARTNER'), period }),
    ),
  })
  .map(({ method: by, version, windows, cap }) => ({
    ...by,
    level: 'PARTNER',
    rule: { id: `r${version}`, key: 'r', name: 'a rule, by "name"', version },
    windows: windows ? [windows] : [],
    cap,
  }));
const item = fc.record({
  terms,
  customer: fc.option(fc.constantFrom('a', 'b')),
  base: minor(99_999),
  refunded: fc.oneof(fc.constant(0n), fc.bigInt(0n, 99_999n)),
  out: fc.boolean(),
  day: fc.integer({ min: 1, max: 28 }),
  month: fc.integer({ min: 1, max: 5 }),
  roundingMode: fc.constantFrom(...Object.values(RoundingMode)),
  flatRefund: fc.constantFrom('PROPORTIONAL', 'ALL_OR_NOTHING'),
});

test('every sentence and every list of steps gives the amount, for random sales under random terms', () => {
  fc.assert(
    fc.property(
      fc.array(item, { minLength: 1, maxLength: 8 }),
      fc.constantFrom(['USD', 2], ['JPY', 0], ['KWD', 3]),
      fc.bigInt(0n, 9_999n),
      fc.constantFrom('SALE', 'REFUND', 'REJECTION', 'DISPUTE', 'TIER', 'RATE'),
      fc.boolean(),
      (drawn, [currency, digits], from, why, own) => {
        const items = drawn.map(({ customer, day, month, refunded, base, out, ...each }, index): SaleItem => {
          const date = `2026-0${month}-${String(day).padStart(2, '0')}`;
          return {
            ...each,
            ...{
              id: `${index}`,
              partnerId: 'p',
              customerId: customer,
              order: `${index}`,
              seq: BigInt(index),
            },
            ...{
              at: new Date(`${date}T12:00:00Z`),
              day: date,
              timeZone: 'UTC',
              currency: 'USD',
              base,
              returning: null,
            },
            ...{ refunded: refunded > base ? base : refunded, out: out && index % 4 === 0 },
          };
        });
        const owed = owedBy(items);
        for (const each of items) {
          const due = owed.get(each.id);
          if (!due) throw new Error('every item is owed an amount');
          const change = { from, to: due.amount, why, order: 'order 7, of 1.00 USD. x', own };
          const product = { product: null, quantity: 1 };
          const stored = parseComputed(serializeComputed(computedOf(each, due, product), change));
          expect(recompute(stored, each.roundingMode)).toBe(due.amount);
          const text = (of: bigint) => formatMinor(of, digits as number);
          const amount = (of: bigint) => `${text(of)} ${currency}`;
          const wording = { amount, sold: amount, tier: 'GOLD', mode: each.roundingMode };
          const beside = 3n;
          const minorOf = due.amount - from - beside;
          const explained = [
            { of: due.amount, by: explain(stored, wording) },
            {
              of: minorOf,
              by: explainChange(stored, change, {
                ...wording,
                type: 'TRUE_UP',
                minor: minorOf,
                refund: null,
              }),
            },
          ];
          for (const { of, by } of explained) {
            expect(recomputeSentence(by.sentence)).toBe(text(of));
            checkSteps(
              by.steps.map((step) => ({
                label: step.label,
                amount: step.amount === null ? null : { amount: text(step.amount) },
              })),
            );
          }
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

test.each([
  '10.01 USD is 10 % of 100.00 USD, by the rate of tier GOLD.',
  '250.00 USD is 650.00 USD for 6000.00 USD less 410.00 USD for 4000.00 USD, at 10 % from 0.00 USD, 15 % from 5000.00 USD, by a rule.',
  '20.00 USD is 20 % of 100.00 USD, cut to the rest of the cap of 30.00 USD, of which 15.00 USD was used before, by a rule.',
  '-5.56 USD: this sale earned 16.67 USD and now earns 11.12 USD, because order A was refunded. 11.12 USD is 10 % of 111.20 USD, by a rule.',
  '-5.56 USD: 33.33 USD is 10 % of 333.33 USD, by a rule.',
  '200.00 USD is 0 % of 0.00 USD, by a rule.',
  '13.33 USD is 20 % of 66.67 USD, by a rule. The sale of 10000 JPY is worth 66.67 USD at 140 JPY for one USD, the rate of 2026-01-01.',
])('a sentence that contradicts itself is found: %s', (sentence) => {
  expect(() => recomputeSentence(sentence)).toThrow('contradicts itself');
});
