import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RoundingMode } from '../../src/domain/money.ts';
import {
  type Circumstances,
  computeLine,
  decide,
  nothingBefore,
  type Past,
  type Rule,
  recompute,
  ruleFor,
} from '../../src/domain/plan.ts';

const at = new Date('2026-03-10T12:00:00Z');
const sale: Circumstances = {
  type: 'SIGNUP',
  occurredAt: at,
  currency: 'USD',
  country: 'DE',
  customerKind: 'NEW',
};
const rule = (id: string, more: Partial<Rule> = {}): Rule => ({
  id,
  name: id,
  version: 1,
  of: 'PLAN',
  product: null,
  customerKind: 'ANY',
  countries: null,
  types: null,
  minimum: null,
  currency: null,
  terms: { method: 'PERCENTAGE', rateBps: 1_000 },
  firstPurchaseOnly: false,
  recurringMonths: null,
  recurringCount: null,
  stepDownRateBps: null,
  cap: null,
  from: new Date('2026-01-01T00:00:00Z'),
  until: null,
  ...more,
});
const line = (base: bigint, product: string | null = null, quantity = 1) => ({ product, quantity, base });
const rates = { line: null, partner: null, tier: 500 };
const of = (
  rules: Rule[],
  base = 10_000n,
  past: Partial<Past> = {},
  product: string | null = null,
  given = sale,
) =>
  computeLine(
    line(base, product),
    given,
    decide(rules, rates, line(base, product), given),
    { ...nothingBefore, ...past },
    'HALF_UP',
  );

describe('the rule of a sale', () => {
  const general = rule('general');
  test.each<[string, Rule[], string | null]>([
    ['none: the tier', [], null],
    ["a plan's", [general], 'general'],
    [
      "a partner's own before a plan's narrower one",
      [rule('product', { product: 'pro' }), rule('own', { of: 'PARTNER' })],
      'own',
    ],
    [
      'one for the product before one for the country',
      [rule('country', { countries: ['DE'] }), rule('product', { product: 'pro' })],
      'product',
    ],
    ['one for new customers before one for all', [general, rule('new', { customerKind: 'NEW' })], 'new'],
    ['one for the country before one for all', [general, rule('de', { countries: ['DE', 'AT'] })], 'de'],
    [
      'the higher minimum',
      [rule('50', { minimum: 5_000n, currency: 'USD' }), rule('100', { minimum: 10_000n, currency: 'USD' })],
      '100',
    ],
    ['the newer of two alike', [general, rule('newer', { from: new Date('2026-02-01T00:00:00Z') })], 'newer'],
    ['not another product', [rule('other', { product: 'basic' })], null],
    ['not another country', [rule('us', { countries: ['US'] })], null],
    ['not returning customers', [rule('returning', { customerKind: 'RETURNING' })], null],
    ['not another type', [rule('renewal', { types: ['RENEWAL'] })], null],
    ['not amounts in another currency', [rule('eur', { currency: 'EUR' })], null],
    ['not one that has ended', [rule('ended', { until: at })], null],
    ['not one to come', [rule('later', { from: new Date(at.getTime() + 1) })], null],
    ['one that begins at that instant', [rule('now', { from: at })], 'now'],
    ['not below its minimum', [rule('minimum', { minimum: 10_001n, currency: 'USD' })], null],
    ['at its minimum', [rule('minimum', { minimum: 10_000n, currency: 'USD' })], 'minimum'],
  ])('%s', (_, rules, id) => {
    expect(ruleFor(rules, line(10_000n, 'pro'), sale)?.id ?? null).toBe(id);
    expect(ruleFor([...rules].reverse(), line(10_000n, 'pro'), sale)?.id ?? null).toBe(id);
  });

  test('a rate of the line, then a rule for the product, then the partner, then the plan, then the tier', () => {
    const product = rule('product', { of: 'PARTNER', product: 'pro' });
    const plan = rule('plan', { product: 'pro' });
    const level = (rules: Rule[], more: object) =>
      decide(rules, { ...rates, ...more }, line(1n, 'pro'), sale).level;
    expect(level([product, plan], { line: 1, partner: 2 })).toBe('LINE');
    expect(level([product, plan], { partner: 2 })).toBe('PARTNER_PRODUCT');
    expect(level([plan], { partner: 2 })).toBe('PARTNER');
    expect(level([plan], {})).toBe('PLAN');
    expect(level([], {})).toBe('TIER');
  });
});

describe('the amount of a commission', () => {
  const bands = [
    { from: 0n, rateBps: 1_000 },
    { from: 500_000n, rateBps: 1_500 },
  ];
  const tiered = (mode: 'PROGRESSIVE' | 'RETROACTIVE') =>
    rule('tiered', { terms: { method: 'TIERED', mode, bands, period: 'MONTH' }, currency: 'USD' });

  test('a percentage, the same for each unit, or nothing of a rule', () => {
    expect(of([rule('percent')])).toMatchObject({ level: 'PLAN', method: 'PERCENTAGE', amount: 1_000n });
    const flat = rule('flat', { terms: { method: 'FLAT', perUnit: 500n }, currency: 'USD' });
    const three = computeLine(
      line(1n, null, 3),
      sale,
      { level: 'PLAN', rule: flat },
      nothingBefore,
      'HALF_UP',
    );
    expect(three).toMatchObject({ method: 'FLAT', amount: 1_500n });
    expect(of([])).toMatchObject({ level: 'TIER', rule: null, amount: 500n });
  });

  test('band by band, across a border', () => {
    const crossing = of([tiered('PROGRESSIVE')], 200_000n, { periodBase: 400_000n });
    expect(crossing).toMatchObject({ amount: 25_000n, trueUp: 0n });
    expect(crossing.parts).toMatchObject([
      { from: 0n, base: 100_000n, rateBps: 1_000, amount: 10_000n },
      { from: 500_000n, base: 100_000n, rateBps: 1_500, amount: 15_000n },
    ]);
  });

  test('the reached band for all, with a true-up for the sales before', () => {
    const crossing = of([tiered('RETROACTIVE')], 200_000n, { periodBase: 400_000n });
    expect(crossing).toMatchObject({ amount: 30_000n, trueUp: 20_000n });
  });

  test('of a first purchase only, within months, within a count, and a lower rate afterwards', () => {
    const first = new Date('2026-01-31T00:00:00Z');
    const late = { ...sale, occurredAt: new Date('2026-02-28T00:00:00Z') };
    const past = { firstPurchaseAt: first, purchases: 1 };
    expect(of([rule('once', { firstPurchaseOnly: true })], 10_000n, past)).toMatchObject({
      amount: 0n,
      limited: 'NOT_FIRST_PURCHASE',
    });
    const month = rule('month', { recurringMonths: 1 });
    expect(of([month], 10_000n, past, null, late)).toMatchObject({
      amount: 0n,
      limited: 'RECURRING_WINDOW_OVER',
    });
    const before = { ...late, occurredAt: new Date('2026-02-27T23:59:59.999Z') };
    expect(of([month], 10_000n, past, null, before)).toMatchObject({ amount: 1_000n, limited: null });
    const two = rule('two', { recurringCount: 2 });
    expect(of([two], 10_000n, past)).toMatchObject({ amount: 1_000n });
    expect(of([two], 10_000n, { ...past, purchases: 2 })).toMatchObject({ amount: 0n });
    const down = rule('down', { recurringCount: 1, stepDownRateBps: 200 });
    expect(of([down], 10_000n, past)).toMatchObject({ amount: 200n, limited: 'STEPPED_DOWN' });
  });

  test('pays up to a cap and reports the cut', () => {
    const cap = { limit: 1_500n, per: 'PARTNER', period: 'MONTH' } as const;
    const limited = rule('capped', { cap, currency: 'USD' });
    expect(of([limited], 10_000n, { capUsed: 0n })).toMatchObject({ amount: 1_000n, cap: { cut: 0n } });
    expect(of([limited], 10_000n, { capUsed: 900n })).toMatchObject({ amount: 600n, cap: { cut: 400n } });
    expect(of([limited], 10_000n, { capUsed: 2_000n })).toMatchObject({ amount: 0n, cap: { cut: 1_000n } });
  });
});

describe('for every sale', () => {
  const anyTerms = fc.oneof(
    fc.record({ method: fc.constant('PERCENTAGE' as const), rateBps: fc.nat(10_000) }),
    fc.record({ method: fc.constant('FLAT' as const), perUnit: fc.bigInt(1n, 10_000n) }),
    fc.record({
      method: fc.constant('TIERED' as const),
      mode: fc.constantFrom('PROGRESSIVE' as const, 'RETROACTIVE' as const),
      period: fc.constant('MONTH' as const),
      bands: fc.uniqueArray(fc.bigInt(1n, 10n ** 7n), { maxLength: 4 }).map((starts) =>
        [0n, ...starts.sort((a, b) => (a < b ? -1 : 1))].map((from, i) => ({
          from,
          rateBps: 500 + i * 333,
        })),
      ),
    }),
  );
  const anyRule = fc
    .record({
      terms: anyTerms,
      cap: fc.option(
        fc.bigInt(0n, 10n ** 6n).map((limit) => ({ limit, per: 'PARTNER', period: 'MONTH' }) as const),
      ),
      stepDownRateBps: fc.option(fc.nat(500)),
      recurringCount: fc.option(fc.nat(3)),
    })
    .map((more) => rule('any', { ...more, currency: 'USD' }));
  const anyPast = fc.record({
    firstPurchaseAt: fc.option(fc.constant(new Date('2026-01-05T00:00:00Z'))),
    purchases: fc.nat(4),
    periodBase: fc.bigInt(0n, 10n ** 7n),
    capUsed: fc.bigInt(0n, 10n ** 6n),
  });
  const computed = fc
    .tuple(
      anyRule,
      anyPast,
      fc.bigInt(0n, 10n ** 7n),
      fc.integer({ min: 1, max: 50 }),
      fc.constantFrom(...Object.values(RoundingMode)),
    )
    .map(([each, past, base, quantity, mode]) => ({
      mode,
      line: computeLine({ product: null, quantity, base }, sale, { level: 'PLAN', rule: each }, past, mode),
    }));

  test('recomputes the same cent from the stored computation', () => {
    fc.assert(
      fc.property(computed, ({ line: kept, mode }) => {
        const { amount, trueUp } = recompute(kept, mode);
        return amount === kept.amount && trueUp === kept.trueUp;
      }),
      { numRuns: 1_000 },
    );
  });

  test('its parts sum to it and to what a cap cut of it', () => {
    fc.assert(
      fc.property(computed, ({ line: kept }) => {
        const cut = kept.parts.reduce((sum, part) => sum + part.amount, 0n) - kept.amount;
        return kept.cap === null ? cut === 0n : cut >= 0n && cut <= kept.cap.cut;
      }),
      { numRuns: 1_000 },
    );
  });

  test('a changed cent, base or band is noticed', () => {
    const kept = of([rule('percent')], 10_000n);
    expect(recompute({ ...kept, amount: 999n }, 'HALF_UP').amount).toBe(1_000n);
    expect(recompute({ ...kept, base: 9_000n }, 'HALF_UP').amount).not.toBe(kept.amount);
  });
});
