import { describe, expect, test } from 'vitest';
import { conditionsOf } from '../../src/kernel/data/plan-to-sql.ts';
import { sql } from '../../src/kernel/data/sql.ts';
import type { Operand, Plan } from '../../src/ports/policy-decision.ts';

const allowed = {
  tenantId: { sql: 't.tenant_id', is: 'string' },
  amountMinor: { sql: 't.amount_minor', is: 'number' },
  open: { sql: 't.open', is: 'boolean' },
  makers: { sql: 't.makers', is: 'strings' },
} as const;

const attr = (name: string): Operand => ({ variable: `request.resource.attr.${name}` });
const value = (given: unknown): Operand => ({ value: given });
const op = (operator: string, ...operands: Operand[]): Operand => ({ operator, operands });
const sqlOf = (condition: Operand) => {
  const plan: Plan = { kind: 'CONDITIONAL', condition };
  const [made] = conditionsOf(plan, allowed);
  return [made?.texts.join('$'), ...(made?.values ?? [])];
};

test('a policy that always allows adds no condition, and one that always denies returns no row', () => {
  expect(conditionsOf({ kind: 'ALWAYS_ALLOWED' }, allowed)).toEqual([]);
  expect(conditionsOf({ kind: 'ALWAYS_DENIED' }, allowed)).toEqual([sql`false`]);
});

test.each([
  ['eq', op('eq', attr('tenantId'), value('acme')), ['t.tenant_id = $', 'acme']],
  ['eq, value first', op('eq', value('acme'), attr('tenantId')), ['t.tenant_id = $', 'acme']],
  ['ne', op('ne', attr('amountMinor'), value(5)), ['t.amount_minor <> $', 5]],
  ['eq of two attributes', op('eq', attr('tenantId'), attr('tenantId')), ['t.tenant_id = t.tenant_id']],
  ['in', op('in', attr('tenantId'), value(['a', 'b'])), ['t.tenant_id = any($)', ['a', 'b']]],
  ['in a list of the row', op('in', value('a'), attr('makers')), ['$ = any(t.makers)', 'a']],
  [
    'in nothing, which is not even false of NULL',
    op('in', attr('tenantId'), value([])),
    ['t.tenant_id <> t.tenant_id'],
  ],
  ['an attribute that is a condition', attr('open'), ['t.open']],
  [
    'and, or and not, in their order',
    op(
      'and',
      op('or', attr('open'), op('eq', attr('tenantId'), value('x'))),
      op('not', op('eq', attr('amountMinor'), value(1))),
    ),
    ['((t.open or t.tenant_id = $) and not (t.amount_minor = $))', 'x', 1],
  ],
])('%s', (_, condition, expected) => {
  expect(sqlOf(condition)).toEqual(expected);
});

describe('an expression that cannot be translated throws:', () => {
  test.each([
    ['another operator', op('lt', attr('amountMinor'), value(5))],
    ['an operator by the name of a method', op('constructor', attr('open'))],
    ['an attribute that is not on the list', op('eq', attr('password'), value('x'))],
    ['an attribute by the name of a method', op('eq', attr('toString'), value('x'))],
    ['the id, which is no attribute', op('eq', { variable: 'request.resource.id' }, value('x'))],
    ['a variable of the principal', op('eq', { variable: 'request.principal.attr.tenantId' }, value('x'))],
    ['null', op('eq', attr('tenantId'), value(null))],
    ['null in a list', op('in', attr('tenantId'), value(['a', null]))],
    ['a number where text is', op('eq', attr('tenantId'), value(5))],
    ['text where a number is', op('in', attr('amountMinor'), value([1, '2']))],
    ['a number that is none', op('eq', attr('amountMinor'), value(Number.NaN))],
    ['two attributes of different types', op('eq', attr('tenantId'), attr('amountMinor'))],
    ['two values', op('eq', value(1), value(1))],
    ['a value in an attribute', op('in', value('a'), attr('tenantId'))],
    ['a number in a list of text', op('in', value(5), attr('makers'))],
    ['a list of the row as a value', op('eq', attr('makers'), value('a'))],
    ['an attribute in an attribute', op('in', attr('tenantId'), attr('tenantId'))],
    ['an attribute in no list', op('in', attr('tenantId'), value('acme'))],
    ['a comparison with a computation', op('eq', attr('amountMinor'), op('add', value(1), value(2)))],
    ['text as a condition', attr('tenantId')],
    ['a value as a condition', op('or', attr('open'), value(true))],
    ['not of two', op('not', attr('open'), attr('open'))],
    ['eq of three', op('eq', attr('open'), attr('open'), attr('open'))],
    ['and of nothing', op('and')],
  ])('%s', (_, condition) => {
    expect(() => sqlOf(condition)).toThrow(/cannot be translated/);
    expect(() => sqlOf(op('not', condition))).toThrow(/cannot be translated/);
  });
});
