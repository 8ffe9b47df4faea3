import type { Operand, Plan } from '../../ports/policy-decision.ts';
import { type Sql, sql } from './sql.ts';

/** An attribute that policies may read, and its SQL expression. NULL is a missing attribute. `strings` is a text array. A value of another type
 *  throws: it would equal nothing in a policy but may equal something in SQL. */
interface Attribute {
  readonly sql: string;
  readonly is: 'string' | 'number' | 'boolean' | 'strings';
}
export type AllowList = Readonly<Record<string, Attribute>>;

/** Translates the rows that a policy allows to SQL over the allowed attributes. Supports and, or, not, eq, ne and in; throws
 *  on every other operator, because an omitted condition would show rows of others.
 *
 *  In a policy, a missing attribute is an error. `not`, `and` and `or` treat errors as SQL treats NULL, and neither is true at
 *  the top. So NULL must pass through unchanged: no step here may turn it into false. */
export function conditionsOf(plan: Plan, allowed: AllowList): Sql[] {
  if (plan.kind === 'ALWAYS_ALLOWED') return [];
  if (plan.kind === 'ALWAYS_DENIED') return [sql`false`];
  return [condition(plan.condition, allowed)];
}

function condition(operand: Operand, allowed: AllowList): Sql {
  if ('variable' in operand) {
    const attribute = attributeOf(operand, allowed);
    if (attribute.is !== 'boolean') throw untranslatable(`${operand.variable} is no condition`);
    return sql.raw(attribute.sql);
  }
  if (!('operator' in operand)) throw untranslatable('a value is no condition');
  const { operator, operands } = operand;
  switch (operator) {
    case 'and':
    case 'or':
      if (operands.length === 0) throw untranslatable(`${operator} of nothing`);
      return sql`(${sql.join(
        operands.map((each) => condition(each, allowed)),
        ` ${operator} `,
      )})`;
    case 'not': {
      const [one] = exactly(1, operator, operands);
      return sql`not (${condition(one as Operand, allowed)})`;
    }
    case 'eq':
    case 'ne': {
      const [left, right] = exactly(2, operator, operands) as [Operand, Operand];
      return compared(operator === 'eq' ? '=' : '<>', left, right, allowed);
    }
    case 'in': {
      const [one, list] = exactly(2, operator, operands) as [Operand, Operand];
      return within(one, list, allowed);
    }
    default:
      throw untranslatable(`operator ${operator}`);
  }
}

/** The value may be on either side of the comparison. */
function compared(sign: '=' | '<>', left: Operand, right: Operand, allowed: AllowList): Sql {
  if ('variable' in left && 'variable' in right) {
    const [one, other] = [attributeOf(left, allowed), attributeOf(right, allowed)];
    if (one.is !== other.is) throw untranslatable(`${left.variable} and ${right.variable} differ in type`);
    return sql.raw(`${one.sql} ${sign} ${other.sql}`);
  }
  const [variable, value] = 'variable' in left ? [left, right] : [right, left];
  if (!('variable' in variable) || !('value' in value)) throw untranslatable('a comparison of neither');
  const attribute = attributeOf(variable, allowed);
  return sql`${sql.raw(`${attribute.sql} ${sign}`)} ${valueFor(attribute, value.value)}`;
}

function within(variable: Operand, list: Operand, allowed: AllowList): Sql {
  if ('value' in variable && 'variable' in list) {
    const many = attributeOf(list, allowed);
    if (many.is !== 'strings' || typeof variable.value !== 'string')
      throw untranslatable(`in, where ${list.variable} is no list of strings`);
    return sql`${variable.value} = any(${sql.raw(many.sql)})`;
  }
  if (!('variable' in variable) || !('value' in list) || !Array.isArray(list.value))
    throw untranslatable('in, of anything but an attribute in a list of values');
  const attribute = attributeOf(variable, allowed);
  const values = list.value.map((value) => valueFor(attribute, value));
  if (values.length === 0) return sql.raw(`${attribute.sql} <> ${attribute.sql}`); // false, but NULL for NULL
  return sql`${sql.raw(attribute.sql)} = any(${values})`;
}

const ATTRIBUTE = 'request.resource.attr.';

function attributeOf({ variable }: { variable: string }, allowed: AllowList): Attribute {
  const name = variable.startsWith(ATTRIBUTE) ? variable.slice(ATTRIBUTE.length) : '';
  if (!Object.hasOwn(allowed, name)) throw untranslatable(`${variable} is not on the list of attributes`);
  return allowed[name] as Attribute;
}

function valueFor({ is }: Attribute, value: unknown): string | number | boolean {
  const known = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  if (!known || typeof value !== is)
    throw untranslatable(`a ${value === null ? 'null' : typeof value} where a ${is} is`);
  if (is === 'number' && !Number.isFinite(value)) throw untranslatable(`the number ${value}`);
  return value;
}

function exactly(count: number, operator: string, operands: readonly Operand[]): readonly Operand[] {
  if (operands.length !== count) throw untranslatable(`${operator} of ${operands.length}`);
  return operands;
}

/** A bug of a policy: it is logged and masked, and no rows are returned. */
const untranslatable = (what: string): Error =>
  new Error(`the policy's plan contains an expression that cannot be translated to SQL: ${what}`);
