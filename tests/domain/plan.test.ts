import { describe, expect, test } from 'vitest';
import { type Circumstances, decide, type Rule, ruleFor } from '../../src/domain/plan.ts';

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
  key: id,
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
